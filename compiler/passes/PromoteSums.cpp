//===- PromoteSums.cpp - FP8 sums taken into f32 more often ---------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: what tensor cores cut off of sums of FP8 is nothing beside a sum that
// does not cancel. A gradient of logits sums to 0 along its row, so that its
// product with a weight does: there it is a bias, which goes on through all
// layers in front.
// Method: products of an e5m2 operand along its rows get the attribute that
// halves what is added before f32 takes the sum.
// Reason: each sum that is taken costs an instruction an element, which the
// tensor cores wait for (docs/performance.md); a weight's gradient, the other
// product of a backward pass, ends where it is made.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/KernKernels.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_PROMOTESUMS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Codes that are added up before f32 takes the sum: half of a tile.
static constexpr int64_t kPromotion = 64;

/// Whether an op multiplies a gradient's codes along their rows, more of them
/// than one sum has.
static bool isGradientThatGoesOn(ContractOp op) {
  auto element = cast<MemRefType>(op.getA().getType()).getElementType();
  return isa<Float8E5M2Type>(element) && !op.getTransposedA() &&
         op.getK() > uint64_t(kPromotion);
}

namespace {

struct PromoteSums : gptc::impl::PromoteSumsBase<PromoteSums> {
  using PromoteSumsBase::PromoteSumsBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([](ContractOp op) {
      if (!isGradientThatGoesOn(op) || op.getPromotion())
        return;
      op.setPromotion(kPromotion);
      remark::passed(
          op.getLoc(),
          remark::RemarkOpts::name("contract").category("promote-sums"))
          << remark::add("f32 takes the sums of {0} every {1} codes",
                         op.getName(), kPromotion);
    });
  }
};

} // namespace
