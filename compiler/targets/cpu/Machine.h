//===- Machine.h - how LLVM makes object files ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_MACHINE_H
#define GPTC_COMPILER_TARGETS_CPU_MACHINE_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace gptc::cpu {

using Machine = std::unique_ptr<llvm::TargetMachine>;

/// What LLVM makes code for a processor with; `cpu` is as of `--mcpu`. Fails
/// for an unknown processor and for one without AVX2 and FMA.
mlir::FailureOr<Machine> makeMachine(mlir::Location loc, llvm::StringRef cpu);

void optimise(llvm::Module &module, llvm::TargetMachine &machine);

/// An object file of the module as it is; empty if LLVM writes none.
std::string emitObject(llvm::Module &module, llvm::TargetMachine &machine);

/// Is another wherever the functions above are others.
llvm::StringRef wayOfMaking();

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_MACHINE_H
