//===- Scalar.h - one element of a row program ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Row programs compute on `vector<N x T>`; a lane computes elements. An
// elementwise op of a row program is the same op on scalars; functions that the
// GPU has no exact instruction for are expanded later, as for every target
// (compiler/kernels/MathExpansion.h).
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_SCALAR_H
#define GPTC_COMPILER_TARGETS_NVPTX_SCALAR_H

#include "compiler/targets/nvptx/NvptxBuilder.h"

namespace gptc::nvptx {

/// Whether `emitScalar` serves `op`: elementwise arith and math ops, constants
/// with one value, kern.round.
bool isScalar(mlir::Operation *op);
/// `op` on one element of each operand.
Value emitScalar(NvptxBuilder &e, mlir::Operation *op, ValueRange operands);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_SCALAR_H
