//===- BenchProgram.h - every kernel alone, beside the CPU's ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_BENCHPROGRAM_H
#define GPTC_COMPILER_PIPELINE_BENCHPROGRAM_H

#include "compiler/pipeline/GpuProgram.h"
#include "compiler/targets/cpu/Object.h"

namespace gptc {

struct BenchParts {
  std::string ptxas; ///< as `GpuProgram::object` takes it
  cpu::ObjectOptions reference;
  Notes notes;
  Origin origin;
};

/// Makes the folder, if there is none, and in it `program`, the executable with
/// both programs, for `gptc-bench FOLDER`; `kernels.ptx`; and `launches.mlir`,
/// the ops of which the kernels were made. Of a module at the end of the phase
/// `launches`, which is not changed.
llvm::LogicalResult writeBench(GpuProgram &program, mlir::ModuleOp launches,
                               const std::string &folder,
                               const BenchParts &options);

/// What there is to say of one kernel, which a name of its PTX or of one of its
/// launches names: its op, its PTX and the commands that run it alone. An error
/// with the nearest name if none has it.
mlir::FailureOr<std::string> dumpKernel(const GpuProgram &program,
                                        mlir::ModuleOp launches,
                                        llvm::StringRef name,
                                        llvm::StringRef command);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_BENCHPROGRAM_H
