//===- HostNumbers.h - numbers of the step as a function --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_HOSTNUMBERS_H
#define GPTC_COMPILER_PIPELINE_HOSTNUMBERS_H

#include "dialect/Gpt.h"
#include <map>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace gptc {

/// What stands in a column of a step's row of numbers.
struct HostColumn {
  mlir::Value value;               ///< a number, or a vector of which
  int64_t element = -1;            ///< this is one
  mlir::Attribute expression = {}; ///< or an expression
  mlir::ValueRange vars = {};      ///< over these; then `value` is null
};

/// The numbers of a program's steps.
struct HostNumbers {
  mlir::Operation *model = nullptr;
  std::vector<HostColumn> columns;
  /// The constants that a run may set, in the order in which it gives them.
  std::map<std::string, unsigned> settings;
};

/// How many numbers the function keeps from step to step.
int64_t stateNumbers(gpt::ModelOp model);

/// Defines `gptc_numbers` of runtime/program.h, or the same for another program
/// of an executable. It computes what `Evaluator`
/// does, operation by operation: the same bits wherever both use one libm.
void emitHostNumbers(const HostNumbers &numbers, llvm::Module &module,
                     llvm::StringRef name = "gptc_numbers");

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_HOSTNUMBERS_H
