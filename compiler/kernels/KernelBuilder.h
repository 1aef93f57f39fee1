//===- KernelBuilder.h - short forms for 64-bit kernels ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What generators of kernels are written in: i64 index arithmetic, f32 vectors,
// pointers and structured loops, one word each. Constants fold as they are
// built, so a generator need not treat a zero or a one apart.
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
  using Values = llvm::SmallVector<mlir::Value>;

  /// Builds at `builder`'s place inside `function`, whose entry block receives
  /// the stack buffers.
  KernelBuilder(mlir::OpBuilder builder, mlir::Location loc,
                mlir::LLVM::LLVMFuncOp function)
      : b(builder), loc(loc), function(function) {}

  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::LLVM::LLVMFuncOp function;

  mlir::Type f32Type() { return b.getF32Type(); }
  mlir::Type f64Type() { return b.getF64Type(); }
  mlir::Type i64Type() { return b.getI64Type(); }
  mlir::Type i32Type() { return b.getI32Type(); }
  mlir::Type pointer() {
    return mlir::LLVM::LLVMPointerType::get(b.getContext());
  }
  mlir::VectorType vector(int64_t width, mlir::Type element = {}) {
    return mlir::VectorType::get({width}, element ? element : f32Type());
  }

  template <typename OpT, typename... Args> Value op(Args &&...args) {
    return OpT::create(b, loc, std::forward<Args>(args)...);
  }

  // i64.
  Value i64(int64_t value);
  Value add(Value x, Value y);
  Value add(Value x, int64_t y) { return add(x, i64(y)); }
  Value sub(Value x, Value y) { return op<mlir::arith::SubIOp>(x, y); }
  Value mul(Value x, Value y);
  Value mul(Value x, int64_t y) { return mul(x, i64(y)); }
  /// Of numbers that are not negative.
  Value div(Value x, int64_t y);
  Value rem(Value x, int64_t y);
  Value div(Value x, Value y) { return op<mlir::arith::DivUIOp>(x, y); }
  Value rem(Value x, Value y) { return op<mlir::arith::RemUIOp>(x, y); }
  Value min(Value x, Value y) { return op<mlir::arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return op<mlir::arith::MaxSIOp>(x, y); }
  Value less(Value x, Value y);
  Value equal(Value x, Value y);
  Value both(Value x, Value y) { return op<mlir::arith::AndIOp>(x, y); }
  /// That a condition does not hold.
  Value no(Value x) {
    return op<mlir::arith::XOrIOp>(
        x, op<mlir::arith::ConstantOp>(b.getBoolAttr(true)));
  }
  /// 0 <= x < n.
  Value inside(Value x, Value n);
  Value choose(Value condition, Value yes, Value no) {
    return op<mlir::arith::SelectOp>(condition, yes, no);
  }
  /// Rounds up to a multiple.
  Value roundUp(Value x, int64_t to) {
    return mul(div(add(x, to - 1), to), to);
  }

  // Floating point, scalar or vector.
  Value f32(double value);
  Value fadd(Value x, Value y) { return op<mlir::arith::AddFOp>(x, y); }
  Value fsub(Value x, Value y) { return op<mlir::arith::SubFOp>(x, y); }
  Value fmul(Value x, Value y) { return op<mlir::arith::MulFOp>(x, y); }
  /// The larger one; y if either is not a number.
  Value fmax(Value x, Value y);
  Value splat(Value scalar, int64_t width);
  Value splat(double value, int64_t width, mlir::Type element = {});
  Value element(Value vector, int64_t i);
  Value shuffle(Value x, Value y, llvm::ArrayRef<int64_t> lanes);
  /// Sum (or maximum) of the lanes by halves: i with i + n/2, and so on.
  Value foldLanes(Value x, bool maximum = false);

  // Memory.
  /// `base` + index elements of `bytes` bytes.
  Value at(Value base, Value index, int64_t bytes = 4);
  Value at(Value base, int64_t index, int64_t bytes = 4) {
    return at(base, i64(index), bytes);
  }
  /// Aligned to one element only.
  Value load(mlir::Type type, Value pointer);
  void store(Value value, Value pointer);
  /// A buffer of the function's frame, 64-byte aligned; made once, in the
  /// entry.
  Value stack(int64_t bytes);

  // Structure.
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  Values loop(Value from, Value to, int64_t step, mlir::ValueRange carried,
              llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  /// Carries values from turn to turn as long as `condition` of them holds.
  Values loopWhile(mlir::ValueRange start,
                   llvm::function_ref<Value(mlir::ValueRange)> condition,
                   llvm::function_ref<Values(mlir::ValueRange)> body);
  void ifThen(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = {});
};

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_KERNELBUILDER_H
