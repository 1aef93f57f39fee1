//===- Reads.cpp - what of a model has an effect --------------------------===//
//
// Part of gptc, under the MIT License.
//
// A function is read as a whole: an op of it that gives its values to nobody is
// a mistake at that op, not one at each parameter that it reads.
//
//===----------------------------------------------------------------------===//

#include "dialect/Reads.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptStructure.h"
#include "dialect/OpHelpers.h"

using namespace mlir;
using namespace gptc::gpt;

StringRef gptc::gpt::fileOf(Location loc) {
  StringRef file;
  loc->walk([&](Location part) {
    if (auto place = dyn_cast<FileLineColLoc>(part); place && file.empty())
      file = place.getFilename();
    return file.empty() ? WalkResult::advance() : WalkResult::interrupt();
  });
  return file;
}

void gptc::gpt::forEachName(Operation *op,
                            function_ref<void(StringRef)> visitAll) {
  auto visit = [&](StringRef name) {
    if (!isOwnName(op, name))
      visitAll(name);
  };
  auto visitShape = [&](Attribute a) {
    auto shape = dyn_cast<TypeAttr>(a);
    if (shape && isa<RankedTensorType>(shape.getValue()))
      for (Attribute d : dimsOf(shape.getValue()))
        forEachName(d, visit);
  };
  for (NamedAttribute a : op->getAttrs()) {
    StringRef name = a.getName();
    Attribute value = a.getValue();
    if (!isInherent(op, name))
      continue;
    auto list = dyn_cast<ArrayAttr>(value);
    if (auto dims = dyn_cast<DimsAttr>(value)) {
      for (Attribute e : dims.getDims())
        forEachName(e, visit);
    } else if (name == "shape") {
      visitShape(value);
    } else if (isExpression(name)) {
      forEachName(value, visit);
    } else if (list && name == "shapes") {
      llvm::for_each(list, visitShape);
    } else if (list && isExpressionList(name)) {
      for (Attribute e : list)
        forEachName(e, visit);
    } else if (list && name == "args") { // names and expressions in turn
      for (size_t i = 1; i < list.size(); i += 2)
        forEachName(list[i], visit);
    }
  }
}

Reads::Reads(ModelOp model) {
  declare(model);
  for (Operation &op : *body) {
    auto schedule = dyn_cast<ScheduleOp>(op);
    bool isShown = schedule && schedule.getShown();
    if (isShown)
      values.insert_range(schedule.getValues());
    if (isShown || isa<GraphOp, RecipeOp, RequireOp>(op))
      ops.insert(&op);
  }
  follow();
}

Reads::Reads(ModelOp model, ArrayRef<Operation *> roots) {
  declare(model);
  ops.insert_range(roots);
  follow();
}

void Reads::declare(ModelOp model) {
  body = &model.getBody().front();
  for (auto let : model.getOps<LetOp>())
    for (size_t i = 0; i + 1 < let.getArgs().size(); i += 2)
      declared[cast<StringAttr>(let.getArgs()[i])] = let.getArgs()[i + 1];
}

void Reads::follow() {
  for (size_t next = 0; next < ops.size(); ++next) // which grows
    readAllOf(ops[next]);
}

void Reads::readConstant(StringRef name) {
  auto it = declared.find(name);
  if (it != declared.end() && constants.insert(name).second)
    forEachName(it->second, [&](StringRef other) { readConstant(other); });
}

void Reads::readAllOf(Operation *op) {
  op->walk([&](Operation *inner) {
    forEachName(inner, [&](StringRef name) { readConstant(name); });
    for (Value v : inner->getOperands()) {
      Operation *def = v.getDefiningOp();
      if (!def || def->getBlock() != body)
        continue;
      ops.insert(def);
      // Who wants one result of YaRN has the other too.
      if (isa<YarnOp>(def))
        values.insert_range(def->getResults());
      else
        values.insert(v);
    }
  });
}
