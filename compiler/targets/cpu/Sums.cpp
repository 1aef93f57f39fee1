//===- Sums.cpp - finishing column sums and ordered segments --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Context.h"
#include "dialect/KernKernels.h"

using namespace mlir;

namespace gptc::cpu {

//===----------------------------------------------------------------------===//
// finish: target[j] (+)= Σ_b partials[b][j]
//===----------------------------------------------------------------------===//

/// Columns of a finishing unit, and positions of a unit of segments.
static constexpr int64_t kUnit = 64;

LaunchShape shapeOf(kern::FinishOp op) {
  auto type = cast<MemRefType>(op.getPartials().getType());
  int64_t columns = kern::columnsOf(type);
  return {{columns}, blocksOf(columns, kUnit), 0};
}

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

//===----------------------------------------------------------------------===//
// segments: target[tokens[t]] += value[t]
//===----------------------------------------------------------------------===//

LaunchShape shapeOf(kern::SegmentsOp op) {
  auto type = cast<MemRefType>(op.getOrder().getType());
  auto value = cast<MemRefType>(op.getValue().getType());
  int64_t positions = kern::rowsOf(type);
  return {{positions, kern::columnsOf(value)}, blocksOf(positions, kUnit), 0};
}

/// A unit sums the segments that begin among its 64 positions of the order, so
/// each row of the target has one writer.
LogicalResult build(Context &c, kern::SegmentsOp op) {
  KernelBuilder &k = c.k;
  Value value = c.pointerOf(op.getValue()),
        tokens = c.pointerOf(op.getTokens());
  Value order = c.pointerOf(op.getOrder()),
        target = c.pointerOf(op.getTarget());
  Value positions = c.size(0), columns = c.size(1);
  Value stride = c.strideOf(op.getValue());
  Value targetStride = c.strideOf(op.getTarget());
  auto integer = [&](Value base, Value i) {
    return k.op<arith::ExtSIOp>(k.i64Type(),
                                k.load(k.i32Type(), k.at(base, i)));
  };
  auto tokenAt = [&](Value i) { return integer(tokens, integer(order, i)); };
  Value last = k.min(k.mul(c.end(), kUnit), positions);
  k.loop(k.mul(c.begin(), kUnit), last, 1, [&](Value i) {
    Value token = tokenAt(i);
    Value before = k.max(k.sub(i, k.i64(1)), k.i64(0));
    Value first = k.op<arith::OrIOp>(
        k.equal(i, k.i64(0)),
        k.op<arith::CmpIOp>(arith::CmpIPredicate::ne, tokenAt(before), token));
    k.ifThen(first, [&] {
      Value end = k.loopWhile(
          k.add(i, 1),
          [&](ValueRange at) {
            Value more = k.less(at[0], positions);
            Value safe = k.choose(more, at[0], i);
            return k.both(more, k.equal(tokenAt(safe), token));
          },
          [&](ValueRange at) {
            return KernelBuilder::Values{k.add(at[0], 1)};
          })[0];
      Value targetRow = k.at(target, k.mul(token, targetStride));
      auto chunk = [&](Value j, int64_t width) {
        auto row = [&](Value p) {
          Value t = integer(order, p);
          return k.load(k.vector(width),
                        k.at(value, k.add(k.mul(t, stride), j)));
        };
        Value sum = k.loop(
            k.add(i, 1), end, 1, row(i), [&](Value p, ValueRange carried) {
              return KernelBuilder::Values{k.fadd(carried[0], row(p))};
            })[0];
        Value at = k.at(targetRow, j);
        k.store(k.fadd(k.load(k.vector(width), at), sum), at);
      };
      Value whole = k.mul(k.div(columns, 16), 16);
      k.loop(k.i64(0), whole, 16, [&](Value j) { chunk(j, 16); });
      k.loop(whole, columns, 1, [&](Value j) { chunk(j, 1); });
    });
  });
  return success();
}

} // namespace gptc::cpu
