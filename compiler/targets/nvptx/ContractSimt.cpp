//===- ContractSimt.cpp - a contraction without tensor cores --------------===//
//
// Part of gptc, under the MIT License.
//
// The slow path, for what Contract.cpp cannot serve. A block of four warps
// takes tiles of 64 x 64: 16 of k of both operands go through shared memory as
// f32, k by k, and every thread adds products with f32 FMAs in ascending k. Its
// 32 elements are those that it would have of a wgmma accumulator, so that the
// epilogue is the same.
//
// Any rows, columns and types of the operands are served: loads stay inside by
// clamping, and what lies beyond k counts as zero.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ContractSimt.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "dialect/kern/ContractOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kThreads = 128, kTile = 64, kDepth = 16;
/// Floats from one k to the next in shared memory. Threads that store
/// neighbours along k meet no bank twice, and pairs stay aligned.
constexpr int64_t kPitch = kTile + 2;
constexpr int64_t kOperandBytes = kDepth * kPitch * 4;

class SimtContraction {
public:
  SimtContraction(kern::ContractOp op, ModuleOp module,
                  llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), kThreads) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  /// A thread's elements of one step of an operand and where they go.
  struct Piece {
    Value element, to;
  };
  /// Loads the elements of rows `from` of m or n, of which there are `size`, of
  /// the product `number`; null where there is but one.
  SmallVector<Piece> fetch(Value operand, bool transposed, Value size,
                           Value number, Value from, Value k, int64_t offset);
  /// The total and the products of a step that lies in shared memory.
  Values multiply(ValueRange total);

  kern::ContractOp op;
  Kernel e;
  Value shared, thread, sizeK;
};

SmallVector<SimtContraction::Piece>
SimtContraction::fetch(Value operand, bool transposed, Value size, Value number,
                       Value from, Value k, int64_t offset) {
  auto type = cast<MemRefType>(operand.getType());
  int64_t bytes = elementBytes(type.getElementType());
  // Neighbouring threads take neighbours in memory.
  int64_t across = transposed ? kTile : kDepth;
  Value fast = e.bitAnd(thread, across - 1);
  Value slow = e.shr(thread, llvm::Log2_64(across));
  auto clamp = [&](Value x, Value count) {
    return e.widen(e.op<arith::MinUIOp>(x, e.sub(count, e.i32(1))));
  };
  SmallVector<Piece> pieces;
  for (int64_t i = 0; i < kTile * kDepth / kThreads; ++i) {
    Value next = e.add(slow, i * (kThreads / across));
    Value own = transposed ? fast : next, step = transposed ? next : fast;
    Value depth = e.add(k, step);
    Value row = clamp(e.add(from, own), size), column = clamp(depth, sizeK);
    if (transposed)
      std::swap(row, column);
    if (number)
      row = e.add(row, e.widen(e.mul(number, transposed ? sizeK : size)));
    Value at = e.add(e.mul(row, e.i64(kern::rowStrideOf(type))), column);
    Value element = e.op<LLVM::LoadOp>(
        type.getElementType(),
        e.offset(e.address(operand), e.mul(at, e.i64(bytes))), bytes);
    if (!type.getElementType().isF32())
      element = e.op<LLVM::FPExtOp>(e.f32Type(), element);
    element = e.choose(e.inside(depth, sizeK), element, e.f32(0));
    Value to = e.add(e.mul(step, kPitch), own);
    pieces.push_back({element, e.offset(shared, e.add(e.shl(to, 2), offset))});
  }
  return pieces;
}

Values SimtContraction::multiply(ValueRange total) {
  Value lane = e.bitAnd(thread, 31), quad = e.bitAnd(lane, 3);
  Value row = e.add(e.shl(e.shr(thread, 5), 4), e.shr(lane, 2));
  Value rowA = e.offset(shared, e.shl(row, 2));
  Value pairB = e.offset(shared, e.add(e.shl(quad, 3), kOperandBytes));
  Type pair = VectorType::get({2}, e.f32Type());
  Values sums(total);
  for (int64_t k = 0; k < kDepth; ++k) {
    Values a;
    for (int64_t half = 0; half < 2; ++half)
      a.push_back(e.op<LLVM::LoadOp>(
          e.f32Type(), e.offset(rowA, (k * kPitch + 8 * half) * 4), 4));
    for (int64_t group = 0; group < kTile / 8; ++group) {
      Value b = e.op<LLVM::LoadOp>(
          pair, e.offset(pairB, (k * kPitch + 8 * group) * 4), 8);
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t c = 0; c < 2; ++c) {
          Value &sum = sums[4 * group + 2 * half + c];
          sum = e.op<LLVM::FMAOp>(
              a[half], e.op<LLVM::ExtractElementOp>(b, e.i32(c)), sum);
        }
    }
  }
  return sums;
}

LLVM::LLVMFuncOp SimtContraction::build(Launch &launch) {
  e.address(op.getA());
  e.address(op.getB());
  Value m = e.integer(op.getM()), n = e.i32(op.getN());
  sizeK = e.integer(op.getK());
  shared = e.shared(2 * kOperandBytes);
  thread = e.threadIndex();
  Epilogue epilogue(e, op, m);
  int64_t tilesAcross = llvm::divideCeil(op.getN(), kTile);
  Value tilesM = e.shr(e.add(m, kTile - 1), llvm::Log2_64(kTile));
  Value tiles = e.mul(tilesM, tilesAcross);
  Value batch = op.getBatch() > 1 ? e.integer(op.getBatch()) : Value();
  e.loop(
      e.blockIndex(), batch ? e.mul(tiles, batch) : tiles, e.blockCount(), {},
      [&](Value tile, ValueRange) -> Values {
        Value number, first;
        if (batch) {
          number = e.div(tile, tiles);
          tile = e.sub(tile, e.mul(number, tiles));
          first = e.mul(number, m);
          epilogue.endAt(e.add(first, m));
        }
        Value down = e.div(tile, e.i32(tilesAcross));
        Value row = e.mul(down, kTile);
        Value column = e.mul(e.sub(tile, e.mul(down, tilesAcross)), kTile);
        Values total = e.loop(
            e.i32(0), sizeK, e.i32(kDepth), Values(kTile / 2, e.f32(0)),
            [&](Value k, ValueRange total) -> Values {
              auto pieces =
                  fetch(op.getA(), op.getTransposedA(), m, number, row, k, 0);
              pieces.append(fetch(op.getB(), op.getTransposedB(), n, number,
                                  column, k, kOperandBytes));
              e.barrier();
              for (Piece &piece : pieces)
                LLVM::StoreOp::create(e.b, e.loc, piece.element, piece.to, 4);
              e.barrier();
              return multiply(total);
            });
        epilogue.emit(first ? e.add(first, row) : row, column, total, kTile);
        return {};
      });
  e.launch.persistent = true;
  e.launch.blocks =
      op.getBatch() * llvm::divideCeil(op.getM(), kTile) * tilesAcross;
  return e.finish(launch);
}

} // namespace

LLVM::LLVMFuncOp gptc::nvptx::buildContractSimt(kern::ContractOp op,
                                                ModuleOp module,
                                                llvm::SetVector<Value> &numbers,
                                                Launch &launch) {
  return SimtContraction(op, module, numbers).build(launch);
}
