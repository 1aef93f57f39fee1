//===- Optimize.h - LLVM's passes over kernels ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_OPTIMIZE_H
#define GPTC_COMPILER_TARGETS_NVPTX_OPTIMIZE_H

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace gptc::nvptx {

void optimize(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_OPTIMIZE_H
