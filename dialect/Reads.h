//===- Reads.h - what of a model has an effect ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A model declares values and constants by name. Those that its graphs, its
// recipe and its log read, directly or through functions, schedules and
// constants, have an effect; what is left is a mistake of whoever wrote it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_READS_H
#define GPTC_DIALECT_READS_H

#include "dialect/Gpt.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace gptc::gpt {

/// The file in which something stands; empty if that is not known.
llvm::StringRef fileOf(mlir::Location loc);

/// Calls `visit` for every name in the expressions and shapes that are an op's
/// own: sizes, constants, and `_N` for its numbers.
void forEachName(mlir::Operation *op,
                 llvm::function_ref<void(llvm::StringRef)> visit);

/// What ops of a model read, and what that reads. The model must not change
/// meanwhile.
class Reads {
public:
  /// What the model's program and its log read.
  explicit Reads(ModelOp model);
  /// What `roots`, ops of the model's body, read.
  Reads(ModelOp model, llvm::ArrayRef<mlir::Operation *> roots);

  bool reads(mlir::Value value) const { return values.contains(value); }
  bool reads(llvm::StringRef constant) const {
    return constants.contains(constant);
  }

private:
  void declare(ModelOp model);
  void follow();
  void readConstant(llvm::StringRef name);
  void readAllOf(mlir::Operation *op);

  mlir::Block *body = nullptr;
  llvm::StringMap<mlir::Attribute> declared; ///< what constants stand for
  llvm::SetVector<mlir::Operation *> ops;    ///< of the model's body
  llvm::DenseSet<mlir::Value> values;
  llvm::StringSet<> constants;
};

} // namespace gptc::gpt

#endif // GPTC_DIALECT_READS_H
