//===- PromoteSums.cpp - FP8 sums taken into f32 more often ---------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: what tensor cores cut off of sums of FP8 is a bias along the activation
// that a product of a gradient of logits is the gradient of: it grows with what
// is added before f32 takes the sum (docs/performance.md), and goes on through
// all layers in front. A sum over tokens, a weight's gradient, ends where it is
// made.
// Method: products of an e5m2 operand along its rows get the attribute that
// halves what is added before f32 takes the sum, those along its columns the
// one that doubles it.
// Reason: each sum that is taken costs an instruction an element, which the
// tensor cores wait for (docs/performance.md).
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_PROMOTESUMS
#include "compiler/passes/PromoteSums.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Codes that are added up before f32 takes the sum, of a gradient that goes on
/// and of one that ends: half of a tile, and two of them.
static constexpr int64_t kOften = 64, kSeldom = 256;

/// How often f32 should take a contraction's sums; none if as it is, or if it
/// takes one alone.
static std::optional<int64_t> promotionOf(ContractOp op) {
  auto element = cast<MemRefType>(op.getA().getType()).getElementType();
  if (!isa<Float8E5M2Type>(element) || op.getPromotion())
    return std::nullopt;
  int64_t codes = op.getTransposedA() ? kSeldom : kOften;
  if (int64_t(op.getK()) <= codes)
    return std::nullopt;
  return codes;
}

namespace {

struct PromoteSums : gptc::impl::PromoteSumsBase<PromoteSums> {
  using PromoteSumsBase::PromoteSumsBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([](ContractOp op) {
      std::optional<int64_t> codes = promotionOf(op);
      if (!codes)
        return;
      op.setPromotion(*codes);
      remark::passed(
          op.getLoc(),
          remark::RemarkOpts::name("contract").category("promote-sums"))
          << remark::add("f32 takes the sums of {0} every {1} codes",
                         op.getName(), *codes);
    });
  }
};

} // namespace
