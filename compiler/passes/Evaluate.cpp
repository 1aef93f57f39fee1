//===- Evaluate.cpp - numbers at a step -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Evaluate.h"
#include "dialect/GptStructure.h"
#include "dialect/gpt/ElementOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "llvm/Support/SaveAndRestore.h"
#include <cmath>

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Evaluator::Evaluator(ModelOp model) {
  for (auto let : model.getOps<LetOp>())
    for (size_t i = 0; i + 1 < let.getArgs().size(); i += 2)
      if (!isa<UnitAttr>(let.getArgs()[i + 1]))
        constants[cast<StringAttr>(let.getArgs()[i]).getValue()] =
            let.getArgs()[i + 1];
  for (auto recipe : model.getOps<RecipeOp>())
    if (Attribute e = lookup(recipe.getArgs(), "steps")) {
      double steps = valueAt(e, recipe.getVars(), 0);
      if (steps >= 0 && steps < 1e9)
        lastStep = int64_t(steps);
    }
}

std::optional<double> Evaluator::constant(StringRef name) {
  auto it = constants.find(name);
  if (it == constants.end())
    return std::nullopt;
  // None meanwhile: names in a circle have no value.
  auto [known, isNew] = constantValues.try_emplace(name, std::nullopt);
  if (!isNew)
    return known->second;
  auto value =
      evaluate(it->second, [&](StringRef inner) { return constant(inner); });
  return constantValues[name] = value;
}

double Evaluator::valueAt(Attribute expression, ValueRange vars, int64_t step) {
  auto value = evaluate(expression, [&](StringRef leaf) {
    if (auto n = operandIndex(leaf); n && *n < vars.size())
      return std::optional<double>(valueAt(vars[*n], step));
    return constant(leaf);
  });
  return value.value_or(kNone);
}

double Evaluator::valueAt(Value number, int64_t step) {
  if (isa<BlockArgument>(number)) // of a schedule: the step itself
    return double(step);
  // Every caller goes through the steps in order: one step's values are enough,
  // and a long run needs no memory.
  if (step != knownStep) {
    known.clear();
    knownStep = step;
  }
  auto [it, isNew] = known.try_emplace(number, kNone);
  if (!isNew)
    return it->second;
  double value = kNone;
  Operation *def = number.getDefiningOp();
  unsigned index = cast<OpResult>(number).getResultNumber();
  if (auto e = dyn_cast<ExprOp>(def)) {
    value = valueAt(e.getValue(), e.getVars(), step);
  } else if (auto s = dyn_cast<SettingOp>(def)) {
    value = valueAt(s.getValue(), s.getVars(), step);
  } else if (auto s = dyn_cast<ScheduleOp>(def)) {
    auto yield = cast<YieldOp>(s.getBody().front().back());
    value = valueAt(yield.getValues()[index], yield.getVars(), step);
  } else if (auto yarn = dyn_cast<YarnOp>(def)) {
    value = scaleAt(yarn, step);
  } else if (auto element = dyn_cast<ElementOp>(def)) {
    if (auto yarn = element.getX().getDefiningOp<YarnOp>()) {
      ArrayRef<double> all = frequenciesAt(yarn, step);
      if (element.getIndex() < all.size())
        value = all[element.getIndex()];
    }
  }
  return known[number] = value;
}

//===----------------------------------------------------------------------===//
// YaRN
//===----------------------------------------------------------------------===//

const Evaluator::Yarn &Evaluator::yarnOf(YarnOp op) {
  auto [it, isNew] = yarns.try_emplace(op);
  if (!isNew)
    return it->second;
  // The walk goes through other steps than its caller.
  llvm::SaveAndRestore keptValues(known);
  llvm::SaveAndRestore keptStep(knownStep);
  auto argument = [&](StringRef name, int64_t step) {
    return valueAt(lookup(op.getArgs(), name), op.getVars(), step);
  };
  double pi = std::acos(-1.0);
  double alpha = argument("alpha", 0), beta = argument("beta", 0);
  double growth = argument("growth", 0), base = argument("base", 0);
  double count = argument("count", 0), scale = argument("scale", 0);
  SmallVector<double> f;
  for (int64_t i = 0; i < count && i < 1 << 20; ++i)
    f.push_back(std::pow(1 / base, count > 1 ? i / (count - 1) : 0));
  Yarn yarn{{0}, {f}, {scale}};
  double window = argument("window", 0);
  for (int64_t step = 1; step <= lastStep; ++step) {
    double next = argument("window", step);
    if (next == window)
      continue;
    for (double &x : f) {
      double rotations = window * x / (2 * pi);
      double weight = (rotations - alpha) / (beta - alpha);
      weight = std::min(1.0, std::max(0.0, weight));
      x *= window / next + weight * (1 - window / next);
    }
    scale *= growth * std::log(next / window) + 1;
    yarn.since.push_back(step);
    yarn.frequencies.push_back(f);
    yarn.scales.push_back(scale);
    window = next;
  }
  return yarns[op] = std::move(yarn);
}

/// The entry in force at a step.
static size_t entryAt(ArrayRef<int64_t> since, int64_t step) {
  return llvm::upper_bound(since, step) - since.begin() - 1;
}

ArrayRef<double> Evaluator::frequenciesAt(YarnOp op, int64_t step) {
  const Yarn &yarn = yarnOf(op);
  return yarn.frequencies[entryAt(yarn.since, step)];
}

double Evaluator::scaleAt(YarnOp op, int64_t step) {
  const Yarn &yarn = yarnOf(op);
  return yarn.scales[entryAt(yarn.since, step)];
}
