//===- VerifyGraph.cpp - the end of the phase `graph` ---------------------===//
//
// Part of gptc, under the MIT License.
//
// Names and calls are gone, every tensor has its size.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/gpt/BaseOp.h.inc"
#include "dialect/gpt/CallOp.h.inc"
#include "dialect/gpt/FuncOp.h.inc"
#include "dialect/gpt/LetOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "dialect/gpt/RotaryOp.h.inc"
#include "dialect/gpt/RowOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_VERIFYGRAPH
#include "compiler/passes/VerifyGraph.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<gpt::BaseOp>(op))
    return "is of the phase 'model': resolve-base replaces it";
  // What an optimizer demands is asked where it has its parameters.
  if (isa<gpt::LetOp, gpt::FuncOp, gpt::CallOp>(op) ||
      (isa<gpt::RequireOp>(op) && !op->getParentOfType<gpt::OptimizerOp>()))
    return "is of the phase 'model': instantiate replaces it";
  if (auto row = dyn_cast<gpt::RowOp>(op); row && !gpt::integer(row.getIndex()))
    return "(C2) reads a row that changes with the step";
  if (isa<gpt::RotaryOp>(op))
    return "(C3) needs the frequencies of gpt.yarn, and a group and a pairing "
           "that are the same at every step";
  return shapeFault(op);
}

namespace {

struct VerifyGraph : gptc::impl::VerifyGraphBase<VerifyGraph> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
