//===- Shares.h - which parameters ranks can share out ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A parameter is a number of units, one behind the other: rows, or the matrices
// of a stack if its optimizer sees one. Ranks can share it out if its updates
// compute each unit of all that they store from the same unit of parameter,
// gradient and states: then a rank that has some of the units can update them
// alone.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_SHARES_H
#define GPTC_COMPILER_PASSES_SHARES_H

#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <string>

namespace gptc::gpt {
class PartOp;
class UpdateOp;
} // namespace gptc::gpt

namespace gptc {

/// The parameter or state under views; null for what a part computes.
mlir::Operation *storedUnder(mlir::Value v);

struct SharedParameter {
  gpt::ParamOp param;
  gpt::StateOp gradient;
  llvm::SmallVector<gpt::StateOp> states; ///< its optimizer's
  int64_t units = 0;
  bool waits = false; ///< some update leaves its gradient to a later one
  std::string whyNot; ///< empty: it can be shared out

  /// Units of a share, of every rank as many, so that each begins where a
  /// buffer may.
  int64_t unitsOf(int64_t ranks) const;
};

class Shares {
public:
  /// For runs of at most `mostRanks` ranks.
  Shares(gpt::ModelOp model, int64_t mostRanks);

  /// All that are large enough to be asked, in the model's order.
  llvm::ArrayRef<SharedParameter> parameters() const { return all; }

  /// The shared parameter that a parameter, gradient or state belongs to; null
  /// if each rank has all of it.
  const SharedParameter *of(mlir::Operation *stored) const;
  /// The one whose units a value of a part has, which a rank has some of; null
  /// where each rank has the value itself.
  const SharedParameter *of(gpt::PartOp part, mlir::Value v) const;

private:
  SharedParameter *find(mlir::Operation *stored);
  void ask(gpt::ParamOp param, int64_t mostRanks);
  void check(gpt::PartOp part);
  void checkUpdate(gpt::PartOp part, gpt::UpdateOp update);
  void refuse(mlir::Operation *stored, const llvm::Twine &why);
  void refuse(const SharedParameter *shared, const llvm::Twine &why);
  std::string whyNot(gpt::PartOp part, mlir::Operation *op,
                     const SharedParameter &shared) const;

  gpt::ModelOp model;
  llvm::SmallVector<SharedParameter> all;
  llvm::DenseMap<mlir::Operation *, unsigned> index; ///< in `all`
  llvm::DenseMap<mlir::Value, unsigned> values;      ///< of parts; likewise
  bool changed = false;
};

/// Whether a value is made of numbers alone: so many elements as are wanted.
bool isOfNumbers(mlir::Value v);

/// The parameters' gradients and the outputs (whether a loss was not finite)
/// that a part reads: each rank has its own before they meet.
llvm::SetVector<mlir::Operation *> ownIn(gpt::PartOp part);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_SHARES_H
