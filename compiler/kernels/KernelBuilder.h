//===- KernelBuilder.h - short forms for what kernels are made of - C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What generators of kernels are written in, for every target: index
// arithmetic, f32 vectors, pointers and structured loops, one word each.
// Constants fold as they are built, so a generator need not treat a zero or a
// one apart.
//
// Indices are i64 or i32, as the builder is made; a constant beside a value is
// of that value's type. What one target alone has is in a class derived from
// this one.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_KERNELBUILDER_H
#define GPTC_COMPILER_KERNELS_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gptc {

class KernelBuilder {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<mlir::Value>;

  /// Builds at `builder`'s place inside `function`, whose entry block receives
  /// the stack buffers, with indices of `indexBits` bits.
  KernelBuilder(mlir::OpBuilder builder, mlir::Location loc,
                mlir::LLVM::LLVMFuncOp function, unsigned indexBits = 64)
      : b(builder), loc(loc), function(function), indexBits(indexBits) {}

  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::LLVM::LLVMFuncOp function;

  mlir::Type f32Type() { return b.getF32Type(); }
  mlir::Type f64Type() { return b.getF64Type(); }
  mlir::Type i64Type() { return b.getI64Type(); }
  mlir::Type i32Type() { return b.getI32Type(); }
  mlir::Type indexType() { return b.getIntegerType(indexBits); }
  mlir::Type pointer(unsigned addressSpace = 0) {
    return mlir::LLVM::LLVMPointerType::get(b.getContext(), addressSpace);
  }
  mlir::VectorType vector(int64_t width, mlir::Type element = {}) {
    return mlir::VectorType::get({width}, element ? element : f32Type());
  }

  template <typename OpT, typename... Args> Value op(Args &&...args) {
    return OpT::create(b, loc, std::forward<Args>(args)...);
  }
  Value bitcast(mlir::Type type, Value x) {
    return op<mlir::LLVM::BitcastOp>(type, x);
  }

  // Integers; the two of an operation have one width.
  Value constant(mlir::Type type, int64_t value);
  Value i64(int64_t value) { return constant(i64Type(), value); }
  Value i32(int64_t value) { return constant(i32Type(), value); }
  Value index(int64_t value) { return constant(indexType(), value); }
  /// An i32 that is not negative, or a signed one, as an index.
  Value index(Value x) { return x.getType() == indexType() ? x : widen(x); }
  Value signedIndex(Value x);
  /// Of an i32 that is not negative, an i64; of an integer its lower i32.
  Value widen(Value x) { return op<mlir::arith::ExtUIOp>(i64Type(), x); }
  Value narrow(Value x);
  Value add(Value x, Value y);
  Value add(Value x, int64_t y) { return add(x, constant(x.getType(), y)); }
  Value sub(Value x, Value y) { return op<mlir::arith::SubIOp>(x, y); }
  Value mul(Value x, Value y);
  Value mul(Value x, int64_t y) { return mul(x, constant(x.getType(), y)); }
  /// Of numbers that are not negative.
  Value div(Value x, int64_t y);
  Value rem(Value x, int64_t y);
  Value div(Value x, Value y) { return op<mlir::arith::DivUIOp>(x, y); }
  Value rem(Value x, Value y) { return op<mlir::arith::RemUIOp>(x, y); }
  Value min(Value x, Value y) { return op<mlir::arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return op<mlir::arith::MaxSIOp>(x, y); }
  Value bitAnd(Value x, Value y) { return op<mlir::arith::AndIOp>(x, y); }
  Value bitAnd(Value x, int64_t y) {
    return bitAnd(x, constant(x.getType(), y));
  }
  Value bitOr(Value x, Value y) { return op<mlir::arith::OrIOp>(x, y); }
  Value bitXor(Value x, Value y) { return op<mlir::arith::XOrIOp>(x, y); }
  Value shl(Value x, int64_t n) {
    return op<mlir::arith::ShLIOp>(x, constant(x.getType(), n));
  }
  /// Zeros come in.
  Value shr(Value x, int64_t n) {
    return op<mlir::arith::ShRUIOp>(x, constant(x.getType(), n));
  }
  /// Rounds up to a multiple.
  Value roundUp(Value x, int64_t to) {
    return mul(div(add(x, to - 1), to), to);
  }

  // Conditions.
  /// Of signed integers: x < y, x <= y.
  Value less(Value x, Value y);
  Value notAbove(Value x, Value y);
  /// 0 <= x < n.
  Value inside(Value x, Value n);
  Value equal(Value x, Value y);
  Value equal(Value x, int64_t y) { return equal(x, constant(x.getType(), y)); }
  Value both(Value x, Value y) { return bitAnd(x, y); }
  /// That a condition does not hold.
  Value no(Value x) { return bitXor(x, constant(x.getType(), 1)); }
  Value choose(Value condition, Value yes, Value no) {
    return op<mlir::arith::SelectOp>(condition, yes, no);
  }

  // Floating point, scalar or vector.
  Value f32(double value);
  Value fadd(Value x, Value y) { return op<mlir::arith::AddFOp>(x, y); }
  Value fsub(Value x, Value y) { return op<mlir::arith::SubFOp>(x, y); }
  Value fmul(Value x, Value y) { return op<mlir::arith::MulFOp>(x, y); }
  /// x y + z, rounded once.
  Value fma(Value x, Value y, Value z) {
    return op<mlir::LLVM::FMAOp>(x.getType(), x, y, z);
  }
  /// The larger one; y if either is not a number.
  Value fmax(Value x, Value y);
  /// The larger one; the number if only one is a number.
  Value largestNumber(Value x, Value y) {
    return op<mlir::arith::MaxNumFOp>(x, y);
  }
  Value splat(Value scalar, int64_t width);
  Value splat(double value, int64_t width, mlir::Type element = {});
  Value element(Value vector, int64_t i);
  Value shuffle(Value x, Value y, llvm::ArrayRef<int64_t> lanes);
  /// Sum (or maximum) of the lanes by halves: i with i + n/2, and so on.
  Value foldLanes(Value x, bool maximum = false);

  // Memory.
  /// `base` + index elements of `bytes` bytes.
  Value at(Value base, Value index, int64_t bytes = 4);
  Value at(Value base, int64_t i, int64_t bytes = 4) {
    return at(base, index(i), bytes);
  }
  /// `base` + `bytes`, an integer of any width.
  Value offset(Value base, Value bytes) { return at(base, bytes, 1); }
  Value offset(Value base, int64_t bytes) { return at(base, bytes, 1); }
  /// Aligned to one element only.
  Value load(mlir::Type type, Value pointer);
  void store(Value value, Value pointer);
  /// A buffer of the function's frame, 64-byte aligned; made once, in the
  /// entry.
  Value stack(int64_t bytes);

  // Structure.
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  Values loop(Value from, Value to, int64_t step, ValueRange carried,
              llvm::function_ref<Values(Value, ValueRange)> body) {
    return loop(from, to, constant(from.getType(), step), carried, body);
  }
  /// for (i = from; i < to; i += step) with values carried from turn to turn.
  Values loop(Value from, Value to, Value step, ValueRange carried,
              llvm::function_ref<Values(Value, ValueRange)> body);
  /// Carries values from turn to turn as long as `condition` of them holds.
  Values loopWhile(ValueRange start,
                   llvm::function_ref<Value(ValueRange)> condition,
                   llvm::function_ref<Values(ValueRange)> body);
  void ifThen(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = {});
  /// The same with values of one of the two.
  Values select(Value condition, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);

private:
  unsigned indexBits;
};

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_KERNELBUILDER_H
