//===- Phases.h - the levels of a compilation -------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The one list of phases. `--emit`, `--compile-to`, `--compile-from`, the dumps
// of `--save-temps` and the pass table are derived from it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_PHASES_H
#define GPTC_COMPILER_PIPELINE_PHASES_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace gptc {

enum class Phase { Model, Graph, Step, Kernels, Launches, Device, Program };

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral holds; ///< one line for help texts
};

/// All phases in order; `phases()[i].phase == Phase(i)`.
llvm::ArrayRef<PhaseInfo> phases();
llvm::StringRef nameOf(Phase phase);
/// Nothing for a name that is not a phase's.
std::optional<Phase> phaseNamed(llvm::StringRef name);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_PHASES_H
