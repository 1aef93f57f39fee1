//===- HostNumbers.cpp - numbers of the step as a function ----------------===//
//
// Part of gptc, under the MIT License.
//
// Schedules are pure functions of the step, so a row of numbers is one straight
// line of arithmetic: choices are selects, and nothing branches but the change
// of a rotary window. Functions of libm are called as strangers, so that LLVM
// neither folds nor replaces them.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/HostNumbers.h"
#include "dialect/GptAttrs.h"
#include "dialect/gpt/ElementOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/ScheduleOp.h.inc"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/YarnOp.h.inc"
#include "dialect/gpt/YieldOp.h.inc"
#include "dialect/kern/HostNumberOp.h.inc"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include <cmath>

using namespace gptc;
using mlir::dyn_cast;
using mlir::isa;
using Number = llvm::Value *;

namespace {

/// Where a yarn op keeps what lasts from step to step.
enum YarnPlace { kWindow, kScale, kAlpha, kBeta, kGrowth, kFrequencies };

class NumberEmitter {
public:
  NumberEmitter(const HostNumbers &numbers, llvm::Module &module);
  void run(llvm::StringRef name);

private:
  Number emit(const HostColumn &column);
  Number emit(mlir::Value value);
  Number emit(mlir::Attribute expression, mlir::ValueRange vars);
  Number apply(llvm::StringRef op, llvm::ArrayRef<Number> a);
  Number setting(gpt::SettingOp op);
  Number pick(llvm::ArrayRef<Number> a);
  Number compare(llvm::StringRef op, Number a, Number b);
  Number call(llvm::StringRef function, llvm::ArrayRef<Number> a);

  void yarn(gpt::YarnOp op);
  void beginYarn(gpt::YarnOp op, Number base, Number count);
  void changeYarn(gpt::YarnOp op, Number next);
  void forEachFrequency(gpt::YarnOp op,
                        llvm::function_ref<void(Number, Number)> body);
  Number place(gpt::YarnOp op, int64_t offset) {
    return b.CreateConstGEP1_64(f64, state, places.lookup(op) + offset);
  }
  Number load(gpt::YarnOp op, int64_t offset) {
    return b.CreateLoad(f64, place(op, offset));
  }

  Number constant(double value) { return llvm::ConstantFP::get(f64, value); }
  Number none() { return llvm::ConstantFP::getNaN(f64); }
  Number isNone(Number a) { return b.CreateFCmpUNO(a, a); }
  llvm::BasicBlock *block(const char *name) {
    return llvm::BasicBlock::Create(module.getContext(), name, function);
  }

  const HostNumbers &numbers;
  llvm::Module &module;
  llvm::IRBuilder<> b;
  llvm::Type *f64;
  llvm::Function *function = nullptr;
  Number given = nullptr, step = nullptr, state = nullptr, row = nullptr;
  llvm::DenseMap<mlir::Value, Number> known;
  llvm::DenseMap<mlir::Operation *, int64_t> places;
  llvm::SmallPtrSet<mlir::Operation *, 2> walked; ///< yarn ops
};

} // namespace

static int64_t countOf(gpt::YarnOp op) {
  mlir::Attribute count = gpt::lookup(op.getArgs(), "count");
  return count ? gpt::integer(count).value_or(0) : 0;
}

int64_t gptc::stateNumbers(gpt::ModelOp model) {
  int64_t count = 0;
  for (auto op : model.getOps<gpt::YarnOp>())
    count += kFrequencies + countOf(op);
  return count;
}

NumberEmitter::NumberEmitter(const HostNumbers &numbers, llvm::Module &module)
    : numbers(numbers), module(module), b(module.getContext()),
      f64(b.getDoubleTy()) {
  int64_t place = 0;
  for (auto op :
       mlir::cast<gpt::ModelOp>(numbers.model).getOps<gpt::YarnOp>()) {
    places[op] = place;
    place += kFrequencies + countOf(op);
  }
}

void NumberEmitter::run(llvm::StringRef name) {
  llvm::Type *pointer = b.getPtrTy();
  auto *type = llvm::FunctionType::get(
      b.getVoidTy(), {pointer, b.getInt64Ty(), pointer, pointer}, false);
  function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name,
                                    module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  given = function->getArg(0);
  state = function->getArg(2);
  row = function->getArg(3);
  b.SetInsertPoint(block("entry"));
  step = b.CreateSIToFP(function->getArg(1), f64);
  // First of all, once: what is kept must not depend on who reads it.
  for (auto op : mlir::cast<gpt::ModelOp>(numbers.model).getOps<gpt::YarnOp>())
    yarn(op);
  for (auto [i, column] : llvm::enumerate(numbers.columns))
    b.CreateStore(emit(column), b.CreateConstGEP1_64(f64, row, i));
  b.CreateRetVoid();
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Number NumberEmitter::emit(const HostColumn &column) {
  if (column.expression)
    return emit(column.expression, column.vars);
  if (column.element < 0)
    return emit(column.value);
  return load(column.value.getDefiningOp<gpt::YarnOp>(),
              kFrequencies + column.element);
}

Number NumberEmitter::emit(mlir::Value value) {
  if (isa<mlir::BlockArgument>(value)) // of a schedule: the step itself
    return step;
  if (Number number = known.lookup(value))
    return number;
  known[value] = none(); // meanwhile: numbers in a circle have no value
  Number number = none();
  mlir::Operation *def = value.getDefiningOp();
  if (auto e = dyn_cast<gpt::ExprOp>(def)) {
    number = emit(e.getValue(), e.getVars());
  } else if (auto s = dyn_cast<gpt::SettingOp>(def)) {
    number = setting(s);
  } else if (auto s = dyn_cast<gpt::ScheduleOp>(def)) {
    auto yield = mlir::cast<gpt::YieldOp>(s.getBody().front().back());
    unsigned index = mlir::cast<mlir::OpResult>(value).getResultNumber();
    number = emit(yield.getValues()[index], yield.getVars());
  } else if (auto yarn = dyn_cast<gpt::YarnOp>(def)) {
    number = load(yarn, kScale);
  } else if (auto element = dyn_cast<gpt::ElementOp>(def)) {
    auto yarn = element.getX().getDefiningOp<gpt::YarnOp>();
    if (yarn && int64_t(element.getIndex()) < countOf(yarn))
      number = load(yarn, kFrequencies + element.getIndex());
  } else if (isa<kern::HostNumberOp>(def)) {
    number = constant(0); // the host's own
  }
  return known[value] = number;
}

/// What the run gives, if it does.
Number NumberEmitter::setting(gpt::SettingOp op) {
  Number own = emit(op.getValue(), op.getVars());
  auto it = numbers.settings.find(op.getName().str());
  if (it == numbers.settings.end())
    return own;
  Number value =
      b.CreateLoad(f64, b.CreateConstGEP1_64(f64, given, it->second));
  return b.CreateSelect(isNone(value), own, value);
}

Number NumberEmitter::emit(mlir::Attribute expression, mlir::ValueRange vars) {
  if (auto value = gpt::number(expression))
    return constant(*value);
  if (auto name = dyn_cast<mlir::StringAttr>(expression)) {
    auto n = gpt::operandIndex(name);
    return n && *n < vars.size() ? emit(vars[*n]) : none();
  }
  auto e = dyn_cast<gpt::ExprAttr>(expression);
  if (!e)
    return none();
  llvm::SmallVector<Number> values;
  for (mlir::Attribute a : e.getArgs())
    values.push_back(emit(a, vars));
  return apply(e.getOp(), values);
}

Number NumberEmitter::call(llvm::StringRef name, llvm::ArrayRef<Number> a) {
  llvm::SmallVector<llvm::Type *> types(a.size(), f64);
  auto callee = module.getOrInsertFunction(
      name, llvm::FunctionType::get(f64, types, false));
  llvm::CallInst *result = b.CreateCall(callee, a);
  result->addFnAttr(llvm::Attribute::NoBuiltin);
  return result;
}

/// Of two numbers; none where one of them is.
Number NumberEmitter::compare(llvm::StringRef op, Number a, Number b2) {
  auto predicate = llvm::StringSwitch<llvm::CmpInst::Predicate>(op)
                       .Case("<", llvm::CmpInst::FCMP_OLT)
                       .Case("<=", llvm::CmpInst::FCMP_OLE)
                       .Case(">", llvm::CmpInst::FCMP_OGT)
                       .Case(">=", llvm::CmpInst::FCMP_OGE)
                       .Default(llvm::CmpInst::FCMP_OEQ);
  return b.CreateSelect(b.CreateFCmp(predicate, a, b2), constant(1),
                        constant(0));
}

Number NumberEmitter::pick(llvm::ArrayRef<Number> a) {
  Number last = constant(double(a.size() - 2)), zero = constant(0);
  Number index = b.CreateSelect(b.CreateFCmpOLT(last, a[0]), last, a[0]);
  index = b.CreateSelect(b.CreateFCmpOLT(zero, index), index, zero);
  Number whole = b.CreateFPToUI(index, b.getInt64Ty());
  Number chosen = a[1];
  for (size_t i = 2; i < a.size(); ++i)
    chosen =
        b.CreateSelect(b.CreateICmpUGE(whole, b.getInt64(i - 1)), a[i], chosen);
  return b.CreateSelect(isNone(a[0]), none(), chosen);
}

/// The meaning of operators and functions stands in dialect/Expr.cpp.
Number NumberEmitter::apply(llvm::StringRef op, llvm::ArrayRef<Number> a) {
  size_t count = a.size();
  if (op == "pick" && count >= 2)
    return pick(a);
  if (op == "if" && count == 3) {
    Number chosen =
        b.CreateSelect(b.CreateFCmpUNE(a[1], constant(0)), a[0], a[2]);
    return b.CreateSelect(isNone(a[1]), none(), chosen);
  }
  auto rounded = [&](llvm::Intrinsic::ID id, Number x) {
    return b.CreateUnaryIntrinsic(id, x);
  };
  auto isOp = [&](llvm::StringRef name, size_t arguments) {
    return op == name && count == arguments;
  };
  if (isOp("-", 1))
    return b.CreateFNeg(a[0]);
  if (isOp("floor", 1))
    return rounded(llvm::Intrinsic::floor, a[0]);
  if (isOp("ceil", 1))
    return rounded(llvm::Intrinsic::ceil, a[0]);
  if (isOp("sqrt", 1))
    return rounded(llvm::Intrinsic::sqrt, a[0]);
  if (isOp("log", 1) || isOp("exp", 1))
    return call(op, a);
  if (isOp("+", 2))
    return b.CreateFAdd(a[0], a[1]);
  if (isOp("-", 2))
    return b.CreateFSub(a[0], a[1]);
  if (isOp("*", 2))
    return b.CreateFMul(a[0], a[1]);
  if (isOp("/", 2))
    return b.CreateFDiv(a[0], a[1]);
  if (isOp("mod", 2))
    return b.CreateFSub(a[0],
                        b.CreateFMul(a[1], rounded(llvm::Intrinsic::floor,
                                                   b.CreateFDiv(a[0], a[1]))));
  // In what follows NaN would be lost.
  Number result = nullptr;
  if ((op == "min" || op == "max") && count >= 1) {
    result = a[0];
    for (Number x : a.drop_front()) {
      Number less =
          op == "min" ? b.CreateFCmpOLT(x, result) : b.CreateFCmpOLT(result, x);
      result = b.CreateSelect(less, x, result);
    }
  } else if (isOp("pow", 2)) {
    result = call("pow", a);
  } else if (count == 2 &&
             llvm::is_contained({"<", "<=", ">", ">=", "=="}, op)) {
    result = compare(op, a[0], a[1]);
  } else {
    return none();
  }
  for (Number x : a)
    result = b.CreateSelect(isNone(x), none(), result);
  return result;
}

//===----------------------------------------------------------------------===//
// YaRN: what Evaluator walks through before the first step, step by step
//===----------------------------------------------------------------------===//

void NumberEmitter::forEachFrequency(
    gpt::YarnOp op, llvm::function_ref<void(Number, Number)> body) {
  int64_t count = countOf(op);
  if (count == 0)
    return;
  llvm::BasicBlock *before = b.GetInsertBlock();
  llvm::BasicBlock *loop = block("frequency"), *after = block("frequencies");
  Number first = place(op, kFrequencies);
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *i = b.CreatePHI(b.getInt64Ty(), 2);
  i->addIncoming(b.getInt64(0), before);
  body(i, b.CreateGEP(f64, first, i));
  Number next = b.CreateAdd(i, b.getInt64(1));
  i->addIncoming(next, b.GetInsertBlock());
  b.CreateCondBr(b.CreateICmpSLT(next, b.getInt64(count)), loop, after);
  b.SetInsertPoint(after);
}

void NumberEmitter::beginYarn(gpt::YarnOp op, Number base, Number count) {
  Number inverse = b.CreateFDiv(constant(1), base);
  Number last = b.CreateFSub(count, constant(1));
  forEachFrequency(op, [&](Number i, Number to) {
    Number power = countOf(op) > 1 ? b.CreateFDiv(b.CreateSIToFP(i, f64), last)
                                   : constant(0);
    b.CreateStore(call("pow", {inverse, power}), to);
  });
}

void NumberEmitter::changeYarn(gpt::YarnOp op, Number next) {
  Number window = load(op, kWindow), alpha = load(op, kAlpha);
  Number range = b.CreateFSub(load(op, kBeta), alpha);
  Number circle = constant(2 * std::acos(-1.0));
  Number ratio = b.CreateFDiv(window, next);
  Number rest = b.CreateFSub(constant(1), ratio);
  forEachFrequency(op, [&](Number, Number to) {
    Number x = b.CreateLoad(f64, to);
    Number rotations = b.CreateFDiv(b.CreateFMul(window, x), circle);
    Number weight = b.CreateFDiv(b.CreateFSub(rotations, alpha), range);
    Number zero = constant(0), one = constant(1);
    weight = b.CreateSelect(b.CreateFCmpOLT(zero, weight), weight, zero);
    weight = b.CreateSelect(b.CreateFCmpOLT(weight, one), weight, one);
    Number factor = b.CreateFAdd(ratio, b.CreateFMul(weight, rest));
    b.CreateStore(b.CreateFMul(x, factor), to);
  });
  Number grown =
      b.CreateFMul(load(op, kGrowth), call("log", b.CreateFDiv(next, window)));
  b.CreateStore(
      b.CreateFMul(load(op, kScale), b.CreateFAdd(grown, constant(1))),
      place(op, kScale));
  b.CreateStore(next, place(op, kWindow));
}

void NumberEmitter::yarn(gpt::YarnOp op) {
  auto argument = [&](llvm::StringRef name) {
    mlir::Attribute e = gpt::lookup(op.getArgs(), name);
    return e ? emit(e, op.getVars()) : none();
  };
  // Before any branch, since what is computed once serves all columns.
  Number window = argument("window"), base = argument("base");
  std::pair<YarnPlace, Number> kept[] = {{kWindow, window},
                                         {kScale, argument("scale")},
                                         {kAlpha, argument("alpha")},
                                         {kBeta, argument("beta")},
                                         {kGrowth, argument("growth")}};
  llvm::BasicBlock *begin = block("begin"), *later = block("later");
  llvm::BasicBlock *change = block("change"), *done = block("done");
  b.CreateCondBr(b.CreateICmpEQ(function->getArg(1), b.getInt64(0)), begin,
                 later);
  b.SetInsertPoint(begin);
  for (auto [offset, value] : kept)
    b.CreateStore(value, place(op, offset));
  beginYarn(op, base, constant(double(countOf(op))));
  b.CreateBr(done);
  b.SetInsertPoint(later);
  b.CreateCondBr(b.CreateFCmpUNE(window, load(op, kWindow)), change, done);
  b.SetInsertPoint(change);
  changeYarn(op, window);
  b.CreateBr(done);
  b.SetInsertPoint(done);
}

void gptc::emitHostNumbers(const HostNumbers &numbers, llvm::Module &module,
                           llvm::StringRef name) {
  NumberEmitter(numbers, module).run(name);
}
