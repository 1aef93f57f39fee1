//===- OnGrid.h - buffers of values rounded to a small format ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A model that asks for FP8 rounds x / s to a grid and multiplies by the scale
// s again. What the passes share that look for such values in the kernels that
// write a buffer.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_ONGRID_H
#define GPTC_COMPILER_PASSES_ONGRID_H

#include "dialect/kern/StoreOp.h.inc"

namespace gptc::kern {
class ContractOp;
} // namespace gptc::kern

namespace gptc {

/// A buffer of which every element is a code, a value on one grid, times one
/// scale.
struct OnGrid {
  llvm::StringRef grid;
  double scale = 1;
  /// Each store, and the codes whose multiple it stores.
  llvm::SmallVector<std::pair<kern::StoreOp, mlir::Value>> stores;
};

/// Fills in what a buffer holds, values on one of the `grids`; empty if it
/// does. Else why not, with the stores that were found until then: `otherwise`
/// is the reason of one that stores something else.
llvm::StringRef matchOnGrid(mlir::Value buffer,
                            llvm::ArrayRef<llvm::StringRef> grids,
                            llvm::StringRef otherwise, OnGrid &found);

/// Whether a user of a buffer or of a view of it writes there.
bool writesTo(mlir::Operation *user, mlir::Value buffer);

/// The program of a contraction begins with the product by `scale`.
void scaleProduct(kern::ContractOp op, double scale);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_ONGRID_H
