//===- AttentionBackward.cpp - attention backward on the CPU --------------===//
//
// Part of gptc, under the MIT License.
//
// With z = scale q·k, p = exp(z − lse) and δ = dy·y of a query:
//   dv_j = Σ_s p dy_s,  dz = p (dy_s·v_j − δ_s) scale,
//   dk_j = Σ_s dz q_s,  dq_s = Σ_j dz k_j.
// Positions are cut into spans. A unit adds what the queries of one span and
// the keys of one span give each other, for one head. Launch d takes the pairs
// (keys i, queries i + d): no two of its units write the same rows, and each
// row's sums are taken in the order of launches, whatever the threads do. So
// all cores have work beyond one a head, nothing is computed twice, and no
// partial sums need memory.
//
// A unit walks over blocks of keys, for each over the blocks of queries that
// see it, both ascending; dk and dv of the block gather in tiles, dq in its
// buffer. Scores are computed again, a tile at a time.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/AttentionTile.h"
#include "compiler/targets/cpu/Rows.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numeric>

using namespace mlir;

namespace gptc::cpu {

using Tile = AttentionTile<kern::AttentionBackwardOp>;

/// Spans a sequence, if it is long enough: a span is at least a tile. More
/// spans feed more cores and pack keys more often.
static constexpr int64_t kSpans = 8;

/// A launch's sizes.
enum : unsigned { Positions, Span, Distance, Pairs };

SmallVector<LaunchShape> shapesOf(kern::AttentionBackwardOp op) {
  int64_t positions = kern::rowsOf(cast<MemRefType>(op.getQ().getType()));
  int64_t span = blocksOf(blocksOf(positions, kTile), kSpans) * kTile;
  int64_t head = op.getHead(), spans = blocksOf(positions, span);
  int64_t floats = 2 * Tile::packedSize(head) + 2 * Tile::packedSize(head) +
                   6 * Tile::paddedSize(head) + 5 * kTile * kTile;
  SmallVector<LaunchShape> shapes;
  for (int64_t d = 0; d < spans; ++d)
    shapes.push_back({{positions, span, d * span, spans - d},
                      (spans - d) * int64_t(op.getHeads()),
                      4 * floats});
  // The program's rows, once all are there: as far apart as no spans are.
  if (op.getProgram())
    shapes.push_back({{positions, span, positions, 0},
                      blocksOf(positions, kern::kSumWindow),
                      4 * floats});
  return shapes;
}

namespace {
/// The kernel's values, named as in the formulas above. Packed operands end in
/// A (rows of a product) or B (its columns).
struct Backward {
  Backward(Context &c, kern::AttentionBackwardOp op)
      : c(c), k(c.k), t(c, op), op(op), positions(c.size(Positions)),
        span(c.size(Span)), distance(c.size(Distance)), pairs(c.size(Pairs)) {
    int64_t packed = Tile::packedSize(t.head);
    int64_t rows = Tile::paddedSize(t.head);
    qA = t.take(packed);
    dyA = t.take(packed);
    kB = t.take(packed);
    vB = t.take(packed);
    kColumnsB = t.take(rows);
    qB = t.take(rows);
    dyB = t.take(rows);
    dk = t.take(rows);
    dv = t.take(rows);
    dq = t.take(rows);
    p = t.take(kTile * kTile);
    dz = t.take(kTile * kTile);
    pA = t.take(kTile * kTile);
    dzA = t.take(kTile * kTile);
    dzRowsA = t.take(kTile * kTile);
    head = k.i64(t.head);
    padded = k.i64(t.padded);
    tile = k.i64(kTile);
  }

  void clearTiles();
  /// A head's keys i and queries i + d.
  void run(Value unit);

private:
  void clearRows(Value h);
  void addKeys(Value h, Value key);
  void weighRow(Value i, Value s, Value h, Value key, Value columns);
  void addTile(Value h, Value key, Value columns, Value q0);
  void copyRows(Value from, Value fromStride, Value to, Value toStride,
                Value rows);
  Value stride(Value buffer) { return c.strideOf(buffer); }

  Context &c;
  KernelBuilder &k;
  Tile t;
  kern::AttentionBackwardOp op;
  Value positions, span, distance, pairs; // the launch's sizes
  Value head, padded, tile;
  /// The unit's keys and queries.
  Value firstKey, endKey, firstQuery, endQuery;
  Value qA, dyA, kB, vB, kColumnsB, qB, dyB, dk, dv, dq, p, dz, pA, dzA,
      dzRowsA;
};
} // namespace

/// What pads the tiles of sums stays zero from here on.
void Backward::clearTiles() {
  for (Value x : {dk, dv, dq})
    t.clear(x, Tile::paddedSize(t.head));
}

/// The first launch that reaches a row clears it.
void Backward::clearRows(Value h) {
  k.loop(firstKey, endKey, 1, [&](Value s) {
    for (Value buffer : {op.getDq(), op.getDk(), op.getDv()}) {
      Value row = t.rowOf(buffer, s, h);
      t.forColumns(
          [&](Value j) { k.store(k.splat(0.0, t.width()), k.at(row, j)); });
    }
  });
}

/// A row of scores and of dy·v becomes one of p and of dz.
void Backward::weighRow(Value i, Value s, Value h, Value key, Value columns) {
  Value first = t.firstKey(s), scale = k.splat(t.scale, 16);
  auto of = [&](Value buffer) {
    return k.load(k.f32Type(), k.at(c.pointerOf(buffer),
                                    k.add(k.mul(s, stride(buffer)), h)));
  };
  Value lse = of(op.getLse()), d = k.splat(of(op.getDelta()), 16);
  Value pRow = k.at(p, k.mul(i, kTile)), dzRow = k.at(dz, k.mul(i, kTile));
  k.loop(k.i64(0), k.roundUp(columns, 16), 16, [&](Value j) {
    Value z = k.fmul(k.load(k.vector(16), k.at(pRow, j)), scale);
    Value e = k.op<math::ExpOp>(k.fsub(z, k.splat(lse, 16)));
    Value seen = t.visible(k.add(key, j), first, s), zero = k.splat(0.0, 16);
    e = k.choose(seen, e, zero);
    Value g = k.fsub(k.load(k.vector(16), k.at(dzRow, j)), d);
    g = k.choose(seen, k.fmul(k.fmul(e, g), scale), zero);
    k.store(e, k.at(pRow, j));
    k.store(g, k.at(dzRow, j));
  });
}

void Backward::copyRows(Value from, Value fromStride, Value to, Value toStride,
                        Value rows) {
  k.loop(k.i64(0), rows, 1, [&](Value i) {
    Value source = k.at(from, k.mul(i, fromStride));
    Value target = k.at(to, k.mul(i, toStride));
    t.forColumns([&](Value j) {
      k.store(k.load(t.chunk(), k.at(source, j)), k.at(target, j));
    });
  });
}

/// Queries [q0, q0 + 128) against a block of keys.
void Backward::addTile(Value h, Value key, Value columns, Value q0) {
  Value rows = k.min(tile, k.sub(positions, q0));
  Value q = t.rowOf(op.getQ(), q0, h), dy = t.rowOf(op.getDy(), q0, h);
  Value qStride = stride(op.getQ()), dyStride = stride(op.getDy());
  pack(k, false, false, q, qStride, rows, head, qA);
  pack(k, false, false, dy, dyStride, rows, head, dyA);
  t.clear(p, kTile * kTile);
  t.clear(dz, kTile * kTile);
  multiply(k, qA, kB, p, tile, rows, columns, head);
  multiply(k, dyA, vB, dz, tile, rows, columns, head);
  k.loop(k.i64(0), rows, 1,
         [&](Value i) { weighRow(i, k.add(q0, i), h, key, columns); });
  pack(k, false, true, p, tile, columns, rows, pA);
  pack(k, true, true, dy, dyStride, head, rows, dyB);
  multiply(k, pA, dyB, dv, padded, columns, head, rows);
  pack(k, false, true, dz, tile, columns, rows, dzA);
  pack(k, true, true, q, qStride, head, rows, qB);
  multiply(k, dzA, qB, dk, padded, columns, head, rows);
  pack(k, false, false, dz, tile, rows, columns, dzRowsA);
  Value to = t.rowOf(op.getDq(), q0, h), toStride = stride(op.getDq());
  copyRows(to, toStride, dq, padded, rows);
  multiply(k, dzRowsA, kColumnsB, dq, padded, rows, head, columns);
  copyRows(dq, padded, to, toStride, rows);
}

/// The block of keys at `key` against the unit's queries.
void Backward::addKeys(Value h, Value key) {
  Value columns = k.min(tile, k.sub(endKey, key));
  Value last = k.add(key, columns); // one past the block's last key
  Value begin = k.max(key, firstQuery);
  Value end = k.min(endQuery, k.add(last, t.window));
  k.ifThen(k.less(t.firstKey(begin), last), [&] {
    Value keys = t.rowOf(op.getK(), key, h), kStride = stride(op.getK());
    pack(k, true, false, keys, kStride, columns, head, kB);
    pack(k, true, false, t.rowOf(op.getV(), key, h), stride(op.getV()), columns,
         head, vB);
    pack(k, true, true, keys, kStride, head, columns, kColumnsB);
    Value toK = t.rowOf(op.getDk(), key, h), dkStride = stride(op.getDk());
    Value toV = t.rowOf(op.getDv(), key, h), dvStride = stride(op.getDv());
    copyRows(toK, dkStride, dk, padded, columns);
    copyRows(toV, dvStride, dv, padded, columns);
    k.loop(begin, end, kTile, [&](Value q0) {
      k.ifThen(k.less(t.firstKey(q0), last),
               [&] { addTile(h, key, columns, q0); });
    });
    copyRows(dk, padded, toK, dkStride, columns);
    copyRows(dv, padded, toV, dvStride, columns);
  });
}

void Backward::run(Value unit) {
  Value h = k.div(unit, pairs);
  firstKey = k.mul(k.rem(unit, pairs), span);
  endKey = k.min(positions, k.add(firstKey, span));
  firstQuery = k.add(firstKey, distance);
  endQuery =
      k.min(k.min(positions, k.add(firstQuery, span)), k.add(endKey, t.window));
  k.ifThen(k.equal(distance, k.i64(0)), [&] { clearRows(h); });
  // What a query sees begins no earlier than what the one before it sees.
  k.ifThen(k.less(t.firstKey(firstQuery), endKey), [&] {
    k.loop(firstKey, endKey, kTile, [&](Value key) { addKeys(h, key); });
  });
}

namespace {
/// The program on a row of the gradients, which stand in memory.
class OfGradients : public CpuRowEmitter {
public:
  OfGradients(Context &c, kern::AttentionBackwardOp op, Value row)
      : CpuRowEmitter(c) {
    // A copy, for the program may store other columns in their place.
    int64_t columns = op.getHeads() * op.getHead();
    int64_t width = std::gcd(columns, kLanes);
    Value gradients[] = {op.getDq(), op.getDk(), op.getDv()};
    for (auto [i, from] : llvm::enumerate(gradients)) {
      Value argument = op.getProgram()->getArgument(1 + i);
      if (argument.use_empty())
        continue;
      Value to = k.stack(columns * 4), at = addressOf(from, row, false).pointer;
      k.loop(k.i64(0), k.i64(columns), width, [&](Value j) {
        k.store(k.load(k.vector(width), k.at(at, j)), k.at(to, j));
      });
      buffered[argument] = to;
    }
  }

protected:
  Value strideOf(Value buffer) override { return c.strideOf(buffer); }
};
} // namespace

LogicalResult build(Context &c, kern::AttentionBackwardOp op) {
  KernelBuilder &k = c.k;
  auto gradients = [&] {
    Backward backward(c, op);
    backward.clearTiles();
    k.loop(c.begin(), c.end(), 1, [&](Value unit) { backward.run(unit); });
  };
  if (!op.getProgram()) {
    gradients();
    return success();
  }
  LogicalResult result = success();
  k.ifThen(k.less(c.size(Distance), c.size(Positions)), gradients, [&] {
    Value first = k.mul(c.begin(), kern::kSumWindow);
    Value last = k.min(k.mul(c.end(), kern::kSumWindow), c.size(Positions));
    k.loop(first, last, 1, [&](Value row) {
      result = OfGradients(c, op, row).emitRow(*op.getProgram(), row);
    });
  });
  return result;
}

} // namespace gptc::cpu
