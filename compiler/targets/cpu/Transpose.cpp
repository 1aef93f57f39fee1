//===- Transpose.cpp - transposition on the CPU ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// A unit is a square of one matrix that the first cache holds twice: its rows
// are read once each, whatever the order of its elements is.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Context.h"
#include "dialect/kern/TransposeOp.h.inc"

using namespace mlir;

namespace gptc::cpu {

static constexpr int64_t kSquare = 64;

namespace {
enum Size { M, N, Down, Across, SizeCount };
} // namespace

LaunchShape shapeOf(kern::TransposeOp op) {
  int64_t m = op.getM(), n = op.getN();
  LaunchShape shape;
  shape.sizes.resize(SizeCount);
  shape.sizes[M] = m;
  shape.sizes[N] = n;
  shape.sizes[Down] = blocksOf(m, kSquare);
  shape.sizes[Across] = blocksOf(n, kSquare);
  shape.units = op.getBatch() * shape.sizes[Down] * shape.sizes[Across];
  return shape;
}

LogicalResult build(Context &c, kern::TransposeOp op) {
  KernelBuilder &k = c.k;
  Value m = c.size(M), n = c.size(N), down = c.size(Down);
  Value squares = k.mul(down, c.size(Across));
  Value xBase = c.pointerOf(op.getX()), yBase = c.pointerOf(op.getY());
  Value xStride = c.strideOf(op.getX()), yStride = c.strideOf(op.getY());
  k.loop(c.begin(), c.end(), 1, [&](Value unit) {
    Value number = k.div(unit, squares), square = k.rem(unit, squares);
    Value i0 = k.mul(k.rem(square, down), kSquare);
    Value j0 = k.mul(k.div(square, down), kSquare);
    Value x = k.at(xBase, k.mul(k.mul(number, m), xStride));
    Value y = k.at(yBase, k.mul(k.mul(number, n), yStride));
    auto end = [&](Value from, Value size) {
      return k.min(k.add(from, kSquare), size);
    };
    k.loop(j0, end(j0, n), 1, [&](Value j) {
      Value column = k.at(x, j), row = k.at(y, k.mul(j, yStride));
      k.loop(i0, end(i0, m), 1, [&](Value i) {
        k.store(k.load(k.f32Type(), k.at(column, k.mul(i, xStride))),
                k.at(row, i));
      });
    });
  });
  return success();
}

} // namespace gptc::cpu
