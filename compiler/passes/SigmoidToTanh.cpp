//===- SigmoidToTanh.cpp - a sigmoid in an exponent becomes a tanh --------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a soft cap's sigmoid is an exponential, a sum and a quotient of every
// column, two of them functions of the special function unit; a tanh is one:
//
//   1 / (1 + exp v) = (1 - tanh(v / 2)) / 2.
//
// The unit's tanh has 11 bits, too few for most uses. An exponential that is
// stored in bf16 keeps 8 bits of what its exponent says, so that there the unit
// is as good as what is stored.
// Method: exp(F / (1 + exp(v)) + C), v a multiple of a row plus a constant, in
// a contraction's epilogue that stores it in bf16, as `store-exponentials`
// leaves it, becomes exp(C + F/2 - F/2 tanh(v/2)).
// Guards: the exponential is used as it is stored in bf16 alone, and its
// exponent moves by at most kMost.
// Reason: the unit takes eight cycles for a function of a warp's columns, and
// every instruction beside products takes the tensor cores' time
// (docs/performance.md).
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Affine.h"
#include "compiler/passes/Passes.h"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include <cmath>

namespace gptc {
#define GEN_PASS_DEF_SIGMOIDTOTANH
#include "compiler/passes/SigmoidToTanh.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Of the unit's tanh, relative (PTX ISA, tanh.approx.f32).
static constexpr double kError = 0x1p-11;
/// How far an exponent may move: the last place of the bf16 that is stored.
static constexpr double kMost = 0x1p-7;

/// Whether a value is needed as bf16 holds it alone: stored, and rounded as
/// what is stored.
static bool isOfBf16(Value x) {
  return llvm::all_of(x.getUsers(), [](Operation *user) {
    if (auto store = dyn_cast<StoreOp>(user))
      return cast<MemRefType>(store.getBuffer().getType())
          .getElementType()
          .isBF16();
    auto round = dyn_cast<RoundOp>(user);
    return round && round.getGrid() == "bf16";
  });
}

/// v of 1 / (1 + exp(v)); null of anything else.
static Value exponentOfSigmoid(Value x) {
  auto quotient = x.getDefiningOp<arith::DivFOp>();
  if (!quotient || constantOf(quotient.getLhs()) != 1)
    return {};
  auto sum = quotient.getRhs().getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  Value one = sum.getLhs(), other = sum.getRhs();
  if (constantOf(other))
    std::swap(one, other);
  auto exp = other.getDefiningOp<math::ExpOp>();
  return exp && constantOf(one) == 1 ? exp.getOperand() : Value();
}

namespace {

struct SigmoidToTanh : gptc::impl::SigmoidToTanhBase<SigmoidToTanh> {
  using SigmoidToTanhBase::SigmoidToTanhBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    SmallVector<math::ExpOp> exps;
    getOperation()->walk([&](math::ExpOp exp) {
      if (isa<ContractOp>(exp->getParentOp()))
        exps.push_back(exp);
    });
    for (math::ExpOp exp : exps)
      run(exp);
  }

  static void run(math::ExpOp exp) {
    Affine exponent(exp.getOperand());
    Value v = exponentOfSigmoid(exponent.row);
    if (!v)
      return;
    Affine argument(v);
    auto options =
        remark::RemarkOpts::name("tanh")
            .category("sigmoid-to-tanh")
            .function(cast<ContractOp>(exp->getParentOp()).getName());
    StringRef why = whyNot(exp, exponent, argument);
    if (!why.empty()) {
      remark::missed(exp.getLoc(), options)
          << remark::add("a sigmoid stays an exponential and a quotient")
          << remark::reason("{0}", why);
      return;
    }
    OpBuilder b(exp);
    Location loc = exp.getLoc();
    auto type = cast<VectorType>(exp.getType());
    auto affine = [&](Value x, double factor, double offset) -> Value {
      auto constant = [&](double value) {
        return arith::ConstantOp::create(
            b, loc, DenseElementsAttr::get(type, float(value)));
      };
      return math::FmaOp::create(b, loc, x, constant(factor), constant(offset));
    };
    Value half =
        affine(argument.row, argument.factor / 2, argument.constant / 2);
    Value tanh = math::TanhOp::create(b, loc, half, arith::FastMathFlags::afn);
    double factor = exponent.factor / 2;
    exp.getOperandMutable().assign(
        affine(tanh, -factor, exponent.constant + factor));
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(*exp->getBlock())))
      if (isOpTriviallyDead(&op))
        op.erase();
    remark::passed(loc, options) << remark::add("a sigmoid is a tanh");
  }

  static StringRef whyNot(math::ExpOp exp, const Affine &exponent,
                          const Affine &argument) {
    if (!isOfBf16(exp))
      return "more than what bf16 keeps of its exponential is needed";
    if (std::fabs(exponent.factor) / 2 * kError > kMost)
      return "the exponent would move by more than bf16's last place";
    if (!exponent.singles.empty() || !argument.singles.empty())
      return "a row has its own offset";
    return {};
  }
};

} // namespace
