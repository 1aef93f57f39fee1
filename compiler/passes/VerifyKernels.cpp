//===- VerifyKernels.cpp - the end of the phase `kernels` -----------------===//
//
// Part of gptc, under the MIT License.
//
// Parts hold kernels over buffers and nothing else; of the language only the
// numbers of the step and the recipe are left.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/KernDialect.h"
#include "dialect/gpt/ElementOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/GraphOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/FinishOp.h.inc"
#include "dialect/kern/PartOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_VERIFYKERNELS
#include "compiler/passes/VerifyKernels.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// Rows run in any order: a program must not read other rows of what it stores.
static std::optional<std::string> orderFault(Operation *kernel) {
  SmallVector<Access> accesses = accessesOf(kernel, 0);
  for (const Access &store : accesses)
    for (const Access &load : accesses)
      if (store.write && !load.write && store.conflicts(load) &&
          !(store.atRow && load.atRow && store.window.sameRows(load.window)))
        return "reads other rows of '" +
               kern::BufferOp(store.root).getName().str() +
               "', which it stores";
  return std::nullopt;
}

/// An op of a row program.
static std::optional<std::string> programFault(Operation *kernel,
                                               Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (dialect != "kern" && dialect != "arith" && dialect != "math")
    return "is no op of a row program";
  if (auto attention = dyn_cast<kern::AttentionBackwardOp>(kernel)) {
    std::string reason =
        whyNotByHeads(op, int64_t(attention.getHeads() * attention.getHead()),
                      attention.getHead());
    if (!reason.empty())
      return "stands in attention's program: " + reason;
    return std::nullopt;
  }
  auto contract = dyn_cast<kern::ContractOp>(kernel);
  std::string reason =
      contract ? whyNotInEpilogue(op, contract.getN()) : std::string();
  if (!reason.empty())
    return "stands in an epilogue: " + reason;
  return std::nullopt;
}

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<gpt::PartOp, gpt::GraphOp, gpt::ParamOp, gpt::StateOp>(op))
    return "is of the phase 'step': lower-to-kernels replaces it";
  if (auto part = dyn_cast_or_null<kern::PartOp>(op->getParentOp());
      part && !isa<kern::KernDialect>(op->getDialect()) &&
      !isa<gpt::ExprOp, gpt::ElementOp>(op))
    return "stands in a part and is not a kernel";
  if (Operation *parent = op->getParentOp(); parent && programOf(parent))
    return programFault(parent, op);
  if (programOf(op))
    return orderFault(op);
  if (auto finish = dyn_cast<kern::FinishOp>(op)) {
    for (Value buffer : finish.getTargets()) {
      Window target = Window::of(buffer);
      if (target.rows != 1 && target.stride != target.columns)
        return "counts the elements of its target flat, and rows lie apart "
               "there";
    }
  }
  for (Type type : op->getResultTypes())
    if (auto memref = dyn_cast<MemRefType>(type);
        memref && !memref.hasStaticShape())
      return "is a buffer without a size";
  return std::nullopt;
}

namespace {

struct VerifyKernels : gptc::impl::VerifyKernelsBase<VerifyKernels> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
