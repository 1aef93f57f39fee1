//===- Emit.h - short forms for what kernels are made of --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A kernel builder is read as the kernel it builds: 32-bit integer arithmetic,
// addresses, loops and conditions in a word each.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_EMIT_H
#define GPTC_COMPILER_TARGETS_NVPTX_EMIT_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gptc::nvptx {

using mlir::Value;
using mlir::ValueRange;
using Values = llvm::SmallVector<Value>;

/// Address spaces of pointers.
constexpr unsigned kGlobal = 1, kShared = 3, kSharedCluster = 7;

class Emit {
public:
  Emit(mlir::OpBuilder builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::OpBuilder b;
  mlir::Location loc;

  mlir::Type i32Type() { return b.getI32Type(); }
  mlir::Type f32Type() { return b.getF32Type(); }
  mlir::Type pointer(unsigned space) {
    return mlir::LLVM::LLVMPointerType::get(b.getContext(), space);
  }

  Value i32(int64_t value);
  Value i64(int64_t value);
  Value f32(double value);

  // Integers of one width.
  Value add(Value x, Value y) { return op<mlir::arith::AddIOp>(x, y); }
  Value sub(Value x, Value y) { return op<mlir::arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return op<mlir::arith::MulIOp>(x, y); }
  Value div(Value x, Value y) { return op<mlir::arith::DivUIOp>(x, y); }
  Value bitAnd(Value x, Value y) { return op<mlir::arith::AndIOp>(x, y); }
  Value bitOr(Value x, Value y) { return op<mlir::arith::OrIOp>(x, y); }
  Value bitXor(Value x, Value y) { return op<mlir::arith::XOrIOp>(x, y); }
  Value shl(Value x, int64_t n) { return op<mlir::arith::ShLIOp>(x, i32(n)); }
  Value shr(Value x, int64_t n) { return op<mlir::arith::ShRUIOp>(x, i32(n)); }
  Value add(Value x, int64_t n) { return n ? add(x, i32(n)) : x; }
  Value mul(Value x, int64_t n) { return n == 1 ? x : mul(x, i32(n)); }
  Value bitAnd(Value x, int64_t n) { return bitAnd(x, i32(n)); }
  Value widen(Value x);
  Value equal(Value x, int64_t n);
  Value less(Value x, Value y);
  Value choose(Value condition, Value yes, Value no);
  Value min(Value x, Value y) { return op<mlir::arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return op<mlir::arith::MaxSIOp>(x, y); }
  /// Of signed integers: x <= y.
  Value notAbove(Value x, Value y);

  // f32.
  Value fadd(Value x, Value y) { return op<mlir::arith::AddFOp>(x, y); }
  Value fsub(Value x, Value y) { return op<mlir::arith::SubFOp>(x, y); }
  Value fmul(Value x, Value y) { return op<mlir::arith::MulFOp>(x, y); }
  Value fmax(Value x, Value y) { return op<mlir::arith::MaxNumFOp>(x, y); }
  /// x y + z, rounded once.
  Value fma(Value x, Value y, Value z);
  /// The special function unit's: of 2^x, log2 x and 1/x some 22 bits.
  Value exp2(Value x) { return approximate("ex2", x); }
  Value log2(Value x) { return approximate("lg2", x); }
  Value reciprocal(Value x) { return approximate("rcp", x); }
  /// Two f32 as bf16, the first in the lower half of an i32.
  Value pack(Value low, Value high);

  /// A pointer `bytes` (an i32 or i64) past `base`.
  Value offset(Value base, Value bytes);
  Value offset(Value base, int64_t bytes);

  Value threadIndex();
  Value blockIndex();
  Value blockCount();
  /// The value of lane `lane ^ mask` of the warp, or of lane `lane`.
  Value shuffleXor(Value x, int64_t mask);
  Value shuffleFrom(Value x, Value lane);
  /// Element j of lane q of a quad becomes element q of lane j.
  void transposeQuad(Value lane, llvm::MutableArrayRef<Value> four);
  /// Orders the memory accesses of a warp's lanes.
  void barrierOfWarp();
  /// A barrier of `threads` threads; all of the block without `id`.
  void barrier(Value id = {}, int64_t threads = 0);
  /// Comes to a barrier of `threads` threads and does not wait there.
  void arrive(Value id, int64_t threads);

  void ifThen(Value condition, llvm::function_ref<void()> then);
  void ifElse(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  /// The same with values of one of the two.
  Values select(Value condition, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);
  /// for (i = from; i < to; i += step) with values carried from turn to turn.
  Values loop(Value from, Value to, Value step, ValueRange carried,
              llvm::function_ref<Values(Value, ValueRange)> body);

  /// while (index < to) index, carried = body(index, carried).
  Values loopWhileLess(Value index, Value to, ValueRange carried,
                       llvm::function_ref<Values(Value, ValueRange)> body);

  /// Evaluates the condition until it is false.
  void repeatWhile(llvm::function_ref<Value()> condition);

  template <typename OpT, typename... Args> Value op(Args &&...args) {
    return OpT::create(b, loc, std::forward<Args>(args)...);
  }
  Value bitcast(mlir::Type type, Value x) {
    return op<mlir::LLVM::BitcastOp>(type, x);
  }

private:
  Value approximate(llvm::StringRef function, Value x);
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_EMIT_H
