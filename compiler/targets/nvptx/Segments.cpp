//===- Segments.cpp - ordered segments on Hopper --------------------------===//
//
// Part of gptc, under the MIT License.
//
// target[tokens[t]] += value[t], the positions t sorted by token. A segment is
// cut into pieces of up to 64 positions, so that a token that stands everywhere
// keeps all multiprocessors busy as many tokens do. A warp takes a place of the
// order and a slab of columns, and ends at once where no piece begins. Each row
// of the target has one writer in a launch: the warps of the segment's first
// place, and then those of the window in which its second piece stands.
//
// Where a piece ends is known before its rows are read, from votes of the warp
// on 32 places at a time: so several rows are in flight at once.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/SegmentOrder.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/kern/FinishSegmentsOp.h.inc"
#include "dialect/kern/SegmentsOp.h.inc"
#include <numeric>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kThreads = 256, kWarp = 32, kWarps = kThreads / kWarp;
constexpr int64_t kWindow = kern::kSumWindow;
/// The widest chunk of columns that a lane takes of a row of `value`, and of
/// pieces; how many rows and pieces are read before the first is added.
constexpr int64_t kColumns = 8, kPieceColumns = 4;
constexpr int64_t kRowsAtOnce = 4, kPiecesAtOnce = 16;

bool isServed(Type element) { return element.isBF16() || element.isF32(); }

MemRefType typeOf(Value buffer) { return cast<MemRefType>(buffer.getType()); }

/// Columns of a lane: whole chunks where all rows begin at 16 bytes.
int64_t laneColumns(int64_t most, ValueRange buffers) {
  for (Value buffer : buffers) {
    most = std::gcd(most, kern::rowStrideOf(typeOf(buffer)));
    most = std::gcd(most, kern::offsetOf(typeOf(buffer)));
    most = std::gcd(most, kern::columnsOf(typeOf(buffer)));
  }
  return most;
}

/// What both kernels share: places of the order, and the columns of a lane.
struct Segments {
  /// A lane takes `width` columns of the rows of `op`.
  template <typename OpT>
  Segments(Kernel &e, OpT op, int64_t columns, int64_t width)
      : e(e), columns(columns), width(width),
        slabs(llvm::divideCeil(columns, kWarp * width)),
        tokens(e.address(op.getTokens())), positions(e.address(op.getOrder())),
        count(e.integer(kern::rowsOf(typeOf(op.getOrder())))),
        threadIndex(e.threadIndex()), blockIndex(e.blockIndex()), k(e.wide()),
        end(k.index(count)), order{k, tokens, positions, end} {
    Value thread = k.index(threadIndex);
    Value warp =
        k.add(k.mul(k.index(blockIndex), kWarps), k.div(thread, kWarp));
    lane = k.rem(thread, kWarp);
    place = k.div(warp, slabs);
    Value chunk = k.add(k.mul(k.rem(warp, slabs), kWarp), lane);
    column = k.mul(chunk, width);
  }

  Kernel &e;
  int64_t columns, width, slabs;
  Value tokens, positions, count, threadIndex, blockIndex;
  NvptxBuilder k;
  Value end; ///< how many places there are; i64
  SegmentOrder order;
  /// The warp's place, the lane and its first column; i64.
  Value place, lane, column;

  /// The first place from `from` on, by steps, that is not below `last` or does
  /// not hold `token`; by whole warps.
  Value endFrom(Value from, int64_t step, Value last, Value token) {
    Value all = k.i32(-1);
    auto hits = [&](Value at) {
      Value i = k.add(at, k.mul(lane, step));
      Value hit = k.both(k.less(i, last), order.holds(i, token));
      return k.op<NVVM::VoteSyncOp>(k.i32Type(), all, hit,
                                    NVVM::VoteSyncKind::ballot);
    };
    Values found = k.loopWhile(
        {from, hits(from)}, [&](ValueRange at) { return k.equal(at[1], all); },
        [&](ValueRange at) {
          Value next = k.add(at[0], kWarp * step);
          return Values{next, hits(next)};
        });
    Value lanes =
        k.op<LLVM::CountTrailingZerosOp>(k.i32Type(), k.bitXor(found[1], all),
                                         /*is_zero_poison=*/false);
    return k.add(found[0], k.mul(k.index(lanes), step));
  }

  /// `sum` and the rows `from` to `to`, in order; `atOnce` of them are read
  /// before the first is added. Of the last ones, which may be fewer, one is
  /// read again, not added: to read them one by one takes a wait for each.
  Value addRows(Value sum, Value from, Value to, int64_t atOnce,
                function_ref<Value(Value)> row) {
    Value last = k.sub(to, k.i64(1));
    return k.loop(from, to, atOnce, sum, [&](Value i, ValueRange carried) {
      Values rows;
      for (int64_t n = 0; n < atOnce; ++n)
        rows.push_back(row(k.min(k.add(i, n), last)));
      Value sum = carried[0];
      for (auto [n, x] : llvm::enumerate(rows))
        sum = k.choose(k.less(k.add(i, n), to), k.fadd(sum, x), sum);
      return Values{sum};
    })[0];
  }

  /// The lane's columns of a row.
  Value at(Value buffer, Value base, Value row) {
    Value start = k.mul(row, kern::rowStrideOf(typeOf(buffer)));
    return k.at(base, k.add(start, column),
                elementBytes(typeOf(buffer).getElementType()));
  }
  Value load(Type element, Value at) {
    int64_t bytes = width * elementBytes(element);
    Value x = k.op<LLVM::LoadOp>(k.vector(width, element), at,
                                 std::min<int64_t>(16, bytes));
    return element.isF32() ? x : k.op<arith::ExtFOp>(k.vector(width), x);
  }
  void store(Value x, Type element, Value at) {
    if (!element.isF32())
      x = k.op<arith::TruncFOp>(k.vector(width, element), x);
    LLVM::StoreOp::create(k.b, k.loc, x, at,
                          std::min<int64_t>(16, width * elementBytes(element)));
  }
  void onColumns(function_ref<void()> body) {
    k.ifThen(k.less(column, k.i64(columns)), body);
  }

  FailureOr<LLVM::LLVMFuncOp> finish(int64_t places, Launch &launch) {
    e.launch.blocks = llvm::divideCeil(places * slabs, kWarps);
    LLVM::LLVMFuncOp function = e.finish(launch);
    setBlocksAtOnce(function, 2);
    return function;
  }
};

} // namespace

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildSegments(kern::SegmentsOp op, ModuleOp module,
                           llvm::SetVector<Value> &numbers, Launch &launch) {
  MemRefType type = typeOf(op.getValue());
  Type element = type.getElementType(),
       to = typeOf(op.getTarget()).getElementType();
  // No model comes here with others: `differentiate` sums the gradient of every
  // table in f32 or bf16, and so are the cotangents of rows.
  if (!isServed(element) || !isServed(to) ||
      !typeOf(op.getPieces()).getElementType().isF32())
    return op.emitOpError("adds ")
           << element << " to " << to << "; on sm_90a served are bf16 and f32";
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Value value = e.address(op.getValue()), target = e.address(op.getTarget());
  Value pieces = e.address(op.getPieces());
  Segments s(
      e, op, kern::columnsOf(type),
      laneColumns(kColumns, {op.getValue(), op.getTarget(), op.getPieces()}));
  NvptxBuilder &k = s.k;
  auto add = [&](Value i, Value window, Value token, Value continues) {
    Value last = k.min(k.mul(k.add(window, 1), kWindow), s.end);
    Value end = s.endFrom(k.add(i, 1), 1, last, token);
    s.onColumns([&] {
      auto row = [&](Value p) {
        return s.load(element,
                      s.at(op.getValue(), value, s.order.positionAt(p)));
      };
      Value piece = s.at(op.getPieces(), pieces, window);
      Value at = s.at(op.getTarget(), target, token);
      auto sumOfRows = [&] {
        return s.addRows(row(i), k.add(i, 1), end, kRowsAtOnce, row);
      };
      if (to.isF32()) {
        // What stands in the piece's row is read with the rest, and left.
        at = k.choose(continues, piece, at);
        Value old = s.load(to, at), sum = sumOfRows();
        s.store(k.choose(continues, sum, k.fadd(old, sum)), to, at);
        return;
      }
      Value old = s.load(to, at), sum = sumOfRows();
      k.ifThen(continues, [&] { s.store(sum, k.f32Type(), piece); });
      k.ifThen(k.no(continues), [&] { s.store(k.fadd(old, sum), to, at); });
    });
  };
  k.ifThen(k.less(s.place, s.end), [&] {
    Value token = s.order.tokenAt(s.place), window = k.div(s.place, kWindow);
    Value opens = k.equal(s.place, k.mul(window, kWindow));
    Value follows = s.order.holds(k.sub(s.place, k.i64(1)), token);
    Value begins = k.bitOr(opens, k.no(follows));
    k.ifThen(begins,
             [&] { add(s.place, window, token, k.both(opens, follows)); });
  });
  return s.finish(kern::rowsOf(typeOf(op.getOrder())), launch);
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildFinishSegments(kern::FinishSegmentsOp op, ModuleOp module,
                                 llvm::SetVector<Value> &numbers,
                                 Launch &launch) {
  Type element = typeOf(op.getPieces()).getElementType();
  Type to = typeOf(op.getTarget()).getElementType();
  if (!element.isF32() || !isServed(to))
    return op.emitOpError("adds ")
           << element << " to " << to
           << "; on sm_90a served is f32 added to f32 and bf16";
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Value pieces = e.address(op.getPieces()), target = e.address(op.getTarget());
  Segments s(e, op, kern::columnsOf(typeOf(op.getPieces())),
             laneColumns(kPieceColumns, {op.getPieces(), op.getTarget()}));
  NvptxBuilder &k = s.k;
  // No segment has begun before the first window.
  Value window = k.add(s.place, 1), from = k.mul(window, kWindow);
  k.ifThen(k.less(from, s.end), [&] {
    Value token = s.order.tokenAt(from);
    Value continues = s.order.holds(k.sub(from, k.i64(1)), token);
    // The window before adds the segment's pieces, or another one before it.
    Value before = s.order.holds(k.sub(from, k.i64(kWindow + 1)), token);
    k.ifThen(k.both(continues, k.no(before)), [&] {
      Value next = k.add(from, kWindow);
      Value end = k.div(s.endFrom(next, kWindow, s.end, token), kWindow);
      s.onColumns([&] {
        Value at = s.at(op.getTarget(), target, token);
        auto piece = [&](Value w) {
          return s.load(k.f32Type(), s.at(op.getPieces(), pieces, w));
        };
        Value old = s.load(to, at);
        s.store(s.addRows(old, window, end, kPiecesAtOnce, piece), to, at);
      });
    });
  });
  int64_t positions = kern::rowsOf(typeOf(op.getOrder()));
  return s.finish(
      std::max<int64_t>(1, llvm::divideCeil(positions, kWindow) - 1), launch);
}
