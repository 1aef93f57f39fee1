//===- Sums.cpp - finishing column sums -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Context.h"
#include "dialect/kern/FinishOp.h.inc"

using namespace mlir;

namespace gptc::cpu {

/// Columns of a finishing unit.
static constexpr int64_t kUnit = 64;

/// Sizes: the columns of each sum. Units: those of the first sum, of the
/// second, and so on.
LaunchShape shapeOf(kern::FinishOp op) {
  LaunchShape shape;
  for (Value partials : op.getPartials()) {
    int64_t columns = kern::columnsOf(cast<MemRefType>(partials.getType()));
    shape.sizes.push_back(columns);
    shape.units += blocksOf(columns, kUnit);
  }
  return shape;
}

namespace {

/// A sum, and the unit that its first columns are.
struct Sum {
  Value partials, target, windows, stride, columns, firstUnit;
};

} // namespace

/// The sum of a unit: the last one that begins at it or before.
static Sum sumOf(Context &c, kern::FinishOp op, Value unit) {
  KernelBuilder &k = c.k;
  Sum found;
  Value begin = k.i64(0);
  for (auto [i, partials] : llvm::enumerate(op.getPartials())) {
    Value columns = c.size(i);
    Sum sum{c.pointerOf(partials),
            c.pointerOf(op.getTargets()[i]),
            c.rowsOf(partials),
            c.strideOf(partials),
            columns,
            begin};
    begin = k.add(begin, k.div(k.add(columns, kUnit - 1), kUnit));
    if (i == 0) {
      found = sum;
      continue;
    }
    Value earlier = k.less(unit, sum.firstUnit);
    for (auto part : {&Sum::partials, &Sum::target, &Sum::windows, &Sum::stride,
                      &Sum::columns, &Sum::firstUnit})
      found.*part = k.choose(earlier, found.*part, sum.*part);
  }
  return found;
}

/// target[j] (+)= Σ_b partials[b][j]
LogicalResult build(Context &c, kern::FinishOp op) {
  KernelBuilder &k = c.k;
  Type to = cast<MemRefType>(op.getTargets()[0].getType()).getElementType();
  auto add = [&](const Sum &sum, Value j, int64_t width) {
    Type f64 = k.vector(width, k.f64Type());
    auto widen = [&](Value x) { return k.op<arith::ExtFOp>(f64, x); };
    Value total =
        k.loop(k.i64(0), sum.windows, 1, k.splat(0.0, width, k.f64Type()),
               [&](Value i, ValueRange carried) {
                 Value at = k.at(sum.partials, k.add(k.mul(i, sum.stride), j));
                 Value x = widen(k.load(k.vector(width), at));
                 return KernelBuilder::Values{k.fadd(carried[0], x)};
               })[0];
    Value at = k.at(sum.target, j, to.getIntOrFloatBitWidth() / 8);
    if (op.getAccumulate()) {
      Value old = k.load(k.vector(width, to), at);
      total = k.fadd(total, to.isF64() ? old : widen(old));
    }
    if (!to.isF64())
      total = k.op<arith::TruncFOp>(k.vector(width), total);
    k.store(total, at);
  };
  k.loop(c.begin(), c.end(), 1, [&](Value unit) {
    Sum sum = sumOf(c, op, unit);
    Value from = k.mul(k.sub(unit, sum.firstUnit), kUnit);
    Value last = k.min(k.add(from, kUnit), sum.columns);
    Value whole = k.mul(k.div(k.sub(last, from), 8), 8);
    Value middle = k.add(from, whole);
    k.loop(from, middle, 8, [&](Value j) { add(sum, j, 8); });
    k.loop(middle, last, 1, [&](Value j) { add(sum, j, 1); });
  });
  return success();
}

} // namespace gptc::cpu
