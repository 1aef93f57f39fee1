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

#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace gptc {
#define GEN_PASS_DEF_BOUNDROWMAXIMA
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::kern;

/// exp(−64) is 1.6e-28: a normal f32, and so is a sum of many.
static constexpr double kSpan = 64;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What the columns of a value lie in, NaN aside.
struct Interval {
  double low = -kInfinity, high = kInfinity;

  bool isBounded() const { return std::isfinite(low) && std::isfinite(high); }
};

} // namespace

/// The least interval of some ends. One that is none, infinity times 0, lies
/// between the others: no comparison holds for it.
static Interval around(ArrayRef<double> ends) {
  Interval result{kInfinity, -kInfinity};
  for (double end : ends) {
    result.low = std::min(result.low, end);
    result.high = std::max(result.high, end);
  }
  return result;
}

static Interval intervalOf(Value x, int depth = 16);

/// What a load gives of a buffer of the part, where only stores of known values
/// write it, and what is stored in f32 is not rounded.
static Interval intervalOf(LoadOp load, int depth) {
  auto buffer = load.getBuffer().getDefiningOp<BufferOp>();
  if (!buffer || buffer.getKind() != "workspace" || load.getDelta() != 0 ||
      !cast<MemRefType>(buffer.getY().getType()).getElementType().isF32())
    return {};
  SmallVector<double> ends;
  for (Operation *user : buffer->getUsers()) {
    if (!gptc::writesTo(user, buffer.getY()))
      continue;
    auto store = dyn_cast<StoreOp>(user);
    if (!store)
      return {};
    Interval stored = intervalOf(store.getValue(), depth - 1);
    ends.append({stored.low, stored.high});
  }
  return ends.empty() ? Interval() : around(ends);
}

/// A value's interval, seen through at most `depth` ops.
static Interval intervalOf(Value x, int depth) {
  llvm::APFloat number(0.0f);
  if (matchPattern(x, m_ConstantFloat(&number))) {
    double c = number.convertToDouble();
    return {c, c};
  }
  Operation *op = x.getDefiningOp();
  if (!op || depth == 0)
    return {};
  auto of = [&](unsigned i) {
    return intervalOf(op->getOperand(i), depth - 1);
  };
  return llvm::TypeSwitch<Operation *, Interval>(op)
      .Case([&](math::ExpOp) {
        Interval a = of(0);
        return Interval{std::exp(a.low), std::exp(a.high)};
      })
      .Case([&](arith::NegFOp) {
        Interval a = of(0);
        return Interval{-a.high, -a.low};
      })
      .Case([&](arith::AddFOp) {
        Interval a = of(0), b = of(1);
        return around({a.low + b.low, a.high + b.high});
      })
      .Case([&](arith::SubFOp) {
        Interval a = of(0), b = of(1);
        return around({a.low - b.high, a.high - b.low});
      })
      .Case([&](arith::MulFOp) {
        Interval a = of(0), b = of(1);
        return around(
            {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
      })
      .Case([&](arith::DivFOp) {
        Interval a = of(0), b = of(1);
        if (b.low <= 0 && b.high >= 0)
          return Interval();
        return around(
            {a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high});
      })
      .Case([&](arith::SelectOp) {
        Interval a = of(1), b = of(2);
        return around({a.low, a.high, b.low, b.high});
      })
      .Case([&](SpreadOp) { return of(0); })
      .Case([&](LoadOp load) { return intervalOf(load, depth); })
      .Case([&](RoundOp) {
        // To the next of two mantissa bits, at the most.
        Interval a = of(0);
        double away = std::max(std::abs(a.low), std::abs(a.high)) / 8;
        return around({a.low - away, a.high + away});
      })
      .Default([](Operation *) { return Interval(); });
}

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
