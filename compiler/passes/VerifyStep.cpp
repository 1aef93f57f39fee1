//===- VerifyStep.cpp - the end of the phase `step` -----------------------===//
//
// Part of gptc, under the MIT License.
//
// Everything that runs stands in a part, and a part holds only what has a
// kernel: no graph, no optimizer, no bank of parameters.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/Gpt.h"

namespace gptc {
#define GEN_PASS_DEF_VERIFYSTEP
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<gpt::GraphOp>(op))
    return "is of the phase 'graph': differentiate makes parts of it";
  if (isa<gpt::OptimizerOp>(op))
    return "is of the phase 'graph': expand-optimizer inlines it";
  if (auto param = dyn_cast<gpt::ParamOp>(op); param && param.getCount())
    return "is a bank: unroll-banks takes it apart";
  if (isa<gpt::PackOp>(op))
    return "is a pack: unroll-banks takes it apart";
  // One error an optimizer, not one an op of its body.
  if (op->getParentOfType<gpt::OptimizerOp>())
    return std::nullopt;
  return shapeFault(op);
}

namespace {

struct VerifyStep : gptc::impl::VerifyStepBase<VerifyStep> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
