//===- SettingChecks.h - what must hold of settings -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_SETTINGCHECKS_H
#define GPTC_COMPILER_PASSES_SETTINGCHECKS_H

#include "dialect/Arguments.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "llvm/ADT/DenseMap.h"

namespace gptc {

/// What the compiler has checked of numbers that follow from a setting, left in
/// the model as `gpt.check` ops: a run with other values checks it again.
class SettingChecks {
public:
  explicit SettingChecks(gpt::ModelOp model) : model(model) {}

  /// Whether any of the numbers follows from a setting.
  bool follow(mlir::ValueRange numbers);

  /// A demand: the expression is 1 at `steps`, pairs of first and last.
  void demand(mlir::Operation *op, mlir::Attribute expression,
              mlir::ValueRange vars, llvm::ArrayRef<int64_t> steps);
  /// A number of `op` lies in its domain.
  void number(mlir::Operation *op, const gpt::Number &number,
              llvm::ArrayRef<int64_t> steps);
  /// Every schedule that follows from a setting is finite at every step.
  void schedules(int64_t lastStep);

private:
  mlir::OpBuilder builder();
  mlir::Value inModel(mlir::Value number);
  mlir::Value expression(mlir::Location loc, mlir::Attribute value,
                         mlir::ValueRange vars);
  void check(mlir::Location loc, mlir::Attribute holds, mlir::ValueRange vars,
             const llvm::Twine &message, mlir::ValueRange shown,
             llvm::ArrayRef<int64_t> steps);

  gpt::ModelOp model;
  llvm::DenseMap<mlir::Value, bool> following;
  llvm::DenseMap<mlir::Value, mlir::Value> copies;
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_SETTINGCHECKS_H
