//===- NumberTables.cpp - what a program knows of its numbers -------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/NumberTables.h"
#include "dialect/gpt/CheckOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/RecipeOp.h.inc"
#include "dialect/gpt/ScheduleOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/YarnOp.h.inc"
#include "dialect/kern/HostNumberOp.h.inc"

using namespace gptc;
using mlir::cast;
using mlir::dyn_cast;
using mlir::StringAttr;
using mlir::Value;

namespace {

class NumberTables {
public:
  NumberTables(gpt::ModelOp model, ProgramTables &tables)
      : model(model), tables(tables) {
    numbers.model = model;
  }

  void addConstants();
  void addColumn(Value value);
  void addSchedules();
  void addRecipe(gpt::RecipeOp recipe);
  void addChecks();

  HostNumbers numbers;

private:
  Number describe(Value value);
  uint32_t columnOf(Value value);
  uint32_t append(const Number &number, HostColumn column) {
    tables.numbers.push_back(number);
    numbers.columns.push_back(column);
    return uint32_t(numbers.columns.size() - 1);
  }

  gpt::ModelOp model;
  ProgramTables &tables;
  llvm::DenseMap<Value, uint32_t> columns;
};

} // namespace

/// Constants by name, those that a run may set among them.
void NumberTables::addConstants() {
  auto dictionary = model->getAttrOfType<mlir::DictionaryAttr>("constants");
  auto fixed = model->getAttrOfType<mlir::DictionaryAttr>("fixed");
  llvm::StringSet<> settings;
  for (auto setting : model.getOps<gpt::SettingOp>())
    settings.insert(setting.getName());
  for (mlir::NamedAttribute entry :
       dictionary ? dictionary.getValue()
                  : llvm::ArrayRef<mlir::NamedAttribute>()) {
    auto value = gpt::number(entry.getValue());
    if (!value)
      continue;
    llvm::StringRef name = entry.getName();
    Constant constant{tables.text(name), *value, ConstantUse::Unread, 0,
                      tables.text("")};
    if (settings.contains(name)) {
      constant.use = ConstantUse::Setting;
      unsigned index = numbers.settings.size();
      numbers.settings[name.str()] = index;
    } else if (auto reason =
                   fixed ? fixed.getAs<StringAttr>(name) : StringAttr()) {
      constant.use = ConstantUse::Fixed;
      constant.decides = tables.text(reason.getValue());
    }
    tables.constants.push_back(constant);
  }
}

Number NumberTables::describe(Value value) {
  Number number{};
  mlir::Operation *def = value.getDefiningOp();
  if (auto host = dyn_cast<kern::HostNumberOp>(def)) {
    for (auto [kind, name] : llvm::enumerate(kNumberKindNames))
      if (host.getWhich() == name)
        number.kind = static_cast<NumberKind>(kind);
    number.name = tables.text(host.getWhich());
  } else if (auto schedule = dyn_cast<gpt::ScheduleOp>(def)) {
    auto index = cast<mlir::OpResult>(value).getResultNumber();
    number.name =
        tables.text(cast<StringAttr>(schedule.getNames()[index]).getValue());
    number.shown = schedule.getShown();
  } else if (auto setting = dyn_cast<gpt::SettingOp>(def)) {
    number.name = tables.text(setting.getName());
  } else if (auto expr = dyn_cast<gpt::ExprOp>(def)) {
    number.name = tables.text(gpt::text(expr.getValue(), true));
  } else {
    number.name = tables.text(def->getName().stripDialect());
  }
  return number;
}

void NumberTables::addColumn(Value value) {
  columns[value] = append(describe(value), {value});
}

uint32_t NumberTables::columnOf(Value value) {
  if (!columns.contains(value))
    addColumn(value);
  return columns.lookup(value);
}

/// What a model calls by name: `EXE schedule` shows all of it, whether a kernel
/// reads it or not.
void NumberTables::addSchedules() {
  auto list = [&](uint32_t column, StringAttr name, Listing how) {
    tables.numbers[column].name = tables.text(name.getValue());
    tables.numbers[column].listing = how;
    tables.listed.push_back(column);
  };
  for (mlir::Operation &op : model.getBody().front()) {
    if (auto schedule = dyn_cast<gpt::ScheduleOp>(op)) {
      for (auto [v, name] :
           llvm::zip(schedule.getValues(), schedule.getNames()))
        list(columnOf(v), cast<StringAttr>(name), Listing::Number);
    } else if (auto yarn = dyn_cast<gpt::YarnOp>(op)) {
      auto name = cast<StringAttr>(yarn.getNames()[0]);
      auto type = dyn_cast<mlir::ShapedType>(yarn.getFreqs().getType());
      for (int64_t i = 0, n = type ? type.getNumElements() : 0; i < n; ++i) {
        Number number{};
        number.name = tables.text(name.getValue());
        list(append(number, {yarn.getFreqs(), i}), name, Listing::Element);
      }
      list(columnOf(yarn.getScale()), cast<StringAttr>(yarn.getNames()[1]),
           Listing::Number);
    }
  }
}

void NumberTables::addRecipe(gpt::RecipeOp recipe) {
  tables.header.validateColumn = kNone;
  auto add = [&](llvm::StringRef name) {
    mlir::Attribute e = gpt::lookup(recipe.getArgs(), name);
    if (!e)
      return kNone;
    Number number{};
    number.name = tables.text(name);
    return append(number, {{}, -1, e, recipe.getVars()});
  };
  tables.header.validateColumn = add("validate");
}

void NumberTables::addChecks() {
  for (auto op : model.getOps<gpt::CheckOp>()) {
    Check check{};
    check.message = tables.text(op.getMessage());
    Number holds{};
    holds.name = check.message;
    check.column = append(holds, {{}, -1, op.getValue(), op.getVars()});
    check.shown = {uint32_t(tables.checkColumns.size()),
                   uint32_t(op.getShown().size())};
    for (Value v : op.getShown())
      tables.checkColumns.push_back(columnOf(v));
    check.steps = {uint32_t(tables.checkSteps.size()),
                   uint32_t(op.getSteps().size())};
    tables.checkSteps.insert(tables.checkSteps.end(), op.getSteps().begin(),
                             op.getSteps().end());
    tables.checks.push_back(check);
  }
}

HostNumbers gptc::addNumbers(gpt::ModelOp model, gpt::RecipeOp recipe,
                             const NumberColumns &columns,
                             ProgramTables &tables) {
  NumberTables all(model, tables);
  all.addConstants();
  for (auto [value, column] : columns.all())
    all.addColumn(value);
  all.addSchedules();
  all.addRecipe(recipe);
  all.addChecks();
  tables.header.stateNumbers = stateNumbers(model);
  return std::move(all.numbers);
}
