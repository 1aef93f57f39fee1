//===- CpuProgram.h - the last two phases for the CPU -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_CPUPROGRAM_H
#define GPTC_COMPILER_PIPELINE_CPUPROGRAM_H

#include "compiler/pipeline/EmitProgram.h"
#include "compiler/targets/cpu/Object.h"

namespace gptc {

/// A model compiled for the CPU: phase `device` once made, then linked.
class CpuProgram {
public:
  /// Of a module at the end of the phase `launches`.
  static mlir::FailureOr<CpuProgram> create(mlir::ModuleOp launches);

  /// The kernels, one llvm.func each; `link` lowers them further.
  mlir::ModuleOp module() { return *kernels.module; }

  /// The object files of the executable; `prefix` is what the names of the
  /// symbols begin with that runtime/program.h has.
  mlir::FailureOr<std::vector<std::string>>
  objects(const cpu::ObjectOptions &options, Notes notes, Origin origin,
          llvm::StringRef prefix = "gptc_");

  /// Writes the executable.
  llvm::LogicalResult link(const cpu::ObjectOptions &options,
                           llvm::StringRef output, Notes notes, Origin origin);

private:
  explicit CpuProgram(mlir::ModuleOp launches) : launches(launches) {}

  mlir::ModuleOp launches;
  NumberColumns columns;
  cpu::CpuKernels kernels;
};

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_CPUPROGRAM_H
