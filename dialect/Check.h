//===- Check.h - what the shape rules share ---------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_CHECK_H
#define GPTC_DIALECT_CHECK_H

#include "dialect/Gpt.h"
#include "mlir/IR/Builders.h"

namespace gptc::gpt {

using Dims = llvm::SmallVector<mlir::Attribute>;
using Types = llvm::SmallVectorImpl<mlir::Type>;

inline mlir::Type elementOf(mlir::Type type) {
  return llvm::cast<mlir::RankedTensorType>(type).getElementType();
}
inline llvm::LogicalResult give(Types &out, Attrs dims, mlir::Type element) {
  out.push_back(makeShape(dims, element));
  return llvm::success();
}
inline llvm::LogicalResult giveF32(Types &out, Attrs dims,
                                   mlir::Operation *op) {
  return give(out, dims, mlir::Float32Type::get(op->getContext()));
}
/// The shape of the first operand.
inline llvm::LogicalResult same(llvm::ArrayRef<mlir::Type> in, Types &out) {
  out.push_back(in[0]);
  return llvm::success();
}
/// Two tensors of one shape, whatever their elements.
llvm::LogicalResult sameDims(mlir::Operation *op, mlir::Type a, mlir::Type b);
/// Positions go up to T − 1: where `index` is an input of positions (`docs`),
/// `extent` is not less than its T.
llvm::LogicalResult checkPositions(mlir::Operation *op, mlir::Value index,
                                   mlir::Type type, mlir::Attribute extent,
                                   llvm::StringRef what);
/// Lists of names, expressions and shapes have the form that all else relies
/// on (CheckForm.cpp).
llvm::LogicalResult checkForm(ModelOp model);

} // namespace gptc::gpt

#define INFER(OP)                                                              \
  llvm::LogicalResult gptc::gpt::OP::infer(llvm::ArrayRef<mlir::Type> in,      \
                                           Types &out)

#endif // GPTC_DIALECT_CHECK_H
