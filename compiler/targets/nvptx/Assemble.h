//===- Assemble.h - PTX to machine code -------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_ASSEMBLE_H
#define GPTC_COMPILER_TARGETS_NVPTX_ASSEMBLE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <string>

namespace gptc::nvptx {

/// The cubin of a PTX text, made by NVIDIA's ptxas in a process of its own.
/// `ptxas` is its path; "none": no cubin; empty: the first of $CUDA_HOME/bin,
/// the folder `cuda` beside gptc's own, $PATH and /usr/local/cuda/bin that has
/// it. Where none does, a remark goes to stderr and the result is empty: the
/// driver compiles PTX as well, at each start. Fails, with an error, where a
/// given path is no program and where ptxas refuses the text.
llvm::FailureOr<std::string> assemble(llvm::StringRef ptx,
                                      llvm::StringRef ptxas, bool verbose);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_ASSEMBLE_H
