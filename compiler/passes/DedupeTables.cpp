//===- DedupeTables.cpp - one look-up a table -----------------------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: blocks that name the same value-embedding table read it once; the one
// look-up's cotangents then meet before they go into the table's gradient.
// Method: in each block of a graph, a look-up of the same table with the same
// tokens as one before it becomes that one. Two tables are the same if they are
// one value, or the same view of the same bank.
// Reason: sharing is declared, by naming a table; two tables that merely hold
// the same numbers stay two. And a table that no graph reads is a mistake in
// the model file, or in a `--set`, that costs memory and an optimizer's state:
// it is reported.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/EmbedOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/RowOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Path.h"

namespace gptc {
#define GEN_PASS_DEF_DEDUPETABLES
#include "compiler/passes/DedupeTables.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// One value, or equal views of one value.
static bool same(Value a, Value b) {
  if (a == b)
    return true;
  // A graph has no arguments.
  auto x = cast<OpResult>(a), y = cast<OpResult>(b);
  return isView(x.getOwner()) && x.getResultNumber() == y.getResultNumber() &&
         OperationEquivalence::isEquivalentTo(
             x.getOwner(), y.getOwner(),
             [](Value a, Value b) { return success(same(a, b)); }, nullptr,
             OperationEquivalence::IgnoreLocations);
}

static bool isSameLookup(EmbedOp a, EmbedOp b) {
  return same(a.getTable(), b.getTable()) && same(a.getTokens(), b.getTokens());
}

//===----------------------------------------------------------------------===//
// What the remark says
//===----------------------------------------------------------------------===//

/// The table as files name it: a parameter, or a member of a bank.
static std::string nameOf(Value table) {
  std::string member;
  while (Operation *view = table.getDefiningOp()) {
    if (auto param = dyn_cast<ParamOp>(view))
      return param.getName().str() + member;
    if (!isView(view))
      break;
    if (auto row = dyn_cast<RowOp>(view))
      if (std::optional<int64_t> index = integer(row.getIndex()))
        member = "." + std::to_string(*index) + member;
    table = view->getOperand(0);
  }
  return "the table";
}

/// Where an op stands, and where each call stands through which it came here.
static SmallVector<FileLineColLoc> placesOf(Location loc) {
  SmallVector<FileLineColLoc> places;
  loc->walk([&](Location inner) {
    if (auto place = dyn_cast<FileLineColLoc>(inner))
      places.push_back(place);
    return WalkResult::advance();
  });
  return places;
}

/// The places that tell look-ups apart: the ops' own, or those of the innermost
/// calls that differ, which are the layers.
static std::string layersOf(ArrayRef<EmbedOp> lookups) {
  SmallVector<SmallVector<FileLineColLoc>> all;
  size_t depth = SIZE_MAX;
  for (EmbedOp op : lookups) {
    all.push_back(placesOf(op.getLoc()));
    depth = std::min(depth, all.back().size());
  }
  size_t level = 0;
  while (level + 1 < depth && llvm::all_of(all, [&](auto &places) {
           return places[level] == all.front()[level];
         }))
    ++level;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (depth == 0)
    return std::to_string(all.size()) + " places";
  llvm::interleaveComma(all, os, [&](auto &places) {
    os << llvm::sys::path::filename(places[level].getFilename()) << ":"
       << places[level].getLine();
  });
  return text;
}

namespace {

struct DedupeTables : gptc::impl::DedupeTablesBase<DedupeTables> {
  using DedupeTablesBase::DedupeTablesBase;

  void runOnOperation() override {
    llvm::MapVector<Block *, SmallVector<EmbedOp>> lookups;
    getOperation()->walk([&](EmbedOp op) {
      if (isa<RankedTensorType>(op.getType()))
        lookups[op->getBlock()].push_back(op);
    });
    for (auto &[block, ops] : lookups)
      share(ops);
  }

  /// Makes one of equal look-ups of a block, given in their order.
  static void share(ArrayRef<EmbedOp> ops) {
    SmallVector<SmallVector<EmbedOp>> groups;
    for (EmbedOp op : ops) {
      auto it = llvm::find_if(groups, [&](ArrayRef<EmbedOp> group) {
        return isSameLookup(op, group.front());
      });
      if (it == groups.end())
        groups.push_back({op});
      else
        it->push_back(op);
    }
    for (ArrayRef<EmbedOp> group : groups) {
      if (group.size() == 1)
        continue;
      EmbedOp first = group.front();
      remark::passed(first.getLoc(), remark::RemarkOpts::name("table").category(
                                         "dedupe-tables"))
          << remark::add("{0} is read once for {1}", nameOf(first.getTable()),
                         layersOf(group));
      for (EmbedOp op : group.drop_front()) {
        op.getY().replaceAllUsesWith(first.getY());
        Operation *view = op.getTable().getDefiningOp();
        op.erase();
        // A view of its own; the table itself has the first one's use.
        if (view->use_empty())
          view->erase();
      }
    }
  }
};

} // namespace
