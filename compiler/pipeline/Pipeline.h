//===- Pipeline.h - the passes of each phase --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_PIPELINE_H
#define GPTC_COMPILER_PIPELINE_PIPELINE_H

#include "compiler/pipeline/Phases.h"
#include "mlir/Pass/PassManager.h"
#include <string>
#include <vector>

namespace gptc {

/// What a pass does to the values that the program computes.
enum class Numerics {
  Exact,       ///< the same bits
  Rounding,    ///< rounds elsewhere, no more often
  Approximate, ///< an approximation, its error stated by the pass
};

/// A pass at its place in the pipeline.
struct PassEntry {
  Phase phase;              ///< the phase that the pass helps to reach
  llvm::StringLiteral pass; ///< its name, as gptc-opt knows it
  bool optional;            ///< the program computes the same without it
  Numerics numerics;
};

/// All passes in order.
llvm::ArrayRef<PassEntry> pipeline();
llvm::StringRef nameOf(Numerics numerics);

struct PipelineOptions {
  std::string target = "cpu";
  std::vector<std::string> set;      ///< NAME=VALUE, constants of the model
  std::vector<std::string> disabled; ///< names of optional passes
  std::string tiles; ///< a table of tiles; empty: the one that is built in
  Numerics numerics = Numerics::Approximate; ///< the most that may run
};

/// Checks the names in `options.disabled`.
llvm::LogicalResult checkDisabled(const PipelineOptions &options);

/// Whether a pass is part of a compilation with these options.
bool runs(const PassEntry &entry, const PipelineOptions &options);

/// Adds the pass that checks what `phase` leaves, if it has one.
llvm::LogicalResult addVerifier(mlir::PassManager &manager, Phase phase);

/// Adds the passes that make `phase` of the phase before.
llvm::LogicalResult addPasses(mlir::PassManager &manager, Phase phase,
                              const PipelineOptions &options);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_PIPELINE_H
