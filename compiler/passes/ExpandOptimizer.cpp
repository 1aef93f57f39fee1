//===- ExpandOptimizer.cpp - optimizer functions become update parts ------===//
//
// Part of gptc, under the MIT License.
//
// An optimizer is a function of the language (`gpt.optimizer`). For each set of
// parameters that have a gradient (before and after a split of tied tables) and
// each set of optimizers that act at a step, there is one part "update": the
// norm of all gradients, then the function of each acting optimizer inlined for
// each of its parameters, their new values and states stored, the gradients
// that they consumed cleared. Optimizers that do not act leave their gradients
// to be summed on.
//
// Also here: what a split does to parameter and states, as parts "event".
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/CheckNumbers.h"
#include "compiler/passes/InlineOptimizer.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/SettingChecks.h"
#include "dialect/Check.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptDialect.h"
#include "dialect/GptStep.h"
#include "dialect/GptStructure.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/SqrtOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_EXPANDOPTIMIZER
#include "compiler/passes/ExpandOptimizer.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

/// Every step in which a part runs, from its `steps` ranges.
SmallVector<int64_t> stepsOf(Operation *op) {
  SmallVector<int64_t> steps;
  ArrayRef<int64_t> ranges;
  if (auto attr = op->getAttrOfType<DenseI64ArrayAttr>("steps"))
    ranges = attr.asArrayRef();
  for (size_t i = 0; i + 1 < ranges.size(); i += 2)
    for (int64_t s = ranges[i]; s <= ranges[i + 1]; ++s)
      steps.push_back(s);
  return steps;
}

DenseI64ArrayAttr rangesOf(MLIRContext *context, ArrayRef<int64_t> steps) {
  SmallVector<int64_t> ranges;
  for (int64_t s : steps) {
    if (!ranges.empty() && ranges.back() + 1 == s)
      ranges.back() = s;
    else
      ranges.append({s, s});
  }
  return DenseI64ArrayAttr::get(context, ranges);
}

struct ExpandOptimizer : gptc::impl::ExpandOptimizerBase<ExpandOptimizer> {
  using ExpandOptimizerBase::ExpandOptimizerBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      if (failed(expand(model)))
        return signalPassFailure();
  }

private:
  LogicalResult expand(ModelOp model);
  using AllTrained = llvm::MapVector<StringRef, gptc::Trained>;
  LogicalResult collect(ModelOp model, AllTrained &trained);
  LogicalResult bindSizes(gptc::Trained &t);
  LogicalResult declareOperands(gptc::Trained &t);
  LogicalResult declareNumbers(gptc::Trained &t);
  LogicalResult makeUpdates(ModelOp model, PartOp micro, AllTrained &trained);
  LogicalResult makeUpdate(PartOp micro, StringRef name,
                           ArrayRef<gptc::Trained *> withGradient,
                           ArrayRef<gptc::Trained *> acting,
                           ArrayRef<int64_t> steps);
  LogicalResult checkUpdates(ModelOp model);
  LogicalResult makeEvents(ModelOp model, AllTrained &trained);
  Value countOf(OptimizerOp optimizer, int64_t every);

  Value gradientNorm, nonfinite; ///< the outputs
  Value norm, finite;            ///< in the part that is being made
  llvm::MapVector<int64_t, Value> counts;
};

} // namespace

//===----------------------------------------------------------------------===//
// Parameters and their optimizers
//===----------------------------------------------------------------------===//

/// The number of an optimizer's current update, from 1, as a schedule.
Value ExpandOptimizer::countOf(OptimizerOp optimizer, int64_t every) {
  Value &count = counts[every];
  if (count)
    return count;
  OpBuilder b(optimizer);
  auto schedule = ScheduleOp::create(
      b, optimizer.getLoc(), TypeRange{b.getF64Type()},
      b.getStrArrayAttr({("updates_" + Twine(every)).str()}));
  Block &body = schedule.getBody().emplaceBlock();
  Value step = body.addArgument(b.getF64Type(), optimizer.getLoc());
  b.setInsertionPointToStart(&body);
  MLIRContext *context = b.getContext();
  Attribute next = ExprAttr::get(
      context, "+", {b.getStringAttr("_0"), b.getI64IntegerAttr(1)});
  Attribute value = ExprAttr::get(
      context, "floor",
      {ExprAttr::get(context, "/", {next, b.getI64IntegerAttr(every)})});
  YieldOp::create(b, optimizer.getLoc(), ValueRange{step},
                  b.getArrayAttr({value}));
  return count = schedule.getResult(0);
}

LogicalResult ExpandOptimizer::collect(ModelOp model, AllTrained &trained) {
  for (ParamOp param : model.getOps<ParamOp>()) {
    auto optimizer = param.getOptimizer()
                         ? param.getOptimizer().getDefiningOp<OptimizerOp>()
                         : OptimizerOp();
    if (!optimizer)
      return param.emitError("'") << param.getName() << "' has no optimizer";
    auto every = integer(optimizer.getEvery());
    if (!every)
      return optimizer.emitError("acts every ")
             << text(optimizer.getEvery()) << " steps: run instantiate first";
    gptc::Trained t;
    t.param = param;
    t.optimizer = optimizer;
    t.every = *every;
    if (failed(bindSizes(t)))
      return failure();
    trained[param.getName()] = std::move(t);
  }
  for (StateOp state : model.getOps<StateOp>())
    if (state.getKind() == "gradient" && state.getOf())
      if (auto it = trained.find(*state.getOf()); it != trained.end())
        it->second.gradient = state;

  for (auto &[name, t] : trained)
    if (failed(declareOperands(t)))
      return failure();
  return success();
}

/// What the sizes that the optimizer names are for this parameter: a stack of n
/// members has n times their matrices.
LogicalResult ExpandOptimizer::bindSizes(gptc::Trained &t) {
  if (t.optimizer.getShapes().empty())
    return success();
  SmallVector<Attribute> dims = t.param.getTrainedSizes();
  auto bound = t.optimizer.bindSizes(dims);
  if (!bound || !llvm::all_of(*bound, [](Attribute n) { return integer(n); }))
    return t.param.emitError("'")
           << t.param.getName() << "' has a shape that its optimizer '"
           << t.optimizer.getName() << "' does not serve";
  t.sizes = *bound;
  if (auto members = t.param->getAttrOfType<ArrayAttr>("members"))
    t.sizes[0] = Builder(t.param.getContext())
                     .getI64IntegerAttr(*integer(t.sizes[0]) * members.size());
  return success();
}

/// How a state stands in memory: matrices of a stack one above the other.
static RankedTensorType storedShape(OptimizerOp optimizer,
                                    RankedTensorType type) {
  if (type.getRank() != 3 || optimizer.getShapes().empty())
    return type;
  return RankedTensorType::get(
      {type.getDimSize(0) * type.getDimSize(1), type.getDimSize(2)},
      type.getElementType());
}

/// The states of a parameter, and the numbers that its optimizer takes.
LogicalResult ExpandOptimizer::declareOperands(gptc::Trained &t) {
  OptimizerOp f = t.optimizer;
  StringRef name = t.param.getName();
  OpBuilder b(t.param);
  b.setInsertionPointAfter(t.param);
  Location loc = t.param.getLoc();
  unsigned first = f.getFirstState();
  for (unsigned i = first; i < f.getTensors(); ++i) {
    auto stateName = cast<StringAttr>(f.getNames()[i]).getValue();
    auto named = [&](StringRef of) { return (of + "_" + stateName).str(); };
    RankedTensorType type = gptc::shapeFor(t, i, b.getF32Type());
    if (!type.hasStaticShape() || llvm::is_contained(type.getShape(), 0))
      return f.emitOpError("(C3) has a state '")
             << stateName << "' of an impossible size for '" << name << "'";
    auto state = StateOp::create(b, loc, storedShape(f, type), named(name),
                                 "optimizer", b.getStringAttr(name));
    t.states.push_back(state);
    // Each member of a stack has its share, if it can be told apart.
    auto members = t.param->getAttrOfType<ArrayAttr>("members");
    if (!members || !type.getRank() ||
        storedShape(f, type).getDimSize(0) % int64_t(members.size()))
      continue;
    SmallVector<Attribute> shares;
    for (Attribute member : members)
      shares.push_back(
          b.getStringAttr(named(cast<StringAttr>(member).getValue())));
    state->setAttr("members", b.getArrayAttr(shares));
  }
  return declareNumbers(t);
}

/// `parts(n, a, m, b)`: a is given to the first n members, b to the next m.
static ExprAttr partsOf(Attribute given) {
  auto parts = dyn_cast_or_null<ExprAttr>(given);
  return parts && parts.getOp() == "parts" ? parts : ExprAttr();
}

LogicalResult ExpandOptimizer::declareNumbers(gptc::Trained &t) {
  OptimizerOp f = t.optimizer;
  StringRef name = t.param.getName();
  OpBuilder b(t.param);
  b.setInsertionPointAfter(t.param);
  Location loc = t.param.getLoc();
  auto expression = [&](Location at, Attribute given) -> Value {
    return ExprOp::create(b, at, b.getF64Type(), t.param.getVars(), given);
  };
  auto members = t.param->getAttrOfType<ArrayAttr>("members");
  auto places = dyn_cast<FusedLoc>(loc);
  for (auto [i, fallback] : llvm::enumerate(f.getDefaults())) {
    StringRef number = cast<StringAttr>(f.getNames()[f.getTensors() + i]);
    Attribute given = lookup(t.param.getArgs(), number);
    if (ExprAttr parts = partsOf(given)) {
      SmallVector<int64_t> runs;
      SmallVector<Value> values;
      int64_t all = 0;
      for (size_t k = 0; k + 1 < parts.getArgs().size(); k += 2) {
        runs.push_back(integer(parts.getArgs()[k]).value_or(0));
        all += runs.back();
        values.push_back(
            expression(places && k / 2 < places.getLocations().size()
                           ? places.getLocations()[k / 2]
                           : loc,
                       parts.getArgs()[k + 1]));
      }
      if (!members || all != int64_t(members.size()) || f.getShapes().empty())
        return t.param.emitError("'")
               << name << "' gives its members '" << number
               << "' in parts that are not its members'";
      // A member is as many matrices as it is seen as.
      for (int64_t &run : runs)
        run *= *integer(t.sizes[0]) / all;
      if (!t.runs.empty() && t.runs != runs)
        return t.param.emitError("'")
               << name << "' gives its numbers in unlike parts";
      t.runs = runs;
      t.numbers.push_back(values.front());
      t.each[f.getBody().getArgument(f.getTensors() + i)] = values;
    } else if (given)
      t.numbers.push_back(expression(loc, given));
    else if (f.isCounter(number))
      t.numbers.push_back(countOf(f, t.every));
    else if (!isa<UnitAttr>(fallback))
      t.numbers.push_back(
          ExprOp::create(b, loc, b.getF64Type(), ValueRange(), fallback));
    else
      return t.param.emitError("'")
             << name << "' does not give '" << number << "' to its optimizer '"
             << f.getName() << "', which has no default for it";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Update parts
//===----------------------------------------------------------------------===//

LogicalResult ExpandOptimizer::makeUpdate(
    PartOp micro, StringRef name, ArrayRef<gptc::Trained *> withGradient,
    ArrayRef<gptc::Trained *> acting, ArrayRef<int64_t> steps) {
  OpBuilder b(micro);
  b.setInsertionPointToEnd(micro->getBlock());
  Location loc = micro.getLoc();
  auto part = PartOp::create(b, loc, name, "update");
  part->setAttr("steps", rangesOf(b.getContext(), steps));
  b.setInsertionPointToStart(&part.getBody().emplaceBlock());

  auto scalar = RankedTensorType::get({}, b.getF32Type());
  Value squares;
  for (gptc::Trained *t : withGradient) {
    Value g = t->gradient.getY();
    squares = sumOf(b, loc, squares, DotOp::create(b, loc, scalar, g, g));
  }
  norm = finite = {};
  if (squares) {
    norm = SqrtOp::create(b, loc, scalar, squares);
    UpdateOp::create(b, loc, gradientNorm, norm);
    // From the first value on that is not finite, nothing is trained any more:
    // the host may learn of it later.
    finite = IfFiniteOp::create(b, loc, scalar, norm, nonfinite, norm);
    UpdateOp::create(b, loc, nonfinite, finite);
  }
  for (gptc::Trained *t : acting) {
    if (failed(gptc::inlineOptimizer(b, *t, norm, finite)))
      return failure();
    Value g = t->gradient.getY();
    UpdateOp::create(b, loc, g,
                     FillOp::create(b, loc, g.getType(), ValueRange(),
                                    b.getF64FloatAttr(0)));
  }
  return success();
}

/// The gradients that a micro-batch, or the epilogue of its step, accumulates.
static llvm::SetVector<Value> accumulatedBy(ModelOp model, PartOp micro,
                                            StringRef suffix) {
  llvm::SetVector<Value> written;
  for (PartOp part : model.getOps<PartOp>())
    if (part == micro || part.getSymName() == ("epilogue" + suffix).str())
      part.walk([&](Operation *op) {
        if (!isa<AccumulateOp, AccumulateOuterOp, AccumulateRowsOp>(op))
          return;
        Value target = op->getOperand(0);
        while (isView(target.getDefiningOp()))
          target = target.getDefiningOp()->getOperand(0);
        written.insert(target);
      });
  return written;
}

/// The updates after a micro-batch: steps with the same acting optimizers share
/// a part.
LogicalResult ExpandOptimizer::makeUpdates(ModelOp model, PartOp micro,
                                           AllTrained &trained) {
  StringRef symbol = micro.getSymName();
  std::string suffix = symbol.substr(symbol.find_last_of('_')).str();
  llvm::SetVector<Value> written = accumulatedBy(model, micro, suffix);
  SmallVector<gptc::Trained *> withGradient;
  for (auto &[name, t] : trained)
    if (t.gradient && written.contains(t.gradient.getY()))
      withGradient.push_back(&t);

  // The periods that end at a step say who acts.
  llvm::SetVector<int64_t> periods;
  for (gptc::Trained *t : withGradient)
    periods.insert(t->every);
  llvm::MapVector<SmallVector<int64_t>, SmallVector<int64_t>,
                  std::map<SmallVector<int64_t>, unsigned>>
      groups;
  for (int64_t s : stepsOf(micro)) {
    SmallVector<int64_t> ending;
    llvm::copy_if(periods, std::back_inserter(ending),
                  [&](int64_t every) { return (s + 1) % every == 0; });
    groups[ending].push_back(s);
  }
  for (auto [i, group] : llvm::enumerate(groups)) {
    ArrayRef<int64_t> ending = group.first, steps = group.second;
    SmallVector<gptc::Trained *> acting;
    llvm::copy_if(
        withGradient, std::back_inserter(acting),
        [&](gptc::Trained *t) { return llvm::is_contained(ending, t->every); });
    if (failed(makeUpdate(micro, ("update" + suffix + "_" + Twine(i)).str(),
                          withGradient, acting, steps)))
      return failure();
  }
  return success();
}

/// An optimizer's numbers are known where it has a parameter and acts.
LogicalResult ExpandOptimizer::checkUpdates(ModelOp model) {
  gptc::Evaluator evaluator(model);
  gptc::SettingChecks settings(model);
  for (PartOp part : model.getOps<PartOp>()) {
    if (part.getKind() != "update")
      continue;
    auto steps = part->getAttrOfType<DenseI64ArrayAttr>("steps");
    if (failed(
            gptc::checkNumbers(part, evaluator, steps.asArrayRef(), settings)))
      return failure();
    for (auto require :
         llvm::make_early_inc_range(part.getBody().front().getOps<RequireOp>()))
      require.erase();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Splits
//===----------------------------------------------------------------------===//

/// All splits after one step are one event: a step runs one.
LogicalResult ExpandOptimizer::makeEvents(ModelOp model, AllTrained &trained) {
  OpBuilder b(model.getContext());
  std::map<int64_t, PartOp> events;
  for (AdoptOp adopt : llvm::make_early_inc_range(model.getOps<AdoptOp>())) {
    auto a = adopt.getA().getDefiningOp<ParamOp>();
    auto from = adopt.getB().getDefiningOp<ParamOp>();
    if (!a || !from)
      return adopt.emitOpError("copies what is no parameter");
    ArrayRef<Value> to = trained[a.getName()].states;
    ArrayRef<Value> of = trained[from.getName()].states;
    if (to.size() != of.size())
      return adopt.emitError("the optimizers of '")
             << a.getName() << "' and '" << from.getName()
             << "' differ in their states: a split cannot copy them";
    int64_t step = adopt.getStep();
    PartOp &part = events[step];
    if (!part) {
      b.setInsertionPointToEnd(&model.getBody().front());
      part = PartOp::create(b, adopt.getLoc(), ("event_" + Twine(step)).str(),
                            "event");
      part->setAttr("steps", rangesOf(b.getContext(), {step}));
      part.getBody().emplaceBlock();
    }
    b.setInsertionPointToEnd(&part.getBody().front());
    UpdateOp::create(b, adopt.getLoc(), a.getY(), from.getY());
    for (auto [state, value] : llvm::zip(to, of))
      UpdateOp::create(b, adopt.getLoc(), state, value);
    adopt.erase();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

LogicalResult ExpandOptimizer::expand(ModelOp model) {
  counts.clear();
  AllTrained trained;
  if (failed(collect(model, trained)))
    return failure();

  OpBuilder b(model.getContext());
  if (auto states = model.getOps<StateOp>(); !states.empty())
    b.setInsertionPointAfter(*states.begin());
  else
    b.setInsertionPointToStart(&model.getBody().front());
  gradientNorm = StateOp::create(b, model.getLoc(),
                                 RankedTensorType::get({}, b.getF64Type()),
                                 "gradient_norm", "output", StringAttr());
  nonfinite = {};
  for (StateOp state : model.getOps<StateOp>())
    if (state.getKind() == "output" && state.getName() == "nonfinite")
      nonfinite = state;
  if (!nonfinite)
    nonfinite = StateOp::create(b, model.getLoc(),
                                RankedTensorType::get({}, b.getF32Type()),
                                "nonfinite", "output", StringAttr());

  SmallVector<PartOp> micros;
  for (PartOp part : model.getOps<PartOp>())
    if (part.getKind() == "micro")
      micros.push_back(part);
  for (PartOp micro : micros)
    if (failed(makeUpdates(model, micro, trained)))
      return failure();
  if (failed(checkUpdates(model)))
    return failure();
  return makeEvents(model, trained);
}
