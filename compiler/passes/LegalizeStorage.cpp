//===- LegalizeStorage.cpp - element types as a target stores them --------===//
//
// Part of gptc, under the MIT License.
//
// Idea: until here a buffer has the record's type (bf16, f32, FP8); now it gets
// the one that the target keeps in memory.
// Method: one rule from element type to element type, applied to every buffer
// and view; kernels take their types from their operands, and row values are
// f32 throughout, so that nothing else changes but roundings to what is stored,
// which stay or go.
// Reason: so late, because kernels and their fusions are the same on every
// target; roundings that the record makes by design are ops, not types.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/IR/PatternMatch.h"

namespace gptc {
#define GEN_PASS_DEF_LEGALIZESTORAGE
#include "compiler/passes/LegalizeStorage.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::kern;

/// The stored type of an element in f32 storage; null for one without.
static Type storedAsF32(Type element) {
  if (element.isF64() || element.isInteger(32))
    return element;
  auto type = dyn_cast<FloatType>(element);
  return type && type.getWidth() <= 32 ? Float32Type::get(element.getContext())
                                       : Type();
}

namespace {

struct LegalizeStorage : gptc::impl::LegalizeStorageBase<LegalizeStorage> {
  using LegalizeStorageBase::LegalizeStorageBase;

  void runOnOperation() override {
    Operation *root = getOperation();
    bool record = target == "sm_90a" && storage == "record";
    if (!record && (target != "cpu" || storage != "f32")) {
      root->emitError("legalize-storage stores f32 for the target cpu and "
                      "\"record\" for sm_90a, not ")
          << storage << " for " << target;
      return signalPassFailure();
    }
    SmallVector<Value> buffers;
    root->walk([&](Operation *op) {
      if (isa<BufferOp, ViewOp>(op))
        buffers.push_back(op->getResult(0));
    });
    for (Value buffer : buffers) { // refuse before anything changes
      Type element = cast<MemRefType>(buffer.getType()).getElementType();
      if (storedAsF32(element))
        continue;
      emitError(buffer.getLoc()) << "no target stores elements of " << element;
      return signalPassFailure();
    }
    // Values are rounded as they are stored, or not at all.
    IRRewriter rewriter(root->getContext());
    root->walk([&](RoundOp round) {
      if (!round.getStored())
        return;
      if (record)
        round.setStored(false);
      else
        rewriter.replaceOp(round, round.getX());
    });
    if (record)
      return;
    root->walk([](ContractOp op) { op.removePromotionAttr(); });
    for (Value buffer : buffers) {
      auto type = cast<MemRefType>(buffer.getType());
      buffer.setType(MemRefType::Builder(type).setElementType(
          storedAsF32(type.getElementType())));
    }
  }
};

} // namespace
