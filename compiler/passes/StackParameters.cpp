//===- StackParameters.cpp - matrices of one optimizer as one tensor ------===//
//
// Part of gptc, under the MIT License.
//
// An optimizer of stacks, `(%p : [B, M, N], %g)`, updates all matrices of one
// shape at once if they stand one after the other in memory: one launch a step
// of the optimizer, not one a matrix. Here its parameters that are updated
// alike (one shape, gradients from the same parts) become one parameter, and so
// do their gradients; each of them is a range of rows of it. Numbers that their
// optimizer scales or shifts matrices by may differ: `parts(11, 1, 11, 2)`
// gives the first eleven members another one than the rest. Files and reports
// still know the single ones, by the attribute `members`.
//
// After differentiation, to which a weight is a parameter of its own, and
// before the optimizers are put in place.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptDialect.h"
#include "dialect/GptTypes.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AccumulateOp.h.inc"
#include "dialect/gpt/AccumulateOuterOp.h.inc"
#include "dialect/gpt/AccumulateRowsOp.h.inc"
#include "dialect/gpt/AdoptOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/GramOp.h.inc"
#include "dialect/gpt/LinearOp.h.inc"
#include "dialect/gpt/MatmulOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/OffsetOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReduceOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "dialect/gpt/RowsOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/TransposeOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_STACKPARAMETERS
#include "compiler/passes/StackParameters.h.inc"
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

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {

/// An expression over its own operands, in the order in which it names them.
struct Term {
  Attribute value;
  SmallVector<Value> vars;
  Term(Attribute e, ValueRange all) {
    Builder b(e.getContext());
    value = substitute(e, [&](StringRef leaf) -> Attribute {
      auto n = operandIndex(leaf);
      if (!n)
        return {};
      unsigned place = llvm::find(vars, all[*n]) - vars.begin();
      if (place == vars.size())
        vars.push_back(all[*n]);
      return b.getStringAttr("_" + Twine(place));
    });
  }
  bool operator==(const Term &other) const {
    return value == other.value && vars == other.vars;
  }
};

/// Which numbers of an optimizer can be each matrix's own.
class MatrixNumbers {
public:
  explicit MatrixNumbers(OptimizerOp optimizer) : optimizer(optimizer) {}
  /// All that an optimizer does by the number is to scale or to shift what has
  /// a part for each matrix of the stack.
  bool canDiffer(Value number);

private:
  bool isOfMatrices(Value tensor);
  bool computes(Value tensor);
  OptimizerOp optimizer;
  DenseMap<Value, bool> known;
};

} // namespace

bool MatrixNumbers::canDiffer(Value number) {
  return llvm::all_of(number.getUsers(), [&](Operation *user) {
    if (isa<ScaleOp, OffsetOp>(user))
      return isOfMatrices(user->getOperand(0));
    if (auto e = dyn_cast<ExprOp>(user))
      return canDiffer(e.getY());
    return isa<RequireOp>(user);
  });
}

bool MatrixNumbers::isOfMatrices(Value tensor) {
  auto [it, isNew] = known.try_emplace(tensor, false);
  return isNew ? known[tensor] = computes(tensor) : it->second;
}

/// Whether the first dimension of a tensor is that of the stack.
bool MatrixNumbers::computes(Value tensor) {
  Attribute matrices = optimizer.getSizes().front();
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    SmallVector<Attribute> sizes =
        optimizer.getSizesOf(argument.getArgNumber());
    return !sizes.empty() && sizes.front() == matrices;
  }
  Operation *op = tensor.getDefiningOp();
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return !reduce.getDims().getDims().empty() &&
           reduce.getDims().getDims().front() == matrices;
  return (isElementwise(op) ||
          isa<GramOp, LinearOp, MatmulOp, TransposeOp>(op)) &&
         llvm::any_of(op->getOperands(), [&](Value v) {
           return isa<ValueType, RankedTensorType>(v.getType()) &&
                  isOfMatrices(v);
         });
}

/// What a parameter gives its optimizer as its number `i`, or the default.
static Term numberOf(ParamOp param, unsigned i) {
  auto optimizer = param.getOptimizer().getDefiningOp<OptimizerOp>();
  auto name =
      cast<StringAttr>(optimizer.getNames()[optimizer.getTensors() + i]);
  if (Attribute given = lookup(param.getArgs(), name))
    return {given, param.getVars()};
  return {optimizer.getDefaults()[i], {}};
}

/// Each number that all members give as it is, each other one as `parts` of
/// `counts` members.
static void giveNumbers(ParamOp stacked, ArrayRef<ParamOp> members,
                        ArrayRef<int64_t> counts) {
  Builder b(stacked.getContext());
  auto optimizer = stacked.getOptimizer().getDefiningOp<OptimizerOp>();
  SmallVector<Value> vars;
  SmallVector<Attribute> args;
  auto joined = [&](const Term &term) {
    return substitute(term.value, [&](StringRef leaf) -> Attribute {
      auto n = operandIndex(leaf);
      if (!n)
        return {};
      unsigned place = llvm::find(vars, term.vars[*n]) - vars.begin();
      if (place == vars.size())
        vars.push_back(term.vars[*n]);
      return b.getStringAttr("_" + Twine(place));
    });
  };
  for (unsigned i = 0, n = optimizer.getDefaults().size(); i < n; ++i) {
    Term first = numberOf(members[0], i);
    Attribute value;
    if (llvm::all_of(members,
                     [&](ParamOp m) { return numberOf(m, i) == first; })) {
      if (first == Term(optimizer.getDefaults()[i], {}))
        continue;
      value = joined(first);
    } else {
      SmallVector<Attribute> parts;
      size_t at = 0;
      for (int64_t count : counts) {
        parts.append(
            {b.getI64IntegerAttr(count), joined(numberOf(members[at], i))});
        at += count;
      }
      value = ExprAttr::get(b.getContext(), "parts", parts);
    }
    args.append({optimizer.getNames()[optimizer.getTensors() + i], value});
  }
  stacked.getVarsMutable().assign(vars);
  stacked.setArgsAttr(b.getArrayAttr(args));
}

/// How many members that follow each other give the same numbers.
static SmallVector<int64_t> runsOf(ArrayRef<ParamOp> members) {
  ParamOp any = members[0];
  auto optimizer = any.getOptimizer().getDefiningOp<OptimizerOp>();
  SmallVector<int64_t> runs;
  for (size_t m = 0; m < members.size(); ++m) {
    bool same = m != 0;
    for (unsigned i = 0, n = optimizer.getDefaults().size(); same && i < n; ++i)
      same = numberOf(members[m], i) == numberOf(members[m - 1], i);
    if (same)
      ++runs.back();
    else
      runs.push_back(1);
  }
  return runs;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

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
    struct Key {
      Attribute shape;
      Value optimizer;
      SmallVector<Term> numbers;
      bool operator==(const Key &other) const {
        return shape == other.shape && optimizer == other.optimizer &&
               numbers == other.numbers;
      }
    };
    Builder b(model.getContext());
    SmallVector<std::pair<Key, SmallVector<ParamOp>>> groups;
    DenseMap<Operation *, SmallVector<unsigned>> common;
    llvm::StringMap<unsigned> taken;
    for (ParamOp param : model.getOps<ParamOp>()) {
      ++taken[param.getName()];
      StateOp gradient = gradients.lookup(param.getName());
      if (!gradient || !canBeStacked(param))
        continue;
      Attribute as = param.getAsAttr() ? Attribute(param.getAsAttr())
                                       : Attribute(b.getUnitAttr());
      Key key{b.getArrayAttr({TypeAttr::get(param.getY().getType()), as,
                              b.getArrayAttr(writersOf(gradient))}),
              param.getOptimizer(),
              {}};
      Operation *optimizer = param.getOptimizer().getDefiningOp();
      if (!common.contains(optimizer))
        common[optimizer] = commonNumbers(cast<OptimizerOp>(optimizer));
      for (unsigned i : common[optimizer])
        key.numbers.push_back(numberOf(param, i));
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

  /// The numbers that all matrices of a stack share.
  static SmallVector<unsigned> commonNumbers(OptimizerOp optimizer) {
    MatrixNumbers numbers(optimizer);
    SmallVector<unsigned> common;
    Block &body = optimizer.getBody().front();
    for (unsigned i = 0, n = optimizer.getDefaults().size(); i < n; ++i)
      if (!numbers.canDiffer(body.getArgument(optimizer.getTensors() + i)))
        common.push_back(i);
    return common;
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
    if (SmallVector<int64_t> runs = runsOf(members); runs.size() > 1) {
      giveNumbers(stacked, members, runs);
      // Where the numbers of each part are given.
      SmallVector<Location> places;
      size_t at = 0;
      for (int64_t count : runs) {
        places.push_back(members[at]->getLoc());
        at += count;
      }
      stacked->setLoc(FusedLoc::get(places, {}, b.getContext()));
    }
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
