//===- Sums.cpp - finishing column sums -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Context.h"
#include "dialect/KernKernels.h"

using namespace mlir;

namespace gptc::cpu {

/// Columns of a finishing unit.
static constexpr int64_t kUnit = 64;

LaunchShape shapeOf(kern::FinishOp op) {
  auto type = cast<MemRefType>(op.getPartials().getType());
  int64_t columns = kern::columnsOf(type);
  return {{columns}, blocksOf(columns, kUnit), 0};
}

/// target[j] (+)= Σ_b partials[b][j]
LogicalResult build(Context &c, kern::FinishOp op) {
  KernelBuilder &k = c.k;
  Value partials = c.pointerOf(op.getPartials());
  Value target = c.pointerOf(op.getTarget());
  Type to = cast<MemRefType>(op.getTarget().getType()).getElementType();
  Value blocks = c.rowsOf(op.getPartials());
  Value stride = c.strideOf(op.getPartials());
  auto columns = [&](Value j, int64_t width) {
    Type f64 = k.vector(width, k.f64Type());
    auto widen = [&](Value x) { return k.op<arith::ExtFOp>(f64, x); };
    Value sum = k.loop(k.i64(0), blocks, 1, k.splat(0.0, width, k.f64Type()),
                       [&](Value i, ValueRange carried) {
                         Value at = k.at(partials, k.add(k.mul(i, stride), j));
                         Value x = widen(k.load(k.vector(width), at));
                         return KernelBuilder::Values{k.fadd(carried[0], x)};
                       })[0];
    Value at = k.at(target, j, to.getIntOrFloatBitWidth() / 8);
    if (op.getAccumulate()) {
      Value old = k.load(k.vector(width, to), at);
      sum = k.fadd(sum, to.isF64() ? old : widen(old));
    }
    if (!to.isF64())
      sum = k.op<arith::TruncFOp>(k.vector(width), sum);
    k.store(sum, at);
  };
  Value from = k.mul(c.begin(), kUnit);
  Value last = k.min(k.mul(c.end(), kUnit), c.size(0));
  Value whole = k.mul(k.div(k.sub(last, from), 8), 8);
  Value middle = k.add(from, whole);
  k.loop(from, middle, 8, [&](Value j) { columns(j, 8); });
  k.loop(middle, last, 1, [&](Value j) { columns(j, 1); });
  return success();
}

} // namespace gptc::cpu
