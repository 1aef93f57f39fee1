//===- StackParameters.cpp - matrices of one optimizer as one tensor ------===//
//
// Part of gptc, under the MIT License.
//
// An optimizer of stacks, `(%p : [B, M, N], %g)`, updates all matrices of one
// shape at once if they stand one after the other in memory: one launch a step
// of the optimizer, not one a matrix. Here its parameters that are updated
// alike (one shape, the same numbers, gradients from the same parts) become one
// parameter, and so do their gradients; each of them is a range of rows of it.
// Files and reports still know the single ones, by the attribute `members`.
//
// After differentiation, to which a weight is a parameter of its own, and
// before the optimizers are put in place.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptStep.h"
#include "dialect/GptStructure.h"
#include "dialect/GptTensor.h"
#include "dialect/OpHelpers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_STACKPARAMETERS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// A matrix whose optimizer takes stacks.
static bool canBeStacked(ParamOp param) {
  auto optimizer = param.getOptimizer()
                       ? param.getOptimizer().getDefiningOp<OptimizerOp>()
                       : OptimizerOp();
  if (!optimizer || optimizer.getSizes().size() != 3)
    return false;
  // At a split one parameter becomes a copy of another, alone.
  return cast<RankedTensorType>(param.getY().getType()).getRank() == 2 &&
         llvm::none_of(param->getUsers(), llvm::IsaPred<AdoptOp>);
}

/// The parts that accumulate a gradient.
static SmallVector<Attribute> writersOf(StateOp gradient) {
  SmallVector<Attribute> parts;
  SmallVector<Value> views{gradient.getY()};
  while (!views.empty())
    for (OpOperand &use : views.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      if (isView(user))
        views.push_back(user->getResult(0));
      else if (isa<AccumulateOp, AccumulateOuterOp, AccumulateRowsOp>(user) &&
               use.getOperandNumber() == 0)
        parts.push_back(user->getParentOfType<PartOp>().getSymNameAttr());
    }
  llvm::sort(parts, [](Attribute a, Attribute b) {
    return cast<StringAttr>(a).getValue() < cast<StringAttr>(b).getValue();
  });
  parts.erase(llvm::unique(parts), parts.end());
  return parts;
}

/// `c_fc` of c_fc.0 and c_fc.1, `c_fc.0+3` of any four.
static std::string nameOf(MutableArrayRef<ParamOp> members) {
  StringRef first = members.front().getName();
  StringRef bank = first.rsplit('.').first;
  bool one = llvm::all_of(members, [&](ParamOp &member) {
    return member.getName().rsplit('.').first == bank;
  });
  return one ? bank.str() : (first + "+" + Twine(members.size() - 1)).str();
}

namespace {

struct StackParameters : gptc::impl::StackParametersBase<StackParameters> {
  using StackParametersBase::StackParametersBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      stackAll(model);
  }

  void stackAll(ModelOp model) {
    llvm::MapVector<StringRef, StateOp> gradients;
    for (StateOp state : model.getOps<StateOp>())
      if (state.getKind() == "gradient" && state.getOf())
        gradients[*state.getOf()] = state;
    // What two must have in common.
    Builder b(model.getContext());
    using Key = std::pair<Attribute, SmallVector<Value>>;
    SmallVector<std::pair<Key, SmallVector<ParamOp>>> groups;
    llvm::StringMap<unsigned> taken;
    for (ParamOp param : model.getOps<ParamOp>()) {
      ++taken[param.getName()];
      StateOp gradient = gradients.lookup(param.getName());
      if (!gradient || !canBeStacked(param))
        continue;
      Attribute as = param.getAsAttr() ? Attribute(param.getAsAttr())
                                       : Attribute(b.getUnitAttr());
      Key key{b.getArrayAttr({TypeAttr::get(param.getY().getType()), as,
                              param.getArgs(),
                              b.getArrayAttr(writersOf(gradient))}),
              SmallVector<Value>(param.getVars())};
      key.second.push_back(param.getOptimizer());
      auto it = llvm::find_if(groups, [&](auto &g) { return g.first == key; });
      if (it == groups.end())
        it = groups.insert(it, {key, {}});
      it->second.push_back(param);
    }
    for (auto &[key, members] : groups) {
      if (members.size() < 2)
        continue;
      std::string name = nameOf(members);
      if (taken[name]++) // two groups of one bank
        name =
            (members.front().getName() + "+" + Twine(members.size() - 1)).str();
      stack(name, members, gradients);
    }
  }

  /// The tensor of all members, one above the other.
  static RankedTensorType stackedType(Value member, size_t members) {
    auto type = cast<RankedTensorType>(member.getType());
    return RankedTensorType::get(
        {type.getDimSize(0) * int64_t(members), type.getDimSize(1)},
        type.getElementType());
  }

  /// Each member becomes its range of rows.
  static void replace(MutableArrayRef<Value> members, Value stacked) {
    OpBuilder b(stacked.getContext());
    b.setInsertionPointAfterValue(stacked);
    int64_t rows = cast<RankedTensorType>(members[0].getType()).getDimSize(0);
    for (auto [i, member] : llvm::enumerate(members)) {
      Value view = RowsOp::create(b, member.getLoc(), member.getType(), stacked,
                                  b.getI64IntegerAttr(i * rows),
                                  b.getI64IntegerAttr(rows));
      member.replaceAllUsesWith(view);
    }
    for (Value member : members)
      member.getDefiningOp()->erase();
  }

  static void stack(StringRef name, ArrayRef<ParamOp> members,
                    const llvm::MapVector<StringRef, StateOp> &gradients) {
    ParamOp first = members.front();
    OpBuilder b(first);
    SmallVector<Attribute> names, gradientNames, inits;
    SmallVector<Value> parameters, sums;
    for (ParamOp member : members) {
      StateOp gradient = gradients.lookup(member.getName());
      names.push_back(member.getNameAttr());
      gradientNames.push_back(gradient.getNameAttr());
      auto type = cast<RankedTensorType>(member.getY().getType());
      inits.append({b.getI64IntegerAttr(type.getDimSize(0)), member.getInit()});
      parameters.push_back(member.getY());
      sums.push_back(gradient.getY());
    }
    remark::passed(first.getLoc(), remark::RemarkOpts::name("stack")
                                       .category("stack-parameters")
                                       .function(name))
        << remark::metric("matrices", members.size());

    auto stacked = cast<ParamOp>(b.clone(*first));
    RankedTensorType type = stackedType(first.getY(), members.size());
    stacked.setName(name);
    stacked.setShape(type);
    stacked.getY().setType(type);
    stacked.setInitAttr(ExprAttr::get(b.getContext(), "parts", inits));
    stacked->setAttr("members", b.getArrayAttr(names));
    StateOp gradient = gradients.lookup(first.getName());
    OpBuilder atGradient(gradient);
    auto sum = StateOp::create(atGradient, gradient.getLoc(),
                               stackedType(gradient.getY(), members.size()),
                               (name + "_gradient").str(), "gradient",
                               b.getStringAttr(name));
    sum->setAttr("members", b.getArrayAttr(gradientNames));
    replace(parameters, stacked.getY());
    replace(sums, sum.getY());
  }
};

} // namespace
