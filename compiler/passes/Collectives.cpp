//===- Collectives.cpp - what is under way while kernels run --------------===//
//
// Part of gptc, under the MIT License.
//
// Method: what is under way at a step's end is carried into every other step
// until it grows no more. Reason: which step follows which hardly matters, a
// wait for what is not under way costs nothing, and the answer holds for every
// order in which a run validates, samples, or begins anew at a checkpoint.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Collectives.h"
#include "compiler/passes/Kernels.h"
#include "dialect/kern/AwaitOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/ReduceScatterOp.h.inc"
#include <array>

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

bool gptc::isInPlace(BufferOp share) {
  auto whole = share->getAttrOfType<StringAttr>("whole");
  return whole && (whole == "parameter" || share->hasAttr("in_place"));
}

int64_t gptc::ranksOf(Operation *op) {
  auto ranks = op->getAttrOfType<IntegerAttr>("ranks");
  return ranks ? ranks.getInt() : 0;
}

SmallVector<int64_t> gptc::worldsOf(Operation *model) {
  SmallVector<int64_t> worlds;
  for (auto part : model->getRegion(0).getOps<PartOp>())
    if (int64_t ranks = ranksOf(part);
        ranks > 1 && !llvm::is_contained(worlds, ranks))
      worlds.push_back(ranks);
  llvm::sort(worlds);
  return worlds;
}

bool StepParts::operator==(const StepParts &other) const {
  return validate == other.validate && prologue == other.prologue &&
         micro == other.micro && epilogue == other.epilogue &&
         update == other.update && event == other.event;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Collectives::Collectives(Operation *model) : model(model) {
  DenseMap<std::pair<StringAttr, StringAttr>, BufferOp> named;
  for (auto buffer : model->getRegion(0).getOps<BufferOp>())
    named[{buffer.getKindAttr(), buffer.getNameAttr()}] = buffer;
  for (auto buffer : model->getRegion(0).getOps<BufferOp>())
    if (isInPlace(buffer) && buffer.getOf())
      if (BufferOp whole = named.lookup(
              {buffer->getAttrOfType<StringAttr>("whole"), buffer.getOfAttr()}))
        wholes[buffer] = whole;
  for (auto part : model->getRegion(0).getOps<PartOp>())
    for (Operation &op : part.getBody().front())
      if (isExchange(&op))
        for (BufferOp buffer : operandsOf(&op))
          exchanged.insert(buffer);
}

BufferOp Collectives::wholeOf(BufferOp buffer) const {
  BufferOp whole = wholes.lookup(buffer);
  return whole ? whole : buffer;
}

SmallVector<BufferOp> Collectives::operandsOf(Operation *op) const {
  SmallVector<BufferOp> operands;
  for (Value v : op->getOperands())
    if (BufferOp whole = wholeOf(rootOf(v));
        !llvm::is_contained(operands, whole))
      operands.push_back(whole);
  return operands;
}

ArrayRef<Collectives::Touch> Collectives::touchesOf(Operation *kernel) {
  auto [it, isNew] = touches.try_emplace(kernel);
  if (!isNew)
    return it->second;
  SmallVector<Touch, 2> found;
  for (const Access &access : accessesOf(kernel, 0)) {
    BufferOp root = access.root, whole = wholeOf(root);
    if (!exchanged.contains(whole))
      continue;
    auto *same = llvm::find_if(
        found, [&](const Touch &touch) { return touch.root == root; });
    if (same == found.end())
      found.push_back({root, whole, access.write});
    else
      same->write |= access.write;
  }
  return touches[kernel] = found;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

SmallVector<StepParts> Collectives::steps(int64_t ranks) const {
  static constexpr StringLiteral kinds[] = {"validate", "prologue", "micro",
                                            "epilogue", "update",   "event"};
  // Between two of these steps nothing changes.
  SmallVector<int64_t> changes;
  SmallVector<std::pair<PartOp, ArrayRef<int64_t>>> parts;
  for (auto part : model->getRegion(0).getOps<PartOp>()) {
    auto ranges = part->getAttrOfType<DenseI64ArrayAttr>("steps");
    if (!ranges || (ranksOf(part) && ranksOf(part) != ranks))
      continue;
    parts.push_back({part, ranges.asArrayRef()});
    for (auto [i, step] : llvm::enumerate(ranges.asArrayRef()))
      changes.push_back(step + int64_t(i % 2));
  }
  llvm::sort(changes);
  changes.erase(llvm::unique(changes), changes.end());
  SmallVector<std::array<PartOp, std::size(kinds)>> rows(changes.size());
  for (auto &[part, ranges] : parts) {
    const auto *kind = llvm::find(kinds, part.getKind());
    if (kind == std::end(kinds))
      continue;
    for (size_t i = 0; i + 1 < ranges.size(); i += 2)
      for (size_t at = llvm::lower_bound(changes, ranges[i]) - changes.begin();
           at < changes.size() && changes[at] <= ranges[i + 1]; ++at)
        rows[at][kind - kinds] = part;
  }
  SmallVector<StepParts> steps;
  for (auto &row : rows)
    if (StepParts parts{row[0], row[1], row[2], row[3], row[4], row[5]};
        !llvm::is_contained(steps, parts))
      steps.push_back(parts);
  return steps;
}

//===----------------------------------------------------------------------===//
// A run
//===----------------------------------------------------------------------===//

struct Collectives::Walk {
  using UnderWay = llvm::SetVector<Operation *>;

  Collectives &collectives;
  int64_t ranks;
  llvm::function_ref<void(const Early &)> early;
  llvm::function_ref<void(Operation *, BufferOp)> unmade;

  /// `made`: the means in place of this step; null outside of one.
  void part(PartOp part, UnderWay &underWay,
            llvm::SmallPtrSetImpl<Operation *> *made) {
    if (!part)
      return;
    for (Operation &op : part.getBody().front()) {
      if (!isKernel(&op) || (ranksOf(&op) && ranksOf(&op) != ranks))
        continue;
      if (isExchange(&op)) {
        underWay.insert(&op);
        if (auto scatter = dyn_cast<ReduceScatterOp>(&op); scatter && made)
          made->insert(rootOf(scatter.getTo()));
      } else if (auto await = dyn_cast<AwaitOp>(&op)) {
        wait(underWay, collectives.wholeOf(rootOf(await.getBuffer())));
      } else {
        kernel(part, &op, underWay, made);
      }
    }
    for (Operation *exchange : underWay.getArrayRef().vec())
      for (BufferOp buffer : collectives.operandsOf(exchange))
        if (buffer->getParentOp() == part && underWay.contains(exchange)) {
          early({part, nullptr, buffer, false, exchange});
          wait(underWay, buffer);
        }
  }

  void kernel(PartOp part, Operation *op, UnderWay &underWay,
              llvm::SmallPtrSetImpl<Operation *> *made) {
    for (const Touch &touch : collectives.touchesOf(op)) {
      if (made && touch.root->hasAttr("in_place") &&
          made->insert(touch.root).second)
        unmade(op, touch.root);
      for (Operation *exchange : underWay.getArrayRef().vec())
        if (llvm::is_contained(collectives.operandsOf(exchange), touch.whole) &&
            (touch.write || writes(exchange, touch.whole))) {
          early({part, op, touch.whole, touch.write, exchange});
          wait(underWay, touch.whole);
          break;
        }
    }
  }

  bool writes(Operation *exchange, BufferOp whole) const {
    for (Value v : writtenBuffers(exchange))
      if (collectives.wholeOf(rootOf(v)) == whole)
        return true;
    return false;
  }

  void wait(UnderWay &underWay, BufferOp whole) const {
    underWay.remove_if([&](Operation *exchange) {
      return llvm::is_contained(collectives.operandsOf(exchange), whole);
    });
  }
};

void Collectives::walk(int64_t ranks,
                       llvm::function_ref<void(const Early &)> early,
                       llvm::function_ref<void(Operation *, BufferOp)> unmade) {
  Walk walk{*this, ranks, early, unmade};
  SmallVector<StepParts> all = steps(ranks);
  Walk::UnderWay between; // two steps
  for (size_t known = SIZE_MAX; known != between.size();) {
    known = between.size();
    auto alone = [&](PartOp part) {
      Walk::UnderWay underWay = between;
      walk.part(part, underWay, nullptr);
      between.insert_range(underWay);
    };
    for (auto part : model->getRegion(0).getOps<PartOp>())
      if (part.getKind() == "sample")
        alone(part);
    for (const StepParts &step : all) {
      alone(step.validate);
      alone(step.event); // when parameters are written to a file
      Walk::UnderWay underWay = between;
      llvm::SmallPtrSet<Operation *, 16> made;
      for (PartOp part :
           {step.prologue, step.micro, step.epilogue, step.update})
        walk.part(part, underWay, &made);
      between.insert_range(underWay);
      walk.part(step.event, underWay, nullptr);
      between.insert_range(underWay);
    }
  }
}
