//===- InlineCalls.h - functions of a model become their bodies -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_INLINECALLS_H
#define GPTC_COMPILER_PASSES_INLINECALLS_H

#include "dialect/Gpt.h"

namespace gptc::gpt {
class GraphOp;
} // namespace gptc::gpt

namespace gptc {

/// Replaces every call of the graph by the function's body; an error where that
/// makes more ops than any program needs.
llvm::LogicalResult inlineCalls(gpt::GraphOp graph);

/// Lets expressions join the expressions and ops that read them.
llvm::LogicalResult foldNumbers(mlir::Operation *op);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_INLINECALLS_H
