//===- Settings.h - constants that a run may set ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_SETTINGS_H
#define GPTC_COMPILER_PASSES_SETTINGS_H

#include "dialect/Reads.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace gptc::gpt {
class OptimizerOp;
} // namespace gptc::gpt

namespace gptc {

/// Tells the constants of a model that decide what its program is (shapes,
/// steps, what a graph computes) from those that only numbers of the step
/// follow from: a run may set these.
class Settings {
public:
  /// Of a whole model, of which nothing is folded yet.
  explicit Settings(gpt::ModelOp model);

  /// Gives the model a `gpt.setting` for each constant that a run may set, and
  /// lets everything read that in the place of the constant's name; notes why
  /// the others may not be set, as the attribute `fixed`.
  void apply();

private:
  void readGraphs();
  void readOptimizer(gpt::OptimizerOp optimizer);
  void readRoot(mlir::Operation &op);
  void readInside(mlir::Operation *root, const llvm::Twine &reason);
  void readArgument(mlir::ArrayAttr args, mlir::ValueRange vars,
                    llvm::StringRef name, const llvm::Twine &reason);
  void fix(llvm::StringRef constant, const llvm::Twine &reason);
  void fix(mlir::Attribute expression, mlir::ValueRange vars,
           const llvm::Twine &reason, bool throughSchedules);
  void fix(mlir::Value number, const llvm::Twine &reason,
           bool throughSchedules);
  void fixArgument(mlir::Value number, const llvm::Twine &reason);

  bool isSetting(llvm::StringRef name) const;
  mlir::Value settingOf(llvm::StringRef name);
  mlir::Attribute bind(mlir::Attribute expression,
                       llvm::SmallVectorImpl<mlir::Value> &vars,
                       mlir::Operation *reader = nullptr);
  void giveDefaults();
  void rewrite(mlir::Operation *op);

  gpt::ModelOp model;
  gpt::Reads effective;
  llvm::MapVector<llvm::StringRef, mlir::Attribute> declared;
  llvm::MapVector<llvm::StringRef, std::string> fixed; ///< and why
  llvm::DenseSet<mlir::Value> walked[2]; ///< by `fix`, also through schedules
  llvm::DenseSet<mlir::Value> walkedArguments; ///< by `fixArgument`
  llvm::SetVector<mlir::Value> structural;     ///< numbers of optimizers
  llvm::DenseSet<mlir::Operation *> ofGraphs;  ///< functions that graphs call
  llvm::DenseMap<llvm::StringRef, mlir::Value> settings;
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_SETTINGS_H
