//===- AttentionBackward.cpp - attention backward on tensor cores ---------===//
//
// Part of gptc, under the MIT License.
//
// With z = scale q·k, p = exp(z − lse) and δ = dy·y of a query:
//   dv = Σ_queries p dy, dz = p (dy·v − δ) scale,
//   dk = Σ_queries dz q, dq = Σ_keys dz k.
//
// Two kinds of item. Of queries, whose q and dy a warpgroup keeps, blocks of
// keys pass by: S = Q Kᵀ and dP = dY Vᵀ, from them dZ, and dQ += dZ
// K. Of keys, blocks of queries: the scores stand transposed, Sᵀ = K Qᵀ and dPᵀ
// = V dYᵀ, so that pᵀ and dZᵀ are operands from registers again, of dV += pᵀ dY
// and dK += dZᵀ Q. Scores are computed twice; in return nothing is added in
// memory: blocks ascend, every row has one writer, and equal inputs give equal
// bits.
//
// A gradient is stored as it is, or the op's row program goes on with it
// (Epilogue.h): a head's columns are then the tile.
//
// What items of keys need of a query, lse, δ and the first key that it sees,
// the producer's warp brings beside the copies.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/AttentionTiles.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kRows = AttentionTiles::kRows;
/// Elements a thread of 64 x 64 scores.
constexpr int64_t kScores = kRows / 2;
/// Of a block of queries: −lse log2 e, −δ and the first key, each of 64.
constexpr int64_t kStatisticBytes = 4 * kRows;
/// No key that there is.
constexpr int64_t kNoKey = (1u << 31) - 1;

class Backward : public AttentionTiles {
public:
  Backward(kern::AttentionBackwardOp op, ModuleOp module,
           llvm::SetVector<Value> &numbers)
      : AttentionTiles(op, module, numbers), op(op) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  void produce();
  /// An item's tiles and its blocks, by which maps they come.
  Ring::Position bring(const Item &item, const Blocks &parts,
                       ValueRange itemMaps, ValueRange blockMaps,
                       bool statistics, Ring::Position block);
  void consume(Value warpgroup);
  /// The blocks [from, to) of an item; the ring's position behind them.
  Ring::Position queryGradient(Value warpgroup, Item item, Value from, Value to,
                               Value partial, Ring::Position block);
  Ring::Position keyGradient(Value warpgroup, Item item, Value from, Value to,
                             Ring::Position block);
  /// The item's tile of this warpgroup.
  Value ownTile(Value stage, int64_t which, Value warpgroup) {
    return e.add(itemTile(stage, 2 * which), e.mul(warpgroup, tileBytes()));
  }
  /// The thread's two rows of an item.
  Values rowsOf(Value first) {
    Value row = e.add(first, e.add(e.shl(warp, 4), e.shr(lane, 2)));
    return {row, e.add(row, 8)};
  }
  /// Stores what gradients, of the warpgroup's rows, become.
  void finishRows(ArrayRef<Epilogue::Gradient> gradients, Value first,
                  const Item &item);
  Values scaled(ValueRange sums) {
    return llvm::map_to_vector(sums, [&](Value x) { return e.fmul(x, scale); });
  }
  Value negated(Value x) { return e.fsub(e.f32(0), x); }

  kern::AttentionBackwardOp op;
  Value mapQ, mapK, mapV, mapDy;
  std::optional<Epilogue> program;
};

} // namespace

//===----------------------------------------------------------------------===//
// The producer
//===----------------------------------------------------------------------===//

Ring::Position Backward::bring(const Item &item, const Blocks &parts,
                               ValueRange itemMaps, ValueRange blockMaps,
                               bool statistics, Ring::Position block) {
  Value stage = item.at.stage;
  items->waitEmpty(item.at);
  e.ifThen(leader, [&] {
    tell(parts, item);
    items->expect(item.at, itemTiles * tileBytes());
    for (int64_t i = 0; i < itemTiles; ++i)
      copyTile(itemMaps[i / 2], itemTile(stage, i),
               e.add(item.row, i % 2 * kRows), item.head, items->full(stage));
  });
  Values end = forBlocks(
      parts.from, parts.to, block, {},
      [&](Value block, Ring::Position place, ValueRange) -> Values {
        Value row = e.shl(block, 6);
        // Two queries a lane, asked for before the stage is free.
        Values found;
        for (int64_t i = 0; statistics && i < kRows; i += 32) {
          Value query = e.add(row, e.add(lane, i));
          Value there = e.inside(query, positions);
          found.push_back(e.choose(
              there,
              e.fmul(load(op.getLse(), query, item.head), e.f32(-kLog2e)),
              e.f32(0)));
          found.push_back(e.choose(
              there, negated(load(op.getDelta(), query, item.head)), e.f32(0)));
          found.push_back(e.choose(there, firstKey(query), e.i32(kNoKey)));
        }
        blocks->waitEmpty(place);
        Value full = blocks->full(place.stage);
        e.ifThen(leader, [&] {
          for (int64_t i = 0; i < 2; ++i)
            copyTile(blockMaps[i], blockTile(place.stage, i), row, item.head,
                     full);
        });
        Value to =
            e.offset(shared, e.add(blockExtra(place.stage), e.shl(lane, 2)));
        for (auto [i, x] : llvm::enumerate(found))
          LLVM::StoreOp::create(e.b, e.loc, x,
                                e.offset(to, int64_t(i) % 3 * kStatisticBytes +
                                                 int64_t(i) / 3 * 32 * 4));
        // The phase ends no sooner than here: each lane's statistics are in it.
        e.ifThen(
            leader, [&] { blocks->expect(place, 2 * tileBytes()); },
            [&] { blocks->arrive(place); });
        return {};
      });
  return {end[0], end[1]};
}

void Backward::produce() {
  forItems(2, /*producer=*/true, [&](Item item, Ring::Position block) {
    auto branch = [&](const Blocks &parts, ValueRange itemMaps,
                      ValueRange blockMaps, bool statistics) {
      Ring::Position end =
          bring(item, parts, itemMaps, blockMaps, statistics, block);
      return Values{end.stage, end.parity};
    };
    Values end = e.select(
        item.kind,
        [&] {
          return branch(queriesOf(item.row), {mapK, mapV}, {mapQ, mapDy},
                        /*statistics=*/true);
        },
        [&] {
          return branch(keysOf(item.row), {mapQ, mapDy}, {mapK, mapV},
                        /*statistics=*/false);
        });
    return Ring::Position{end[0], end[1]};
  });
}

//===----------------------------------------------------------------------===//
// The consumers
//===----------------------------------------------------------------------===//

Ring::Position Backward::queryGradient(Value warpgroup, Item item, Value from,
                                       Value to, Value partial,
                                       Ring::Position block) {
  Value first = e.add(item.row, e.mul(warpgroup, kRows));
  Value diagonal = e.shr(first, 6);
  if (program)
    program->prefetchHead(first, item.head, 0);
  Values rows = rowsOf(first), lowest, lse, delta;
  for (Value row : rows) {
    lowest.push_back(firstKey(row));
    lse.push_back(e.fmul(load(op.getLse(), row, item.head), e.f32(-kLog2e)));
    delta.push_back(negated(load(op.getDelta(), row, item.head)));
  }
  // Heads of 128 read q and dy from registers. Heads of 64 leave them in shared
  // memory: ptxas 13.0 gives dZ's fragments the registers of dy's where both
  // are four quads a thread, though the next block reads dy again.
  bool inRegisters = head > kRows;
  Values operands[2];
  for (int64_t i = 0; i < 2; ++i) {
    Value tile = ownTile(item.at.stage, i, warpgroup);
    operands[i] =
        inRegisters ? fragments(tile) : Values{descriptor(tile, false)};
  }
  Values &q = operands[0], &dy = operands[1];
  if (inRegisters) {
    endReads();
    release(*items, item.at.stage);
  }

  Values end = forBlocks(
      from, to, block, Values(head / 2, e.f32(0)),
      [&](Value block, Ring::Position place, ValueRange sum) -> Values {
        blocks->waitFull(place);
        Value keys = blockTile(place.stage, 0);
        Products scores(e);
        scores.define(2 * kScores);
        scores.multiply(0, kRows, q, descriptor(keys, false), false, head,
                        /*accumulate=*/false);
        scores.commit();
        scores.multiply(kScores, kRows, dy,
                        descriptor(blockTile(place.stage, 1), false), false,
                        head, /*accumulate=*/false);
        scores.commit();
        scores.wait(1);
        Values results = scores.emit();
        ValueRange all(results);
        Value some =
            e.bitOr(e.inside(block, partial), e.notAbove(diagonal, block));
        Values z = e.select(
            some,
            [&] {
              Value start = e.add(e.shl(block, 6), e.shl(quad, 1));
              return masked(all.take_front(kScores),
                            [&](int64_t r, int64_t column) {
                              Value key = e.add(start, column);
                              return e.bitAnd(e.notAbove(lowest[r], key),
                                              e.notAbove(key, rows[r]));
                            });
            },
            [&] { return Values(all.take_front(kScores)); });
        Values p;
        for (int64_t i = 0; i < kScores; ++i)
          p.push_back(e.exp2(e.fma(z[i], scaleLog2, lse[i / 2 % 2])));
        Products wait(e);
        wait.hold(all.drop_front(kScores));
        wait.wait(0);
        Values dp = wait.emit(), dz;
        for (int64_t i = 0; i < kScores; ++i)
          dz.push_back(e.fmul(p[i], e.fadd(dp[i], delta[i / 2 % 2])));
        Products add(e);
        add.hold(sum);
        add.multiply(0, head, pack(dz), descriptor(keys, true), true, kRows,
                     /*accumulate=*/true);
        add.commit();
        add.wait(0);
        Values next = add.emit();
        release(*blocks, place.stage);
        return next;
      });
  if (!inRegisters)
    release(*items, item.at.stage);
  finishRows({{0, scaled(ValueRange(end).drop_front(2))}}, first, item);
  return {end[0], end[1]};
}

Ring::Position Backward::keyGradient(Value warpgroup, Item item, Value from,
                                     Value to, Ring::Position block) {
  int64_t outCount = head / 2;
  Value first = e.add(item.row, e.mul(warpgroup, kRows));
  Value diagonal = e.shr(first, 6);
  for (unsigned gradient : {1, 2})
    if (program)
      program->prefetchHead(first, item.head, gradient);
  Values rows = rowsOf(first);
  Value keys = descriptor(ownTile(item.at.stage, 0, warpgroup), false);
  Value values = descriptor(ownTile(item.at.stage, 1, warpgroup), false);

  Values end = forBlocks(
      from, to, block, Values(2 * outCount, e.f32(0)),
      [&](Value block, Ring::Position place, ValueRange sums) -> Values {
        blocks->waitFull(place);
        Value queries = blockTile(place.stage, 0);
        Value dys = blockTile(place.stage, 1);
        Products scores(e);
        scores.define(2 * kScores);
        scores.multiply(0, kRows, keys, descriptor(queries, false), false, head,
                        /*accumulate=*/false);
        scores.commit();
        scores.multiply(kScores, kRows, values, descriptor(dys, false), false,
                        head, /*accumulate=*/false);
        scores.commit();
        scores.wait(1);
        Values results = scores.emit();
        ValueRange all(results);
        // Of the thread's columns, two at a time.
        Value statistics =
            e.offset(shared, e.add(blockExtra(place.stage), e.shl(quad, 3)));
        auto statistic = [&](int64_t which, Type type, int64_t column) {
          Value two = e.op<LLVM::LoadOp>(
              VectorType::get({2}, type),
              e.offset(statistics, which * kStatisticBytes + column / 8 * 32),
              /*alignment=*/8);
          return two;
        };
        auto element = [&](Value two, int64_t i) {
          return e.op<LLVM::ExtractElementOp>(two, e.i32(i));
        };
        // What a block's last query sees begins last.
        Value latest = e.op<LLVM::LoadOp>(
            e.i32Type(), e.offset(shared, e.add(blockExtra(place.stage),
                                                3 * kStatisticBytes - 4)));
        Value some = e.bitOr(
            e.notAbove(block, diagonal),
            e.op<arith::CmpIOp>(arith::CmpIPredicate::sgt, latest, first));
        Values z = e.select(
            some,
            [&] {
              Value start = e.add(e.shl(block, 6), e.shl(quad, 1));
              Values lowest;
              for (int64_t column = 0; column < kRows; column += 8) {
                Value two = statistic(2, e.i32Type(), column);
                for (int64_t i = 0; i < 2; ++i)
                  lowest.push_back(element(two, i));
              }
              return masked(all.take_front(kScores), [&](int64_t r,
                                                         int64_t column) {
                return e.bitAnd(
                    e.notAbove(lowest[column / 8 * 2 + column % 2], rows[r]),
                    e.notAbove(rows[r], e.add(start, column)));
              });
            },
            [&] { return Values(all.take_front(kScores)); });
        Values p;
        for (int64_t column = 0; column < kRows; column += 8) {
          Value lse = statistic(0, e.f32Type(), column);
          for (int64_t i = 0; i < 4; ++i)
            p.push_back(
                e.exp2(e.fma(z[p.size()], scaleLog2, element(lse, i % 2))));
        }
        Values weights = pack(p);
        // dP's products have ended where the younger one is unfinished; what
        // it reads goes through, for more is made of it.
        Products ofValues(e);
        ofValues.hold(sums.drop_front(outCount));
        ofValues.hold(all.drop_front(kScores));
        ofValues.hold(weights);
        ofValues.multiply(0, head, weights, descriptor(dys, true), true, kRows,
                          /*accumulate=*/true);
        ofValues.commit();
        ofValues.wait(1);
        Values held = ofValues.emit();
        ValueRange dv = ValueRange(held).take_front(outCount);
        ValueRange dp = ValueRange(held).slice(outCount, kScores);
        weights.assign(held.begin() + outCount + kScores, held.end());
        Values dz;
        for (int64_t column = 0; column < kRows; column += 8) {
          Value delta = statistic(1, e.f32Type(), column);
          for (int64_t i = 0; i < 4; ++i) {
            // As it was rounded for the product.
            Value two = weights[dz.size() / 2];
            Value high = i % 2 ? e.bitAnd(two, 0xFFFF0000) : e.shl(two, 16);
            dz.push_back(e.fmul(e.bitcast(e.f32Type(), high),
                                e.fadd(dp[dz.size()], element(delta, i % 2))));
          }
        }
        Products ofKeys(e);
        ofKeys.hold(sums.take_front(outCount));
        ofKeys.hold(dv);
        ofKeys.multiply(0, head, pack(dz), descriptor(queries, true), true,
                        kRows, /*accumulate=*/true);
        ofKeys.commit();
        ofKeys.wait(0);
        Values next = ofKeys.emit();
        release(*blocks, place.stage);
        return next;
      });
  release(*items, item.at.stage);
  ValueRange sums = ValueRange(end).drop_front(2);
  Values dv(sums.drop_front(outCount));
  finishRows({{2, dv}, {1, scaled(sums.take_front(outCount))}}, first, item);
  return {end[0], end[1]};
}

void Backward::finishRows(ArrayRef<Epilogue::Gradient> gradients, Value first,
                          const Item &item) {
  Value to[] = {op.getDq(), op.getDk(), op.getDv()};
  if (program)
    return program->emitHead(first, item.head, gradients);
  for (const Epilogue::Gradient &gradient : gradients)
    storeRows(gradient.elements, /*scales=*/{}, to[gradient.number],
              rowsOf(first), item.head);
}

void Backward::consume(Value warpgroup) {
  forItems(2, /*producer=*/false, [&](Item item, Ring::Position block) {
    Blocks parts = told(item.at.stage);
    Value from = own(warpgroup, parts.of[0].from, parts.of[1].from);
    Value to = own(warpgroup, parts.of[0].to, parts.of[1].to);
    Value partial = own(warpgroup, parts.of[0].partial, parts.of[1].partial);
    Ring::Position place = skip(parts.from, from, block);
    auto branch = [&](Ring::Position end) {
      return Values{end.stage, end.parity};
    };
    Values end = e.select(
        item.kind,
        [&] { return branch(keyGradient(warpgroup, item, from, to, place)); },
        [&] {
          return branch(
              queryGradient(warpgroup, item, from, to, partial, place));
        });
    return skip(to, parts.to, {end[0], end[1]});
  });
}

LLVM::LLVMFuncOp Backward::build(Launch &launch) {
  mapQ = e.tensorMap(op.getQ(), kRows);
  mapK = e.tensorMap(op.getK(), kRows);
  mapV = e.tensorMap(op.getV(), kRows);
  mapDy = e.tensorMap(op.getDy(), kRows);
  for (Value buffer : {op.getLse(), op.getDelta()})
    e.address(buffer);
  for (Value buffer : {op.getDq(), op.getDk(), op.getDv()})
    if (!op.getProgram())
      e.address(buffer);
  begin(op.getWindow(), op.getScale(), /*itemTiles=*/4, /*itemStages=*/2,
        /*blockExtra=*/3 * kStatisticBytes);
  if (op.getProgram())
    program.emplace(e, op, positions);
  return finish(
      launch, 2, [&] { produce(); },
      [&](Value warpgroup) { consume(warpgroup); });
}

LLVM::LLVMFuncOp gptc::nvptx::buildAttentionOnCores(
    kern::AttentionBackwardOp op, ModuleOp module,
    llvm::SetVector<Value> &numbers, Launch &launch) {
  return Backward(op, module, numbers).build(launch);
}
