//===- SettingChecks.cpp - what must hold of settings ---------------------===//
//
// Part of gptc, under the MIT License.
//
// A domain becomes an expression that is 1 inside it, so that the program needs
// to know of no other kind of check. Numbers inside a graph or a part are
// copied into the model, where numbers of all steps are computed.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/SettingChecks.h"
#include "dialect/GptAttrs.h"
#include "dialect/gpt/CheckOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/ScheduleOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/YieldOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

OpBuilder SettingChecks::builder() {
  return OpBuilder::atBlockEnd(&model.getBody().front());
}

/// The numbers that a value of a schedule is made of.
static SmallVector<Value> readBy(ScheduleOp schedule, Value value) {
  auto yield = cast<YieldOp>(schedule.getBody().front().back());
  SmallVector<Value> read;
  forEachName(yield.getValues()[cast<OpResult>(value).getResultNumber()],
              [&](StringRef leaf) {
                if (auto n = operandIndex(leaf);
                    n && *n < yield.getVars().size())
                  read.push_back(yield.getVars()[*n]);
              });
  return read;
}

bool SettingChecks::follow(ValueRange numbers) {
  return llvm::any_of(numbers, [&](Value v) {
    Operation *def = v.getDefiningOp();
    if (!def)
      return false;
    if (isa<SettingOp>(def))
      return true;
    auto [it, isNew] = following.try_emplace(v, false);
    if (!isNew)
      return it->second;
    auto schedule = dyn_cast<ScheduleOp>(def);
    return following[v] = schedule ? follow(readBy(schedule, v))
                                   : follow(def->getOperands());
  });
}

Value SettingChecks::inModel(Value number) {
  Operation *def = number.getDefiningOp();
  if (!def || def->getParentOp() == model)
    return number;
  Value &copy = copies[number];
  if (copy)
    return copy;
  SmallVector<Value> operands;
  for (Value v : def->getOperands())
    operands.push_back(inModel(v));
  OpBuilder b = builder();
  Operation *made = b.clone(*def);
  made->setOperands(operands);
  return copies[number] =
             made->getResult(cast<OpResult>(number).getResultNumber());
}

Value SettingChecks::expression(Location loc, Attribute value,
                                ValueRange vars) {
  SmallVector<Value> operands;
  for (Value v : vars)
    operands.push_back(inModel(v));
  for (auto [i, operand] : llvm::enumerate(operands))
    if (value == StringAttr::get(value.getContext(), "_" + Twine(i)))
      return operand;
  OpBuilder b = builder();
  return ExprOp::create(b, loc, b.getF64Type(), operands, value);
}

void SettingChecks::check(Location loc, Attribute holds, ValueRange vars,
                          const Twine &message, ValueRange shown,
                          ArrayRef<int64_t> steps) {
  SmallVector<Value> read, numbers;
  for (Value v : vars)
    read.push_back(inModel(v));
  for (Value v : shown)
    numbers.push_back(inModel(v));
  OpBuilder b = builder();
  CheckOp::create(b, loc, read, holds, b.getStringAttr(message), numbers,
                  b.getDenseI64ArrayAttr(steps));
}

void SettingChecks::demand(Operation *op, Attribute expression, ValueRange vars,
                           ArrayRef<int64_t> steps) {
  std::string broken;
  llvm::raw_string_ostream os(broken);
  SmallVector<Value> shown;
  printExpr(os, expression, [&](unsigned i) {
    os << "{}";
    shown.push_back(vars[i]);
  });
  check(op->getLoc(), expression, vars,
        "the numbers break `" + broken + "`, which {at} requires", shown,
        steps);
}

/// 1 where `_0` lies in the domain, and exceeds `_1` if there is one.
static Attribute inside(const Domain &domain, bool hasOther,
                        MLIRContext *context) {
  Builder b(context);
  SmallVector<Attribute> all;
  Attribute own = b.getStringAttr("_0");
  auto compare = [&](StringRef op, Attribute other) {
    all.push_back(ExprAttr::get(context, op, {own, other}));
  };
  constexpr double most = std::numeric_limits<double>::max();
  compare(domain.above ? ">" : ">=",
          b.getF64FloatAttr(std::max(domain.least, -most)));
  compare("<=", b.getF64FloatAttr(std::min(domain.most, most)));
  if (domain.whole)
    compare("==", ExprAttr::get(context, "floor", {own}));
  if (hasOther)
    compare(">", b.getStringAttr("_1"));
  return ExprAttr::get(context, "min", all);
}

void SettingChecks::number(Operation *op, const Number &number,
                           ArrayRef<int64_t> steps) {
  SmallVector<Value> values{
      expression(op->getLoc(), number.value, number.vars)};
  if (number.beyond)
    values.push_back(expression(op->getLoc(), number.beyond, number.vars));
  check(op->getLoc(),
        inside(number.domain, bool(number.beyond), model.getContext()), values,
        writtenAs(op) + " at {at} has " + number.name +
            " = {}, which must be " + number.words(),
        values[0], steps);
}

void SettingChecks::schedules(int64_t lastStep) {
  SmallVector<ScheduleOp> schedules(model.getOps<ScheduleOp>());
  for (ScheduleOp schedule : schedules)
    for (auto [v, name] : llvm::zip(schedule.getValues(), schedule.getNames()))
      if (follow(v))
        check(schedule.getLoc(),
              inside(Domain(), /*hasOther=*/false, model.getContext()), v,
              "'" + cast<StringAttr>(name).getValue() +
                  "' is {}; the schedule at {at} must be a finite number",
              v, {0, lastStep});
}
