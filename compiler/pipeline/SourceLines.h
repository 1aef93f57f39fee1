//===- SourceLines.h - the lines that a kernel was made of ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_SOURCELINES_H
#define GPTC_COMPILER_PIPELINE_SOURCELINES_H

#include "mlir/IR/Operation.h"
#include <string>

namespace gptc {

/// The lines of the model's files that an op and the ops inside it come from,
/// each once: `nanogpt.mlir:53,67 optimizers.mlir:60`. An op of a function that
/// was inlined stands in the function. Empty for an op of no file.
std::string sourceLines(mlir::Operation *op);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_SOURCELINES_H
