//===- LossMeaning.h - what a graph's loss is a token -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_LOSSMEANING_H
#define GPTC_COMPILER_PASSES_LOSSMEANING_H

#include "mlir/IR/Value.h"

namespace gptc::gpt {
class CrossEntropyOp;
} // namespace gptc::gpt

namespace gptc {

struct LossMeaning {
  /// A sum over so many tokens, 1 for a mean, 0 if the graph does not tell.
  int64_t tokens = 0;
  /// The cross-entropy that weighs most; null if there is none, or none alone.
  mlir::Operation *main = nullptr;
  /// The loss is that one and nothing else, as a sum or a mean.
  bool isMain = false;
};

/// What a graph, one straight line of ops, says of the scalar `loss`.
LossMeaning meaningOf(mlir::Value loss);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_LOSSMEANING_H
