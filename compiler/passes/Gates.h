//===- Gates.h - what a gate's factor shows of itself -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_GATES_H
#define GPTC_COMPILER_PASSES_GATES_H

#include "dialect/Kern.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace gptc {

inline int64_t widthOf(mlir::Value row) {
  return mlir::cast<mlir::VectorType>(row.getType()).getDimSize(0);
}

inline mlir::MemRefType typeOf(mlir::Value buffer) {
  return mlir::cast<mlir::MemRefType>(buffer.getType());
}

/// What a row above 0 lies between.
struct Bounds {
  double least, most;
};
/// Of a row that is above 0 as far as what it is made of shows: constants,
/// exponentials, their sums, products and quotients.
std::optional<Bounds> boundsOf(mlir::Value x);

/// A buffer as a value of this type.
mlir::Value viewOf(mlir::OpBuilder &b, kern::BufferOp root,
                   mlir::MemRefType type);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_GATES_H
