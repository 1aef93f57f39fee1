//===- GpuProgram.h - the last two phases for a GPU -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_GPUPROGRAM_H
#define GPTC_COMPILER_PIPELINE_GPUPROGRAM_H

#include "compiler/pipeline/EmitProgram.h"
#include "compiler/targets/nvptx/Nvptx.h"
#include "mlir/Support/Timing.h"

namespace gptc {

/// A model compiled for a GPU: PTX once made, then assembled and linked.
class GpuProgram {
public:
  /// Of a module at the end of the phase `launches`.
  static mlir::FailureOr<GpuProgram>
  create(mlir::ModuleOp launches, mlir::TimingScope &timing, bool verifyEach);

  const nvptx::Program &kernels() const { return program; }

  /// The program's launch table, as JSON.
  mlir::FailureOr<std::string> describe();

  /// The object file of the executable, with machine code beside the PTX if the
  /// program `ptxas` is found (nvptx/Assemble.h); else it remarks that the
  /// driver will compile the PTX whenever the executable starts.
  mlir::FailureOr<std::string> object(llvm::StringRef ptxas, Notes notes,
                                      Origin origin, bool verbose);
  /// Writes the executable.
  llvm::LogicalResult link(llvm::StringRef ptxas, llvm::StringRef output,
                           Notes notes, Origin origin, bool verbose);

private:
  explicit GpuProgram(mlir::ModuleOp launches) : launches(launches) {}

  ProgramInputs inputs(gpt::ModelOp model, NumberColumns &columns);

  mlir::ModuleOp launches;
  nvptx::Program program;
};

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_GPUPROGRAM_H
