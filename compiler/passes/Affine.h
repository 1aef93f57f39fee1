//===- Affine.h - multiples of a row, plus single columns -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the passes share that look at arithmetic on long rows: which values are
// the same for all columns, and a value as a multiple of a row, plus such ones.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_AFFINE_H
#define GPTC_COMPILER_PASSES_AFFINE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace gptc {

/// The columns of a row of f32; 0 of what is none.
int64_t widthOfF32(mlir::Value row);

/// The one column that `x` repeats; null if it is something else.
mlir::Value singleOf(mlir::Value x);

/// The constant that all columns are, repeated or not.
std::optional<double> constantOf(mlir::Value x);

/// A row times a constant, plus a constant and multiples of single columns.
struct Affine {
  mlir::Value row;
  double factor = 1, constant = 0;
  llvm::SmallVector<std::pair<mlir::Value, double>> singles;
  bool isPlain = true;

  explicit Affine(mlir::Value x) : row(x) {
    while (step())
      isPlain = false;
  }

  /// What is added to the multiple of the row, as one column; null for 0 and
  /// for a constant alone.
  mlir::Value offset(mlir::OpBuilder &b, mlir::Location loc) const;

private:
  bool add(mlir::Value x, double sign);
  bool step();
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_AFFINE_H
