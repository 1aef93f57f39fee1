//===- Shard.cpp - from the step of one rank to that of W ranks -----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: with W ranks each runs the micro parts on its own micro-batches, the
// seed of the backward pass being 1 / (those of the rank). Prologue and
// epilogue are linear in what is accumulated, so the step's gradients are the
// means over the ranks of what each has once its epilogue has run. Method: an
// update part begins with an all-reduce of each parameter's gradient that it
// reads, and of the mark that a loss was not finite. Nothing is said of W,
// which a run chooses. Reason: a gradient that waits for its optimizer has been
// averaged in an earlier step already. It is the same on all ranks, so to
// average again what it has become is to average what was added.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptRanks.h"
#include "dialect/GptStep.h"
#include "dialect/GptStructure.h"
#include "dialect/OpHelpers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SetVector.h"

namespace gptc {
#define GEN_PASS_DEF_SHARD
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// The state under views; null for anything else.
static StateOp stateUnder(Value v) {
  Operation *def = v.getDefiningOp();
  while (def && isView(def))
    def = def->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<StateOp>(def);
}

/// What a part reads that each rank has its own of: the parameters' gradients,
/// and outputs (whether a loss was not finite).
static llvm::SetVector<Operation *> ownIn(PartOp part) {
  llvm::SetVector<Operation *> own;
  for (Operation &op : part.getBody().front()) {
    // What an update writes it does not read.
    for (Value v : op.getOperands().drop_front(isa<UpdateOp>(op) ? 1 : 0))
      if (StateOp state = stateUnder(v);
          state && (state.getKind() == "output" ||
                    (state.getKind() == "gradient" && state.getOf())))
        own.insert(state);
  }
  return own;
}

namespace {

struct Shard : gptc::impl::ShardBase<Shard> {
  using ShardBase::ShardBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      for (PartOp part : model.getOps<PartOp>())
        if (part.getKind() == "update")
          shard(model, part);
  }

  static void shard(ModelOp model, PartOp part) {
    llvm::SetVector<Operation *> read = ownIn(part);
    OpBuilder b(part.getContext());
    b.setInsertionPointToStart(&part.getBody().front());
    int64_t count = 0, bytes = 0;
    for (StateOp state : model.getOps<StateOp>()) { // in one order everywhere
      if (!read.contains(state))
        continue;
      AllReduceOp::create(b, state.getLoc(), state.getY());
      auto type = cast<RankedTensorType>(state.getY().getType());
      ++count;
      bytes += type.getNumElements() * type.getElementTypeBitWidth() / 8;
    }
    remark::passed(part.getLoc(),
                   remark::RemarkOpts::name("shard").category("shard").function(
                       part.getSymName()))
        << remark::metric("all_reduces", count)
        << remark::metric("bytes", bytes);
  }
};

} // namespace
