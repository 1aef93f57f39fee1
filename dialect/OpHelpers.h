//===- OpHelpers.h - what vector-Jacobian products share --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_OPHELPERS_H
#define GPTC_DIALECT_OPHELPERS_H

#include "dialect/Gpt.h"

namespace gptc::gpt {

/// x summed over what a broadcast from `type` repeated; x itself if nothing.
mlir::Value reduceTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Type type);
/// x · factor.
mlir::Value scaled(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                   double factor);
/// a + b, where either may be null.
mlir::Value sumOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                  mlir::Value y);
mlir::Value reshaped(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Type type);

} // namespace gptc::gpt

#endif // GPTC_DIALECT_OPHELPERS_H
