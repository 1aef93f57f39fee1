//===- LossMeaning.cpp - what a graph's loss is a token -------------------===//
//
// Part of gptc, under the MIT License.
//
// The log shows a loss a token, whether the graph sums over tokens or takes
// their mean, by `mean` or by a factor 1/T of its own. Idea: a loss is a sum of
// terms, weight · cross-entropy, and of whatever else. If the largest of the
// constant weights is 1, or all of them together are, it is a sum over tokens;
// if that holds of weight · T, it is a mean. Of other weights nobody can tell
// which was meant: then the loss is shown as it is.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/LossMeaning.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/gpt/CastOp.h.inc"
#include "dialect/gpt/CrossEntropyOp.h.inc"
#include "dialect/gpt/OffsetOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "dialect/gpt/SubOp.h.inc"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

namespace {

/// The number that a value is multiplied by on its way into the loss; none if
/// that is no constant.
using Weight = std::optional<double>;

struct Term {
  CrossEntropyOp op;
  double weight; ///< of the loss of one token
  int64_t rows;
};

/// The constant terms of a loss, found from it backwards.
class Terms {
public:
  explicit Terms(Value loss) {
    if (!loss.getDefiningOp())
      return;
    weights[loss] = 1;
    Block *block = loss.getDefiningOp()->getBlock();
    for (Operation &op : llvm::reverse(*block))
      if (op.getNumResults() == 1 && weights.contains(op.getResult(0)))
        follow(&op, weights.lookup(op.getResult(0)));
  }

  SmallVector<Term> terms;
  SmallVector<CrossEntropyOp> unweighed; ///< those of no constant weight
  bool hasOthers = false; ///< something else is a part of the loss

private:
  void give(Value v, Weight weight) {
    auto [it, isNew] = weights.try_emplace(v, weight);
    if (isNew)
      return;
    Weight &sum = it->second;
    sum = sum && weight ? Weight(*sum + *weight) : Weight();
  }

  void follow(Operation *op, Weight weight) {
    if (auto loss = dyn_cast<CrossEntropyOp>(op)) {
      auto logits = cast<RankedTensorType>(loss.getLogits().getType());
      int64_t rows = logits.getDimSize(0);
      if (weight)
        terms.push_back(
            {loss, *weight / (loss.getMean() ? double(rows) : 1.0), rows});
      else
        unweighed.push_back(loss);
      return;
    }
    if (auto scale = dyn_cast<ScaleOp>(op)) {
      std::optional<double> factor =
          evaluate(scale.getFactor(), [](StringRef) { return std::nullopt; });
      give(scale.getX(),
           weight && factor ? Weight(*weight * *factor) : Weight());
    } else if (isa<AddOp>(op)) {
      give(op->getOperand(0), weight);
      give(op->getOperand(1), weight);
    } else if (isa<SubOp>(op)) {
      give(op->getOperand(0), weight);
      give(op->getOperand(1), weight ? Weight(-*weight) : Weight());
    } else if (isa<CastOp, ReshapeOp, OffsetOp>(op)) {
      give(op->getOperand(0), weight);
      hasOthers |= isa<OffsetOp>(op);
    } else {
      hasOthers = true;
      for (Value operand : op->getOperands())
        if (isa<RankedTensorType>(operand.getType()))
          give(operand, Weight());
    }
  }

  DenseMap<Value, Weight> weights;
};

bool isOne(double x) { return std::abs(x - 1) < 1e-6; }

} // namespace

LossMeaning gptc::meaningOf(Value loss) {
  Terms all(loss);
  LossMeaning meaning;
  all.hasOthers |= !all.unweighed.empty();
  if (all.terms.empty()) {
    if (all.unweighed.size() == 1)
      meaning.main = all.unweighed.front();
    return meaning;
  }
  auto weighsLess = [](const Term &a, const Term &b) {
    return a.weight < b.weight;
  };
  Term &main = *llvm::max_element(all.terms, weighsLess);
  double together = 0;
  unsigned mains = 0;
  bool sameRows = true;
  for (Term &term : all.terms) {
    together += term.weight;
    // Terms of one weight on the same logits are no matter of choice.
    mains += term.weight == main.weight &&
             (&term == &main || term.op.getLogits() != main.op.getLogits());
    sameRows &= term.rows == main.rows;
  }
  bool isConvex = sameRows && !all.hasOthers &&
                  llvm::all_of(all.terms, [](const Term &term) {
                    return term.weight >= 0;
                  });
  double rows = double(main.rows);
  if (isOne(main.weight * rows) || (isConvex && isOne(together * rows)))
    meaning.tokens = 1;
  else if (isOne(main.weight) || (isConvex && isOne(together)))
    meaning.tokens = main.rows;
  if (mains == 1)
    meaning.main = main.op;
  meaning.isMain = all.terms.size() == 1 && !all.hasOthers && meaning.tokens;
  return meaning;
}
