//===- RecomputeFills.cpp - constant rows where they are read -------------===//
//
// Part of gptc, under the MIT License.
//
// A kernel that stores the same row of constants or numbers everywhere (zeros
// that clear a gradient) is cheaper computed by each reader than read, and its
// buffer would tie all its readers into one kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/MergePrograms.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/NumberOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SliceOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// The last store of a program of constants, which fills a workspace buffer;
/// null for others.
static StoreOp fillOf(RowsOp rows) {
  StoreOp found;
  for (Operation &op : rows.getBody().front()) {
    if (auto store = dyn_cast<StoreOp>(op)) {
      found = store;
    } else if (!isa<arith::ConstantOp, NumberOp, SpreadOp>(op)) {
      return {};
    }
  }
  if (!found)
    return {};
  BufferOp root = rootOf(found.getBuffer());
  bool whole = Window::of(found.getBuffer()) == Window::of(root.getY());
  return whole && root.getKind() == "workspace" ? found : StoreOp();
}

void gptc::recomputeFills(PartOp part) {
  llvm::MapVector<Operation *, StoreOp> fills;
  DenseMap<Operation *, unsigned> writers;
  for (Operation &op : part.getBody().front()) {
    if (!isKernel(&op))
      continue;
    if (auto rows = dyn_cast<RowsOp>(op))
      if (StoreOp store = fillOf(rows))
        fills[rootOf(store.getBuffer())] = store;
    for (const Access &access : accessesOf(&op, 0))
      if (access.write)
        ++writers[access.root];
  }
  SmallVector<LoadOp> loads;
  for (Operation &op : part.getBody().front())
    if (Block *program = programOf(&op))
      llvm::append_range(loads, program->getOps<LoadOp>());
  for (LoadOp load : loads) {
    BufferOp root = rootOf(load.getBuffer());
    auto it = fills.find(root);
    Window window = Window::of(load.getBuffer());
    // Another row may be outside, where zeros are read; a view with other rows
    // may hold the row's columns in another order.
    if (it == fills.end() || writers[root] != 1 || !loadsOwnRow(load) ||
        !window.sameRows(Window::of(root.getY())))
      continue;
    bool narrower = it->second.getValue().getType() != load.getType();
    if (narrower && isa<ContractOp>(load->getParentOp()))
      continue; // an epilogue takes no slices
    if (isa<AttentionBackwardOp>(load->getParentOp()))
      continue; // which turns by what it loads
    OpBuilder b(load);
    IRMapping map;
    for (Operation &op : *it->second->getBlock())
      if (!isa<StoreOp>(op))
        b.clone(op, map);
    Value row = map.lookupOrDefault(it->second.getValue());
    if (narrower)
      row = SliceOp::create(b, load.getLoc(), load.getType(), row,
                            uint64_t(window.offset));
    load.getY().replaceAllUsesWith(row);
    load.erase();
  }
}
