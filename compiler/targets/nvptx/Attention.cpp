//===- Attention.cpp - attention on Hopper's tensor cores -----------------===//
//
// Part of gptc, under the MIT License.
//
// Of a warpgroup's 64 queries: S = Q Kᵀ of a block of 64 keys, p = 2^(S scale
// log2 e − m), O += p V. m is the row's maximum so far (Milakov and Gimelshein,
// "Online normalizer calculation for softmax", 2018); O and the row's sum are
// rescaled as it grows. Where scores are bounded (bound-logits), and this
// step's scale keeps their exponentials far from f32's ends, m is 0. The
// products O += p V of a block run behind the exponentials of the next one, and
// Q and p are operands from registers: the layout of an accumulator, rounded,
// is that of an operand's fragments.
//
// Blocks ascend and every row has one writer: equal inputs give equal bits.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/AttentionSimt.h"
#include "compiler/targets/nvptx/AttentionTiles.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/AttentionOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

/// Below every score, and finite: what no key has touched stays zero.
constexpr double kLowest = -1e30;
/// Exponents of 2 that a score may have without a maximum: of 2^21 weights
/// times values the sum is finite, and a row's largest weight is normal.
constexpr double kMostExponent = 64;

class Forward : public AttentionTiles {
public:
  Forward(kern::AttentionOp op, ModuleOp module,
          llvm::SetVector<Value> &numbers)
      : AttentionTiles(op, module, numbers), op(op) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  void produce();
  void consume(Value warpgroup);
  /// The blocks [from, to) of an item's head, and the ring's position behind;
  /// whether maxima are kept.
  Ring::Position attend(Value warpgroup, Item item, Value from, Value to,
                        Value partial, ValueRange q, Ring::Position at,
                        bool maxima);

  /// Of a thread's two rows.
  struct Softmax {
    Values largest, total;
  };
  /// Weights of a block's scores; `softmax` goes on, and `rescale`, where
  /// maxima are kept, is what earlier sums are worth.
  Values weigh(ValueRange scores, Softmax &softmax, Values &rescale,
               bool maxima);

  kern::AttentionOp op;
  Value mapQ, mapK, mapV;
  Value signs;     ///< of two bf16, flipped where the scale is below 0
  Value isBounded; ///< whether no maxima are kept; null: they are
};

} // namespace

void Forward::produce() {
  forItems(1, /*producer=*/true, [&](Item item, Ring::Position at) {
    Blocks keys = keysOf(item.row);
    Value stage = item.at.stage;
    items->waitEmpty(item.at);
    e.ifThen(leader, [&] {
      tell(keys, item);
      items->expect(item.at, 2 * tileBytes());
      for (int64_t w = 0; w < 2; ++w)
        copyTile(mapQ, itemTile(stage, w), e.add(item.row, w * kRows),
                 item.head, items->full(stage));
    });
    Values end = forBlocks(
        keys.from, keys.to, at, {},
        [&](Value block, Ring::Position place, ValueRange) -> Values {
          blocks->waitEmpty(place);
          e.ifThen(leader, [&] {
            blocks->expect(place, 2 * tileBytes());
            Value row = e.shl(block, 6), full = blocks->full(place.stage);
            copyTile(mapK, blockTile(place.stage, 0), row, item.head, full);
            copyTile(mapV, blockTile(place.stage, 1), row, item.head, full);
          });
          return {};
        });
    return Ring::Position{end[0], end[1]};
  });
}

Values Forward::weigh(ValueRange scores, Softmax &softmax, Values &rescale,
                      bool maxima) {
  Values weights, shift;
  rescale.clear();
  for (int64_t r = 0; maxima && r < 2; ++r) {
    Value largest = softmax.largest[r];
    for (size_t i = 2 * r; i < scores.size(); i += 4)
      largest =
          e.largestNumber(largest, e.largestNumber(scores[i], scores[i + 1]));
    largest = quadMax(largest);
    shift.push_back(e.fmul(largest, e.fsub(e.f32(0), scaleLog2)));
    // Of the difference: of two products near 1e30, each rounded on its own,
    // the difference would be anything, where no key has been seen yet.
    rescale.push_back(
        e.exp2(e.fmul(e.fsub(softmax.largest[r], largest), scaleLog2)));
    softmax.largest[r] = largest;
  }
  for (auto [i, score] : llvm::enumerate(scores))
    weights.push_back(e.exp2(maxima ? e.fma(score, scaleLog2, shift[i / 2 % 2])
                                    : e.fmul(score, scaleLog2)));
  for (int64_t r = 0; r < 2; ++r) {
    // By halves: short chains.
    Values terms;
    for (size_t i = 2 * r; i < weights.size(); i += 4)
      terms.push_back(e.fadd(weights[i], weights[i + 1]));
    for (; terms.size() > 1; terms.truncate(terms.size() / 2))
      for (size_t i = 0; i < terms.size() / 2; ++i)
        terms[i] = e.fadd(terms[i], terms[i + terms.size() / 2]);
    softmax.total[r] = maxima ? e.fma(softmax.total[r], rescale[r], terms[0])
                              : e.fadd(softmax.total[r], terms[0]);
  }
  return weights;
}

Ring::Position Forward::attend(Value warpgroup, Item item, Value from, Value to,
                               Value partial, ValueRange q, Ring::Position at,
                               bool maxima) {
  constexpr int64_t scoreCount = kRows / 2;
  int64_t outCount = head / 2;
  Value first = e.add(item.row, e.mul(warpgroup, kRows));
  Value diagonal = e.shr(first, 6);
  Values rows, lowest;
  for (int64_t r = 0; r < 2; ++r) {
    rows.push_back(
        e.add(e.add(first, e.add(e.shl(warp, 4), e.shr(lane, 2))), 8 * r));
    lowest.push_back(firstKey(rows[r]));
  }
  // Blocks that begin or end within what a row sees.
  auto hide = [&](ValueRange scores, Value block) {
    Value some = e.bitOr(e.inside(block, partial), e.notAbove(diagonal, block));
    return e.select(
        some,
        [&] {
          Value start = e.add(e.shl(block, 6), e.shl(quad, 1));
          Value low[2], high[2];
          for (int64_t r = 0; r < 2; ++r) {
            low[r] = e.sub(lowest[r], start);
            high[r] = e.sub(rows[r], start);
          }
          return masked(scores, [&](int64_t r, int64_t column) {
            return e.bitAnd(e.notAbove(low[r], e.i32(column)),
                            e.notAbove(e.i32(column), high[r]));
          });
        },
        [&] { return Values(scores); });
  };

  Softmax softmax{Values(2, e.f32(kLowest)), Values(2, e.f32(0))};
  Values rescale;
  blocks->waitFull(at);
  Products begin(e);
  begin.define(scoreCount);
  begin.multiply(0, kRows, q, descriptor(blockTile(at.stage, 0), false), false,
                 head, /*accumulate=*/false);
  begin.commit();
  begin.wait(0);
  Values weights = weigh(hide(begin.emit(), from), softmax, rescale, maxima);

  Values carried{at.stage};
  carried.append(softmax.largest);
  carried.append(softmax.total);
  carried.append(pack(weights));
  carried.append(outCount, e.f32(0));
  Values end = forBlocks(
      e.add(from, 1), to, blocks->next(at), carried,
      [&](Value block, Ring::Position at, ValueRange carried) -> Values {
        Value before = carried[0];
        Softmax softmax{Values(carried.slice(1, 2)),
                        Values(carried.slice(3, 2))};
        ValueRange weights = carried.slice(5, scoreCount / 2);
        ValueRange out = carried.drop_front(5 + scoreCount / 2);
        blocks->waitFull(at);
        Products both(e);
        both.define(scoreCount);
        both.hold(out);
        both.multiply(0, kRows, q, descriptor(blockTile(at.stage, 0), false),
                      false, head, /*accumulate=*/false);
        both.commit();
        both.multiply(scoreCount, head, weights,
                      descriptor(blockTile(before, 1), true), true, kRows,
                      /*accumulate=*/true);
        both.commit();
        both.wait(1);
        Values results = both.emit();
        ValueRange all(results);
        Values next = weigh(hide(all.take_front(scoreCount), block), softmax,
                            rescale, maxima);
        // What the products still read may be overwritten only behind them.
        Products wait(e);
        wait.hold(all.drop_front(scoreCount));
        wait.hold(next);
        wait.wait(0);
        results = wait.emit();
        all = results;
        release(*blocks, before);
        Values carry{at.stage};
        carry.append(softmax.largest);
        carry.append(softmax.total);
        carry.append(pack(all.drop_front(outCount)));
        for (int64_t i = 0; i < outCount; ++i)
          carry.push_back(maxima ? e.fmul(all[i], rescale[i / 2 % 2]) : all[i]);
        return carry;
      });
  ValueRange last(end);
  at = {last[0], last[1]};
  Values gates;
  for (Value row : rows)
    if (op.getGates())
      gates.push_back(load(op.getGates(), row, item.head));
  Products finish(e);
  finish.hold(last.drop_front(7 + scoreCount / 2));
  finish.multiply(0, head, last.slice(7, scoreCount / 2),
                  descriptor(blockTile(last[2], 1), true), true, kRows,
                  /*accumulate=*/true);
  finish.commit();
  finish.wait(0);
  Values out = finish.emit();
  release(*blocks, last[2]);

  Values inverse;
  for (int64_t r = 0; r < 2; ++r) {
    Value total = quadSum(last[5 + r]);
    inverse.push_back(e.reciprocal(total));
    if (op.getGates())
      inverse[r] = e.fmul(inverse[r], gates[r]);
    Value exponent = e.log2(total);
    if (maxima)
      exponent = e.fma(last[3 + r], scaleLog2, exponent);
    Value lse = e.fmul(exponent, e.f32(1 / kLog2e));
    e.ifThen(e.bitAnd(e.equal(quad, 0), e.inside(rows[r], positions)), [&] {
      LLVM::StoreOp::create(e.b, e.loc, lse,
                            place(op.getLse(), rows[r], item.head));
    });
  }
  storeRows(out, inverse, op.getY(), rows, item.head);
  return at;
}

void Forward::consume(Value warpgroup) {
  forItems(1, /*producer=*/false, [&](Item item, Ring::Position at) {
    Value stage = item.at.stage;
    Blocks keys = told(stage);
    Value from = own(warpgroup, keys.of[0].from, keys.of[1].from);
    Value to = own(warpgroup, keys.of[0].to, keys.of[1].to);
    Value partial = own(warpgroup, keys.of[0].partial, keys.of[1].partial);
    Values q =
        fragments(e.add(itemTile(stage, 0), e.mul(warpgroup, tileBytes())));
    for (Value &pair : q)
      pair = e.bitXor(pair, signs);
    endReads();
    release(*items, stage);
    at = skip(keys.from, from, at);
    auto attended = [&](bool maxima) {
      Ring::Position end =
          attend(warpgroup, item, from, to, partial, q, at, maxima);
      return Values{end.stage, end.parity};
    };
    Values end = isBounded ? e.select(
                                 isBounded, [&] { return attended(false); },
                                 [&] { return attended(true); })
                           : attended(true);
    return skip(to, keys.to, {end[0], end[1]});
  });
}

LLVM::LLVMFuncOp Forward::build(Launch &launch) {
  mapQ = e.tensorMap(op.getQ(), kRows);
  mapK = e.tensorMap(op.getK(), kRows);
  mapV = e.tensorMap(op.getV(), kRows);
  e.address(op.getY());
  e.address(op.getLse());
  if (op.getGates())
    e.address(op.getGates());
  begin(op.getWindow(), op.getScale(), /*itemTiles=*/2, /*itemStages=*/2,
        /*blockExtra=*/0);
  // The largest score weighs most only if the scale is above 0: q takes the
  // sign.
  signs = e.choose(negative, e.i32(int32_t(0x80008000)), e.i32(0));
  scaleLog2 = e.op<math::AbsFOp>(scaleLog2);
  hidden = e.f32(-std::numeric_limits<double>::infinity());
  if (std::optional<uint64_t> bound = op.getBound())
    isBounded = e.op<arith::CmpFOp>(arith::CmpFPredicate::OLE,
                                    e.fmul(scaleLog2, e.f32(double(*bound))),
                                    e.f32(kMostExponent));
  return finish(
      launch, 1, [&] { produce(); },
      [&](Value warpgroup) { consume(warpgroup); });
}

template <typename OpT> static bool onCores(OpT op) {
  std::string why = whyNotOnCores(op);
  if (!why.empty())
    remark::missed(
        op.getLoc(),
        remark::RemarkOpts::name("attention").category("lower-to-nvvm"))
        << remark::add("{0} runs without tensor cores", op.getName())
        << remark::reason("{0}", why);
  return why.empty();
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildAttention(kern::AttentionOp op, ModuleOp module,
                            llvm::SetVector<Value> &numbers, Launch &launch) {
  if (failed(verifyStored(op)))
    return failure();
  if (!onCores(op))
    return buildAttentionSimt(op, module, numbers, launch);
  return Forward(op, module, numbers).build(launch);
}

FailureOr<LLVM::LLVMFuncOp> gptc::nvptx::buildAttentionBackward(
    kern::AttentionBackwardOp op, ModuleOp module,
    llvm::SetVector<Value> &numbers, Launch &launch) {
  if (failed(verifyStored(op)) ||
      (op.getProgram() && failed(verifyEpilogue(op))))
    return failure();
  if (!onCores(op))
    return buildAttentionSimt(op, module, numbers, launch);
  return buildAttentionOnCores(op, module, numbers, launch);
}
