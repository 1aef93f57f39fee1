//===- Suspects.h - one mistake is one error --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_SUSPECTS_H
#define GPTC_DIALECT_SUSPECTS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseSet.h"

namespace gptc::gpt {

/// Values whose shapes may be wrong because of a mistake that an error has
/// spoken of. Two values that do not fit are one mistake, which may be in
/// either, or in anything that either was made of; whatever else reads these
/// fails for the same reason.
class Suspects {
public:
  /// Whether the op reads a value that is suspect. Its results are so, too.
  bool reach(mlir::Operation *op);
  /// An error stands at the op: all that its operands were made of is suspect.
  void blame(mlir::Operation *op);
  /// Calls `visit` for every op that the operands of `op` were made by.
  static void forEachSource(mlir::Operation *op,
                            llvm::function_ref<void(mlir::Operation *)> visit);

private:
  llvm::DenseSet<mlir::Value> values;
};

/// Keeps what a rule says, so that it can be told or dropped.
class HeldDiagnostics {
public:
  HeldDiagnostics(mlir::MLIRContext *context,
                  llvm::function_ref<llvm::LogicalResult()> rule);
  bool failed() const { return !good; }
  void tell();

private:
  mlir::DiagnosticEngine &engine;
  llvm::SmallVector<mlir::Diagnostic> held;
  bool good;
};

} // namespace gptc::gpt

#endif // GPTC_DIALECT_SUSPECTS_H
