//===- VerifyPhase.cpp - what may exist at the end of a phase -------------===//
//
// Part of gptc, under the MIT License.
//
// The passes `verify-graph`, `verify-step`, `verify-kernels` and
// `verify-launches` each end a phase: what a pass left behind by mistake is one
// error at its place in the model file, not a crash three phases later.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/VerifyPhase.h"
#include "dialect/GptTypes.h"
#include "dialect/gpt/OptimizerOp.h.inc"

using namespace mlir;

LogicalResult gptc::verifyPhase(Operation *root, FaultOf faultOf) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (std::optional<std::string> fault = faultOf(op)) {
      op->emitOpError(*fault);
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

std::optional<std::string> gptc::shapeFault(Operation *op) {
  // An optimizer stays a function, of any shape, wherever it is declared.
  if (op->getParentOfType<gpt::OptimizerOp>())
    return std::nullopt;
  for (Type type : op->getResultTypes()) {
    if (isa<gpt::ValueType>(type))
      return "still has a result without a shape";
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (!tensor.hasStaticShape() || tensor.getEncoding())
        return "still has a result with named sizes";
  }
  return std::nullopt;
}
