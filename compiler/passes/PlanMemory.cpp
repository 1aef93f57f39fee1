//===- PlanMemory.cpp - a place in the arena for every buffer -------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: everything is known at compile time, so memory is planned, not
// allocated: one arena, persistent buffers first, then a workspace that the
// parts, of which one runs at a time, share.
// Method: a workspace buffer lives from the first kernel that touches it to the
// last one. First fit: each takes the lowest gap among the placed buffers that
// live at the same time; of a few orders of placing the one with the smallest
// workspace wins.
// Reason: optimal placing is NP-hard; first fit by size comes within a few per
// cent of the largest live set, which no plan can beat and which is printed
// beside it.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Collectives.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/passes/PlanMemory.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Bytes: two lines of a GPU's L2 cache, which a bulk tensor copy reads at
/// once. With places at odd multiples of 64, each row of a tile is in two
/// lines, and contractions take up to twice as long; a CPU's lines have 64.
constexpr int64_t kAlignment = 256;

/// Persistent kinds in the order of runtime/program.h's BufferKind.
constexpr StringLiteral kKinds[] = {"parameter", "derived", "gradient",
                                    "optimizer", "input",   "output"};

int64_t bytesOf(BufferOp buffer) {
  auto type = cast<MemRefType>(buffer.getY().getType());
  int64_t elements = type.getNumElements();
  if (auto room = buffer->getAttrOfType<IntegerAttr>("room"))
    elements = room.getInt() * columnsOf(type);
  int64_t bytes = elements * type.getElementTypeBitWidth() / 8;
  return int64_t(llvm::alignTo(uint64_t(bytes), kAlignment));
}

/// A workspace buffer: its bytes, the kernels [first, last] that it lives
/// through, and its place.
struct Life {
  BufferOp buffer;
  int64_t bytes, first, last, at = 0;
};
using Lives = SmallVector<Life>;

/// Places blocks in a given order; returns the height.
int64_t firstFit(Lives &blocks, ArrayRef<unsigned> order) {
  int64_t height = 0;
  SmallVector<unsigned> placed; // by address
  for (unsigned i : order) {
    Life &block = blocks[i];
    int64_t at = 0;
    for (unsigned j : placed) {
      const Life &other = blocks[j];
      if (other.last < block.first || block.last < other.first)
        continue;
      if (at + block.bytes <= other.at)
        break;
      at = std::max(at, other.at + other.bytes);
    }
    block.at = at;
    height = std::max(height, at + block.bytes);
    placed.insert(llvm::upper_bound(placed, at,
                                    [&](int64_t value, unsigned j) {
                                      return value < blocks[j].at;
                                    }),
                  i);
  }
  return height;
}

/// The best of three orders: by size, by size times life, by first kernel.
int64_t placeLives(Lives &blocks) {
  auto size = [&](unsigned i) { return -blocks[i].bytes; };
  auto area = [&](unsigned i) {
    return -blocks[i].bytes * (blocks[i].last - blocks[i].first + 1);
  };
  auto start = [&](unsigned i) { return blocks[i].first; };
  Lives best;
  int64_t bestHeight = -1;
  for (llvm::function_ref<int64_t(unsigned)> key :
       {llvm::function_ref<int64_t(unsigned)>(size),
        llvm::function_ref<int64_t(unsigned)>(area),
        llvm::function_ref<int64_t(unsigned)>(start)}) {
    SmallVector<unsigned> order =
        llvm::to_vector(llvm::seq<unsigned>(0, blocks.size()));
    llvm::sort(order, [&](unsigned a, unsigned b) {
      return std::pair(key(a), a) < std::pair(key(b), b);
    });
    Lives trial = blocks;
    int64_t height = firstFit(trial, order);
    if (bestHeight < 0 || height < bestHeight) {
      bestHeight = height;
      best = std::move(trial);
    }
  }
  blocks = std::move(best);
  return bestHeight;
}

/// The kernel at which most is live, and how much.
std::pair<int64_t, int64_t> largestLiveSet(const Lives &blocks,
                                           int64_t kernels) {
  SmallVector<int64_t> change(kernels + 1, 0);
  for (const Life &block : blocks) {
    change[block.first] += block.bytes;
    change[block.last + 1] -= block.bytes;
  }
  int64_t live = 0, largest = 0, at = 0;
  for (auto [kernel, delta] : llvm::enumerate(change))
    if ((live += delta) > largest) {
      largest = live;
      at = kernel;
    }
  return {at, largest};
}

/// What is live at a kernel, the buffers of one name and size together, those
/// that take most first. A name has the line of the model.
std::string liveAt(const Lives &blocks, int64_t kernel) {
  constexpr size_t most = 12;
  llvm::MapVector<std::pair<StringRef, int64_t>, int64_t> counts;
  for (Life block : blocks)
    if (block.first <= kernel && kernel <= block.last)
      ++counts[{block.buffer.getName(), block.bytes}];
  // Those that take as much stay in the order in which they came.
  std::multimap<int64_t, decltype(counts)::value_type, std::greater<>> rows;
  for (const auto &row : counts)
    rows.emplace(row.first.second * row.second, row);
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator comma;
  int64_t rest = 0;
  for (auto [i, entry] : llvm::enumerate(rows)) {
    const auto &[bytes, row] = entry;
    if (i < most)
      os << comma << row.second << " x " << row.first.second << " "
         << row.first.first;
    else
      rest += bytes;
  }
  if (rest)
    os << comma << rest << " in smaller ones";
  return text;
}

/// What ranks do together has no name.
StringRef nameOfKernel(Operation *kernel) {
  auto name = kernel->getAttrOfType<StringAttr>("name");
  return name ? name.getValue() : kernel->getName().getStringRef();
}

struct PlanMemory : gptc::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    llvm::SetVector<Operation *> models;
    getOperation()->walk(
        [&](PartOp part) { models.insert(part->getParentOp()); });
    for (Operation *model : models)
      plan(model);
  }

  void plan(Operation *model) {
    Builder b(model->getContext());
    int64_t persistent = 0;
    for (StringRef kind : kKinds)
      for (auto buffer : model->getRegion(0).getOps<BufferOp>())
        if (buffer.getKind() == kind && !buffer->hasAttr("ranks")) {
          buffer.setAt(persistent);
          persistent += bytesOf(buffer);
        }
    // A run has so many ranks or others: what is there for each number of them
    // begins at one place.
    std::map<int64_t, int64_t> ends;
    for (auto buffer : model->getRegion(0).getOps<BufferOp>())
      if (auto ranks = buffer->getAttrOfType<IntegerAttr>("ranks")) {
        int64_t &end =
            ends.try_emplace(ranks.getInt(), persistent).first->second;
        buffer.setAt(end);
        if (!isInPlace(buffer))
          end += bytesOf(buffer);
      }
    if (auto one = ends.find(1); one != ends.end())
      persistent = one->second;
    int64_t workspace = 0;
    for (auto part : model->getRegion(0).getOps<PartOp>())
      workspace = std::max(workspace, planPart(part, persistent));
    model->setAttr("persistent_bytes", b.getI64IntegerAttr(persistent));
    model->setAttr("arena_bytes", b.getI64IntegerAttr(persistent + workspace));
    remark::analysis(model->getLoc(),
                     remark::RemarkOpts::name("arena").category("plan-memory"))
        << remark::metric("persistent_bytes", persistent)
        << remark::metric("arena_bytes", persistent + workspace);
  }

  int64_t planPart(PartOp part, int64_t base) {
    llvm::MapVector<Operation *, Life> lives;
    for (auto buffer : part.getBody().getOps<BufferOp>())
      lives[buffer] = {buffer, bytesOf(buffer), -1, -1};
    int64_t kernels = 0;
    SmallVector<Operation *> byNumber;
    for (Operation &op : part.getBody().front()) {
      if (!isKernel(&op))
        continue;
      bool counts = !isCollective(&op);
      for (const Access &access : accessesOf(&op, kernels)) {
        auto it = lives.find(access.root);
        if (it == lives.end())
          continue;
        if (it->second.first < 0)
          it->second.first = kernels;
        it->second.last = kernels;
        counts = true;
      }
      if (counts)
        byNumber.push_back(&op);
      kernels += counts; // what passes between ranks has no workspace in a part
                         // of every run, whose plan is that of one rank
    }
    Lives blocks;
    for (auto &[op, block] : lives) {
      if (block.first >= 0)
        blocks.push_back(block);
      else // nothing touches it: any place does
        cast<BufferOp>(op).setAt(base);
    }
    int64_t bytes = blocks.empty() ? 0 : placeLives(blocks);
    auto [peak, live] = largestLiveSet(blocks, kernels);
    for (Life &block : blocks)
      block.buffer.setAt(base + block.at);
    Builder b(part.getContext());
    part->setAttr("workspace_bytes", b.getI64IntegerAttr(bytes));
    part->setAttr("live_bytes", b.getI64IntegerAttr(live));
    remark::analysis(part.getLoc(), remark::RemarkOpts::name("workspace")
                                        .category("plan-memory")
                                        .function(part.getSymName()))
        << remark::metric("workspace_bytes", bytes)
        << remark::metric("live_bytes", live)
        << remark::metric("buffers", blocks.size());
    if (live)
      remark::analysis(byNumber[peak]->getLoc(),
                       remark::RemarkOpts::name("peak")
                           .category("plan-memory")
                           .function(part.getSymName()))
          << remark::add("most is live at {0}: {1}",
                         nameOfKernel(byNumber[peak]), liveAt(blocks, peak));
    return bytes;
  }
};

} // namespace
