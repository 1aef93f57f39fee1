//===- Transpose.cpp - transposition for Hopper ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// A block takes tiles of 32 x 32 through shared memory, so that warps read and
// write neighbours in memory. A row of the tile has one element more, which
// spreads its columns over the banks.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/KernKernels.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static constexpr int64_t kThreads = 256, kTile = 32, kPitch = kTile + 1;

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildTranspose(kern::TransposeOp op, ModuleOp module,
                            llvm::SetVector<Value> &numbers, Launch &launch) {
  auto from = cast<MemRefType>(op.getX().getType());
  auto to = cast<MemRefType>(op.getY().getType());
  // No model comes here: f64 is what the host reads, i32 serves as an index.
  for (MemRefType type : {from, to})
    if (!type.getElementType().isBF16() && !type.getElementType().isF32())
      return op.emitOpError("transposes ")
             << type.getElementType() << "; on sm_90a served are bf16 and f32";
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
      Value inside = e.bitAnd(e.less(e.add(firstRow, own), e.i32(rows)),
                              e.less(e.add(firstColumn, lane), e.i32(columns)));
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
