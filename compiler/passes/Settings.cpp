//===- Settings.cpp - constants that a run may set ------------------------===//
//
// Part of gptc, under the MIT License.
//
// From everything that decides what the program is, back to the constants that
// it reads: these are fixed. What is left and has an effect can only be read by
// schedules and by the arithmetic of optimizers, whose values are computed when
// a run begins.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Settings.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptStructure.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/OffsetOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/TiedOp.h.inc"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

Settings::Settings(ModelOp model) : model(model), effective(model) {
  for (auto let : model.getOps<LetOp>())
    for (size_t i = 0; i + 1 < let.getArgs().size(); i += 2)
      declared[cast<StringAttr>(let.getArgs()[i])] = let.getArgs()[i + 1];
  readGraphs();
  for (auto optimizer : model.getOps<OptimizerOp>())
    readOptimizer(optimizer);
  for (Operation &op : model.getBody().front())
    readRoot(op);
}

/// The functions that graphs call; optimizers have theirs inside.
void Settings::readGraphs() {
  SmallVector<Operation *> work;
  llvm::append_range(work, model.getOps<GraphOp>());
  while (!work.empty())
    work.pop_back_val()->walk([&](CallOp call) {
      Operation *f = call.getCallee().getDefiningOp();
      if (f && ofGraphs.insert(f).second)
        work.push_back(f);
    });
}

//===----------------------------------------------------------------------===//
// What is fixed
//===----------------------------------------------------------------------===//

void Settings::fix(StringRef constant, const Twine &reason) {
  auto it = declared.find(constant);
  if (it != declared.end() && fixed.insert({constant, reason.str()}).second)
    fix(it->second, {}, reason, /*throughSchedules=*/false);
}

void Settings::fix(Attribute expression, ValueRange vars, const Twine &reason,
                   bool throughSchedules) {
  gpt::forEachName(expression, [&](StringRef name) {
    auto n = operandIndex(name);
    if (!n)
      fix(name, reason);
    else if (*n < vars.size())
      fix(vars[*n], reason, throughSchedules);
  });
}

void Settings::fix(Value number, const Twine &reason, bool throughSchedules) {
  // What is shared is walked once.
  if (!walked[throughSchedules].insert(number).second)
    return;
  Operation *def = number.getDefiningOp();
  if (auto e = dyn_cast_or_null<ExprOp>(def)) {
    fix(e.getValue(), e.getVars(), reason, throughSchedules);
  } else if (auto s = dyn_cast_or_null<ScheduleOp>(def);
             s && throughSchedules) {
    auto yield = cast<YieldOp>(s.getBody().front().back());
    fix(yield.getValues()[cast<OpResult>(number).getResultNumber()],
        yield.getVars(), reason, throughSchedules);
  } else if (auto yarn = dyn_cast_or_null<YarnOp>(def);
             yarn && throughSchedules) {
    for (size_t i = 1; i < yarn.getArgs().size(); i += 2)
      fix(yarn.getArgs()[i], yarn.getVars(), reason, throughSchedules);
  }
}

void Settings::readArgument(ArrayAttr args, ValueRange vars, StringRef name,
                            const Twine &reason) {
  if (Attribute e = lookup(args, name))
    fix(e, vars, reason, /*throughSchedules=*/true);
}

/// Everything that the ops under `root` name. A number of the step stays one,
/// but for that which says when tables split.
void Settings::readInside(Operation *root, const Twine &reason) {
  root->walk([&](Operation *op) {
    if (isa<RequireOp>(op)) // looked at when a run begins
      return;
    gpt::forEachName(op, [&](StringRef name) { fix(name, reason); });
    auto tie = dyn_cast<TiedOp>(op);
    for (Value v : op->getOperands())
      if (v.getType().isF64())
        fix(v, tie ? Twine("the step of the split") : reason, bool(tie));
  });
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

/// A number that decides what an optimizer's program is: of the constants that
/// it is made of, and of its arguments.
void Settings::fixArgument(Value number, const Twine &reason) {
  if (isa<BlockArgument>(number)) {
    structural.insert(number);
    return;
  }
  auto e = number.getDefiningOp<ExprOp>();
  if (!e || !walkedArguments.insert(number).second)
    return;
  gpt::forEachName(e.getValue(), [&](StringRef name) { fix(name, reason); });
  for (Value v : e.getVars())
    fixArgument(v, reason);
}

void Settings::readOptimizer(OptimizerOp optimizer) {
  std::string reason = "the program of '" + optimizer.getName().str() + "'";
  fix(optimizer.getEvery(), {}, "how often '" + optimizer.getName() + "' acts",
      /*throughSchedules=*/false);
  // Sizes that states name beside the parameter's own.
  for (unsigned i = 0, n = optimizer.getShapes().size(); i < n; ++i)
    for (Attribute size : optimizer.getSizesOf(i))
      gpt::forEachName(size, [&](StringRef name) {
        if (!isOwnName(optimizer, name))
          fix(name, "the sizes of '" + optimizer.getName() + "'");
      });
  Block &body = optimizer.getBody().front();
  for (Operation &op : body) {
    // Their numbers are read when a kernel runs.
    if (isa<ExprOp, ScaleOp, OffsetOp, FillOp, RequireOp>(op))
      continue;
    readInside(&op, reason);
    for (Value v : op.getOperands())
      if (v.getType().isF64())
        fixArgument(v, reason);
  }
  unsigned first = optimizer.getTensors();
  for (auto [i, byDefault] : llvm::enumerate(optimizer.getDefaults()))
    if (structural.contains(body.getArgument(first + i)))
      fix(byDefault, {}, reason, /*throughSchedules=*/false);
}

//===----------------------------------------------------------------------===//
// The model's ops
//===----------------------------------------------------------------------===//

void Settings::readRoot(Operation &op) {
  auto readShape = [&](TypeAttr shape, StringRef name) {
    for (Attribute d : dimsOf(shape.getValue()))
      fix(d, {}, "the shape of '" + name + "'", /*throughSchedules=*/false);
  };
  // The numbers that its optimizer's program is made of.
  auto readTrained = [&](Value value, ValueRange vars, ArrayAttr args) {
    auto optimizer = value ? value.getDefiningOp<OptimizerOp>() : OptimizerOp();
    if (!optimizer)
      return;
    unsigned first = optimizer.getTensors();
    for (unsigned i = 0, n = optimizer.getDefaults().size(); i < n; ++i)
      if (structural.contains(
              optimizer.getBody().front().getArgument(first + i)))
        readArgument(args, vars,
                     cast<StringAttr>(optimizer.getNames()[first + i]),
                     "the program of '" + optimizer.getName() + "'");
  };
  if (auto input = dyn_cast<InputOp>(op)) {
    readShape(input.getShapeAttr(), input.getName());
  } else if (auto param = dyn_cast<ParamOp>(op)) {
    readShape(param.getShapeAttr(), param.getName());
    if (DimsAttr as = param.getAsAttr())
      for (Attribute d : as.getDims())
        fix(d, {}, "the shape of '" + param.getName() + "'",
            /*throughSchedules=*/false);
    fix(param.getInit(), {}, "the first values of '" + param.getName() + "'",
        /*throughSchedules=*/false);
    readTrained(param.getOptimizer(), param.getVars(), param.getArgs());
  } else if (auto pack = dyn_cast<PackOp>(op)) {
    for (Attribute shape : pack.getShapes())
      readShape(cast<TypeAttr>(shape), pack.getName());
    for (Attribute init : pack.getInits())
      fix(init, {}, "the first values of '" + pack.getName() + "'",
          /*throughSchedules=*/false);
    readTrained(pack.getOptimizer(), pack.getVars(), pack.getArgs());
  } else if (auto f = dyn_cast<FuncOp>(op); f && ofGraphs.contains(f)) {
    readInside(f, "what '" + f.getName() + "' computes");
    for (Attribute shape : f.getShapes())
      if (auto declared = dyn_cast<TypeAttr>(shape))
        readShape(declared, f.getName());
    for (Attribute byDefault : f.getDefaults())
      fix(byDefault, {}, "what '" + f.getName() + "' computes",
          /*throughSchedules=*/false);
  } else if (auto graph = dyn_cast<GraphOp>(op)) {
    readInside(graph, "what @" + graph.getSymName() + " computes");
  } else if (auto recipe = dyn_cast<RecipeOp>(op)) {
    for (size_t i = 0; i + 1 < recipe.getArgs().size(); i += 2)
      // When to validate is the host's affair alone.
      if (StringRef name = cast<StringAttr>(recipe.getArgs()[i]);
          name != "validate")
        readArgument(recipe.getArgs(), recipe.getVars(), name,
                     "the recipe's " + name);
  } else if (auto yarn = dyn_cast<YarnOp>(op)) {
    readArgument(yarn.getArgs(), yarn.getVars(), "count",
                 "the number of rotary frequencies");
  }
}

//===----------------------------------------------------------------------===//
// What may be set
//===----------------------------------------------------------------------===//

bool Settings::isSetting(StringRef name) const {
  auto it = declared.find(name);
  return it != declared.end() && !isa<UnitAttr>(it->second) &&
         !fixed.contains(name) && effective.reads(name);
}

/// The expression with operands, new ones behind those that are there, in the
/// place of settings.
Attribute Settings::bind(Attribute expression, SmallVectorImpl<Value> &vars,
                         Operation *reader) {
  return substitute(expression, [&](StringRef name) -> Attribute {
    if (!isSetting(name) || (reader && isOwnName(reader, name)))
      return {};
    Value setting = settingOf(name);
    unsigned n = llvm::find(vars, setting) - vars.begin();
    if (n == vars.size())
      vars.push_back(setting);
    return StringAttr::get(model.getContext(), "_" + Twine(n));
  });
}

Value Settings::settingOf(StringRef name) {
  if (Value known = settings.lookup(name))
    return known;
  SmallVector<Value> vars;
  Attribute value = bind(declared[name], vars);
  LetOp let = *model.getOps<LetOp>().begin();
  OpBuilder b(let);
  Value setting = SettingOp::create(b, let.getLoc(), b.getF64Type(),
                                    b.getStringAttr(name), vars, value);
  return settings[name] = setting;
}

/// An optimizer's default that a setting decides becomes what each parameter
/// gives: a declaration has no numbers of the step.
void Settings::giveDefaults() {
  Builder b(model.getContext());
  auto give = [&](Operation *user, StringAttr name, Attribute value) {
    auto args = user->getAttrOfType<ArrayAttr>("args");
    if (lookup(args, name))
      return;
    SmallVector<Attribute> more(args.getValue());
    more.append({name, value});
    user->setAttr("args", b.getArrayAttr(more));
  };
  for (auto optimizer : model.getOps<OptimizerOp>())
    for (auto [i, byDefault] : llvm::enumerate(optimizer.getDefaults())) {
      bool follows = false;
      gpt::forEachName(byDefault,
                       [&](StringRef name) { follows |= isSetting(name); });
      if (!follows)
        continue;
      auto name =
          cast<StringAttr>(optimizer.getNames()[optimizer.getTensors() + i]);
      for (Operation *user : optimizer->getUsers())
        if (isa<ParamOp, PackOp>(user))
          give(user, name, byDefault);
    }
}

void Settings::rewrite(Operation *op) {
  auto rewriteVars = [&](auto typed) {
    SmallVector<Value> vars(typed.getVars());
    auto listed = [&](ArrayAttr list, bool named) {
      SmallVector<Attribute> all;
      for (auto [i, e] : llvm::enumerate(list))
        all.push_back(named && i % 2 == 0 ? e : bind(e, vars, op));
      return ArrayAttr::get(list.getContext(), all);
    };
    for (StringRef name : {"args", "value", "values", "factor", "by"})
      if (Attribute a = op->getAttr(name)) {
        auto list = dyn_cast<ArrayAttr>(a);
        op->setAttr(name, list ? Attribute(listed(list, name == "args"))
                               : bind(a, vars, op));
      }
    if (vars.size() != typed.getVars().size())
      typed.getVarsMutable().assign(vars);
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case<ExprOp, YieldOp, ScaleOp, OffsetOp, FillOp, RequireOp, YarnOp,
            ParamOp, PackOp, RecipeOp>(rewriteVars);
}

void Settings::apply() {
  giveDefaults();
  SmallVector<Operation *> readers;
  model.walk([&](Operation *op) {
    bool reads = false;
    gpt::forEachName(op, [&](StringRef name) { reads |= isSetting(name); });
    if (reads && !isa<LetOp>(op))
      readers.push_back(op);
  });
  for (Operation *op : readers)
    rewrite(op);
  Builder b(model.getContext());
  SmallVector<NamedAttribute> reasons;
  for (auto &[name, reason] : fixed)
    if (!isa<UnitAttr>(declared[name])) // T, which each variant sets
      reasons.push_back(b.getNamedAttr(name, b.getStringAttr(reason)));
  model->setAttr("fixed", b.getDictionaryAttr(reasons));
}
