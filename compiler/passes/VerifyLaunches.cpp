//===- VerifyLaunches.cpp - the end of the phase `launches` ---------------===//
//
// Part of gptc, under the MIT License.
//
// Every buffer has its place in the arena and an element type that the runtime
// knows (Element in runtime/program.h).
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_VERIFYLAUNCHES
#include "compiler/passes/VerifyLaunches.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (auto round = dyn_cast<kern::RoundOp>(op); round && round.getStored())
    return "rounds to what a target stores: legalize-storage decides what that "
           "is";
  auto buffer = dyn_cast<kern::BufferOp>(op);
  if (!buffer)
    return std::nullopt;
  if (!buffer.getAt())
    return "has no place: plan-memory gives it one";
  if (*buffer.getAt() % 256)
    return "has a place that is not a multiple of 256 bytes";
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (!element.isF32() && !element.isBF16() && !element.isF64() &&
      !element.isInteger(32) && !isa<Float8E4M3FNType, Float8E5M2Type>(element))
    return "has elements that no runtime stores: legalize-storage replaces "
           "them";
  return std::nullopt;
}

namespace {

struct VerifyLaunches : gptc::impl::VerifyLaunchesBase<VerifyLaunches> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
