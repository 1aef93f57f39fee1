//===- VerifyKernels.cpp - the end of the phase `kernels` -----------------===//
//
// Part of gptc, under the MIT License.
//
// Parts hold kernels over buffers and nothing else; of the language only the
// numbers of the step and the recipe are left.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/Gpt.h"
#include "dialect/Kern.h"

namespace gptc {
#define GEN_PASS_DEF_VERIFYKERNELS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<gpt::PartOp, gpt::GraphOp, gpt::ParamOp, gpt::StateOp>(op))
    return "is of the phase 'step': lower-to-kernels replaces it";
  if (auto part = dyn_cast_or_null<kern::PartOp>(op->getParentOp());
      part && !isa<kern::KernDialect>(op->getDialect()) &&
      !isa<gpt::ExprOp, gpt::ElementOp>(op))
    return "stands in a part and is not a kernel";
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
