//===- Checker.h - the walk over a model ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Shapes are checked in Check.cpp, names and numbers in CheckNames.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_CHECKER_H
#define GPTC_DIALECT_CHECKER_H

#include "dialect/Check.h"
#include "dialect/GptTypes.h"
#include "dialect/Suspects.h"
#include "dialect/gpt/FuncOp.h.inc"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace gptc::gpt {

class CallOp;
class InferShapes;
class OptimizerOp;

/// What is wrong with a list of numbers by name. A misspelt name is not missing
/// as well: one mistake, one error.
struct NamesGiven {
  NamesGiven(mlir::ArrayAttr args, llvm::ArrayRef<llvm::StringRef> all,
             llvm::ArrayRef<llvm::StringRef> needed);
  llvm::SmallVector<llvm::StringRef> unknown, missing;
  llvm::SmallVector<std::string> meant; ///< "; did you mean …?" of each unknown
};

/// The walk over a model that knows the shape of every value.
class Checker {
public:
  explicit Checker(bool first) : first(first) {}

  bool checkModel(ModelOp model);
  /// The shapes of all values, in the order of the walk.
  llvm::MapVector<mlir::Value, mlir::Type> shapes;

private:
  bool fail(mlir::InFlightDiagnostic) { return ok = false; }
  mlir::Type shapeOf(mlir::Value v) {
    return llvm::isa<ValueType>(v.getType()) ? shapes.lookup(v) : v.getType();
  }
  bool shapesOf(mlir::Operation *op, mlir::ValueRange values, Types &out);

  bool checkNames(mlir::Operation *op);
  bool checkArguments(mlir::Operation *op, mlir::ArrayAttr args);
  bool checkNumbers(mlir::Operation *op);
  void checkNumbersOf(OptimizerOp optimizer, mlir::Operation *op,
                      mlir::ArrayAttr args);
  void checkTrained(mlir::Operation *op, mlir::Value optimizer,
                    mlir::ArrayAttr args, llvm::StringRef name);
  void checkServed(OptimizerOp optimizer, mlir::Operation *op,
                   llvm::StringRef name);
  void reportMissingNumbers();
  bool blameSource(mlir::Operation *op);
  std::optional<double> valueOf(llvm::StringRef name);

  void check(mlir::Operation &op);
  void checkBlock(mlir::Block &block);
  void checkFunction(FuncOp f);
  void checkBody(FuncOp f);
  FuncOp forShapes(FuncOp f, llvm::ArrayRef<mlir::Type> in);
  void checkUncalled(ModelOp model);
  void checkOptimizer(OptimizerOp optimizer);
  void checkUpdate(OptimizerOp optimizer, llvm::ArrayRef<mlir::Type> in);
  void checkCall(CallOp call);
  void checkRule(InferShapes rule);

  llvm::SmallVector<llvm::StringRef> names;   ///< sizes and constants
  llvm::StringMap<mlir::Attribute> constants; ///< a unit: no value
  llvm::SmallVector<mlir::OwningOpRef<mlir::Operation *>>
      clones; ///< optimizers and functions with sizes that they serve
  /// Functions that take any shape: a clone for the shapes of a call.
  llvm::DenseMap<std::pair<mlir::Operation *, mlir::Attribute>, FuncOp> forCall;
  llvm::DenseSet<mlir::Operation *> checking; ///< such ones, at this moment
  llvm::DenseSet<mlir::Operation *> faulty;   ///< whose error has been told
  Suspects suspects; ///< what an error has spoken of already
  /// By optimizer and number: which parameters give it, and which do not.
  struct Givers {
    llvm::SmallVector<mlir::Operation *> with, without;
  };
  llvm::MapVector<std::pair<mlir::Operation *, llvm::StringRef>, Givers> givers;
  llvm::DenseSet<mlir::Operation *>
      reached; ///< functions whose check has begun
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Type>>
      returned; ///< of those that ended
  bool first;   ///< stop at the first error
  bool ok = true;
};

} // namespace gptc::gpt

#endif // GPTC_DIALECT_CHECKER_H
