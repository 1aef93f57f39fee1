//===- CheckNumbers.h - numbers in their domains, at every step -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_CHECKNUMBERS_H
#define GPTC_COMPILER_PASSES_CHECKNUMBERS_H

#include "compiler/passes/Evaluate.h"

namespace gptc {

class SettingChecks;

/// Every number that ops under `root` take lies in its domain, and what
/// `gpt.require` demands there holds, at each step of `steps`, pairs of first
/// and last. The error names the first step where one does not. What follows
/// from a setting is kept for runs that choose another value.
llvm::LogicalResult checkNumbers(mlir::Operation *root, Evaluator &evaluator,
                                 llvm::ArrayRef<int64_t> steps,
                                 SettingChecks &settings);

/// Every schedule of the model has a finite value at every step.
llvm::LogicalResult checkSchedules(gpt::ModelOp model, Evaluator &evaluator);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_CHECKNUMBERS_H
