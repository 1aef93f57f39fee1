//===- Structure.cpp - functions, schedules, optimizers, calls ------------===//
//
// Part of gptc, under the MIT License.
//
// The ops with a region and arguments of their own: their text forms and what
// the call interfaces want to know.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptAttrs.h"
#include "dialect/GptStructure.h"
#include "dialect/GptTypes.h"
#include "dialect/Syntax.h"
#include "dialect/gpt/SettingOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

//===----------------------------------------------------------------------===//
// Names of values
//===----------------------------------------------------------------------===//

RegionKind ModelOp::getRegionKind(unsigned) { return RegionKind::Graph; }

static constexpr StringLiteral feedWords[] = {
    "tokens", "targets", "docs", "order", "targets_order", "docs_order"};

std::optional<Feed> gptc::gpt::feedOf(StringRef word) {
  const auto *it = llvm::find(feedWords, word);
  if (it == std::end(feedWords))
    return std::nullopt;
  return Feed(it - std::begin(feedWords));
}
StringRef gptc::gpt::wordOf(Feed feed) { return feedWords[unsigned(feed)]; }
Feed gptc::gpt::orderOf(Feed feed) {
  return Feed(unsigned(feed) + unsigned(Feed::TokenOrder));
}
std::optional<Feed> InputOp::getFeed() {
  return feedOf(getKind().value_or(getName()));
}

void InputOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void ParamOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void PackOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  giveNames(getParts(), getNames(), setName);
}
void BaseOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  giveNames(getValues(), getNames(), setName);
}
void StateOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void SettingOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void YarnOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  giveNames(getResults(), getNames(), setName);
}

void gptc::gpt::forEachNamed(ModelOp model,
                             function_ref<void(StringRef, Value)> visit) {
  auto visitAll = [&](ArrayAttr names, ValueRange values) {
    for (auto [n, v] : llvm::zip(names, values))
      visit(cast<StringAttr>(n), v);
  };
  for (Operation &op : model.getBody().front()) {
    if (auto names = op.getAttrOfType<ArrayAttr>("names");
        names && isa<PackOp, YarnOp, ScheduleOp, BaseOp>(op))
      visitAll(names, op.getResults());
    else if (isa<InputOp, ParamOp, FuncOp, OptimizerOp>(op))
      visit(op.getAttrOfType<StringAttr>("name"), op.getResult(0));
  }
}

//===----------------------------------------------------------------------===//
// Arguments that are numbers
//===----------------------------------------------------------------------===//

/// An argument with its declared name, `%lr_0 as lr` where the printer had to
/// give it another because the model has a value of that name.
static void printArgument(OpAsmPrinter &p, Value argument, Attribute name) {
  std::string printed;
  llvm::raw_string_ostream os(printed);
  p.printOperand(argument, os);
  p << printed;
  StringRef declared = cast<StringAttr>(name);
  if (StringRef(printed).drop_front() != declared)
    p << " as " << declared;
}

static ParseResult
parseArgument(OpAsmParser &p, SmallVectorImpl<OpAsmParser::Argument> &arguments,
              SmallVectorImpl<Attribute> &names) {
  if (p.parseArgument(arguments.emplace_back()))
    return failure();
  StringRef name = arguments.back().ssaName.name.drop_front();
  if (succeeded(p.parseOptionalKeyword("as")) && p.parseKeyword(&name))
    return failure();
  names.push_back(p.getBuilder().getStringAttr(name));
  return success();
}

/// `(%i, %group = 1)`: numbers, perhaps with defaults; nothing if there are
/// none.
static ParseResult parseNumberArguments(
    OpAsmParser &p, SmallVectorImpl<OpAsmParser::Argument> &arguments,
    SmallVectorImpl<Attribute> &names, SmallVectorImpl<Attribute> &defaults) {
  Builder &b = p.getBuilder();
  return p.parseCommaSeparatedList(AsmParser::Delimiter::OptionalParen,
                                   [&]() -> ParseResult {
                                     if (parseArgument(p, arguments, names))
                                       return failure();
                                     arguments.back().type = b.getF64Type();
                                     defaults.push_back(b.getUnitAttr());
                                     if (failed(p.parseOptionalEqual()))
                                       return success();
                                     return parseExpr(p, defaults.back());
                                   });
}

static void printNumberArguments(OpAsmPrinter &p, ValueRange arguments,
                                 Attrs names, ArrayAttr defaults) {
  if (defaults.empty())
    return;
  p << " (";
  for (auto [i, value, argument] : llvm::enumerate(defaults, arguments)) {
    p << (i ? ", " : "");
    printArgument(p, argument, names[i]);
    if (!isa<UnitAttr>(value))
      p << " = " << text(value);
  }
  p << ")";
}

/// What ends the text of a function or an optimizer: its name, its body. Both
/// keep the names of their arguments and the defaults of their numbers.
template <typename OpT>
static ParseResult parseNamedBody(OpAsmParser &p, OperationState &result,
                                  ArrayRef<OpAsmParser::Argument> arguments,
                                  ArrayRef<Attribute> names,
                                  ArrayRef<Attribute> defaults) {
  auto &properties = result.getOrAddProperties<typename OpT::Properties>();
  properties.names = p.getBuilder().getArrayAttr(names);
  properties.defaults = p.getBuilder().getArrayAttr(defaults);
  return failure(parseName(p, properties.name) ||
                 parseBody(p, *result.addRegion(), arguments, "gpt.return") ||
                 p.parseOptionalAttrDict(result.attributes));
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

ParseResult ScheduleOp::parse(OpAsmParser &p, OperationState &result) {
  OpAsmParser::Argument step;
  Builder &b = p.getBuilder();
  if (p.parseLParen() || p.parseArgument(step) || p.parseRParen())
    return failure();
  step.type = b.getF64Type();
  ArrayAttr names;
  if (parseBody(p, *result.addRegion(), {step}, "gpt.yield") ||
      p.parseOptionalAttrDict(result.attributes) || parseResultNames(p, names))
    return failure();
  result.getOrAddProperties<Properties>().names = names;
  result.addTypes(SmallVector<Type>(p.getNumResults(), b.getF64Type()));
  return success();
}

void ScheduleOp::print(OpAsmPrinter &p) {
  p << "(" << getBody().getArgument(0) << ") ";
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  p.printOptionalAttrDict((*this)->getAttrs(), {"names"});
}

LogicalResult ScheduleOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield)
    return emitOpError("(C1) has no value: end it with `gpt.yield VALUE`");
  if (yield.getValues().size() == getNumResults())
    return success();
  InFlightDiagnostic error = yield.emitOpError("(C2) gives ")
                             << yield.getValues().size()
                             << " values, its schedule names "
                             << getNumResults();
  error.attachNote(getLoc()) << "the names stand here: `%a, %b = gpt.schedule`";
  return error;
}

/// A run shows every schedule that the model names, whether a kernel reads it
/// or not.
void ScheduleOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Write::get());
}

void ScheduleOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  giveNames(getValues(), getNames(), setName);
}
void ScheduleOp::getAsmBlockArgumentNames(Region &region,
                                          OpAsmSetValueNameFn setName) {
  if (region.getNumArguments())
    setName(region.getArgument(0), "step");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

ParseResult FuncOp::parse(OpAsmParser &p, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> names, shapes, defaults;
  auto parseTensor = [&]() -> ParseResult {
    if (parseArgument(p, arguments, names))
      return failure();
    arguments.back().type = ValueType::get(p.getContext());
    shapes.push_back(p.getBuilder().getUnitAttr());
    if (failed(p.parseOptionalColon()))
      return success(); // of any shape
    Type t;
    if (parseShapeType(p, t))
      return failure();
    shapes.back() = TypeAttr::get(t);
    return success();
  };
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseTensor) ||
      parseNumberArguments(p, arguments, names, defaults) ||
      parseNamedBody<FuncOp>(p, result, arguments, names, defaults))
    return failure();
  result.getOrAddProperties<Properties>().shapes =
      p.getBuilder().getArrayAttr(shapes);
  result.addTypes(FuncType::get(p.getContext()));
  return success();
}

void FuncOp::print(OpAsmPrinter &p) {
  Attrs names = getNames().getValue();
  ArrayRef<BlockArgument> arguments = getBody().getArguments();
  p << "(";
  for (auto [i, shape] : llvm::enumerate(getShapes())) {
    p << (i ? ", " : "");
    printArgument(p, arguments[i], names[i]);
    if (auto type = dyn_cast<TypeAttr>(shape))
      p << " : " << text(type.getValue());
  }
  p << ")";
  size_t tensors = getShapes().size();
  printNumberArguments(p, arguments.drop_front(tensors),
                       names.drop_front(tensors), getDefaults());
  printName(p, *this, getNameAttr());
  p << " ";
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  p.printOptionalAttrDict((*this)->getAttrs(),
                          {"name", "shapes", "names", "defaults"});
}

void FuncOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void FuncOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  giveNames(region.getArguments(), getNames(), setName);
}

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

/// `%p : [M, N]`, `%g`: an argument of an optimizer, and its sizes if it names
/// any.
static ParseResult
parseSizedArgument(OpAsmParser &p,
                   SmallVectorImpl<OpAsmParser::Argument> &arguments,
                   SmallVectorImpl<Attribute> &names, DimsAttr &sizes) {
  if (parseArgument(p, arguments, names))
    return failure();
  arguments.back().type = ValueType::get(p.getContext());
  return success(failed(p.parseOptionalColon()) ||
                 succeeded(parseDims(p, sizes)));
}

/// `%n` behind `counting`: which of the numbers it is.
static ParseResult parseCounter(OpAsmParser &p,
                                ArrayRef<OpAsmParser::Argument> numbers,
                                ArrayRef<Attribute> names,
                                StringAttr &counter) {
  OpAsmParser::UnresolvedOperand given;
  if (p.parseOperand(given))
    return failure();
  for (auto [number, name] : llvm::zip(numbers, names))
    if (number.ssaName.name == given.name)
      counter = cast<StringAttr>(name);
  if (counter)
    return success();
  return p.emitError(given.location, "'")
         << given.name
         << "' is none of the optimizer's numbers: write it among them, `("
         << given.name << ")`";
}

ParseResult OptimizerOp::parse(OpAsmParser &p, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> names, shapes, defaults;
  Builder &b = p.getBuilder();
  DimsAttr own; // the parameter's sizes
  auto addShape = [&](Attrs dims) {
    shapes.push_back(TypeAttr::get(makeShape(dims, b.getF32Type())));
  };
  SMLoc loc = p.getCurrentLocation();
  auto parseTensor = [&]() -> ParseResult {
    DimsAttr sizes;
    SMLoc at = p.getCurrentLocation();
    if (parseSizedArgument(p, arguments, names, sizes))
      return failure();
    if (sizes && arguments.size() > 1)
      return p.emitError(at, "(C3) a gradient has the sizes of its parameter, "
                             "and a norm is one number: write `(%p : [M, N], "
                             "%g)`");
    if (arguments.size() == 1)
      own = sizes;
    return success();
  };
  auto parseState = [&]() -> ParseResult {
    DimsAttr sizes;
    SMLoc at = p.getCurrentLocation();
    if (parseSizedArgument(p, arguments, names, sizes))
      return failure();
    if (sizes && !own)
      return p.emitError(at, "(C3) a state has sizes of its own where the "
                             "parameter has: write `(%p : [M, N], %g)`");
    if (own)
      addShape(sizes ? sizes.getDims() : own.getDims());
    return success();
  };
  if (p.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseTensor))
    return failure();
  if (arguments.size() != 2 && arguments.size() != 3)
    return p.emitError(loc,
                       "an optimizer takes two tensors, the parameter and "
                       "its gradient: `gpt.optimizer(%p, %g)`, and perhaps "
                       "a third, the norm of all gradients");
  bool takesNorm = arguments.size() == 3;
  if (own) {
    addShape(own.getDims());
    addShape(own.getDims());
    if (takesNorm)
      addShape({});
  }
  if (succeeded(p.parseOptionalKeyword("states")) &&
      p.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseState))
    return failure();
  int64_t states = arguments.size() - (takesNorm ? 3 : 2);
  if (parseNumberArguments(p, arguments, names, defaults))
    return failure();
  Attribute every = b.getI64IntegerAttr(1);
  if (succeeded(p.parseOptionalKeyword("every")) && parseExpr(p, every))
    return failure();
  StringAttr counter;
  if (succeeded(p.parseOptionalKeyword("counting")) &&
      parseCounter(p, ArrayRef(arguments).take_back(defaults.size()),
                   ArrayRef(names).take_back(defaults.size()), counter))
    return failure();
  if (parseNamedBody<OptimizerOp>(p, result, arguments, names, defaults))
    return failure();
  auto &properties = result.getOrAddProperties<Properties>();
  properties.shapes = b.getArrayAttr(shapes);
  properties.states = b.getI64IntegerAttr(states);
  properties.every = every;
  properties.counter = counter;
  if (takesNorm)
    properties.takesNorm = b.getUnitAttr();
  result.addTypes(OptimizerType::get(p.getContext()));
  return success();
}

void OptimizerOp::print(OpAsmPrinter &p) {
  Attrs names = getNames().getValue();
  ArrayRef<BlockArgument> arguments = getBody().getArguments();
  auto printTensors = [&](size_t begin, size_t end) {
    p << "(";
    for (size_t i = begin; i < end; ++i) {
      p << (i > begin ? ", " : "");
      printArgument(p, arguments[i], names[i]);
      // What follows the parameter has its sizes unless it says others.
      SmallVector<Attribute> sizes = getSizesOf(i);
      if (!getShapes().empty() && (i == 0 || (begin && sizes != getSizes()))) {
        p << " : ";
        printDims(p, *this, DimsAttr::get(getContext(), sizes));
      }
    }
    p << ")";
  };
  printTensors(0, getFirstState());
  if (getStates()) {
    p << " states";
    printTensors(getFirstState(), getTensors());
  }
  printNumberArguments(p, arguments.drop_front(getTensors()),
                       names.drop_front(getTensors()), getDefaults());
  if (integer(getEvery()) != 1)
    p << " every " << text(getEvery());
  for (auto [argument, name] : llvm::zip(arguments, names))
    if (getCounterAttr() == name)
      p << " counting " << argument;
  printName(p, *this, getNameAttr());
  p << " ";
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  p.printOptionalAttrDict((*this)->getAttrs(),
                          {"name", "shapes", "takesNorm", "states", "names",
                           "defaults", "every", "counter"});
}

SmallVector<Attribute> OptimizerOp::getSizesOf(unsigned tensor) {
  if (getShapes().empty())
    return {};
  return dimsOf(cast<TypeAttr>(getShapes()[tensor]).getValue());
}

bool OptimizerOp::isCounter(StringRef number) {
  return number == getCounter().value_or("count");
}

bool OptimizerOp::ownsName(StringRef name) {
  bool owns = false;
  for (Attribute size : getSizes())
    forEachName(size, [&](StringRef own) { owns |= own == name; });
  return owns;
}

std::optional<SmallVector<Attribute>>
OptimizerOp::bindSizes(ArrayRef<Attribute> dims) {
  SmallVector<Attribute> sizes = getSizes(), all(dims);
  // A matrix is a stack of one.
  if (sizes.size() == 3 && all.size() == 2)
    all.insert(all.begin(), Builder(getContext()).getI64IntegerAttr(1));
  if (all.size() != sizes.size())
    return std::nullopt;
  for (auto [size, value] : llvm::zip(sizes, all))
    if (!isa<StringAttr>(size) && number(size) != number(value))
      return std::nullopt;
  return all;
}

Attribute OptimizerOp::sizeOf(StringRef name, ArrayRef<Attribute> bound) {
  for (auto [size, value] : llvm::zip(getSizes(), bound))
    if (auto own = dyn_cast<StringAttr>(size); own && own.getValue() == name)
      return value;
  return {};
}

SmallVector<Attribute> ParamOp::getMemberSizes() {
  SmallVector<Attribute> dims = dimsOf(getShape());
  auto members = (*this)->getAttrOfType<ArrayAttr>("members");
  if (auto rows = members ? integer(dims[0]) : std::nullopt)
    dims[0] = Builder(getContext()).getI64IntegerAttr(*rows / members.size());
  return dims;
}

SmallVector<Attribute> ParamOp::getTrainedSizes() {
  auto as = getAsAttr();
  return as ? SmallVector<Attribute>(as.getDims()) : getMemberSizes();
}

void OptimizerOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getY(), getName());
}
void OptimizerOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setName) {
  giveNames(region.getArguments(), getNames(), setName);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

// The interface wants arrays that outlive the call: a uniqued function type
// holds them. (Empty ones stop the inliner, silently.)
static FunctionType typeOf(FuncOp f) {
  return FunctionType::get(f.getContext(), f.getBody().getArgumentTypes(),
                           TypeRange(f.getBody().front().back().getOperands()));
}

Region *FuncOp::getCallableRegion() { return &getBody(); }
ArrayRef<Type> FuncOp::getArgumentTypes() { return typeOf(*this).getInputs(); }
ArrayRef<Type> FuncOp::getResultTypes() { return typeOf(*this).getResults(); }

Region *GraphOp::getCallableRegion() { return &getBody(); }
ArrayRef<Type> GraphOp::getArgumentTypes() { return {}; }
ArrayRef<Type> GraphOp::getResultTypes() { return {}; }

CallInterfaceCallable CallOp::getCallableForCallee() { return getCallee(); }
void CallOp::setCalleeFromCallable(CallInterfaceCallable callee) {
  getCalleeMutable().assign(cast<Value>(callee));
}
Operation::operand_range CallOp::getArgOperands() {
  return (*this)->getOperands().drop_front();
}
MutableOperandRange CallOp::getArgOperandsMutable() {
  return MutableOperandRange(*this, 1, (*this)->getNumOperands() - 1);
}
