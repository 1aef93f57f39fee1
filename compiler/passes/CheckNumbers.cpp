//===- CheckNumbers.cpp - numbers in their domains, at every step ---------===//
//
// Part of gptc, under the MIT License.
//
// The verifier has looked at numbers that are written as such. What names a
// constant or follows the step is looked at here, once the constants are known:
// each expression once, though many layers share it, and one that does not
// follow the step at one step alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/CheckNumbers.h"
#include "compiler/passes/SettingChecks.h"
#include "dialect/Arguments.h"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "dialect/gpt/ScheduleOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/YieldOp.h.inc"
#include <cmath>
#include <set>

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

namespace {

/// One number, or one demand, at the first op that has it.
struct Check {
  Operation *op;
  Number number;
  bool isDemand = false;
};

class NumberChecker {
public:
  NumberChecker(Evaluator &evaluator) : evaluator(evaluator) {}
  void collect(Operation *root);
  LogicalResult run(ArrayRef<int64_t> steps);
  /// Leaves in the model what a run with other settings must check.
  void keep(gptc::SettingChecks &settings, ArrayRef<int64_t> steps);

private:
  void add(Operation *op, const Number &number, bool isDemand);
  bool followsStep(Value number);
  bool holds(const Check &check, int64_t step);
  LogicalResult report(const Check &check, int64_t step, bool follows);

  Evaluator &evaluator;
  SmallVector<Check> fixed, moving;
  using Key = std::tuple<const void *, const void *, std::string,
                         std::vector<const void *>>;
  std::set<Key> known;
  DenseMap<Value, bool> follows;
};

} // namespace

/// The operands that an expression reads.
static SmallVector<Value> varsOf(Attribute expression, ValueRange vars) {
  SmallVector<Value> read;
  forEachName(expression, [&](StringRef leaf) {
    if (auto n = operandIndex(leaf); n && *n < vars.size())
      read.push_back(vars[*n]);
  });
  return read;
}

bool NumberChecker::followsStep(Value number) {
  auto [it, isNew] = follows.try_emplace(number, true);
  if (!isNew)
    return it->second;
  Operation *def = number.getDefiningOp();
  bool moves =
      !isa_and_nonnull<ExprOp, SettingOp>(def) ||
      llvm::any_of(def->getOperands(), [&](Value v) { return followsStep(v); });
  return follows[number] = moves;
}

void NumberChecker::add(Operation *op, const Number &number, bool isDemand) {
  SmallVector<Value> vars = varsOf(number.value, number.vars);
  if (number.beyond)
    vars.append(varsOf(number.beyond, number.vars));
  std::vector<const void *> operands;
  for (Value v : number.vars)
    operands.push_back(v.getAsOpaquePointer());
  Key key{number.value.getAsOpaquePointer(), number.beyond.getAsOpaquePointer(),
          isDemand ? "" : number.words(), operands};
  if (!known.insert(std::move(key)).second)
    return;
  bool moves = llvm::any_of(vars, [&](Value v) { return followsStep(v); });
  (moves ? moving : fixed).push_back({op, number, isDemand});
}

void NumberChecker::collect(Operation *root) {
  root->walk([&](Operation *op) {
    if (auto require = dyn_cast<RequireOp>(op))
      for (Attribute e : require.getValues())
        add(op, {"", e, require.getVars(), {}, {}, {}}, /*isDemand=*/true);
    forEachNumber(op, [&](const Number &number) { add(op, number, false); });
  });
}

bool NumberChecker::holds(const Check &check, int64_t step) {
  const Number &n = check.number;
  double value = evaluator.valueAt(n.value, n.vars, step);
  if (check.isDemand)
    return value == 1;
  double other = n.beyond ? evaluator.valueAt(n.beyond, n.vars, step) : 0;
  return n.holds(value, other);
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

/// The op that first computes a number that is none: down from one that reads
/// such a number.
static Operation *firstWithout(Operation *op, Attribute expression,
                               ValueRange vars, Evaluator &evaluator,
                               int64_t step) {
  for (Value v : varsOf(expression, vars)) {
    Operation *source = v.getDefiningOp();
    if (!source || std::isfinite(evaluator.valueAt(v, step)))
      continue;
    if (auto e = dyn_cast<ExprOp>(source))
      return firstWithout(e, e.getValue(), e.getVars(), evaluator, step);
    if (auto schedule = dyn_cast<ScheduleOp>(source)) {
      auto yield = cast<YieldOp>(schedule.getBody().front().back());
      return firstWithout(
          yield, yield.getValues()[cast<OpResult>(v).getResultNumber()],
          yield.getVars(), evaluator, step);
    }
  }
  return op;
}

/// Where an op stands, then the call that its function's body was put in the
/// place of, or the parameter, then that call's own, outward.
static void placesOf(Location loc, SmallVectorImpl<Location> &places) {
  if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    placesOf(call.getCallee(), places);
    placesOf(call.getCaller(), places);
  } else
    places.push_back(loc);
}

LogicalResult NumberChecker::report(const Check &check, int64_t step,
                                    bool follows) {
  const Number &n = check.number;
  std::string when = follows ? " at step " + std::to_string(step) : "";
  if (check.isDemand) {
    // The numbers are the mistake of who gives them: the nearest call.
    std::string broken;
    llvm::raw_string_ostream os(broken);
    printExpr(os, n.value, [&](unsigned i) {
      os << show(evaluator.valueAt(n.vars[i], step));
    });
    SmallVector<Location> places;
    placesOf(check.op->getLoc(), places);
    InFlightDiagnostic error = emitError(places[places.size() > 1])
                               << "the numbers break `" << broken << "`"
                               << when;
    if (places.size() > 1)
      error.attachNote(places.front()) << "it is required here";
    for (Location outer :
         ArrayRef(places).drop_front(std::min<size_t>(2, places.size())))
      error.attachNote(outer) << "called from here";
    return error;
  }
  double value = evaluator.valueAt(n.value, n.vars, step);
  if (!std::isfinite(value))
    if (Operation *op =
            firstWithout(check.op, n.value, n.vars, evaluator, step);
        op != check.op) {
      InFlightDiagnostic error =
          op->emitOpError("has a value that is ")
          << (isa<ExprOp>(op) ? show(evaluator.valueAt(op->getResult(0), step))
                              : "no finite number")
          << when << "; it must be a finite number";
      error.attachNote(check.op->getLoc())
          << "it becomes '" << n.name << "' here";
      return error;
    }
  return emitError(check.op->getLoc())
         << "'" << writtenAs(check.op) << "' op has " << n.name << " = "
         << show(value) << when << "; it must be " << n.words();
}

LogicalResult NumberChecker::run(ArrayRef<int64_t> steps) {
  if (steps.empty())
    return success();
  for (const Check &check : fixed)
    if (!holds(check, steps.front()))
      return report(check, steps.front(), /*follows=*/false);
  for (size_t i = 0; i + 1 < steps.size() && !moving.empty(); i += 2)
    for (int64_t s = steps[i]; s <= steps[i + 1]; ++s)
      for (const Check &check : moving)
        if (!holds(check, s))
          return report(check, s, /*follows=*/true);
  return success();
}

void NumberChecker::keep(gptc::SettingChecks &settings,
                         ArrayRef<int64_t> steps) {
  auto keepOne = [&](const Check &check, ArrayRef<int64_t> at) {
    const Number &n = check.number;
    SmallVector<Value> read = varsOf(n.value, n.vars);
    if (n.beyond)
      read.append(varsOf(n.beyond, n.vars));
    if (!settings.follow(read))
      return;
    if (check.isDemand)
      settings.demand(check.op, n.value, n.vars, at);
    else
      settings.number(check.op, n, at);
  };
  if (steps.empty())
    return;
  for (const Check &check : fixed)
    keepOne(check, {steps.front(), steps.front()});
  for (const Check &check : moving)
    keepOne(check, steps);
}

LogicalResult gptc::checkNumbers(Operation *root, Evaluator &evaluator,
                                 ArrayRef<int64_t> steps,
                                 SettingChecks &settings) {
  NumberChecker checker(evaluator);
  checker.collect(root);
  if (failed(checker.run(steps)))
    return failure();
  checker.keep(settings, steps);
  return success();
}

LogicalResult gptc::checkSchedules(ModelOp model, Evaluator &evaluator) {
  SmallVector<ScheduleOp> schedules(model.getOps<ScheduleOp>());
  for (int64_t s = 0; s <= evaluator.steps(); ++s)
    for (ScheduleOp schedule : schedules)
      for (OpResult v : schedule->getResults()) {
        double value = evaluator.valueAt(v, s);
        if (std::isfinite(value))
          continue;
        auto yield = cast<YieldOp>(schedule.getBody().front().back());
        Operation *op =
            firstWithout(yield, yield.getValues()[v.getResultNumber()],
                         yield.getVars(), evaluator, s);
        return op->emitOpError("is not defined at step ")
               << s << ": '"
               << cast<StringAttr>(schedule.getNames()[v.getResultNumber()])
                      .getValue()
               << "' is " << show(value) << " there";
      }
  return success();
}
