//===- InlineOptimizer.h - one parameter's optimizer in place ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_INLINEOPTIMIZER_H
#define GPTC_COMPILER_PASSES_INLINEOPTIMIZER_H

#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "llvm/ADT/DenseMap.h"

namespace gptc {

/// A parameter with all that its updates need.
struct Trained {
  gpt::ParamOp param;
  gpt::OptimizerOp optimizer;
  int64_t every = 1;
  gpt::StateOp gradient;
  /// The value of each size that the optimizer names, in their order.
  llvm::SmallVector<mlir::Attribute> sizes;
  llvm::SmallVector<mlir::Value> states;
  /// The numbers of the optimizer's function, in its order; of one that differs
  /// from matrix to matrix, that of the first ones.
  llvm::SmallVector<mlir::Value> numbers;
  /// How many matrices that follow each other have the same numbers, where some
  /// differ; by argument of the function, what such a number is for each.
  llvm::SmallVector<int64_t> runs;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> each;
};

/// The shape of tensor `i` of the optimizer's function, for a parameter.
mlir::RankedTensorType shapeFor(Trained &t, unsigned i, mlir::Type element);

/// The optimizer's function in place, for one parameter; `norm` is that of all
/// gradients. Parameter and states keep their values unless the scalar `finite`
/// is.
llvm::LogicalResult inlineOptimizer(mlir::OpBuilder &b, Trained &t,
                                    mlir::Value norm, mlir::Value finite);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_INLINEOPTIMIZER_H
