//===- Segments.cpp - ordered segments ------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// target[tokens[t]] += value[t], the positions t sorted by token. A unit is a
// window of 64 positions, so that one token everywhere is as much work for each
// thread as many tokens are. Each row of the target has one writer in a launch:
// the unit in which its segment begins, and of the further pieces the unit of
// the first one.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/SegmentOrder.h"
#include "compiler/targets/cpu/Context.h"
#include "dialect/kern/FinishSegmentsOp.h.inc"
#include "dialect/kern/SegmentsOp.h.inc"

using namespace mlir;

namespace gptc::cpu {

static constexpr int64_t kWindow = kern::kSumWindow;

static LaunchShape shapeOf(Value order, Value rows) {
  int64_t positions = kern::rowsOf(cast<MemRefType>(order.getType()));
  int64_t columns = kern::columnsOf(cast<MemRefType>(rows.getType()));
  return {{positions, columns}, blocksOf(positions, kWindow), 0};
}
LaunchShape shapeOf(kern::SegmentsOp op) {
  return shapeOf(op.getOrder(), op.getValue());
}
LaunchShape shapeOf(kern::FinishSegmentsOp op) {
  return shapeOf(op.getOrder(), op.getPieces());
}

namespace {

/// What both kernels are made of.
struct Segments {
  template <typename OpT>
  Segments(Context &c, OpT op)
      : k(c.k), columns(c.size(1)),
        order{k, c.pointerOf(op.getTokens()), c.pointerOf(op.getOrder()),
              c.size(0)} {}

  KernelBuilder &k;
  Value columns;
  SegmentOrder order;

  /// The first place from `i` on, by steps, that does not hold `token`.
  Value endFrom(Value i, int64_t step, Value end, Value token) {
    return k.loopWhile(
        i,
        [&](ValueRange at) {
          return k.both(k.less(at[0], end), order.holds(at[0], token));
        },
        [&](ValueRange at) {
          return KernelBuilder::Values{k.add(at[0], step)};
        })[0];
  }
  /// Columns in chunks of 16, and what is left one by one.
  void forColumns(function_ref<void(Value, int64_t)> chunk) {
    Value whole = k.mul(k.div(columns, 16), 16);
    k.loop(k.i64(0), whole, 16, [&](Value j) { chunk(j, 16); });
    k.loop(whole, columns, 1, [&](Value j) { chunk(j, 1); });
  }
};

} // namespace

LogicalResult build(Context &c, kern::SegmentsOp op) {
  Segments s(c, op);
  KernelBuilder &k = c.k;
  Value value = c.pointerOf(op.getValue()), stride = c.strideOf(op.getValue());
  Value pieces = c.pointerOf(op.getPieces());
  Value target = c.pointerOf(op.getTarget());
  Value piecesStride = c.strideOf(op.getPieces());
  Value targetStride = c.strideOf(op.getTarget());
  k.loop(c.begin(), c.end(), 1, [&](Value window) {
    Value from = k.mul(window, kWindow);
    Value last = k.min(k.add(from, kWindow), s.order.places);
    auto piece = [&](Value i) {
      Value token = s.order.tokenAt(i);
      Value end = s.endFrom(k.add(i, 1), 1, last, token);
      Value continues =
          k.both(k.equal(i, from), s.order.holds(k.sub(i, k.i64(1)), token));
      Value to = k.choose(continues, k.at(pieces, k.mul(window, piecesStride)),
                          k.at(target, k.mul(token, targetStride)));
      s.forColumns([&](Value j, int64_t width) {
        auto row = [&](Value p) {
          Value at = k.add(k.mul(s.order.positionAt(p), stride), j);
          return k.load(k.vector(width), k.at(value, at));
        };
        Value sum = k.loop(
            k.add(i, 1), end, 1, row(i), [&](Value p, ValueRange carried) {
              return KernelBuilder::Values{k.fadd(carried[0], row(p))};
            })[0];
        Value at = k.at(to, j);
        Value old = k.load(k.vector(width), at);
        k.store(k.choose(continues, sum, k.fadd(old, sum)), at);
      });
      return end;
    };
    k.loopWhile(
        from, [&](ValueRange at) { return k.less(at[0], last); },
        [&](ValueRange at) { return KernelBuilder::Values{piece(at[0])}; });
  });
  return success();
}

/// The unit whose window begins in a segment, as no window before it does, adds
/// the pieces of the segment.
LogicalResult build(Context &c, kern::FinishSegmentsOp op) {
  Segments s(c, op);
  KernelBuilder &k = c.k;
  Value pieces = c.pointerOf(op.getPieces());
  Value target = c.pointerOf(op.getTarget());
  Value piecesStride = c.strideOf(op.getPieces());
  Value targetStride = c.strideOf(op.getTarget());
  k.loop(c.begin(), c.end(), 1, [&](Value window) {
    Value from = k.mul(window, kWindow), token = s.order.tokenAt(from);
    Value continues = s.order.holds(k.sub(from, k.i64(1)), token);
    Value before = s.order.holds(k.sub(from, k.i64(kWindow + 1)), token);
    k.ifThen(k.both(continues, k.no(before)), [&] {
      Value end =
          s.endFrom(k.add(from, kWindow), kWindow, s.order.places, token);
      Value last = k.div(end, kWindow);
      Value to = k.at(target, k.mul(token, targetStride));
      s.forColumns([&](Value j, int64_t width) {
        Value at = k.at(to, j);
        Value sum = k.loop(window, last, 1, k.load(k.vector(width), at),
                           [&](Value w, ValueRange carried) {
                             Value piece =
                                 k.at(pieces, k.add(k.mul(w, piecesStride), j));
                             return KernelBuilder::Values{k.fadd(
                                 carried[0], k.load(k.vector(width), piece))};
                           })[0];
        k.store(sum, at);
      });
    });
  });
  return success();
}

} // namespace gptc::cpu
