//===- DeferScales.cpp - products of values on a grid come before scales --===//
//
// Part of gptc, under the MIT License.
//
// Idea: scale · round(x / scale) is exact as a code of the grid and a scale,
// and rounded once more where the product is stored in bf16: by the same error
// for each of the grid's few fractions, so that sums over it do not cancel.
// Method: a buffer of such values that contractions alone read holds the codes,
// which bf16 has all of; the contractions' programs begin with the product of
// their operands' scales, in f32.
// Reason: the record multiplies codes on FP8 tensor cores and scales the
// products; so does its backward pass here, whatever tensor cores it runs on.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace gptc {
#define GEN_PASS_DEF_DEFERSCALES
#include "compiler/passes/DeferScales.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Every reader of a buffer is a contraction, which reads it as an operand and
/// has no other business with it.
static bool isReadByContractionsAlone(Value buffer) {
  return llvm::all_of(buffer.getUses(), [&](OpOperand &use) {
    return isa<ContractOp>(use.getOwner()) || writesTo(use.getOwner(), buffer);
  });
}

namespace {

struct DeferScales : gptc::impl::DeferScalesBase<DeferScales> {
  using DeferScalesBase::DeferScalesBase;

  void runOnOperation() override {
    SmallVector<BufferOp> buffers;
    getOperation()->walk([&](BufferOp op) { buffers.push_back(op); });
    for (BufferOp buffer : buffers)
      defer(buffer);
  }

  static void defer(BufferOp buffer) {
    OnGrid found;
    if (!matchOnGrid(buffer.getY(), {"e4m3", "e5m2"}, "not on a grid", found)
             .empty() ||
        found.scale == 1 || !isReadByContractionsAlone(buffer.getY()))
      return;
    for (auto [store, codes] : found.stores) {
      Operation *product = store.getValue().getDefiningOp();
      store.getValueMutable().assign(codes);
      if (isOpTriviallyDead(product))
        product->erase();
    }
    // An operand that stands on both sides is scaled twice.
    int64_t count = 0;
    for (OpOperand &use : buffer.getY().getUses())
      if (auto contract = dyn_cast<ContractOp>(use.getOwner())) {
        scaleProduct(contract, found.scale);
        ++count;
      }
    remark::passed(buffer.getLoc(),
                   remark::RemarkOpts::name("codes").category("defer-scales"))
        << remark::add("{0} holds codes, whose scale {1} products take",
                       buffer.getName(), count);
  }
};

} // namespace
