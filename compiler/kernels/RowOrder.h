//===- RowOrder.h - the end at which a kernel begins ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Blocks of a kernel take its rows from the first to the last, or, where its op
// has the attribute `descending`, from the last to the first. Results do not
// depend on it: it is a hint, which the pass `alternate-order` gives and a
// kernel that has no order leaves alone.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_ROWORDER_H
#define GPTC_COMPILER_KERNELS_ROWORDER_H

#include "mlir/IR/Operation.h"

namespace gptc {

/// Whether a kernel for sm_90a can take its rows from the last to the first:
/// row programs, and on tensor cores attention and contractions whose rows are
/// those of a, but for batches.
bool canDescend(mlir::Operation *kernel);

bool descends(mlir::Operation *kernel);
void setDescending(mlir::Operation *kernel);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_ROWORDER_H
