//===- Shard.cpp - from the step of one rank to that of W ranks -----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: with W ranks each runs the micro parts on its own micro-batches, the
// seed of the backward pass being 1 / (those of the rank). Prologue and
// epilogue are linear in what is accumulated, so the step's gradients are the
// means over the ranks of what each has once its epilogue has run. Of the
// update itself a rank does only its share.
// Method: each part that touches what is shared out gets a variant for each W,
// the same ops on the shapes of a share. Every share has as many units, W of
// them all or a few more, so all ranks run the same kernels: the last ones have
// rows of zeros. A gradient is taken by reduce-scatter and cleared on each
// rank; if it waits, its share is summed up beside it. What a part computes of
// units stays as it is; a sum over all of them, the norm, is that of the shares
// summed over the ranks. Reason: to shard what the optimizers have become, and
// not the optimizers, is to need no rule for any of them.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/Shares.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/gpt/AllGatherOp.h.inc"
#include "dialect/gpt/AllReduceOp.h.inc"
#include "dialect/gpt/DotOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/NumbersOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/RecipeOp.h.inc"
#include "dialect/gpt/ReduceOp.h.inc"
#include "dialect/gpt/ReduceScatterOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/SumRanksOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_SHARD
#include "compiler/passes/Shard.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

/// More ranks than these have no parts of their own: each number of ranks costs
/// the compiler another update.
static constexpr int64_t kMostRanks = 8;

/// The numbers of ranks, beside one, that share out a step's micro-batches.
static SmallVector<int64_t> worldsOf(ModelOp model) {
  SmallVector<int64_t> worlds;
  for (RecipeOp recipe : model.getOps<RecipeOp>())
    if (Attribute given = lookup(recipe.getArgs(), "micro_batches"))
      for (int64_t w = 2, n = integer(given).value_or(0);
           w <= std::min(n, kMostRanks); ++w)
        if (n % w == 0)
          worlds.push_back(w);
  return worlds;
}

static int64_t bytesOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

namespace {

/// The shares that a rank of W has.
class World {
public:
  World(ModelOp model, const Shares &shares, int64_t ranks);

  int64_t ranks;
  const Shares &shares;

  /// A share of what has the units of a shared parameter.
  RankedTensorType typeOfShare(Type whole, const SharedParameter &of) const {
    auto type = cast<RankedTensorType>(whole);
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = shape[0] / of.units * of.unitsOf(ranks);
    return RankedTensorType::get(shape, type.getElementType());
  }
  /// The state that is the share of a parameter, of its gradient while it
  /// waits, or of a state.
  Value shareOf(Operation *stored) const { return states.lookup(stored); }

private:
  void declare(Operation *stored, StringRef name, StringRef kind,
               const SharedParameter &of);
  DenseMap<Operation *, Value> states;
};

/// Makes the variant of one part.
class Variant {
public:
  Variant(PartOp from, const World &world)
      : from(from), world(world), shares(world.shares), b(from.getContext()) {}

  void make();

private:
  void exchange();
  void emit(Operation *op);
  void emitUpdate(UpdateOp update);
  void emitSum(Operation *op);
  Value emitShare(Operation *op, const SharedParameter &of);
  void keepWaiting();
  Value whole(Value v);
  Value share(Value v, const SharedParameter &of);

  PartOp from;
  const World &world;
  const Shares &shares;
  OpBuilder b;
  IRMapping wholes;
  DenseMap<Value, Value> parts; ///< shares of values
  /// Of a sum over shares: what this rank has of it, and what it is beside it.
  struct Sum {
    Value own, rest;
  };
  DenseMap<Value, Sum> sums;
  llvm::SetVector<Operation *> waiting; ///< gradients that nothing has taken
  int64_t reduced = 0, scattered = 0, gathered = 0, bytes = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Shares
//===----------------------------------------------------------------------===//

World::World(ModelOp model, const Shares &shares, int64_t ranks)
    : ranks(ranks), shares(shares) {
  for (const SharedParameter &parameter : shares.parameters()) {
    if (!parameter.whyNot.empty())
      continue;
    ParamOp param = parameter.param;
    StateOp gradient = parameter.gradient;
    declare(param, param.getName(), "parameter", parameter);
    if (parameter.waits)
      declare(gradient, gradient.getName(), "gradient", parameter);
    for (StateOp state : parameter.states)
      declare(state, state.getName(), "optimizer", parameter);
  }
}

void World::declare(Operation *stored, StringRef name, StringRef kind,
                    const SharedParameter &of) {
  OpBuilder b(stored->getContext());
  b.setInsertionPointAfter(stored);
  auto share = StateOp::create(
      b, stored->getLoc(), typeOfShare(stored->getResult(0).getType(), of),
      (name + "_of_" + Twine(ranks)).str(), "share", b.getStringAttr(name));
  share->setAttr("whole", b.getStringAttr(kind));
  share->setAttr("ranks", b.getI64IntegerAttr(ranks));
  states[stored] = share.getY();
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

void Variant::make() {
  b.setInsertionPointAfter(from);
  auto part = PartOp::create(
      b, from.getLoc(), (from.getSymName() + "_of_" + Twine(world.ranks)).str(),
      from.getKind());
  for (NamedAttribute a : from->getDiscardableAttrs())
    part->setAttr(a.getName(), a.getValue());
  part->setAttr("ranks", b.getI64IntegerAttr(world.ranks));
  b.setInsertionPointToStart(&part.getBody().emplaceBlock());
  if (from.getKind() == "update")
    exchange();
  for (Operation &op : from.getBody().front())
    emit(&op);
  keepWaiting();
  remark::passed(part.getLoc(), remark::RemarkOpts::name("exchange")
                                    .category("shard")
                                    .function(part.getSymName()))
      << remark::metric("all_reduces", reduced)
      << remark::metric("reduce_scatters", scattered)
      << remark::metric("all_gathers", gathered)
      << remark::metric("bytes", bytes);
}

/// What each rank has its own of becomes the means over the ranks, in one order
/// everywhere.
void Variant::exchange() {
  llvm::SetVector<Operation *> own = ownIn(from);
  for (StateOp state : cast<ModelOp>(from->getParentOp()).getOps<StateOp>()) {
    if (!own.contains(state))
      continue;
    Location loc = state.getLoc();
    const SharedParameter *shared = shares.of(state);
    if (!shared) {
      AllReduceOp::create(b, loc, state.getY());
      ++reduced;
      bytes += bytesOf(state.getY().getType());
      continue;
    }
    RankedTensorType type = world.typeOfShare(state.getY().getType(), *shared);
    Value mean = ReduceScatterOp::create(b, loc, type, state.getY());
    ++scattered;
    bytes += world.ranks * bytesOf(type);
    if (shared->waits)
      mean = AddOp::create(b, loc, type, world.shareOf(state), mean);
    parts[state.getY()] = mean;
    waiting.insert(state);
  }
}

/// A gradient that no optimizer has taken yet: its share is kept, and each rank
/// begins anew.
void Variant::keepWaiting() {
  for (Operation *gradient : waiting) {
    Value g = gradient->getResult(0);
    UpdateOp::create(b, g.getLoc(), world.shareOf(gradient), parts[g]);
    UpdateOp::create(b, g.getLoc(), g, filled(b, g.getLoc(), g.getType(), 0));
  }
}

/// What every rank has of a value: of a sum over shares, all of it.
Value Variant::whole(Value v) {
  if (auto it = sums.find(v); it != sums.end() && !wholes.contains(v)) {
    Value sum = SumRanksOp::create(b, v.getLoc(), v.getType(), it->second.own);
    ++reduced;
    bytes += bytesOf(v.getType());
    wholes.map(v, sumOf(b, v.getLoc(), it->second.rest, sum));
  }
  return wholes.lookupOrDefault(v);
}

/// This rank's share of a value.
Value Variant::share(Value v, const SharedParameter &of) {
  Value &known = parts[v];
  if (known)
    return known;
  if (Operation *stored = storedUnder(v))
    return known = world.shareOf(stored);
  // Numbers, of which any can be made.
  RankedTensorType type = world.typeOfShare(v.getType(), of);
  IRMapping mapping(wholes); // in which v stays what it is
  Operation *copy = b.clone(*v.getDefiningOp(), mapping);
  copy->getResult(0).setType(type);
  if (auto numbers = dyn_cast<NumbersOp>(copy))
    numbers.setRanks(world.ranks);
  return known = copy->getResult(0);
}

void Variant::emit(Operation *op) {
  if (auto update = dyn_cast<UpdateOp>(op))
    return emitUpdate(update);
  for (Value v : op->getOperands())
    if (const SharedParameter *of = shares.of(from, v)) {
      if (!isa<DotOp>(op)) {
        parts[op->getResult(0)] = emitShare(op, *of);
        return;
      }
      Value g = share(v, *of);
      sums[op->getResult(0)] = {
          DotOp::create(b, op->getLoc(), op->getResult(0).getType(), g, g),
          Value()};
      return;
    }
  if (isa<AddOp>(op) && llvm::any_of(op->getOperands(),
                                     [&](Value v) { return sums.contains(v); }))
    return emitSum(op);
  for (Value v : op->getOperands())
    whole(v);
  b.clone(*op, wholes);
}

/// Sums over shares meet once, when all are added up.
void Variant::emitSum(Operation *op) {
  Sum sum;
  for (Value v : op->getOperands()) {
    auto it = sums.find(v);
    Value own = it == sums.end() ? Value() : it->second.own;
    Value rest = own ? it->second.rest : whole(v);
    if (own)
      sum.own = sumOf(b, op->getLoc(), sum.own, own);
    if (rest)
      sum.rest = sumOf(b, op->getLoc(), sum.rest, rest);
  }
  sums[op->getResult(0)] = sum;
}

/// The op on shares.
Value Variant::emitShare(Operation *op, const SharedParameter &of) {
  Location loc = op->getLoc();
  RankedTensorType type = world.typeOfShare(op->getResult(0).getType(), of);
  SmallVector<Value> operands;
  for (Value v : op->getOperands()) {
    auto tensor = dyn_cast<RankedTensorType>(v.getType());
    bool isShare = tensor && tensor.getRank() &&
                   (shares.of(from, v) || tensor.getDimSize(0) != 1);
    operands.push_back(isShare ? share(v, of) : whole(v));
  }
  if (isa<ReshapeOp>(op))
    return reshaped(b, loc, operands[0], type);
  if (isa<ReduceOp>(op))
    return reduceTo(b, loc, operands[0], type);
  Operation *copy = b.clone(*op);
  copy->setOperands(operands);
  copy->getResult(0).setType(type);
  return copy->getResult(0);
}

void Variant::emitUpdate(UpdateOp update) {
  Location loc = update.getLoc();
  Operation *target = storedUnder(update.getTarget());
  Value value = update.getValue();
  const SharedParameter *shared = shares.of(target);
  auto state = dyn_cast<StateOp>(target);
  if (shared && state && state.getKind() == "optimizer") {
    UpdateOp::create(b, loc, world.shareOf(target), share(value, *shared));
    return;
  }
  if (shared && !state && from.getKind() == "update") {
    Value own = world.shareOf(target);
    UpdateOp::create(b, loc, own, share(value, *shared));
    AllGatherOp::create(b, loc, update.getTarget(), own);
    ++gathered;
    bytes += world.ranks * bytesOf(own.getType());
    return;
  }
  UpdateOp::create(b, loc, whole(update.getTarget()), whole(value));
  if (!shared || !state)
    return;
  // A gradient is cleared.
  waiting.remove(target);
  if (Value kept = world.shareOf(target))
    UpdateOp::create(b, loc, kept, filled(b, loc, kept.getType(), 0));
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether a run of several ranks has another part in its place.
static bool differs(PartOp part, const Shares &shares) {
  if (part.getKind() == "update")
    return true;
  return llvm::any_of(part.getOps<UpdateOp>(), [&](UpdateOp update) {
    auto state = dyn_cast_or_null<StateOp>(storedUnder(update.getTarget()));
    return state && shares.of(state);
  });
}

namespace {

struct Shard : gptc::impl::ShardBase<Shard> {
  using ShardBase::ShardBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      if (SmallVector<int64_t> worlds = worldsOf(model); !worlds.empty())
        shard(model, worlds);
  }

  static void shard(ModelOp model, ArrayRef<int64_t> worlds) {
    Shares shares(model, worlds.back());
    say(shares);
    SmallVector<PartOp> parts;
    for (PartOp part : model.getOps<PartOp>())
      if (differs(part, shares))
        parts.push_back(part);
    // In front of what stands there: the last first.
    for (int64_t ranks : llvm::reverse(worlds)) {
      World world(model, shares, ranks);
      for (PartOp part : parts)
        Variant(part, world).make();
    }
    Builder b(model.getContext());
    for (PartOp part : parts)
      part->setAttr("ranks", b.getI64IntegerAttr(1));
    for (const SharedParameter &shared : shares.parameters()) {
      if (!shared.whyNot.empty())
        continue;
      for (StateOp state : shared.states)
        state->setAttr("ranks", b.getI64IntegerAttr(1));
      // Room for all shares.
      int64_t most = shared.units;
      for (int64_t ranks : worlds)
        most = std::max(most, shared.unitsOf(ranks) * ranks);
      if (most == shared.units)
        continue;
      Operation *param = ParamOp(shared.param),
                *gradient = StateOp(shared.gradient);
      for (Operation *stored : {param, gradient}) {
        auto type = cast<RankedTensorType>(stored->getResult(0).getType());
        stored->setAttr("room", b.getI64IntegerAttr(type.getDimSize(0) /
                                                    shared.units * most));
      }
    }
  }

  static void say(const Shares &shares) {
    for (const SharedParameter &shared : shares.parameters()) {
      ParamOp param = shared.param;
      auto options =
          remark::RemarkOpts::name("share").category("shard").function(
              param.getName());
      if (shared.whyNot.empty())
        remark::passed(param.getLoc(), options)
            << remark::metric("units", shared.units);
      else
        remark::missed(param.getLoc(), options)
            << remark::add("it {0}", shared.whyNot);
    }
  }
};

} // namespace
