//===- AttentionSimt.h - attention without tensor cores ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the tensor cores' kernels cannot take: f32, other head sizes, and rows
// that a tensor map cannot describe.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONSIMT_H
#define GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONSIMT_H

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class AttentionBackwardOp;
class AttentionOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// The kernel of `op`, whose buffers are of types that kernels read.
mlir::LLVM::LLVMFuncOp buildAttentionSimt(kern::AttentionOp op,
                                          mlir::ModuleOp module,
                                          llvm::SetVector<Value> &numbers,
                                          Launch &launch);
mlir::LLVM::LLVMFuncOp buildAttentionSimt(kern::AttentionBackwardOp op,
                                          mlir::ModuleOp module,
                                          llvm::SetVector<Value> &numbers,
                                          Launch &launch);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONSIMT_H
