//===- EmitProgram.h - the blob that a training binary embeds ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_EMITPROGRAM_H
#define GPTC_COMPILER_PIPELINE_EMITPROGRAM_H

#include "compiler/pipeline/HostNumbers.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "runtime/program.h"
#include "llvm/ADT/MapVector.h"
#include <string>
#include <utility>
#include <vector>

namespace gptc {

/// The columns of a row of numbers, in the order in which kernels ask for them.
class NumberColumns {
public:
  /// The column of an f64 value of the model.
  int64_t columnOf(mlir::Value number) {
    return columns.insert({number, int64_t(columns.size())}).first->second;
  }
  const llvm::MapVector<mlir::Value, int64_t> &all() const { return columns; }

private:
  llvm::MapVector<mlir::Value, int64_t> columns;
};

/// A launch of a kernel op as the target compiled it; the fields are those of
/// runtime/program.h.
struct LaunchRecord {
  mlir::Operation *op;
  uint32_t kernel; ///< in `ProgramInputs::kernelNames`
  std::string name;
  struct Argument {
    ArgumentKind kind;
    mlir::Value buffer = {}; ///< a kern.buffer or a view of one
    bool written = false;
    int64_t integer = 0;
    TensorMap map = {};
  };
  std::vector<Argument> arguments;
  int64_t units = 0;
  uint64_t scratchBytes = 0;
  int64_t threads = 0;
  bool persistent = false;
};

/// How a type is stored; none for one that no target stores.
std::optional<Element> elementOf(mlir::Type type);

/// What a launch is called: the kernel's name, or what it is.
std::string launchName(mlir::Operation *kernel);

/// What `info` shows of a program's making: texts by key, in order.
using Notes = std::vector<std::pair<std::string, std::string>>;

/// Where a program comes from: no part of its fingerprint.
struct Origin {
  std::string file; ///< the name and hash of what was compiled
  /// Its name and text, then those of the files that its ops stand in.
  std::vector<std::pair<std::string, std::string>> sources;
};

struct ProgramInputs {
  gpt::ModelOp model;     ///< at the end of the phase `launches`
  NumberColumns &columns; ///< filled while kernels were compiled
  std::vector<std::string> kernelNames;
  std::vector<LaunchRecord> launches; ///< of all parts, in order
  Notes notes;
  Origin origin;
  Target target = Target::Cpu;
  uint64_t features = 0; ///< of the processor, as of runtime/program.h
  uint64_t code = 0;     ///< a hash of what the kernels compute
  std::string ptx = {}, cubin = {}; ///< of a GPU
  HostNumbers numbers{};            ///< filled while the program is emitted
};

/// The one model of a module; an error at the module that has another number.
mlir::FailureOr<gpt::ModelOp> findModel(mlir::ModuleOp launches);

/// Serialises a program as runtime/program.h lays it out.
mlir::FailureOr<std::string> emitProgram(ProgramInputs &inputs);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_EMITPROGRAM_H
