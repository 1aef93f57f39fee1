//===- Constants.h - the sizes and constants of a model ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_CONSTANTS_H
#define GPTC_COMPILER_PASSES_CONSTANTS_H

#include "dialect/Gpt.h"
#include "llvm/ADT/MapVector.h"

namespace gptc::gpt {
class ModelOp;
} // namespace gptc::gpt

namespace gptc {

/// Puts the values of `NAME=VALUE` settings into the model's `gpt.let` ops.
/// VALUE is a number, `true` or `false`.
llvm::LogicalResult applySettings(gpt::ModelOp model,
                                  llvm::ArrayRef<std::string> settings);

/// Every constant of the model with its value; an error for one that has none,
/// but for `T`, which each program variant sets.
llvm::LogicalResult
readConstants(gpt::ModelOp model,
              llvm::MapVector<llvm::StringRef, mlir::Attribute> &constants);

/// What `gpt.require` demands, checked; an error names the constants involved.
llvm::LogicalResult checkRequirements(
    gpt::ModelOp model,
    const llvm::MapVector<llvm::StringRef, mlir::Attribute> &constants);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_CONSTANTS_H
