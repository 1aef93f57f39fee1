//===- ContractSimt.h - a contraction without tensor cores ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the tensor cores' kernel cannot contract: operands of f32, which have no
// wgmma at their precision, and rows that a tensor map cannot describe.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSIMT_H
#define GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSIMT_H

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class ContractOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// The kernel of `op`, whose operands are f32 or bf16 and whose epilogue is
/// verified.
mlir::LLVM::LLVMFuncOp buildContractSimt(kern::ContractOp op,
                                         mlir::ModuleOp module,
                                         llvm::SetVector<Value> &numbers,
                                         Launch &launch);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_CONTRACTSIMT_H
