//===- Object.h - object files of kernels -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_OBJECT_H
#define GPTC_COMPILER_TARGETS_CPU_OBJECT_H

#include "compiler/targets/cpu/Cpu.h"

namespace llvm {
class Module;
} // namespace llvm

namespace gptc::cpu {

struct ObjectOptions {
  std::string cpu = "native"; ///< as of `--mcpu`
  unsigned threads = 2;       ///< as many functions are compiled side by side
  /// A folder of object files by what they were made of, or "": what is there
  /// already is not made again.
  std::string cache = "";
  bool verbose = false; ///< says on stderr how much the cache had
};

/// What `--mcpu` means.
struct Processor {
  std::string name;      ///< as clang calls it
  uint64_t features = 0; ///< as of runtime/program.h
};
mlir::FailureOr<Processor> findProcessor(mlir::Location loc,
                                         llvm::StringRef cpu);

/// Object files (ELF, position independent) of the kernels; `kernels.module`
/// is lowered in place, and `kernels.names` become the names of symbols, which
/// follow from what a kernel does: equal ones are one. The functions are
/// hidden: visible to a link, not outside it. Fails with an error at the module
/// for an unknown CPU and for one without AVX2 and FMA.
mlir::FailureOr<std::vector<std::string>>
compileKernels(CpuKernels &kernels, const ObjectOptions &options = {});

/// An object file that defines `gptc_program`, the given bytes aligned to 64,
/// and `gptc_kernels`, the table of the functions `names`; `prefix` is what the
/// two names begin with. `define` adds what else the object has; nothing of it
/// is optimised.
mlir::FailureOr<std::string>
makeProgramObject(mlir::Location loc, llvm::StringRef program,
                  llvm::ArrayRef<std::string> names,
                  llvm::function_ref<void(llvm::Module &)> define = nullptr,
                  llvm::StringRef prefix = "gptc_");

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_OBJECT_H
