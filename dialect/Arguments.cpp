//===- Arguments.cpp - the numbers of ops, and what each may be -----------===//
//
// Part of gptc, under the MIT License.
//
// One table says which numbers an op takes by name and what each may be. The
// verifier reads it for names and for constants, `instantiate` and
// `expand-optimizer` for the numbers of every step, `gptc ops` for the page of
// an op.
//
//===----------------------------------------------------------------------===//

#include "dialect/Arguments.h"
#include "dialect/GptAttrs.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/gpt/LetOp.h.inc"
#include "dialect/gpt/NumbersOp.h.inc"
#include "dialect/gpt/OffsetOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/PackOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;

namespace gptc::gpt {

//===----------------------------------------------------------------------===//
// Domains
//===----------------------------------------------------------------------===//

static constexpr Domain finite() { return {}; }
static constexpr Domain above(double least) {
  Domain d;
  d.least = least;
  d.above = true;
  return d;
}
static constexpr Domain from(double least) {
  Domain d;
  d.least = least;
  return d;
}
static constexpr Domain wholeFrom(double least, double most = 1e9) {
  Domain d;
  d.least = least;
  d.most = most;
  d.whole = true;
  return d;
}
static constexpr Domain flag() { return wholeFrom(0, 1); }

bool Domain::holds(double value) const {
  return std::isfinite(value) && (above ? value > least : value >= least) &&
         value <= most && (!whole || value == std::floor(value));
}

std::string show(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value < 0 ? "-infinity" : "infinity";
  // Whole numbers without a point; others as in a model file.
  llvm::SmallString<32> digits;
  llvm::raw_svector_ostream os(digits);
  for (int precision : {6, 15, 17}) {
    digits.clear();
    os << llvm::format("%.*g", precision, value);
    if (strtod(digits.c_str(), nullptr) == value)
      break;
  }
  return digits.str().str();
}

std::string Domain::words() const {
  if (whole && least == 0 && most == 1)
    return "true or false";
  std::string kind = whole ? "a whole number" : "";
  if (std::isinf(least))
    return kind.empty() ? "a finite number" : kind;
  return kind + (whole ? ", " : "") + (above ? "above " : "at least ") +
         show(least);
}

static std::string words(const Domain &domain, StringRef beyond) {
  return beyond.empty() ? domain.words() : ("above " + beyond).str();
}
std::string Number::words() const {
  return gptc::gpt::words(domain, beyondName);
}
std::string words(const Argument &argument) {
  return words(argument.domain, argument.beyond);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr bool kNeeded = true, kOptional = false;

// By ops: those of one op stand together.
static constexpr Argument arguments[] = {
    {"yarn", "window", kNeeded, wholeFrom(1)},
    {"yarn", "count", kNeeded, wholeFrom(1, 1 << 20)},
    {"yarn", "base", kNeeded, from(1)},
    {"yarn", "alpha", kNeeded, from(0)},
    {"yarn", "beta", kNeeded, from(0), "alpha"},
    {"yarn", "scale", kNeeded, above(0)},
    {"yarn", "growth", kNeeded, finite()},
    {"recipe", "steps", kNeeded, wholeFrom(1)},
    {"recipe", "micro_batches", kNeeded, wholeFrom(1)},
    {"recipe", "T", kNeeded, wholeFrom(1)},
    {"recipe", "document_token", kNeeded, wholeFrom(0)},
    {"recipe", "max_document", kNeeded, wholeFrom(1)},
    {"recipe", "validate", kOptional, finite()},
    {"recipe", "validate_tokens", kOptional, wholeFrom(1)},
    {"recipe", "validate_batch", kOptional, wholeFrom(1)},
    {"recipe", "sample_batch", kOptional, wholeFrom(1)},
    {"recipe", "bf16_gradients", kOptional, flag()},
    {"round", "scale", kNeeded, above(0)},
    {"round", "on", kOptional, flag()},
    {"round_gradient", "scale", kNeeded, above(0)},
    {"round_gradient", "on", kOptional, flag()},
    {"clamp", "min", kOptional, finite()},
    {"clamp", "max", kOptional, finite(), "min"},
    {"clamp_backward", "min", kOptional, finite()},
    {"clamp_backward", "max", kOptional, finite(), "min"},
    {"transpose", "on", kOptional, flag()},
    {"rotary", "group", kOptional, wholeFrom(1)},
    {"rotary", "neighbours", kOptional, flag()},
    {"key_offset", "by", kNeeded, wholeFrom(0)},
    {"attention", "window", kNeeded, wholeFrom(1)},
    {"attention", "scale", kNeeded, above(0)},
    {"attention", "group", kOptional, wholeFrom(1)},
    {"attention_saving", "window", kNeeded, wholeFrom(1)},
    {"attention_saving", "scale", kNeeded, above(0)},
    {"attention_saving", "group", kOptional, wholeFrom(1)},
    {"attention_backward", "window", kNeeded, wholeFrom(1)},
    {"attention_backward", "scale", kNeeded, above(0)},
    {"attention_backward", "group", kOptional, wholeFrom(1)},
    {"softcap", "scale", kNeeded, above(0)},
    {"softcap", "shift", kNeeded, finite()},
    {"softcap", "width", kNeeded, above(0)},
    {"softcap", "bf16", kOptional, flag()},
    {"softcap_backward", "scale", kNeeded, above(0)},
    {"softcap_backward", "shift", kNeeded, finite()},
    {"softcap_backward", "width", kNeeded, above(0)},
    {"softcap_backward", "bf16", kOptional, flag()},
    {"softmax", "temperature", kOptional, from(0)},
    {"cross_entropy", "w0", kOptional, from(0)},
    {"cross_entropy", "w1", kOptional, from(0)},
    {"cross_entropy", "w2", kOptional, from(0)},
    {"cross_entropy", "w3", kOptional, from(0)},
    {"cross_entropy", "bf16", kOptional, flag()},
    {"cross_entropy_backward", "w0", kOptional, from(0)},
    {"cross_entropy_backward", "w1", kOptional, from(0)},
    {"cross_entropy_backward", "w2", kOptional, from(0)},
    {"cross_entropy_backward", "w3", kOptional, from(0)},
    {"cross_entropy_backward", "bf16", kOptional, flag()},
};

ArrayRef<Argument> argumentsOf(StringRef op) {
  auto isOfOp = [&](const Argument &a) { return a.op == op; };
  const Argument *begin = llvm::find_if(arguments, isOfOp);
  const Argument *end = std::find_if_not(begin, std::end(arguments), isOfOp);
  return {begin, end};
}

//===----------------------------------------------------------------------===//
// The numbers of an op
//===----------------------------------------------------------------------===//

using Visit = function_ref<void(const Number &)>;

/// The numbers of an init: normal(0.5), rows(8, uniform(1), 0).
static void forEachOfInit(Attribute init, Visit visit) {
  auto recipe = dyn_cast<ExprAttr>(init);
  StringRef kind = recipe ? recipe.getOp() : StringRef();
  if (kind == "normal" || kind == "uniform") {
    for (Attribute a : recipe.getArgs())
      visit({kind, a, {}, from(0), {}, {}});
  } else if (kind == "cycle") {
    for (Attribute a : recipe.getArgs())
      visit({kind, a, {}, finite(), {}, {}});
  } else if (kind == "rows") {
    for (Attribute a : recipe.getArgs().drop_front())
      forEachOfInit(a, visit);
  } else if (kind != "parts") {
    visit({"init", init, {}, finite(), {}, {}});
  }
}

StringRef writtenAs(Operation *op) {
  if (!isa<NumbersOp>(op))
    return op->getName().getStringRef();
  bool shifts = llvm::any_of(op->getUsers(), llvm::IsaPred<AddOp>);
  return shifts ? OffsetOp::getOperationName() : ScaleOp::getOperationName();
}

void forEachNumber(Operation *op, Visit visit) {
  auto one = [&](StringRef name, Attribute value, ValueRange vars,
                 Domain domain) { visit({name, value, vars, domain, {}, {}}); };
  if (auto scale = dyn_cast<ScaleOp>(op))
    return one("by", scale.getFactor(), scale.getVars(), finite());
  if (auto offset = dyn_cast<OffsetOp>(op))
    return one("by", offset.getBy(), offset.getVars(), finite());
  if (auto numbers = dyn_cast<NumbersOp>(op)) {
    for (Attribute value : numbers.getValues())
      one("by", value, numbers.getVars(), finite());
    return;
  }
  if (auto optimizer = dyn_cast<OptimizerOp>(op))
    return one("every", optimizer.getEvery(), {}, wholeFrom(1));
  if (auto param = dyn_cast<ParamOp>(op))
    forEachOfInit(param.getInit(), visit);
  if (auto pack = dyn_cast<PackOp>(op))
    for (Attribute init : pack.getInits())
      forEachOfInit(init, visit);
  // An attribute of this name that is not the op's own may be anything.
  if (!isInherent(op, "args") || isa<LetOp>(op))
    return;
  auto args = op->getAttrOfType<ArrayAttr>("args");
  // Numbers are the last operands of an op that has both.
  ValueRange vars = op->getOperands();
  unsigned numbers = 0;
  while (numbers < vars.size() &&
         vars[vars.size() - 1 - numbers].getType().isF64())
    ++numbers;
  vars = vars.take_back(numbers);
  ArrayRef<Argument> known = argumentsOf(op->getName().stripDialect());
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    StringRef name = cast<StringAttr>(args[i]);
    const Argument *argument =
        llvm::find_if(known, [&](const Argument &a) { return a.name == name; });
    Number number{name, args[i + 1], vars, finite(), {}, {}};
    if (argument != known.end()) {
      number.domain = argument->domain;
      if (!argument->beyond.empty()) {
        number.beyond = lookup(args, argument->beyond);
        number.beyondName = argument->beyond;
      }
    }
    visit(number);
  }
}

} // namespace gptc::gpt
