//===- InputPhase.cpp - which phase a file is in --------------------------===//
//
// Part of gptc, under the MIT License.
//
// A file does not say its phase: what stands in it does. Some ops exist in one
// phase alone; the verifier of a phase, which runs next, knows the rest.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/InputPhase.h"
#include "compiler/pipeline/Report.h"
#include "dialect/gpt/BaseOp.h.inc"
#include "dialect/gpt/CallOp.h.inc"
#include "dialect/gpt/FuncOp.h.inc"
#include "dialect/gpt/GraphOp.h.inc"
#include "dialect/gpt/LetOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"

using namespace gptc;
using namespace mlir;

/// The phase that an op is of; none if it may stand in several.
static std::optional<Phase> phaseOf(Operation *op) {
  if (isa<gpt::BaseOp, gpt::LetOp, gpt::FuncOp, gpt::CallOp>(op))
    return Phase::Model;
  // An optimizer keeps its own until it has its parameters.
  if (isa<gpt::RequireOp>(op) && !op->getParentOfType<gpt::OptimizerOp>())
    return Phase::Model;
  // `instantiate` says of each graph which kind of variant it is.
  if (isa<gpt::GraphOp>(op))
    return op->hasAttr("kind") ? Phase::Graph : Phase::Model;
  if (isa<gpt::PartOp, gpt::StateOp>(op))
    return Phase::Step;
  if (auto buffer = dyn_cast<kern::BufferOp>(op))
    return buffer.getAt() ? Phase::Launches : Phase::Kernels;
  if (isa<LLVM::LLVMFuncOp>(op))
    return Phase::Device;
  return std::nullopt;
}

/// Nothing that was read is of any phase: what stands there instead.
static LogicalResult reportOther(ModuleOp module, Phase from, StringRef file) {
  constexpr StringLiteral kModel = "`gpt.model @name { … }`";
  Block &body = *module.getBody();
  if (body.empty())
    return report("'" + file + "' holds no model: it begins with " + kModel);
  Operation &first = body.front();
  if (from > Phase::Model && isa<gpt::ModelOp>(first))
    return first.emitError("this model holds nothing of the phase '")
           << nameOf(from) << "': leave --compile-from out";
  return first.emitError("this stands in no model: write ")
         << kModel << " around it";
}

LogicalResult gptc::checkInputPhase(ModuleOp module, Phase from,
                                    StringRef file) {
  bool found = false;
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    std::optional<Phase> phase = phaseOf(op);
    if (!phase || *phase == from) {
      found |= phase.has_value();
      return WalkResult::advance();
    }
    InFlightDiagnostic error = emitError(op->getLoc())
                               << "this is of the phase '" << nameOf(*phase)
                               << "', not '" << nameOf(from) << "'";
    if (*phase == Phase::Model)
      error << ": leave --compile-from out";
    else if (*phase < Phase::Device)
      error << ": say --compile-from=" << nameOf(*phase);
    else
      error << ": nothing can be made of it";
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  bool holds =
      from == Phase::Model ? !module.getOps<gpt::ModelOp>().empty() : found;
  return holds ? success() : reportOther(module, from, file);
}
