//===- Evaluate.h - numbers at a step ---------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Numbers (`f64` values: expressions, schedules, YaRN's scale and frequencies)
// are functions of the step. The compiler evaluates them for two ends: to find
// the program variants, and to check numbers. What the program itself computes
// them with (compiler/pipeline/HostNumbers.h) gives the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_EVALUATE_H
#define GPTC_COMPILER_PASSES_EVALUATE_H

#include "dialect/Gpt.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace gptc::gpt {
class ModelOp;
class YarnOp;
} // namespace gptc::gpt

namespace gptc {

/// Evaluates the numbers of one model in double precision. The model must not
/// change meanwhile. A number that has no value is NaN: one that the host gives
/// at run time, or an expression outside the domain of its function.
class Evaluator {
public:
  explicit Evaluator(gpt::ModelOp model);

  /// The recipe's `steps`: training runs steps 0 … steps − 1, and the final
  /// validation has the numbers of step `steps`. 0 without a recipe.
  int64_t steps() const { return lastStep; }

  /// A number, at a step in [0, steps].
  double valueAt(mlir::Value number, int64_t step);
  /// An expression over operands `_N` (an op's `args` and their `vars`).
  double valueAt(mlir::Attribute expression, mlir::ValueRange vars,
                 int64_t step);
  /// The rotary frequencies, in order.
  llvm::ArrayRef<double> frequenciesAt(gpt::YarnOp yarn, int64_t step);
  double scaleAt(gpt::YarnOp yarn, int64_t step);

private:
  /// Frequencies and scale after each change of the window. The window is
  /// walked from step 0, because each correction starts from the one before.
  struct Yarn {
    llvm::SmallVector<int64_t> since; ///< first step of each entry
    llvm::SmallVector<llvm::SmallVector<double>> frequencies;
    llvm::SmallVector<double> scales;
  };
  const Yarn &yarnOf(gpt::YarnOp op);
  std::optional<double> constant(llvm::StringRef name);

  int64_t lastStep = 0;
  llvm::StringMap<mlir::Attribute> constants;
  llvm::StringMap<std::optional<double>> constantValues;
  /// The values at one step.
  llvm::DenseMap<mlir::Value, double> known;
  int64_t knownStep = 0;
  llvm::DenseMap<mlir::Operation *, Yarn> yarns;
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_EVALUATE_H
