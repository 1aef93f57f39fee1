//===- Context.h - a CPU kernel's arguments ---------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The function of a kernel under construction: buffers, numbers and sizes by
// what they stand for. A launch's sizes are the kernel's own first ones, then
// rows and row stride of every buffer, then the column of every number, then
// the stream of every random op.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_CONTEXT_H
#define GPTC_COMPILER_TARGETS_CPU_CONTEXT_H

#include "compiler/kernels/KernelBuilder.h"
#include "compiler/targets/cpu/Cpu.h"
#include "compiler/targets/cpu/Signature.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class AttentionBackwardOp;
class AttentionOp;
class ContractOp;
class FinishOp;
class FinishSegmentsOp;
class RowsOp;
class SegmentsOp;
class TransposeOp;
} // namespace gptc::kern

namespace gptc::cpu {

/// n / size, rounded up.
inline int64_t blocksOf(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

/// What depends on a launch's run-time sizes.
struct LaunchShape {
  llvm::SmallVector<int64_t> sizes; ///< the kernel's own
  int64_t units = 0;
  int64_t scratchBytes = 0;
};

class Context {
public:
  /// `own` counts the kernel's own sizes.
  Context(KernelBuilder &k, const Signature &signature, size_t own)
      : k(k), signature(signature), own(own) {}

  KernelBuilder &k;

  mlir::Value size(unsigned i) {
    return k.load(k.i64Type(), k.at(argument(2), i, 8));
  }
  mlir::Value pointerOf(mlir::Value buffer);
  mlir::Value rowsOf(mlir::Value buffer) {
    return size(own + 2 * find(buffer));
  }
  mlir::Value strideOf(mlir::Value buffer) {
    return size(own + 2 * find(buffer) + 1);
  }
  mlir::Value numberOf(mlir::Value number);
  /// An i32.
  mlir::Value streamOf(mlir::Operation *random);
  mlir::Value begin() { return argument(3); }
  mlir::Value end() { return argument(4); }
  mlir::Value scratch() { return argument(5); }

private:
  using Value = mlir::Value;
  Value argument(unsigned i) {
    return k.function.getBody().front().getArgument(i);
  }
  unsigned find(Value buffer) {
    return llvm::find(signature.buffers, buffer) - signature.buffers.begin();
  }
  const Signature &signature;
  size_t own;
  llvm::DenseMap<Value, Value> pointers, numbers;
};

// Builders of kernels, each at the builder's place in an empty function, and
// what a launch of theirs is made of. Rows.cpp, Contract.cpp, Transpose.cpp,
// Sums.cpp, Segments.cpp, Attention.cpp, AttentionBackward.cpp.
mlir::LogicalResult build(Context &c, kern::RowsOp op);
mlir::LogicalResult build(Context &c, kern::ContractOp op);
mlir::LogicalResult build(Context &c, kern::TransposeOp op);
mlir::LogicalResult build(Context &c, kern::SegmentsOp op);
mlir::LogicalResult build(Context &c, kern::FinishSegmentsOp op);
mlir::LogicalResult build(Context &c, kern::FinishOp op);
mlir::LogicalResult build(Context &c, kern::AttentionOp op);
mlir::LogicalResult build(Context &c, kern::AttentionBackwardOp op);
LaunchShape shapeOf(kern::RowsOp op);
LaunchShape shapeOf(kern::ContractOp op);
LaunchShape shapeOf(kern::TransposeOp op);
LaunchShape shapeOf(kern::SegmentsOp op);
LaunchShape shapeOf(kern::FinishSegmentsOp op);
LaunchShape shapeOf(kern::FinishOp op);
LaunchShape shapeOf(kern::AttentionOp op);

/// The launches of an op, one after the other.
llvm::SmallVector<LaunchShape> shapesOf(kern::AttentionBackwardOp op);
template <typename OpT> llvm::SmallVector<LaunchShape> shapesOf(OpT op) {
  return {shapeOf(op)};
}

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_CONTEXT_H
