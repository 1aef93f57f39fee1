//===- OpHelpers.h - what passes and rules know of ops ----------*- C++ -*-===//
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
/// A tensor of one value.
mlir::Value filled(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
                   double value);
/// x + y; y itself where x is null, a sum of nothing yet.
mlir::Value sumOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                  mlir::Value y);
/// x with the sizes of `type`.
mlir::Value reshaped(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Type type);

/// Whether an op's results are elements of its operand as they lie in memory:
/// it moves nothing, its readers read the operand's buffer.
bool isView(mlir::Operation *op);
/// A view of whole rows. It may stand in the model, beside the parameter or
/// state that it views, and what it gives may be updated and accumulated into.
bool isRowView(mlir::Operation *op);

/// Whether a name is a size of the parameter whose optimizer the op is, or
/// stands in: no constant of the model.
bool isOwnName(mlir::Operation *op, llvm::StringRef name);
/// Replaces names by their values in every expression and shape of an op.
void substituteNames(mlir::Operation *op, Bind bind);

/// Whether each element of the result comes from the operands' elements at its
/// place.
bool isElementwise(mlir::Operation *op);

/// The targets of a loss: how many tokens ahead, and the weight, of those that
/// are given; the next token's is 1 if none is.
llvm::SmallVector<std::pair<int64_t, mlir::Attribute>>
targetWeights(mlir::ArrayAttr args);

/// Whether an attribute is the op's own: one that a user or a pass has added
/// may have any form.
bool isInherent(mlir::Operation *op, llvm::StringRef attribute);

} // namespace gptc::gpt

#endif // GPTC_DIALECT_OPHELPERS_H
