//===- NvptxPasses.h - the passes of the target sm_90a ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_H
#define GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_H

#include "compiler/targets/nvptx/Nvptx.h"
#include "mlir/Pass/Pass.h"

namespace gptc {

#define GEN_PASS_DECL
#include "compiler/targets/nvptx/NvptxPasses.h.inc"

namespace nvptx {

/// The name of the module that `lower-to-nvvm` adds.
inline constexpr llvm::StringLiteral kKernelsModule = "sm_90a";

/// `lower-to-nvvm` that also tells of the launches: `program` receives all but
/// the text. It must outlive the pass.
std::unique_ptr<mlir::Pass> createLowerToNvvmPass(Program &program);

} // namespace nvptx
} // namespace gptc

#endif // GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_H
