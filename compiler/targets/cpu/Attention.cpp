//===- Attention.cpp - attention forward on the CPU -----------------------===//
//
// Part of gptc, under the MIT License.
//
// A unit is a head's block of 128 queries. It walks over the blocks of keys
// that any of its queries sees, with a running maximum and sum a query (Milakov
// and Gimelshein, "Online normalizer calculation for softmax", 2018), so scores
// exist for one tile at a time.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/AttentionTile.h"
#include "dialect/kern/AttentionOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace gptc::cpu {

using Tile = AttentionTile<kern::AttentionOp>;

LaunchShape shapeOf(kern::AttentionOp op) {
  int64_t positions = kern::rowsOf(cast<MemRefType>(op.getQ().getType()));
  int64_t blocks = blocksOf(positions, kTile);
  int64_t head = op.getHead();
  int64_t floats = 2 * Tile::packedSize(head) + 2 * Tile::paddedSize(head) +
                   2 * kTile * kTile + 2 * kTile;
  return {{positions, blocks}, blocks * int64_t(op.getHeads()), 4 * floats};
}

/// Scores of query s against keys [key, key + columns) become probabilities
/// relative to the running maximum; earlier sums are scaled to it.
static void weighRow(Tile &t, Value scores, Value out, Value maximum,
                     Value total, Value s, Value key, Value columns) {
  KernelBuilder &k = t.k;
  double infinity = std::numeric_limits<double>::infinity();
  Value first = t.firstKey(s), last = k.roundUp(columns, 16);
  Value scale = k.splat(t.scale, 16);
  auto largest = k.loop(
      k.i64(0), last, 16, k.splat(-infinity, 16), [&](Value j, ValueRange in) {
        Value z = k.fmul(k.load(k.vector(16), k.at(scores, j)), scale);
        z = k.choose(t.visible(k.add(key, j), first, s), z,
                     k.splat(-infinity, 16));
        k.store(z, k.at(scores, j));
        return KernelBuilder::Values{k.fmax(in[0], z)};
      })[0];
  Value before = k.load(k.f32Type(), maximum);
  Value now = k.fmax(before, k.foldLanes(largest, /*maximum=*/true));
  k.store(now, maximum);
  // A query that has seen no key yet keeps zeros.
  Value none =
      k.op<arith::CmpFOp>(arith::CmpFPredicate::OEQ, now, k.f32(-infinity));
  Value origin = k.choose(none, k.f32(0), now);
  Value factor = k.op<math::ExpOp>(k.fsub(before, origin));
  Value sum =
      k.loop(k.i64(0), last, 16, k.splat(0.0, 16), [&](Value j, ValueRange in) {
        Value z = k.load(k.vector(16), k.at(scores, j));
        Value p = k.op<math::ExpOp>(k.fsub(z, k.splat(origin, 16)));
        k.store(p, k.at(scores, j));
        return KernelBuilder::Values{k.fadd(in[0], p)};
      })[0];
  Value old = k.fmul(k.load(k.f32Type(), total), factor);
  k.store(k.fadd(old, k.foldLanes(sum)), total);
  k.loop(k.i64(0), k.i64(t.padded), 16, [&](Value j) {
    Value at = k.at(out, j);
    k.store(k.fmul(k.load(k.vector(16), at), k.splat(factor, 16)), at);
  });
}

LogicalResult build(Context &c, kern::AttentionOp op) {
  KernelBuilder &k = c.k;
  Value positions = c.size(0), blocks = c.size(1);
  Tile t(c, op);
  int64_t head = t.head;
  Value qPacked = t.take(Tile::packedSize(head));
  Value kPacked = t.take(Tile::packedSize(head));
  Value vPacked = t.take(Tile::paddedSize(head));
  Value out = t.take(Tile::paddedSize(head));
  Value scores = t.take(kTile * kTile), pPacked = t.take(kTile * kTile);
  Value maxima = t.take(kTile), totals = t.take(kTile);
  Value depth = k.i64(head), tile = k.i64(kTile), padded = k.i64(t.padded);
  Value qStride = c.strideOf(op.getQ()), kStride = c.strideOf(op.getK());
  Value vStride = c.strideOf(op.getV());
  k.loop(c.begin(), c.end(), 1, [&](Value unit) {
    Value h = k.div(unit, blocks), q0 = k.mul(k.rem(unit, blocks), kTile);
    Value rows = k.min(tile, k.sub(positions, q0));
    Value end = k.add(q0, rows);
    pack(k, false, false, t.rowOf(op.getQ(), q0, h), qStride, rows, depth,
         qPacked);
    t.clear(out, Tile::paddedSize(head));
    k.loop(k.i64(0), tile, 1, [&](Value i) {
      k.store(k.f32(-std::numeric_limits<double>::infinity()), k.at(maxima, i));
      k.store(k.f32(0), k.at(totals, i));
    });
    k.loop(t.firstKey(q0), end, kTile, [&](Value key) {
      Value columns = k.min(tile, k.sub(end, key));
      pack(k, true, false, t.rowOf(op.getK(), key, h), kStride, columns, depth,
           kPacked);
      t.clear(scores, kTile * kTile);
      multiply(k, qPacked, kPacked, scores, tile, rows, columns, depth);
      k.loop(k.i64(0), rows, 1, [&](Value i) {
        weighRow(t, k.at(scores, k.mul(i, kTile)),
                 k.at(out, k.mul(i, t.padded)), k.at(maxima, i),
                 k.at(totals, i), k.add(q0, i), key, columns);
      });
      pack(k, false, false, scores, tile, rows, columns, pPacked);
      pack(k, true, true, t.rowOf(op.getV(), key, h), vStride, depth, columns,
           vPacked);
      multiply(k, pPacked, vPacked, out, padded, rows, depth, columns);
    });
    k.loop(k.i64(0), rows, 1, [&](Value i) {
      Value s = k.add(q0, i), total = k.load(k.f32Type(), k.at(totals, i));
      Value from = k.at(out, k.mul(i, t.padded)), to = t.rowOf(op.getY(), s, h);
      Value gate;
      if (op.getGates())
        gate = k.load(k.f32Type(),
                      k.at(c.pointerOf(op.getGates()),
                           k.add(k.mul(s, c.strideOf(op.getGates())), h)));
      t.forColumns([&](Value j) {
        Value x = k.load(t.chunk(), k.at(from, j));
        x = k.op<arith::DivFOp>(x, k.splat(total, t.width()));
        if (gate)
          x = k.fmul(x, k.splat(gate, t.width()));
        k.store(x, k.at(to, j));
      });
      Value lse = k.fadd(k.load(k.f32Type(), k.at(maxima, i)),
                         k.op<math::LogOp>(total));
      Value at = k.add(k.mul(s, c.strideOf(op.getLse())), h);
      k.store(lse, k.at(c.pointerOf(op.getLse()), at));
    });
  });
  return success();
}

} // namespace gptc::cpu
