//===- Shares.cpp - which parameters ranks can share out ------------------===//
//
// Part of gptc, under the MIT License.
//
// Method: assume that all can that are large enough; follow what the updates
// compute of them; an op that mixes units, or reads those of two parameters,
// takes them out, and all is followed again until nothing changes. Reason: an
// optimizer is whatever function a model file writes, so what can be shared out
// is found, not listed.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Shares.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/DotOp.h.inc"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/GramOp.h.inc"
#include "dialect/gpt/LinearOp.h.inc"
#include "dialect/gpt/MatmulOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/NumbersOp.h.inc"
#include "dialect/gpt/OuterOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReduceOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/TransposeOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include <numeric>

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

/// What has fewer elements costs less on each rank than to exchange twice.
static constexpr int64_t kFewestElements = 1024;

static RankedTensorType typeOf(Value v) {
  return dyn_cast<RankedTensorType>(v.getType());
}

/// The first dimension; 0 of a scalar, and of a number.
static int64_t lengthOf(Value v) {
  RankedTensorType type = typeOf(v);
  return type && type.getRank() ? type.getDimSize(0) : 0;
}

static bool isInUpdate(Operation *op) {
  auto part = op->getParentOfType<PartOp>();
  return part && part.getKind() == "update";
}

/// Elements of two bytes, the shortest that a parameter has, between two places
/// where a buffer may begin (PlanMemory.cpp).
static constexpr int64_t kAlignedElements = 128;

int64_t SharedParameter::unitsOf(int64_t ranks) const {
  auto type = cast<RankedTensorType>(ParamOp(param).getY().getType());
  int64_t step = kAlignedElements /
                 std::gcd(kAlignedElements, type.getNumElements() / units);
  int64_t least = (units + ranks - 1) / ranks;
  return (least + step - 1) / step * step;
}

Operation *gptc::storedUnder(Value v) {
  Operation *def = v.getDefiningOp();
  while (def && isView(def))
    def = def->getOperand(0).getDefiningOp();
  return isa_and_nonnull<ParamOp, StateOp>(def) ? def : nullptr;
}

bool gptc::isOfNumbers(Value v) {
  return isa_and_nonnull<FillOp, NumbersOp>(v.getDefiningOp());
}

llvm::SetVector<Operation *> gptc::ownIn(PartOp part) {
  llvm::SetVector<Operation *> own;
  for (Operation &op : part.getBody().front())
    // What an update writes it does not read.
    for (Value v : op.getOperands().drop_front(isa<UpdateOp>(op) ? 1 : 0))
      if (auto state = dyn_cast_or_null<StateOp>(storedUnder(v));
          state && (state.getKind() == "output" ||
                    (state.getKind() == "gradient" && state.getOf())))
        own.insert(state);
  return own;
}

//===----------------------------------------------------------------------===//
// The candidates
//===----------------------------------------------------------------------===//

Shares::Shares(ModelOp model, int64_t mostRanks) : model(model) {
  for (ParamOp param : model.getOps<ParamOp>())
    ask(param, mostRanks);
  for (PartOp part : model.getOps<PartOp>()) {
    if (part.getKind() != "update")
      continue;
    llvm::SmallPtrSet<Operation *, 16> cleared;
    for (auto update : part.getOps<UpdateOp>())
      cleared.insert(storedUnder(update.getTarget()));
    for (Operation *gradient : ownIn(part))
      if (SharedParameter *shared = find(gradient))
        shared->waits |= !cleared.contains(gradient);
  }
  do {
    changed = false;
    values.clear();
    for (PartOp part : model.getOps<PartOp>())
      check(part);
  } while (changed);
}

SharedParameter *Shares::find(Operation *stored) {
  auto it = index.find(stored);
  return it == index.end() || !all[it->second].whyNot.empty()
             ? nullptr
             : &all[it->second];
}

const SharedParameter *Shares::of(Operation *stored) const {
  return const_cast<Shares *>(this)->find(stored);
}

void Shares::ask(ParamOp param, int64_t mostRanks) {
  RankedTensorType type = typeOf(param.getY());
  if (!type || type.getNumElements() < kFewestElements)
    return;
  SharedParameter shared;
  shared.param = param;
  for (StateOp state : model.getOps<StateOp>())
    if (state.getOf() == param.getName()) {
      if (state.getKind() == "gradient")
        shared.gradient = state;
      else
        shared.states.push_back(state);
    }
  if (!shared.gradient)
    return;
  // Rows, unless its optimizer sees it as a stack.
  shared.units = type.getDimSize(0);
  for (Operation *user : param->getUsers())
    if (auto reshape = dyn_cast<ReshapeOp>(user);
        reshape && isInUpdate(reshape) &&
        typeOf(reshape.getY()).getRank() > type.getRank())
      shared.units = std::min(shared.units, lengthOf(reshape.getY()));
  // With fewer, more than half of the ranks would own padding alone.
  if (2 * shared.units < mostRanks || shared.units < 2)
    shared.whyNot = "has too few rows or matrices for so many ranks";
  auto divides = [&](Value v) { return lengthOf(v) % shared.units == 0; };
  if (!divides(param.getY()) ||
      !llvm::all_of(shared.states, [&](StateOp state) {
        return lengthOf(state.getY()) && divides(state.getY());
      }))
    shared.whyNot = "has a state of another number of rows";
  unsigned number = all.size();
  for (Operation *stored :
       {param.getOperation(), shared.gradient.getOperation()})
    index[stored] = number;
  for (StateOp state : shared.states)
    index[state] = number;
  all.push_back(std::move(shared));
}

//===----------------------------------------------------------------------===//
// What parts compute of them
//===----------------------------------------------------------------------===//

void Shares::refuse(const SharedParameter *shared, const Twine &why) {
  if (!shared || !shared->whyNot.empty())
    return;
  all[shared - all.data()].whyNot = why.str();
  changed = true;
}

void Shares::refuse(Operation *stored, const Twine &why) {
  refuse(find(stored), why);
}

const SharedParameter *Shares::of(PartOp part, Value v) const {
  if (auto it = values.find(v); it != values.end())
    return &all[it->second];
  if (v.getParentRegion() == &part.getBody())
    return nullptr;
  // Only updates see parameters and gradients by shares.
  Operation *stored = storedUnder(v);
  auto state = dyn_cast_or_null<StateOp>(stored);
  bool isState = state && state.getKind() == "optimizer";
  return isState || part.getKind() == "update" ? of(stored) : nullptr;
}

/// Why an op does not compute each unit of its result from the same unit of its
/// operands; empty if it does.
std::string Shares::whyNot(PartOp part, Operation *op,
                           const SharedParameter &shared) const {
  StringRef name = op->getName().stripDialect();
  std::string mixes = ("is mixed with other rows by '" + name + "'").str();
  if (isa<DotOp>(op)) {
    // Rows of padding count for nothing: the gradient's are zeros.
    Value g = StateOp(shared.gradient).getY();
    return op->getOperand(0) == g && op->getOperand(1) == g ? "" : mixes;
  }
  if (part.getKind() != "update" || op->getNumResults() != 1)
    return mixes;
  int64_t length = lengthOf(op->getResult(0));
  if (length % shared.units)
    return mixes;
  bool oneForOne =
      isElementwise(op) || isa<ReduceOp>(op) ||
      (isa<GramOp, LinearOp, MatmulOp, gpt::OuterOp, TransposeOp>(op) &&
       typeOf(op->getResult(0)).getRank() == 3);
  if (!oneForOne && !isa<ReshapeOp>(op))
    return mixes;
  for (Value v : op->getOperands()) {
    if (lengthOf(v) == 0) // a scalar, or a number of the step
      continue;
    if (of(part, v) != &shared) {
      if (isElementwise(op) && isOfNumbers(v))
        continue;
      return "is computed with what no rank has a share of, by '" + name.str() +
             "'";
    }
    if (oneForOne ? lengthOf(v) != length : lengthOf(v) % shared.units != 0)
      return mixes;
  }
  return "";
}

void Shares::checkUpdate(PartOp part, UpdateOp update) {
  Operation *target = storedUnder(update.getTarget());
  Value value = update.getValue();
  const SharedParameter *shared = find(target), *from = of(part, value);
  auto state = dyn_cast_or_null<StateOp>(target);
  bool isState = state && state.getKind() == "optimizer";
  if (!shared)
    return refuse(from, "is stored where each rank has all");
  if (isa<ParamOp>(target) && part.getKind() != "update")
    return refuse(from, "is stored where each rank has all");
  if (state && !isState) { // its gradient is cleared
    refuse(from, "is stored where each rank has all");
    if (!isa<FillOp>(value.getDefiningOp()))
      refuse(shared, "has a gradient that is not cleared");
    return;
  }
  bool fits =
      update.getTarget().getDefiningOp() == target &&
      (from ? from->units == shared->units
            : isState && isa_and_nonnull<FillOp>(value.getDefiningOp()));
  if (!fits) {
    refuse(shared, "is updated by what no rank has a share of");
    refuse(from, "is stored where each rank has all");
  }
}

void Shares::check(PartOp part) {
  for (Operation &op : part.getBody().front()) {
    if (auto update = dyn_cast<UpdateOp>(op)) {
      checkUpdate(part, update);
      continue;
    }
    llvm::SetVector<const SharedParameter *> owners;
    for (Value v : op.getOperands())
      if (const SharedParameter *shared = of(part, v))
        owners.insert(shared);
    for (const SharedParameter *shared : owners) {
      std::string why = owners.size() > 1 ? "is computed with another parameter"
                                          : whyNot(part, &op, *shared);
      if (!why.empty())
        refuse(shared, why);
      else if (!isa<DotOp>(op))
        values[op.getResult(0)] = shared - all.data();
    }
  }
}
