//===- MergePrograms.h - several row programs as one ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_MERGEPROGRAMS_H
#define GPTC_COMPILER_PASSES_MERGEPROGRAMS_H

#include "compiler/passes/Kernels.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class PartOp;
} // namespace gptc::kern

namespace gptc {

/// Why two groups of kernels with equal rows cannot run row by row in one
/// kernel; empty if they can. What one stores, the other may touch at the same
/// row only, and load only inside what was stored.
llvm::StringRef whyNotByRow(const KernelGraph::Group &a,
                            const KernelGraph::Group &b);

/// Lets every program compute itself the rows that it loads from a buffer which
/// a kernel fills with one constant row.
void recomputeFills(kern::PartOp part);

/// Applies a graph's groups: merges the programs of each, puts the kernels in
/// the graph's order, then drops what nobody needs any more: stores into the
/// workspace that no kernel reads, their values, kernels, views and buffers.
void applyGroups(kern::PartOp part, KernelGraph &graph);

/// Names a kernel that does the work of several, `rms_norm+rotate.nanogpt_55`:
/// the ops of all, then the last one's place. It gets the source places of all.
void nameAfterAll(mlir::Operation *merged,
                  llvm::ArrayRef<mlir::Operation *> members);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_MERGEPROGRAMS_H
