//===- InlineCalls.h - functions of a model become their bodies -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_INLINECALLS_H
#define GPTC_COMPILER_PASSES_INLINECALLS_H

#include "dialect/Gpt.h"

namespace gptc {

/// Replaces every call in a graph or an optimizer by the function's body; an
/// error where that makes more ops than any program needs.
llvm::LogicalResult inlineCalls(mlir::Operation *root);

/// Lets expressions join the expressions and ops that read them.
llvm::LogicalResult foldNumbers(mlir::Operation *op);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_INLINECALLS_H
