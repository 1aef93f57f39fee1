//===- Constants.cpp - the sizes and constants of a model -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Constants.h"
#include "dialect/OpHelpers.h"
#include "dialect/Reads.h"
#include "dialect/gpt/LetOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

using ConstantMap = llvm::MapVector<StringRef, Attribute>;

static bool isTrueOrFalse(StringRef value) {
  return value == "true" || value == "false";
}

/// A setting that changes nothing: a later one, or nobody, reads its place.
static void reportIdleSettings(ModelOp model, ArrayRef<std::string> settings) {
  if (settings.empty())
    return;
  Reads effective(model);
  llvm::StringMap<StringRef> last;
  for (StringRef setting : settings)
    last[setting.split('=').first] = setting;
  for (StringRef setting : settings) {
    StringRef name = setting.split('=').first;
    if (last.lookup(name) != setting)
      model.emitWarning("--set ") << setting << ": --set " << last.lookup(name)
                                  << ", further on, takes its place";
    else if (!effective.reads(name))
      model.emitWarning("--set ") << setting << ": nothing reads '" << name
                                  << "', so this changes nothing";
  }
}

LogicalResult gptc::applySettings(ModelOp model,
                                  ArrayRef<std::string> settings) {
  Builder b(model.getContext());
  for (StringRef setting : settings) {
    auto [name, value] = setting.split('=');
    auto error = [&]() { return model.emitError("--set ") << setting << ": "; };
    double d = value == "true";
    if (name.empty() || !setting.contains('='))
      return error() << "write it as NAME=VALUE";
    if (!isTrueOrFalse(value) && (value.getAsDouble(d) || !std::isfinite(d)))
      return error() << "'" << value << "' is not a number, true or false";
    Attribute attr = d == std::floor(d) && std::abs(d) < 9e15
                         ? Attribute(b.getI64IntegerAttr(int64_t(d)))
                         : b.getF64FloatAttr(d);
    bool found = false;
    SmallVector<StringRef> names;
    for (auto let : model.getOps<LetOp>()) {
      SmallVector<Attribute> args(let.getArgs().getValue());
      for (size_t i = 0; i < args.size(); i += 2) {
        names.push_back(cast<StringAttr>(args[i]));
        if (names.back() != name)
          continue;
        if (name == "T" && isa<UnitAttr>(args[i + 1]))
          return error() << "T follows from the recipe at each step; set the "
                            "tokens of a step instead";
        found = true;
        args[i + 1] = attr;
      }
      let.setArgsAttr(b.getArrayAttr(args));
    }
    if (!found)
      return error() << "no size or constant is named '" << name << "'"
                     << nearest(name, names);
  }
  reportIdleSettings(model, settings);
  return success();
}

LogicalResult gptc::readConstants(ModelOp model, ConstantMap &constants) {
  ConstantMap given;
  llvm::MapVector<StringRef, LetOp> ops;
  for (auto let : model.getOps<LetOp>())
    for (size_t i = 0; i < let.getArgs().size(); i += 2) {
      StringRef name = cast<StringAttr>(let.getArgs()[i]);
      given[name] = let.getArgs()[i + 1];
      ops[name] = let;
    }
  // Null meanwhile: names that stand for each other in a circle have no value.
  DenseMap<StringRef, Attribute> values;
  std::function<Attribute(StringRef)> valueOf =
      [&](StringRef name) -> Attribute {
    auto it = given.find(name);
    if (it == given.end() || isa<UnitAttr>(it->second))
      return {};
    auto [known, isNew] = values.try_emplace(name);
    if (!isNew)
      return known->second;
    Attribute value = substitute(it->second, valueOf);
    if (!number(value)) { // no finite one: infinity and NaN stay unfolded
      auto d = evaluate(value, [](StringRef) { return std::nullopt; });
      value = d ? Builder(model.getContext()).getF64FloatAttr(*d) : Attribute();
    }
    return values[name] = value;
  };
  for (auto &[name, value] : given) {
    Attribute a = valueOf(name);
    if (name == "T" && isa<UnitAttr>(value))
      continue;
    if (!a)
      return ops[name].emitError("'")
             << name << "' has no value: give one with --set " << name << "=…";
    if (!std::isfinite(*number(a)))
      return ops[name].emitError("'")
             << name << "' is " << text(value) << ", which is no number";
    constants[name] = a;
  }
  return success();
}

/// Whether an expression reads numbers of the step or of a call, or the sizes
/// of the parameter that an optimizer serves.
static bool hasVariables(Operation *op, Attribute e) {
  bool found = false;
  forEachName(
      e, [&](StringRef s) { found |= s.starts_with("_") || isOwnName(op, s); });
  return found;
}

static LogicalResult checkRequirement(RequireOp require,
                                      const ConstantMap &constants) {
  for (Attribute e : require.getValues()) {
    auto holds = evaluate(e, [&](StringRef s) {
      Attribute a = constants.lookup(s);
      return a ? number(a) : std::nullopt;
    });
    // Numbers are looked at when they are known (CheckNumbers.h).
    if (hasVariables(require, e) || (holds && *holds == 1))
      continue;
    auto d = require.emitError("the sizes break `") << text(e, true) << "`:";
    llvm::SetVector<StringRef> names;
    forEachName(e, [&](StringRef s) { names.insert(s); });
    for (auto [i, s] : llvm::enumerate(names)) {
      Attribute a = constants.lookup(s);
      d << (i ? ", " : " ") << s << " = " << (a ? text(a) : "unknown");
    }
    return failure();
  }
  return success();
}

LogicalResult gptc::checkRequirements(ModelOp model,
                                      const ConstantMap &constants) {
  auto result = model.walk([&](RequireOp require) -> WalkResult {
    // What an optimizer or a function demands counts where it is used.
    Operation *owner = require->getParentOp();
    if (owner->getNumResults() && owner->use_empty())
      return WalkResult::advance();
    return checkRequirement(require, constants);
  });
  return failure(result.wasInterrupted());
}
