//===- Compile.h - from a model file to what was asked for ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_COMPILE_H
#define GPTC_COMPILER_PIPELINE_COMPILE_H

#include "compiler/pipeline/Pipeline.h"
#include "mlir/IR/MLIRContext.h"

namespace gptc {

struct CompileOptions {
  std::string input;          ///< a path, or "-"
  std::string output;         ///< a path, "-", or "" for the default
  Phase from = Phase::Model;  ///< what the input holds
  Phase to = Phase::Program;  ///< what the output holds
  std::string cpu = "native"; ///< as -mcpu of clang; this machine's
  std::string version;        ///< of gptc, for the program's notes
  std::string temporaries;    ///< the folder of --save-temps, or ""
  std::string kernelCache;    ///< the folder of --kernel-cache, or ""
  std::string launches;       ///< where the launch table goes, or ""
  std::string costReport;     ///< where the cost report goes, or ""
  std::string ptxas;          ///< NVIDIA's assembler; "": where it usually is
  std::string dumpKernel;     ///< of which kernel to tell, or ""
  bool bench = false;         ///< `output` is a folder for `gptc-bench`
  bool verbose = false;
  bool verifyEach = false; ///< the IR behind each pass of all phases
  PipelineOptions pipeline;
};

/// Compiles; errors go to stderr, and no output is left of a failed run.
llvm::LogicalResult compile(const CompileOptions &options,
                            mlir::MLIRContext &context);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_COMPILE_H
