//===- Intervals.cpp - what the columns of a value lie in -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Intervals.h"
#include "compiler/passes/OnGrid.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

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

/// What a load gives of a buffer of the part, where only stores of known values
/// write it, and what is stored in f32 is not rounded.
static Interval intervalOfLoad(LoadOp load, int depth) {
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

Interval gptc::intervalOf(Value x, int depth) {
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
      .Case([&](LoadOp load) { return intervalOfLoad(load, depth); })
      .Case([&](RoundOp) {
        // To the next of two mantissa bits, at the most.
        Interval a = of(0);
        double away = std::max(std::abs(a.low), std::abs(a.high)) / 8;
        return around({a.low - away, a.high + away});
      })
      .Default([](Operation *) { return Interval(); });
}
