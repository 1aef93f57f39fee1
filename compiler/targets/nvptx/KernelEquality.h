//===- KernelEquality.h - whether two kernels are one -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Functions are compared, not printed: text would be a quarter of the time of a
// program. Places and the functions' names do not count.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_KERNELEQUALITY_H
#define GPTC_COMPILER_TARGETS_NVPTX_KERNELEQUALITY_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace gptc::nvptx {

/// The same for equal functions, and seldom for others.
llvm::hash_code digestOf(mlir::LLVM::LLVMFuncOp function);

bool areEqual(mlir::LLVM::LLVMFuncOp a, mlir::LLVM::LLVMFuncOp b);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_KERNELEQUALITY_H
