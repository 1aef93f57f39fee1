//===- AcceptsHeads.cpp - what attention's backward accepts ---------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RotateOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;
using namespace gptc::kern;

static int64_t width(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 1 ? vector.getDimSize(0) : 0;
}

bool gptc::isTable(LoadOp load) {
  return llvm::all_of(load.getY().getUses(), [](OpOperand &use) {
    return isa<RotateOp>(use.getOwner()) && use.getOperandNumber() > 0;
  });
}

std::string gptc::whyNotByHeads(Operation *op, int64_t columns, int64_t head) {
  int64_t heads = columns / head;
  auto fits = [&](Type type) {
    return width(type) == columns || width(type) == heads || width(type) == 1;
  };
  Value row = op->getBlock()->getArgument(0);
  if (auto load = dyn_cast<LoadOp>(op)) {
    if (load.getDelta() != 0 || (load.getRow() && load.getRow() != row))
      return "it loads another row";
    if (!fits(load.getY().getType()) && !isTable(load))
      return "it loads rows of another width";
    return {};
  }
  if (auto store = dyn_cast<StoreOp>(op)) {
    if (store.getRow() != row || width(store.getValue().getType()) != columns)
      return "it stores rows of another width";
    if (cast<MemRefType>(store.getBuffer().getType()).getElementTypeBitWidth() <
        16)
      return "it stores codes of 8 bits";
    return {};
  }
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getHow() == "add" &&
                   width(reduce.getX().getType()) == columns &&
                   width(reduce.getY().getType()) == heads
               ? std::string()
               : "it adds up something else than the columns of each head";
  if (auto spread = dyn_cast<SpreadOp>(op)) {
    int64_t from = width(spread.getX().getType());
    if ((from != 1 && from != heads) || !fits(spread.getY().getType()))
      return "it repeats columns in a head";
    return {};
  }
  if (auto rotate = dyn_cast<RotateOp>(op)) {
    auto isLoaded = [](Value table) {
      auto load = table.getDefiningOp<LoadOp>();
      return load && isTable(load);
    };
    if (rotate.getNeighbours() || int64_t(rotate.getHead()) != head ||
        width(rotate.getX().getType()) != columns)
      return "it turns pairs that are not half a head apart";
    if (!isLoaded(rotate.getCos()) || !isLoaded(rotate.getSin()))
      return "it turns by what is not loaded";
    return {};
  }
  if (!isOfOneColumn(op))
    return "it needs more than a head: " + op->getName().getStringRef().str();
  for (Type type : op->getResultTypes())
    if (!fits(type))
      return "it computes rows of another width";
  return {};
}
