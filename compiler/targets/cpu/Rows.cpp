//===- Rows.cpp - row programs on the CPU ---------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A unit is a window of 64 rows, run in ascending order, so that column sums
// into `kern.partial` need no synchronisation.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Rows.h"
#include "dialect/kern/RandomOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;

namespace gptc::cpu {

RowAddress CpuRowEmitter::addressOf(Value buffer, Value at, bool check) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value base = c.pointerOf(buffer), inside;
  if (!at)
    return {base, Value()};
  if (check) {
    inside = k.inside(at, c.rowsOf(buffer));
    at = k.choose(inside, at, k.i64(0));
  }
  return {k.at(base, k.mul(at, strideOf(buffer)), bytes), inside};
}

void CpuRowEmitter::write(Operation *op, Value pointer, const Chunk &chunk,
                          Value value) {
  if (auto store = dyn_cast<kern::StoreOp>(op)) {
    auto type = cast<MemRefType>(store.getBuffer().getType()).getElementType();
    if (type.isF64())
      value = k.op<arith::ExtFOp>(k.vector(chunk.width, type), value);
    k.store(value, k.at(pointer, columnOf(chunk), type.isF64() ? 8 : 4));
    return;
  }
  // The first row of a window overwrites what was there.
  Value first = k.equal(k.rem(row, kern::kSumWindow), k.i64(0));
  Value at = k.at(pointer, columnOf(chunk));
  Value old = k.load(value.getType(), at);
  k.store(k.choose(first, value, k.fadd(old, value)), at);
}

Value CpuRowEmitter::streamOf(kern::RandomOp op) { return c.streamOf(op); }

LaunchShape shapeOf(kern::RowsOp op) {
  int64_t rows = op.getRows();
  return {{rows}, blocksOf(rows, kern::kSumWindow), 0};
}

LogicalResult build(Context &c, kern::RowsOp op) {
  KernelBuilder &k = c.k;
  Value first = k.mul(c.begin(), kern::kSumWindow);
  Value last = k.min(k.mul(c.end(), kern::kSumWindow), c.size(0));
  LogicalResult result = success();
  k.loop(first, last, 1, [&](Value row) {
    CpuRowEmitter emitter(c);
    result = emitter.emitRow(op.getBody().front(), row);
  });
  return result;
}

} // namespace gptc::cpu
