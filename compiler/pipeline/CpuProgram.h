//===- CpuProgram.h - the phases device and program for the CPU -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_CPUPROGRAM_H
#define GPTC_COMPILER_PIPELINE_CPUPROGRAM_H

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <utility>
#include <vector>

namespace gptc {

struct CpuProgramOptions {
  std::string cpu = "native"; ///< as of `--mcpu`
  /// What `info` shows beside the model: passes, target, compiler version.
  std::vector<std::pair<std::string, std::string>> notes;
};

/// The object files of a training binary (kernels, and the program blob with
/// the table of kernels), from a module at the end of the phase `launches`.
mlir::FailureOr<std::vector<std::string>>
buildCpuProgram(mlir::ModuleOp module, const CpuProgramOptions &options);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_CPUPROGRAM_H
