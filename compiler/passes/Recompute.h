//===- Recompute.h - rows computed where they are read ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What `recompute-rows` and `recompute-neighbours` share: a row kernel that
// stores a single row of the workspace, whose readers are all row programs that
// load their own row of it, is copied into them, if they then read no more than
// the row's store and its loads take.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_RECOMPUTE_H
#define GPTC_COMPILER_PASSES_RECOMPUTE_H

#include "mlir/IR/Operation.h"

namespace gptc {

/// Which rows: any, or those that the row before or behind goes into, for which
/// functions of a few columns cost nothing, nor does a neighbour's row beside
/// the own one.
enum class RowsToRecompute { Any, OfNeighbours };

/// Recomputes such rows in all parts below `root`; `pass` is the category of
/// its remarks.
void recomputeRows(mlir::Operation *root, RowsToRecompute which,
                   llvm::StringRef pass);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_RECOMPUTE_H
