//===- BoundRowMaxima.cpp - a bound in place of a row's maximum -----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: log Σ exp is taken about a row's maximum so that no exponential is too
// large and the sum is not 0. Any number near the maximum serves,
//
//   log Σ exp(x − m) + m  =  log Σ exp(x − c) + c,
//
// and a value of which a bound is known (behind a soft cap) needs no pass over
// its row to find one.
//
// Method: intervals, from constants and from what exp, quotients and selects
// give whatever they are given, through memory too: what is known does not
// follow from which kernels were merged. A maximum that is used for nothing but
// the formula becomes the upper bound. Guards: the bounds are at most kSpan
// apart, so that even a row at the lower bound has exponentials of normal size.
// Reason: of a row that no register file holds, a maximum costs as much as the
// sum: the row is read once more, and computed once more.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Intervals.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_BOUNDROWMAXIMA
#include "compiler/passes/BoundRowMaxima.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// exp(−64) is 1.6e-28: a normal f32, and so is a sum of many.
static constexpr double kSpan = 64;

/// The only op that uses `x`, if it is an OpT.
template <typename OpT> static OpT onlyUser(Value x) {
  return x.hasOneUse() ? dyn_cast<OpT>(*x.user_begin()) : OpT();
}

static bool isSum(ReduceOp op) { return op && op.getHow() == "add"; }

/// Whether a maximum is used in log Σ exp(x − maximum) + maximum alone.
static bool isOfLogSumExp(ReduceOp maximum) {
  Value top = maximum.getY();
  Value logarithm;
  for (Operation *user : top.getUsers()) {
    auto spread = dyn_cast<SpreadOp>(user);
    if (!spread)
      continue;
    auto less = onlyUser<arith::SubFOp>(spread.getY());
    if (!less || less.getLhs() != maximum.getX() || logarithm)
      return false;
    auto exponential = onlyUser<math::ExpOp>(less);
    auto sum = exponential ? onlyUser<ReduceOp>(exponential) : ReduceOp();
    auto log = isSum(sum) ? onlyUser<math::LogOp>(sum.getY()) : math::LogOp();
    if (!log)
      return false;
    logarithm = log;
  }
  return logarithm &&
         llvm::all_of(
             top.getUsers(),
             [&](Operation *user) {
               return isa<SpreadOp>(user) ||
                      (isa<arith::AddFOp>(user) &&
                       llvm::is_contained(user->getOperands(), logarithm));
             }) &&
         llvm::hasSingleElement(logarithm.getUsers()) &&
         llvm::is_contained(logarithm.user_begin()->getOperands(), top);
}

/// Why a maximum of values within `bounds` stays; empty if it need not.
static StringRef whyNot(ReduceOp maximum, Interval bounds) {
  if (!isOfLogSumExp(maximum))
    return "it is used for more than a logarithm of a sum of exponentials";
  if (!bounds.isBounded())
    return "no bounds of the row are known";
  if (bounds.high - bounds.low > kSpan)
    return "the bounds of the row are too far apart";
  return {};
}

namespace {

struct BoundRowMaxima : gptc::impl::BoundRowMaximaBase<BoundRowMaxima> {
  using BoundRowMaximaBase::BoundRowMaximaBase;

  void runOnOperation() override {
    SmallVector<ReduceOp> maxima;
    getOperation()->walk([&](ReduceOp op) {
      if (op.getHow() == "max")
        maxima.push_back(op);
    });
    for (ReduceOp maximum : maxima) {
      auto options = remark::RemarkOpts::name("maximum")
                         .category("bound-row-maxima")
                         .function(nameOf(maximum));
      Interval bounds = intervalOf(maximum.getX());
      StringRef why = whyNot(maximum, bounds);
      if (!why.empty()) {
        remark::missed(maximum.getLoc(), options)
            << remark::add("the maximum of a row stays")
            << remark::reason("{0}", why);
        continue;
      }
      OpBuilder b(maximum);
      auto type = cast<VectorType>(maximum.getY().getType());
      Value bound = arith::ConstantOp::create(
          b, maximum.getLoc(),
          DenseElementsAttr::get(type, float(bounds.high)));
      remark::passed(maximum.getLoc(), options) << remark::add(
          "the bound {0} stands for the maximum of a row", bounds.high);
      maximum.getY().replaceAllUsesWith(bound);
      maximum.erase();
    }
  }

private:
  static StringRef nameOf(ReduceOp op) {
    auto rows = dyn_cast<RowsOp>(op->getParentOp());
    return rows ? rows.getName() : StringRef();
  }
};

} // namespace
