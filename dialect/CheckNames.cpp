//===- CheckNames.cpp - names of constants, and numbers by name -----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/Arguments.h"
#include "dialect/Checker.h"
#include "dialect/GptAttrs.h"
#include "dialect/OpHelpers.h"
#include "dialect/Reads.h"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"

using namespace mlir;
using namespace gptc::gpt;

NamesGiven::NamesGiven(ArrayAttr args, ArrayRef<StringRef> all,
                       ArrayRef<StringRef> needed) {
  for (StringRef n : needed)
    if (!lookup(args, n))
      missing.push_back(n);
  for (size_t i = 0; i < args.size(); i += 2)
    if (StringRef s = cast<StringAttr>(args[i]); !llvm::is_contained(all, s))
      unknown.push_back(s);
  for (StringRef s : unknown) {
    std::string name = nearest(s, missing);
    meant.push_back(name.empty() ? nearest(s, all) : name);
  }
  if (!unknown.empty())
    missing.clear();
}

bool Checker::checkNames(Operation *op) {
  bool known = true;
  forEachName(op, [&](StringRef s) {
    if (!s.starts_with("_") && !llvm::is_contained(names, s))
      known = fail(op->emitOpError("unknown size or constant '")
                   << s << "'" << nearest(s, names));
  });
  return known;
}

/// False if a number is missing that the op's rules read.
bool Checker::checkArguments(Operation *op, ArrayAttr args) {
  SmallVector<StringRef> all, needed;
  for (const Argument &a : argumentsOf(op->getName().stripDialect())) {
    all.push_back(a.name);
    if (a.needed)
      needed.push_back(a.name);
  }
  NamesGiven given(args, all, needed);
  for (auto [s, meant] : llvm::zip(given.unknown, given.meant))
    fail(op->emitOpError("has no '")
         << s << "'" << meant << (all.empty() ? "" : "; there are ")
         << llvm::join(all, ", "));
  if (!given.missing.empty())
    fail(op->emitOpError("needs '")
         << llvm::join(given.missing, " = …' and '") << " = …'");
  return given.unknown.empty() && given.missing.empty();
}

/// Numbers that need no constant to be known lie in their domains; all others
/// are looked at when the constants, or the steps, are known.
bool Checker::checkNumbers(Operation *op) {
  bool good = true;
  auto valueOfLiteral = [](Attribute e) {
    return e ? evaluate(e, [](StringRef) { return std::nullopt; })
             : std::nullopt;
  };
  forEachNumber(op, [&](const Number &number) {
    std::optional<double> value = valueOfLiteral(number.value),
                          other = valueOfLiteral(number.beyond);
    if (value && (!number.beyond || other) &&
        !number.holds(*value, other.value_or(0)))
      good =
          fail(op->emitOpError("has ") << number.name << " = " << show(*value)
                                       << "; it must be " << number.words());
  });
  return good;
}

/// What a parameter gives its optimizer: numbers that it takes, and all that
/// have no default.
void Checker::checkNumbersOf(OptimizerOp optimizer, Operation *op,
                             ArrayAttr args) {
  SmallVector<StringRef> numbers, needed;
  unsigned firstNumber = optimizer.getTensors();
  for (auto [i, value] : llvm::enumerate(optimizer.getDefaults())) {
    auto name = cast<StringAttr>(optimizer.getNames()[firstNumber + i]);
    if (optimizer.isCounter(name)) // given by the step, not by the parameter
      continue;
    numbers.push_back(name);
    if (isa<UnitAttr>(value))
      needed.push_back(name);
  }
  NamesGiven given(args, numbers, needed);
  for (auto [s, meant] : llvm::zip(given.unknown, given.meant))
    fail(op->emitOpError("(C2) gives '")
         << optimizer.getName() << "' a '" << s << "', which it does not take"
         << meant << (numbers.empty() ? "" : "; there are ")
         << llvm::join(numbers, ", "));
  if (given.unknown.empty())
    for (StringRef name : needed) {
      Givers &of = givers[{optimizer, name}];
      (lookup(args, name) ? of.with : of.without).push_back(op);
    }
}

/// A number that no parameter gives is the optimizer's mistake, one that others
/// give the parameter's: one error in either case.
void Checker::reportMissingNumbers() {
  for (auto &[key, of] : givers) {
    auto optimizer = cast<OptimizerOp>(key.first);
    if (of.without.empty())
      continue;
    if (of.with.empty() && of.without.size() > 1) {
      InFlightDiagnostic error =
          optimizer.emitOpError("has a number '")
          << key.second << "' without a default, and none of its "
          << of.without.size() << " parameters gives it: write `%" << key.second
          << " = …` here";
      error.attachNote(of.without.front()->getLoc())
          << "or `by %" << optimizer.getName() << " (" << key.second
          << " = …)` at each";
      fail(std::move(error));
      continue;
    }
    InFlightDiagnostic error =
        of.without.front()->emitOpError("(C3) does not give '")
        << optimizer.getName() << "' its '" << key.second
        << "', which has no default";
    for (Operation *other : ArrayRef(of.without).drop_front())
      error.attachNote(other->getLoc()) << "nor does this";
    fail(std::move(error));
  }
}

void Checker::checkTrained(Operation *op, Value optimizer, ArrayAttr args,
                           StringRef name) {
  if (!optimizer)
    return (void)fail(op->emitOpError("(C1) '")
                      << name
                      << "' has no optimizer: write `by %adam (…)`, or make it "
                         "an input");
  auto function = optimizer.getDefiningOp<OptimizerOp>();
  if (!function)
    return;
  checkNumbersOf(function, op, args);
  checkServed(function, op, name);
}

/// (C6): an optimizer that names sizes serves parameters that have as many.
void Checker::checkServed(OptimizerOp optimizer, Operation *op,
                          StringRef name) {
  auto param = dyn_cast<ParamOp>(op);
  auto shown = [](Attrs dims, Operation *op) {
    return text(makeShape(dims, Builder(op->getContext()).getBF16Type()));
  };
  if (DimsAttr as = param ? param.getAsAttr() : DimsAttr()) {
    auto elements = [&](Attrs dims) {
      double n = 1;
      for (Attribute d : dims)
        n *= evaluate(d, [&](StringRef s) {
               return valueOf(s);
             }).value_or(std::numeric_limits<double>::quiet_NaN());
      return n;
    };
    SmallVector<Attribute> own = param.getMemberSizes();
    if (double seen = elements(as.getDims()), has = elements(own);
        std::isfinite(seen) && std::isfinite(has) && seen != has)
      return (void)fail(op->emitOpError("(C6) '")
                        << name << "' is " << shown(own, op) << ", "
                        << show(has) << " elements, and seen as "
                        << shown(as.getDims(), op) << ", " << show(seen));
  }
  SmallVector<Attribute> sizes = optimizer.getSizes();
  if (optimizer.getShapes().empty()) {
    if (param && param.getAsAttr())
      fail(op->emitOpError("(C6) '")
           << name << "' is seen as " << shown(param.getAsAttr().getDims(), op)
           << " by '" << optimizer.getName()
           << "', which names no sizes and serves any: remove `as`, or write "
              "`gpt.optimizer(%p : [B, M, N], %g)`");
    return;
  }
  SmallVector<Attribute> dims;
  if (param)
    dims = param.getTrainedSizes();
  if (!optimizer.bindSizes(dims)) {
    InFlightDiagnostic error = op->emitOpError("(C6) '") << name << "' is ";
    if (param)
      error << shown(dims, op);
    else
      error << "a vector of parts";
    error << "; its optimizer '" << optimizer.getName() << "' serves "
          << shown(sizes, op);
    if (param)
      error << ": give it another, or sizes that it serves, `by %"
            << optimizer.getName() << " as " << shown(sizes, op) << "`";
    else
      error << ": give it another";
    fail(std::move(error));
  }
}
