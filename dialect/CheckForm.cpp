//===- CheckForm.cpp - attributes as the text forms write them ------------===//
//
// Part of gptc, under the MIT License.
//
// A list that pairs names with expressions, or names with results, is one array
// attribute. The text forms always write it well; MLIR's generic form may not.
// Every other rule, pass and printer relies on what is checked here.
//
//===----------------------------------------------------------------------===//

#include "dialect/Check.h"
#include "dialect/GptStructure.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/StateOp.h.inc"

using namespace mlir;

namespace gptc::gpt {

template <typename AttrT> static bool areAll(ArrayAttr list) {
  return llvm::all_of(list, [](Attribute a) { return isa<AttrT>(a); });
}

/// `name = value, …` as [name, value, …].
static bool isNamed(ArrayAttr list) {
  for (size_t i = 0; i < list.size(); i += 2)
    if (!isa<StringAttr>(list[i]))
      return false;
  return list.size() % 2 == 0;
}

static bool isShape(Attribute a) {
  auto type = dyn_cast<TypeAttr>(a);
  return type && isa<RankedTensorType>(type.getValue());
}

/// A function takes tensors of any shape, too.
static bool isShapeOrAny(Attribute a) { return isa<UnitAttr>(a) || isShape(a); }

/// Arguments of a region: tensors, then numbers.
static bool hasArguments(Region &body, ArrayAttr names, uint64_t tensors,
                         ArrayAttr defaults) {
  size_t n = body.getNumArguments();
  return names.size() == n && tensors + defaults.size() == n;
}

static bool returns(Region &body) { return isa<ReturnOp>(body.front().back()); }

/// What is wrong with an op's own attributes; empty if nothing is.
static StringRef faultOf(Operation *op) {
  for (NamedAttribute a : op->getAttrs()) {
    auto list = dyn_cast<ArrayAttr>(a.getValue());
    // What stack-parameters leaves where it has put several under one name.
    if (a.getName() == "members" && isa<ParamOp, StateOp>(op) &&
        !(list && !list.empty() && areAll<StringAttr>(list)))
      return "needs 'members' that are names";
    if (!isInherent(op, a.getName()))
      continue;
    if (a.getName() == "args" && !isNamed(list))
      return "needs 'args' that alternate names and values";
    if (a.getName() == "names" && !areAll<StringAttr>(list))
      return "needs 'names' that are strings";
    if (a.getName() == "shapes" &&
        !llvm::all_of(list, isa<FuncOp>(op) ? isShapeOrAny : isShape))
      return "needs 'shapes' that are tensor types";
  }
  if (isa<FuncOp, GraphOp, OptimizerOp>(op) && !returns(op->getRegion(0)))
    return "has no value: end it with `gpt.return VALUE`";
  bool fits = true;
  if (auto f = dyn_cast<FuncOp>(op))
    fits = hasArguments(f.getBody(), f.getNames(), f.getShapes().size(),
                        f.getDefaults());
  else if (auto o = dyn_cast<OptimizerOp>(op))
    fits = hasArguments(o.getBody(), o.getNames(), o.getTensors(),
                        o.getDefaults()) &&
           (o.getShapes().empty() || o.getShapes().size() == o.getTensors());
  else if (auto pack = dyn_cast<PackOp>(op))
    fits = pack.getNumResults() &&
           pack.getNames().size() == pack.getNumResults() &&
           pack.getShapes().size() == pack.getNumResults() &&
           pack.getInits().size() == pack.getNumResults();
  else if (isa<YarnOp, ScheduleOp, BaseOp>(op))
    fits = op->getAttrOfType<ArrayAttr>("names").size() == op->getNumResults();
  return fits ? StringRef() : "needs a name for each of its values";
}

LogicalResult checkForm(ModelOp model) {
  WalkResult result = model.walk([](Operation *op) {
    StringRef fault = faultOf(op);
    if (fault.empty())
      return WalkResult::advance();
    op->emitOpError(fault);
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

} // namespace gptc::gpt
