//===- Fp8.h - codes of FP8 -------------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_FP8_H
#define GPTC_COMPILER_TARGETS_NVPTX_FP8_H

#include "compiler/targets/nvptx/Kernel.h"

namespace gptc::nvptx {

/// "e4m3" or "e5m2"; empty for a type of other elements.
llvm::StringRef formatOf(mlir::Type element);

/// The codes, i8, of a row's f32 values on the grid of `element`.
Value codesOf(KernelBuilder &k, Value value, mlir::Type element);

/// Four 8 x 8 matrices of pairs of bytes, transposed as they are loaded; lane
/// 8i + r has the shared address (an i32) of row r of matrix i.
Values loadTransposed(NvptxBuilder &e, Value address);

/// Bytes of two registers, chosen by a selector of four digits.
Value permute(NvptxBuilder &e, Value low, Value high, Value selector);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_FP8_H
