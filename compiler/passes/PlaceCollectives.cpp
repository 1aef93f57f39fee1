//===- PlaceCollectives.cpp - beside the backward pass, not behind it -----===//
//
// Part of gptc, under the MIT License.
//
// Idea: a gradient that is complete in the middle of the last micro-batch's
// backward can pass between the ranks while the rest is computed, and a new
// parameter while others are updated.
// Method: a collective at an update's beginning moves behind the last kernel of
// the epilogue, or of the micro part, that touches its operand. Those parts are
// of every run and stay as they are, for a collective in them is one of several
// ranks' last micro-batch alone. Its result outlives a part: of a mean each
// rank has its share in place, in the gradient itself, whose clearing is put
// off until nobody reads the mean. Then an await is put before each kernel that
// would touch too early what is under way, wherever it is, and nowhere else.
// Small ones go with the next large one: a cut between two launches costs more
// than they do. Reason: kernels keep their order, so one list of launches
// serves all runs, and a rank of every W computes what it computed before, bit
// for bit.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Collectives.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/AllGatherOp.h.inc"
#include "dialect/kern/AwaitOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/ReduceScatterOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_PLACECOLLECTIVES
#include "compiler/passes/PlaceCollectives.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Parts that belong together: some step runs each beside another one of them.
struct Family {
  llvm::SetVector<PartOp> micros, epilogues, updates;
  bool hasEpilogues = true; ///< every step does
};

/// A collective of all updates of a family, and where it can begin.
struct Candidate {
  SmallVector<Operation *> twins; ///< by update
  BufferOp from;
  /// By epilogue, or by micro part if no epilogue touches its operand: the last
  /// kernel that does; null: the part's beginning.
  SmallVector<Operation *> behind;
  bool inEpilogue = false;
};

class Placement {
public:
  Placement(Operation *model, int64_t small)
      : model(model), collectives(model), small(small) {}

  void run();

private:
  SmallVector<Family> familiesOf(int64_t ranks) const;
  void place(const Family &family, int64_t ranks);
  std::string whyNot(const Family &family, Candidate &candidate);
  bool findPlaces(const Family &family, Candidate &candidate);
  bool isBefore(const Candidate &a, const Candidate &b) const;
  void move(const Family &family, const Candidate &candidate,
            const Candidate &place, int64_t ranks);
  BufferOp meanOf(ReduceScatterOp scatter, int64_t ranks);
  void advanceGathers(PartOp part);
  Operation *lastTouch(PartOp part, BufferOp buffer);
  unsigned positionOf(Operation *op) const;

  Operation *model;
  Collectives collectives;
  int64_t small;
  std::map<std::pair<Operation *, int64_t>, BufferOp> means;
};

} // namespace

static int64_t bytesOf(BufferOp buffer) {
  auto type = cast<MemRefType>(buffer.getY().getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// The number of a kernel in its part.
unsigned Placement::positionOf(Operation *op) const {
  unsigned position = 0;
  for (Operation &other : *op->getBlock()) {
    position += isKernel(&other) && !isCollective(&other);
    if (&other == op)
      break;
  }
  return position;
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

SmallVector<Family> Placement::familiesOf(int64_t ranks) const {
  SmallVector<StepParts> steps = collectives.steps(ranks);
  llvm::EquivalenceClasses<Operation *> together;
  for (StepParts &step : steps) {
    if (!step.micro || !step.update)
      continue;
    together.unionSets(step.micro, step.update);
    if (step.epilogue)
      together.unionSets(step.micro, step.epilogue);
  }
  llvm::MapVector<Operation *, Family> families;
  for (StepParts &step : steps) {
    if (!step.micro || !step.update)
      continue;
    Family &family = families[together.getLeaderValue(step.micro)];
    family.micros.insert(step.micro);
    family.updates.insert(step.update);
    if (step.epilogue)
      family.epilogues.insert(step.epilogue);
    else
      family.hasEpilogues = false;
  }
  SmallVector<Family> result;
  for (auto &[leader, family] : families)
    result.push_back(std::move(family));
  return result;
}

Operation *Placement::lastTouch(PartOp part, BufferOp buffer) {
  for (Operation &op : llvm::reverse(part.getBody().front())) {
    if (!isKernel(&op) || isCollective(&op))
      continue;
    for (const Collectives::Touch &touch : collectives.touchesOf(&op))
      if (touch.whole == buffer)
        return &op;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// What can begin earlier
//===----------------------------------------------------------------------===//

/// The kernels of a part that touch a buffer, by name.
static std::pair<Operation *, Operation *> usersOf(PartOp part, BufferOp root) {
  Operation *first = nullptr, *last = nullptr;
  for (Operation &op : part.getBody().front())
    if (isKernel(&op) && !isCollective(&op))
      for (const Access &access : accessesOf(&op, 0))
        if (access.root == root) {
          first = first ? first : &op;
          last = &op;
        }
  return {first, last};
}

/// Kernels that only clear gradients stand as late as they can: the mean of a
/// gradient is in its place until then.
static void delayClears(PartOp part) {
  SmallVector<Operation *> clears;
  for (Operation &op : part.getBody().front())
    if (isKernel(&op) &&
        llvm::all_of(accessesOf(&op, 0), [](const Access &access) {
          BufferOp root = access.root;
          return access.write && root.getKind() == "gradient";
        }))
      clears.push_back(&op);
  for (Operation *clear : clears) {
    llvm::SmallPtrSet<Operation *, 4> cleared;
    for (const Access &access : accessesOf(clear, 0))
      cleared.insert(access.root);
    Operation *next = clear->getNextNode();
    while (next && !(isKernel(next) &&
                     llvm::any_of(accessesOf(next, 0), [&](const Access &each) {
                       return cleared.contains(each.root);
                     })))
      next = next->getNextNode();
    if (next)
      clear->moveBefore(next);
    else
      clear->moveBefore(&part.getBody().front(), part.getBody().front().end());
  }
}

/// Finds the candidate's twins and places; says why there are none.
std::string Placement::whyNot(const Family &family, Candidate &candidate) {
  Operation *first = candidate.twins.front();
  BufferOp from = candidate.from;
  candidate.twins.clear();
  for (PartOp update : family.updates) {
    Operation *twin = nullptr;
    for (Operation &op : update.getBody().front())
      if (op.getName() == first->getName() && !twin &&
          rootOf(op.getOperand(0)) == from)
        twin = &op;
    if (!twin)
      return "is not exchanged at every step";
    candidate.twins.push_back(twin);
    auto [begin, end] = usersOf(update, from);
    if (begin && begin->isBeforeInBlock(twin))
      return "is changed by the update before it is exchanged";
    auto scatter = dyn_cast<ReduceScatterOp>(twin);
    if (!scatter)
      continue;
    // The mean stands where the gradient stands, until that is cleared.
    BufferOp to = rootOf(scatter.getTo());
    auto lastRead = usersOf(update, to).second;
    if (to->getParentOp() != update ||
        cast<MemRefType>(to.getType()).getElementType() !=
            cast<MemRefType>(from.getType()).getElementType() ||
        (begin && lastRead && !lastRead->isBeforeInBlock(begin)))
      return "is cleared while its mean is read";
  }
  return findPlaces(family, candidate)
             ? ""
             : "is complete before the last micro-batch";
}

bool Placement::findPlaces(const Family &family, Candidate &candidate) {
  for (PartOp part : family.epilogues)
    candidate.behind.push_back(lastTouch(part, candidate.from));
  candidate.inEpilogue =
      llvm::any_of(candidate.behind, [](Operation *op) { return op; });
  if (candidate.inEpilogue)
    return family.hasEpilogues;
  candidate.behind.clear();
  for (PartOp part : family.micros)
    candidate.behind.push_back(lastTouch(part, candidate.from));
  return llvm::all_of(candidate.behind, [](Operation *op) { return op; });
}

/// Whether `a` can begin no later than `b`, in each part.
bool Placement::isBefore(const Candidate &a, const Candidate &b) const {
  if (a.inEpilogue != b.inEpilogue)
    return b.inEpilogue;
  return llvm::all_of(llvm::zip_equal(a.behind, b.behind), [](auto pair) {
    auto [x, y] = pair;
    return !x || (y && (x == y || x->isBeforeInBlock(y)));
  });
}

//===----------------------------------------------------------------------===//
// Moving
//===----------------------------------------------------------------------===//

/// A rank's share of a mean, in the gradient itself.
BufferOp Placement::meanOf(ReduceScatterOp scatter, int64_t ranks) {
  BufferOp from = rootOf(scatter.getFrom());
  BufferOp &mean = means[{from, ranks}];
  if (mean)
    return mean;
  OpBuilder b(from->getContext());
  b.setInsertionPointAfter(from);
  std::string name = (from.getName() + "_mean_of_" + Twine(ranks)).str();
  mean = BufferOp::create(b, from.getLoc(), scatter.getTo().getType(),
                          b.getStringAttr(name), b.getStringAttr("share"),
                          from.getNameAttr(), IntegerAttr(), ArrayAttr());
  mean->setAttr("in_place", b.getUnitAttr());
  mean->setAttr("ranks", b.getI64IntegerAttr(ranks));
  mean->setAttr("whole", from.getKindAttr());
  return mean;
}

void Placement::move(const Family &family, const Candidate &candidate,
                     const Candidate &place, int64_t ranks) {
  OpBuilder b(model->getContext());
  const auto &parts = place.inEpilogue ? family.epilogues : family.micros;
  Operation *first = candidate.twins.front();
  for (auto [kept, behind] : llvm::zip_equal(parts, place.behind)) {
    PartOp part = kept;
    if (behind) {
      // Behind those that begin there already: in the order of the update.
      Operation *last = behind;
      while (last->getNextNode() && isExchange(last->getNextNode()))
        last = last->getNextNode();
      b.setInsertionPointAfter(last);
    } else {
      b.setInsertionPointToStart(&part.getBody().front());
    }
    Operation *moved = b.clone(*first);
    moved->setAttr("ranks", b.getI64IntegerAttr(ranks));
    remark::passed(first->getLoc(), remark::RemarkOpts::name("begin")
                                        .category("place-collectives")
                                        .function(part.getSymName()))
        << remark::add("'{0}'", BufferOp(candidate.from).getName())
        << remark::metric("ranks", ranks)
        << remark::metric("behind_kernel", behind ? positionOf(behind) : 0)
        << remark::metric("kernels",
                          positionOf(&part.getBody().front().back()));
  }
  // What is moved, too, has the mean in its own place.
  for (Operation *twin : candidate.twins) {
    if (auto scatter = dyn_cast<ReduceScatterOp>(twin)) {
      BufferOp to = rootOf(scatter.getTo());
      to.getY().replaceAllUsesWith(meanOf(scatter, ranks).getY());
      to.erase();
    }
    twin->erase();
  }
}

/// An all-gather begins behind the last kernel that touches the parameter.
void Placement::advanceGathers(PartOp part) {
  for (AllGatherOp gather : llvm::to_vector(part.getOps<AllGatherOp>())) {
    BufferOp whole = collectives.operandsOf(gather).front();
    Operation *at = gather->getPrevNode();
    for (; at; at = at->getPrevNode())
      if (isKernel(at) && (isCollective(at) ||
                           llvm::any_of(collectives.touchesOf(at),
                                        [&](const Collectives::Touch &touch) {
                                          return touch.whole == whole;
                                        })))
        break;
    if (at)
      gather->moveAfter(at);
  }
}

void Placement::place(const Family &family, int64_t ranks) {
  SmallVector<Candidate> candidates;
  PartOp update = family.updates.front();
  for (Operation &op : update.getBody().front()) {
    if (!isExchange(&op) || isa<AllGatherOp>(op))
      continue;
    BufferOp from = rootOf(op.getOperand(0));
    if (from->getParentOp() != model)
      continue; // a sum that the update itself computes
    Candidate candidate;
    candidate.from = from;
    candidate.twins.push_back(&op);
    if (std::string why = whyNot(family, candidate); why.empty())
      candidates.push_back(std::move(candidate));
    else
      remark::missed(op.getLoc(), remark::RemarkOpts::name("begin")
                                      .category("place-collectives")
                                      .function(update.getSymName()))
          << remark::add("'{0}' {1}", from.getName(), why)
          << remark::metric("ranks", ranks);
  }
  auto isSmall = [&](const Candidate &candidate) {
    return bytesOf(candidate.from) < small;
  };
  for (Candidate &candidate : candidates) {
    const Candidate *place = isSmall(candidate) ? nullptr : &candidate;
    if (!place)
      for (const Candidate &other : candidates)
        if (!isSmall(other) && isBefore(candidate, other) &&
            (!place || isBefore(other, *place)))
          place = &other;
    if (place)
      move(family, candidate, *place, ranks);
  }
}

void Placement::run() {
  SmallVector<int64_t> worlds = worldsOf(model);
  if (worlds.empty())
    return;
  for (auto part : model->getRegion(0).getOps<PartOp>())
    for (AwaitOp await : llvm::to_vector(part.getOps<AwaitOp>()))
      await->erase();
  for (auto part : model->getRegion(0).getOps<PartOp>())
    if (part.getKind() == "update" && ranksOf(part) > 1)
      delayClears(part);
  for (int64_t ranks : worlds)
    for (const Family &family : familiesOf(ranks))
      place(family, ranks);
  for (auto part : model->getRegion(0).getOps<PartOp>())
    advanceGathers(part);
  Collectives placed(model); // with the means
  OpBuilder b(model->getContext());
  for (int64_t ranks : worlds)
    placed.walk(
        ranks,
        [&](const Collectives::Early &early) {
          BufferOp buffer = early.buffer;
          PartOp part = early.part;
          if (early.op)
            b.setInsertionPoint(early.op);
          else
            b.setInsertionPointToEnd(&part.getBody().front());
          AwaitOp::create(b, early.collective->getLoc(), buffer.getY());
        },
        [](Operation *, BufferOp) {});
}

namespace {

struct PlaceCollectives : gptc::impl::PlaceCollectivesBase<PlaceCollectives> {
  using PlaceCollectivesBase::PlaceCollectivesBase;

  void runOnOperation() override {
    llvm::SetVector<Operation *> models;
    getOperation()->walk(
        [&](PartOp part) { models.insert(part->getParentOp()); });
    for (Operation *model : models)
      Placement(model, small).run();
  }
};

} // namespace
