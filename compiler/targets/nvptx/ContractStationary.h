//===- ContractStationary.h - products whose second operand stays -*- C++ -*-=//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSTATIONARY_H
#define GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSTATIONARY_H

#include "compiler/targets/nvptx/Kernel.h"

namespace gptc::nvptx {

/// Whether all of k of a tile's columns of b stays in shared memory while the
/// tiles below each other are multiplied.
bool isStationary(kern::ContractOp op);

/// Such a contraction's kernel.
mlir::LLVM::LLVMFuncOp buildContractStationary(kern::ContractOp op,
                                               mlir::ModuleOp module,
                                               llvm::SetVector<Value> &numbers,
                                               Launch &launch);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSTATIONARY_H
