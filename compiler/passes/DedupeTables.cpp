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
#include "dialect/Gpt.h"
#include "dialect/OpHelpers.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_DEDUPETABLES
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// One value, or equal views of one value.
static bool same(Value a, Value b) {
  if (a == b)
    return true;
  Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
  if (!x || !y || !isa<RowOp, RowsOp, ReshapeOp, TiedOp, SliceOp>(x) ||
      x->getName() != y->getName() || a.getType() != b.getType() ||
      x->getNumOperands() != y->getNumOperands() ||
      x->getAttrDictionary() != y->getAttrDictionary())
    return false;
  return llvm::all_of(
      llvm::zip(x->getOperands(), y->getOperands()),
      [](auto pair) { return same(std::get<0>(pair), std::get<1>(pair)); });
}

/// Whether anything but an unused view reads a value.
static bool isRead(Value v) {
  return llvm::any_of(v.getUsers(), [](Operation *user) {
    if (!isView(user))
      return true;
    return llvm::any_of(user->getResults(), isRead);
  });
}

/// Reports a parameter, or members of a bank, that nothing reads.
static void reportUnread(ParamOp param) {
  auto warn = [&](const Twine &name) {
    param.emitWarning("nothing reads '")
        << name << "'; remove it, or name it where it belongs";
  };
  if (!param.getCount()) {
    if (!isRead(param.getY()))
      warn(param.getName());
    return;
  }
  llvm::SmallDenseSet<int64_t> read;
  for (Operation *user : param.getY().getUsers()) {
    auto row = dyn_cast<RowOp>(user);
    std::optional<int64_t> index = row ? integer(row.getIndex()) : std::nullopt;
    if (!index)
      return; // the whole bank, or a member that is not known here
    if (isRead(row.getY()))
      read.insert(*index);
  }
  for (int64_t i = 0; i < int64_t(*param.getCount()); ++i)
    if (!read.contains(i) && param.getWithout().value_or(-1) != uint64_t(i))
      warn(param.getName() + "." + Twine(i));
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
    for (auto &[block, ops] : lookups) {
      SmallVector<EmbedOp> first;
      for (EmbedOp op : ops) {
        auto it = llvm::find_if(first, [&](EmbedOp other) {
          return same(op.getTable(), other.getTable()) &&
                 same(op.getTokens(), other.getTokens());
        });
        if (it == first.end()) {
          first.push_back(op);
          continue;
        }
        remark::passed(op.getLoc(), remark::RemarkOpts::name("table").category(
                                        "dedupe-tables"))
            << remark::add("the table is read once");
        op.getY().replaceAllUsesWith(it->getY());
        Operation *view = op.getTable().getDefiningOp();
        op.erase();
        if (view && isPure(view) && view->use_empty())
          view->erase();
      }
    }
    getOperation()->walk([](ParamOp param) {
      if (isa<RankedTensorType>(param.getY().getType()))
        reportUnread(param);
    });
  }
};

} // namespace
