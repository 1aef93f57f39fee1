//===- ContractFp8.h - contractions of codes of FP8 -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_CONTRACTFP8_H
#define GPTC_COMPILER_TARGETS_NVPTX_CONTRACTFP8_H

#include "compiler/targets/nvptx/Kernel.h"

namespace gptc::nvptx {

/// Whether the contraction of codes sums in f32 registers, not in the tensor
/// cores' accumulators alone.
bool isPromoted(kern::ContractOp op);

/// Such a contraction's kernel.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildContractFp8(kern::ContractOp op, mlir::ModuleOp module,
                 llvm::SetVector<Value> &numbers, Launch &launch);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_CONTRACTFP8_H
