//===- Contract.cpp - contractions on the CPU -----------------------------===//
//
// Part of gptc, under the MIT License.
//
// A unit is a block of the product. Its tile is summed over blocks of k in the
// thread's scratch, from packed copies of both operands (Micro.h); the epilogue
// is the row program, run for each row of the block over the block's columns.
// Blocks are multiples of 64 rows, so that an epilogue may hold column sums. Of
// a batch the products follow each other; no block reaches into the next.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/targets/cpu/Micro.h"
#include "compiler/targets/cpu/Rows.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace gptc::cpu {

static constexpr int64_t kRows = 256, kColumns = 384, kDepth = 256;

namespace {
enum Size {
  M,
  N,
  K,
  BlockRows,
  BlockColumns,
  RowBlocks,
  ColumnBlocks,
  SizeCount
};

/// The epilogue over columns [first, last) of the product.
class Epilogue : public CpuRowEmitter {
public:
  Epilogue(Context &c, int64_t n, Value tileRow, Value first, Value last)
      : CpuRowEmitter(c), n(n), tileRow(tileRow), first(first), last(last) {}

protected:
  Value strideOf(Value buffer) override { return c.strideOf(buffer); }
  Value productChunk(const Chunk &chunk) override {
    return k.load(k.vector(chunk.width),
                  k.at(tileRow, k.sub(columnOf(chunk), first)));
  }
  void forChunks(int64_t columns, ValueRange,
                 llvm::function_ref<void(const Chunk &)> body,
                 llvm::function_ref<void(const Chunk &)>) override {
    if (columns == 1)
      return forLimits(1, {}, body);
    if (columns != n) // sums of windows
      return k.loop(windowOf(first), windowOf(last), 1, [&](Value j) {
        inScope([&] { body({j, 0, 0, columns, 1}); });
      });
    Value whole =
        k.add(first, k.mul(k.div(k.sub(last, first), kLanes), kLanes));
    auto run = [&](Value from, Value to, int64_t width) {
      k.loop(from, to, width, [&](Value j) {
        inScope([&] { body({j, 0, 0, columns, width}); });
      });
    };
    run(first, whole, kLanes);
    run(whole, last, 1);
  }

  /// Of windows: a tile has whole ones.
  void reduceRow(kern::ReduceOp op) override {
    Value sums = k.stack(kColumns / kern::kSumWindow * 4);
    k.loop(first, last, kern::kSumWindow, [&](Value j) {
      inScope([&] {
        Value sum = window(op.getX(), j, 0, kern::kSumWindow, kLanes,
                           /*maximum=*/false);
        k.store(sum, k.at(sums, k.sub(windowOf(j), windowOf(first))));
      });
    });
    buffered[op.getY()] = sums;
  }
  Value fetch(Value buffer, const Chunk &chunk) override {
    return k.load(k.vector(chunk.width),
                  k.at(buffer, k.sub(columnOf(chunk), windowOf(first))));
  }

  /// A row of N columns cannot be kept aside: N is run-time.
  Value rowBuffer(int64_t, int64_t) override {
    keepsRow = true;
    return k.stack(64);
  }

public:
  bool keepsRow = false;

private:
  Value windowOf(Value column) { return k.div(column, kern::kSumWindow); }

  int64_t n;
  Value tileRow, first, last;
};
} // namespace

LaunchShape shapeOf(kern::ContractOp op) {
  int64_t m = op.getM(), n = op.getN(), batch = op.getBatch();
  // Enough blocks for many threads, as large as that allows; of windows whole
  // ones.
  int64_t rows = kRows, columns = kColumns;
  int64_t least = op.getBody().getOps<kern::ReduceOp>().empty() ? 96 : 192;
  auto units = [&] { return batch * blocksOf(m, rows) * blocksOf(n, columns); };
  while (units() < 16 && (rows > 64 || columns > least)) {
    bool narrow = columns > least && (columns >= rows || rows == 64);
    (narrow ? columns : rows) /= 2;
  }
  LaunchShape shape;
  shape.sizes.resize(SizeCount);
  shape.sizes[M] = m;
  shape.sizes[N] = n;
  shape.sizes[K] = op.getK();
  shape.sizes[BlockRows] = rows;
  shape.sizes[BlockColumns] = columns;
  shape.sizes[RowBlocks] = blocksOf(m, rows);
  shape.sizes[ColumnBlocks] = blocksOf(n, columns);
  shape.units = units();
  shape.scratchBytes =
      4 * (kRows * kDepth + kColumns * kDepth + kRows * kColumns);
  return shape;
}

/// What an epilogue may hold (compare kern.contract): every value is one or N
/// columns wide and stays in its column, or is the sums of N columns' windows.
static LogicalResult accept(kern::ContractOp op) {
  int64_t n = op.getN();
  llvm::DenseSet<Operation *> stored;
  for (Operation &inner : op.getBody().front()) {
    auto refuse = [&](StringRef why) {
      return inner.emitError("the epilogue of a contraction on the CPU ")
             << why;
    };
    bool known =
        isa<kern::LoadOp, kern::LoadIndexOp, kern::StoreOp, kern::PartialOp,
            kern::NumberOp, kern::RoundOp, kern::IotaOp, kern::ColumnIsOp,
            kern::RowIndexOp>(inner) ||
        isa<arith::ArithDialect, math::MathDialect>(inner.getDialect());
    if (auto spread = dyn_cast<kern::SpreadOp>(inner))
      known = cast<VectorType>(spread.getX().getType()).getDimSize(0) == 1;
    if (isa<kern::ReduceOp>(inner))
      known = whyNotInEpilogue(&inner, n).empty();
    if (!known)
      return refuse("does not hold this op; disable fuse-epilogues");
    for (Value v : inner.getResults())
      if (auto type = dyn_cast<VectorType>(v.getType()))
        if (type.getDimSize(0) != 1 && type.getDimSize(0) != n &&
            !isa<kern::ReduceOp>(inner))
          return refuse("has values of one or n columns");
    // Windows of 64 rows are those of all products together.
    if (isa<kern::PartialOp>(inner) && op.getBatch() > 1 &&
        op.getM() % kern::kSumWindow)
      return refuse("adds up windows of 64 rows of one product each");
    if (isa<kern::StoreOp, kern::PartialOp>(inner)) {
      if (cast<VectorType>(inner.getOperand(0).getType()).getDimSize(0) != n &&
          !inner.getOperand(0).getDefiningOp<kern::ReduceOp>())
        return refuse("stores n columns");
      stored.insert(kern::rootOf(inner.getOperand(1)));
    }
  }
  for (auto load : op.getBody().front().getOps<kern::LoadOp>())
    if (stored.contains(kern::rootOf(load.getBuffer())) &&
        (load.getDelta() != 0 ||
         load.getRow() != op.getBody().front().getArgument(0)))
      return load.emitError("the epilogue of a contraction on the CPU reads a "
                            "buffer that it writes at its own place only");
  return success();
}

LogicalResult build(Context &c, kern::ContractOp op) {
  if (failed(accept(op)))
    return failure();
  KernelBuilder &k = c.k;
  Value m = c.size(M), n = c.size(N), depth = c.size(K);
  Value blockRows = c.size(BlockRows), blockColumns = c.size(BlockColumns);
  Value rowBlocks = c.size(RowBlocks), columnBlocks = c.size(ColumnBlocks);
  Value aStride = c.strideOf(op.getA()), bStride = c.strideOf(op.getB());
  Value aBase = c.pointerOf(op.getA()), bBase = c.pointerOf(op.getB());
  Value aPacked = c.scratch();
  Value bPacked = k.at(aPacked, kRows * kDepth);
  Value tile = k.at(bPacked, kColumns * kDepth);
  LogicalResult result = success();
  k.loop(c.begin(), c.end(), 1, [&](Value unit) {
    Value blocks = k.mul(rowBlocks, columnBlocks);
    Value number = k.div(unit, blocks), block = k.rem(unit, blocks);
    Value i0 = k.mul(k.rem(block, rowBlocks), blockRows);
    Value j0 = k.mul(k.div(block, rowBlocks), blockColumns);
    // Where the product's operands and its rows begin.
    auto operand = [&](Value base, bool transposed, Value size, Value stride) {
      return k.at(base,
                  k.mul(k.mul(number, transposed ? depth : size), stride));
    };
    Value a = operand(aBase, op.getTransposedA(), m, aStride);
    Value b = operand(bBase, op.getTransposedB(), n, bStride);
    Value firstRow = k.add(k.mul(number, m), i0);
    Value rows = k.min(blockRows, k.sub(m, i0));
    Value columns = k.min(blockColumns, k.sub(n, j0));
    Value ld = k.roundUp(columns, kColumnSliver);
    k.loop(k.i64(0), k.mul(k.roundUp(rows, kRowSliver), ld), 16,
           [&](Value i) { k.store(k.splat(0.0, 16), k.at(tile, i)); });
    auto start = [&](Value base, bool transposed, Value stride, Value r,
                     Value d) {
      return k.at(base, transposed ? k.add(k.mul(d, stride), r)
                                   : k.add(k.mul(r, stride), d));
    };
    k.loop(k.i64(0), depth, kDepth, [&](Value d) {
      Value some = k.min(k.i64(kDepth), k.sub(depth, d));
      bool ta = op.getTransposedA(), tb = op.getTransposedB();
      pack(k, false, ta, start(a, ta, aStride, i0, d), aStride, rows, some,
           aPacked);
      pack(k, true, tb, start(b, tb, bStride, j0, d), bStride, columns, some,
           bPacked);
      multiply(k, aPacked, bPacked, tile, ld, rows, columns, some);
    });
    k.loop(k.i64(0), rows, 1, [&](Value i) {
      Epilogue epilogue(c, op.getN(), k.at(tile, k.mul(i, ld)), j0,
                        k.add(j0, columns));
      result = epilogue.emitRow(op.getBody().front(), k.add(firstRow, i));
      if (epilogue.keepsRow)
        result = op.emitError("the epilogue of a contraction on the CPU uses a "
                              "row after it was overwritten; disable "
                              "fuse-epilogues");
    });
  });
  return result;
}

} // namespace gptc::cpu
