//===- Transpose.cpp - transposition for Hopper ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// A block takes tiles of 32 x 32 through shared memory, so that warps read and
// write neighbours in memory. A row of the tile has one element more, which
// spreads its columns over the banks. Codes of 8 bits are moved four by four:
// a thread turns 4 x 4 of them in registers, and a tile has 64 x 64.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Fp8.h"
#include "compiler/targets/nvptx/Staging.h"
#include "dialect/kern/TransposeOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static constexpr int64_t kThreads = 256, kTile = 32, kPitch = kTile + 1;

/// Codes in a tile's row, in a word, and words of a tile's row in shared
/// memory: one more than there are.
static constexpr int64_t kCodes = 64, kWord = 4, kPitchOfCodes = kCodes / 4 + 1;

/// Element r of register c becomes element c of register r; of 8 bits each.
static Values turned(NvptxBuilder &e, ValueRange rows) {
  auto pick = [&](Value low, Value high, int64_t selector) {
    return permute(e, low, high, e.i32(selector));
  };
  Values halves;
  for (int64_t selector : {0x5140, 0x7362})
    for (int64_t i : {0, 2})
      halves.push_back(pick(rows[i], rows[i + 1], selector));
  Values columns;
  for (int64_t i : {0, 2})
    for (int64_t selector : {0x5410, 0x7632})
      columns.push_back(pick(halves[i], halves[i + 1], selector));
  return columns;
}

static FailureOr<LLVM::LLVMFuncOp>
buildTransposeOfCodes(kern::TransposeOp op, ModuleOp module,
                      llvm::SetVector<Value> &numbers, Launch &launch) {
  Value x = op.getX(), y = op.getY();
  int64_t m = op.getM(), n = op.getN();
  if (cast<MemRefType>(x.getType()).getElementType() !=
          cast<MemRefType>(y.getType()).getElementType() ||
      op.getBatch() != 1 || m % 16 || n % kWord || !beginAt(x, kWord) ||
      !beginAt(y, 16))
    return op.emitOpError("transposes codes of FP8, which are one matrix of a "
                          "multiple of 16 rows and of 4 columns");
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Value from = e.address(x), to = e.address(y);
  Value rows = e.integer(m), columns = e.integer(n);
  Value strideOfY = e.integer(kern::rowStrideOf(cast<MemRefType>(y.getType())));
  int64_t down = llvm::divideCeil(m, kCodes),
          across = llvm::divideCeil(n, kCodes);
  Value shared = e.shared(kCodes * kPitchOfCodes * kWord);
  Value thread = e.threadIndex(), tile = e.blockIndex();
  Value strideOfX = e.i32(kern::rowStrideOf(cast<MemRefType>(x.getType())));
  auto element = [&](Value base, Value stride, Value row, Value column) {
    return e.offset(
        base, e.add(e.mul(e.widen(row), e.widen(stride)), e.widen(column)));
  };
  auto inShared = [&](Value row, Value word) {
    return e.offset(shared, e.shl(e.add(e.mul(row, kPitchOfCodes), word), 2));
  };
  Value i = e.div(tile, e.i32(across));
  Value j = e.shl(e.sub(tile, e.mul(i, across)), 6);
  i = e.shl(i, 6);
  // 16 x 16 threads, 4 x 4 codes each.
  Value ownRow = e.shr(thread, 4), ownColumn = e.bitAnd(thread, 15);
  Value row = e.add(i, e.shl(ownRow, 2)),
        column = e.add(j, e.shl(ownColumn, 2));
  e.ifThen(e.bitAnd(e.inside(row, rows), e.inside(column, columns)), [&] {
    Values words;
    for (int64_t r = 0; r < kWord; ++r)
      words.push_back(e.op<LLVM::LoadOp>(
          e.i32Type(), element(from, strideOfX, e.add(row, r), column), 4));
    for (auto [c, word] : llvm::enumerate(turned(e, words)))
      LLVM::StoreOp::create(
          e.b, e.loc, word,
          inShared(e.add(e.shl(ownColumn, 2), int64_t(c)), ownRow), 4);
  });
  e.barrier();
  // Four threads a row, 16 codes each.
  ownRow = e.shr(thread, 2);
  Value part = e.bitAnd(thread, 3);
  row = e.add(j, ownRow);
  column = e.add(i, e.shl(part, 4));
  e.ifThen(e.bitAnd(e.inside(row, columns), e.inside(column, rows)), [&] {
    Value four = e.op<LLVM::PoisonOp>(VectorType::get({4}, e.i32Type()));
    for (int64_t w = 0; w < 4; ++w)
      four = e.op<LLVM::InsertElementOp>(
          four,
          e.op<LLVM::LoadOp>(e.i32Type(),
                             inShared(ownRow, e.add(e.shl(part, 2), w)), 4),
          e.i32(w));
    LLVM::StoreOp::create(e.b, e.loc, four, element(to, strideOfY, row, column),
                          16);
  });
  e.launch.blocks = down * across;
  return e.finish(launch);
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildTranspose(kern::TransposeOp op, ModuleOp module,
                            llvm::SetVector<Value> &numbers, Launch &launch) {
  auto from = cast<MemRefType>(op.getX().getType());
  auto to = cast<MemRefType>(op.getY().getType());
  if (!formatOf(from.getElementType()).empty())
    return buildTransposeOfCodes(op, module, numbers, launch);
  // No model comes here: f64 is what the host reads, i32 serves as an index.
  for (MemRefType type : {from, to})
    if (!type.getElementType().isBF16() && !type.getElementType().isF32())
      return op.emitOpError("transposes ")
             << type.getElementType()
             << "; on sm_90a served are bf16, f32 and FP8";
  Kernel e(module, numbers, op.getLoc(), kThreads);
  e.address(op.getX());
  e.address(op.getY());
  int64_t m = op.getM(), n = op.getN();
  Value batch = e.integer(op.getBatch());
  int64_t down = llvm::divideCeil(m, kTile),
          across = llvm::divideCeil(n, kTile);
  Value shared = e.shared(kTile * kPitch * 4);
  Value thread = e.threadIndex();
  Value lane = e.bitAnd(thread, kTile - 1), warp = e.shr(thread, 5);
  auto inShared = [&](Value row, Value column) {
    return e.offset(shared, e.shl(e.add(e.mul(row, kPitch), column), 2));
  };
  /// Element (row, column) of matrix `number` of `rows` rows.
  auto element = [&](Value buffer, Value number, int64_t rows, Value row,
                     Value column) {
    auto type = cast<MemRefType>(buffer.getType());
    Value at = e.add(e.mul(e.widen(e.add(e.mul(number, rows), row)),
                           e.i64(kern::rowStrideOf(type))),
                     e.widen(column));
    return e.offset(e.address(buffer),
                    e.mul(at, e.i64(elementBytes(type.getElementType()))));
  };
  /// The turns of a thread over a tile's rows, for those inside the matrix.
  auto forRows = [&](Value firstRow, Value firstColumn, int64_t rows,
                     int64_t columns, function_ref<void(Value, Value)> body) {
    for (int64_t i = 0; i < kTile; i += kThreads / kTile) {
      Value own = e.add(warp, i);
      Value inside =
          e.bitAnd(e.inside(e.add(firstRow, own), e.i32(rows)),
                   e.inside(e.add(firstColumn, lane), e.i32(columns)));
      e.ifThen(inside, [&] { body(own, e.add(firstRow, own)); });
    }
  };
  Type f32 = e.f32Type();
  e.loop(e.blockIndex(), e.mul(batch, down * across), e.blockCount(), {},
         [&](Value tile, ValueRange) -> Values {
           Value number = e.div(tile, e.i32(down * across));
           tile = e.sub(tile, e.mul(number, down * across));
           Value i = e.div(tile, e.i32(across));
           Value j = e.mul(e.sub(tile, e.mul(i, across)), kTile);
           i = e.mul(i, kTile);
           e.barrier(); // the tile before has been written
           forRows(i, j, m, n, [&](Value own, Value row) {
             Type type = from.getElementType();
             Value x = e.op<LLVM::LoadOp>(
                 type, element(op.getX(), number, m, row, e.add(j, lane)),
                 elementBytes(type));
             if (!type.isF32())
               x = e.op<LLVM::FPExtOp>(f32, x);
             LLVM::StoreOp::create(e.b, e.loc, x, inShared(own, lane), 4);
           });
           e.barrier();
           forRows(j, i, n, m, [&](Value own, Value row) {
             Type type = to.getElementType();
             Value x = e.op<LLVM::LoadOp>(f32, inShared(lane, own), 4);
             if (!type.isF32())
               x = e.op<LLVM::FPTruncOp>(type, x);
             LLVM::StoreOp::create(
                 e.b, e.loc, x,
                 element(op.getY(), number, n, row, e.add(i, lane)),
                 elementBytes(type));
           });
           return {};
         });
  e.launch.persistent = true;
  e.launch.blocks = op.getBatch() * down * across;
  return e.finish(launch);
}
