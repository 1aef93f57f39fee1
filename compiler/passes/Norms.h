//===- Norms.h - norms and rotations of rows --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the passes share that see through norms of heads and the rotations
// behind them, and through the buffers that hold them.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_NORMS_H
#define GPTC_COMPILER_PASSES_NORMS_H

#include "dialect/KernRow.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <optional>

namespace gptc {

/// Of y = 1/√(mean Σ x² + ε), ε ≥ 0: the root, what the sum is multiplied with,
/// and the columns of x that a column of y is of. The squares of y x add up to
/// no more than 1/mean.
struct Norm {
  mlir::math::SqrtOp root;
  double mean, epsilon;
  int64_t columns;
};
std::optional<Norm> normOf(mlir::Value y, mlir::Value x);

/// Every store into a buffer of the part or of the run; none if something else
/// writes there, or if its elements hold less than bf16.
llvm::SmallVector<kern::StoreOp> storesOf(mlir::Value buffer);

/// Whether cos² + sin² is 1, but for roundings: of one angle, of one row.
bool areOfOneAngle(mlir::Value cos, mlir::Value sin);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_NORMS_H
