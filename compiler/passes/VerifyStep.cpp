//===- VerifyStep.cpp - the end of the phase `step` -----------------------===//
//
// Part of gptc, under the MIT License.
//
// Everything that runs stands in a part, and a part holds only what has a
// kernel: no graph, no bank of parameters.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AccumulateOp.h.inc"
#include "dialect/gpt/AccumulateOuterOp.h.inc"
#include "dialect/gpt/AccumulateRowsOp.h.inc"
#include "dialect/gpt/AllGatherOp.h.inc"
#include "dialect/gpt/GraphOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/PackOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_VERIFYSTEP
#include "compiler/passes/VerifyStep.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<gpt::GraphOp>(op))
    return "is of the phase 'graph': differentiate makes parts of it";
  if (auto param = dyn_cast<gpt::ParamOp>(op); param && param.getCount())
    return "is a bank: unroll-banks takes it apart";
  if (isa<gpt::PackOp>(op))
    return "is a pack: unroll-banks takes it apart";
  return shapeFault(op);
}

/// The parameter or state under views.
static Value rootOf(Value v) {
  for (Operation *def = v.getDefiningOp(); def && gpt::isView(def);
       def = v.getDefiningOp())
    v = def->getOperand(0);
  return v;
}

/// Whether an update of the state that `v` reads has changed what `v` reads:
/// the state is whole on one side, or both are the same view. (Two different
/// views may lie side by side.)
static bool isChangedBy(gpt::UpdateOp update, Value v) {
  Value target = update.getTarget(), root = rootOf(v);
  return v == target || v == root || target == root;
}

/// The lowering reads buffers in place, at the reader's place: no op of a part
/// may read a parameter or a state that has its new value already.
static LogicalResult verifyUpdates(gpt::PartOp part) {
  DenseMap<Value, SmallVector<gpt::UpdateOp, 1>> updates; // by what they change
  for (Operation &op : part.getBody().front()) {
    if (gpt::isView(&op) ||
        isa<gpt::AccumulateOp, gpt::AccumulateOuterOp, gpt::AccumulateRowsOp,
            gpt::AllGatherOp>(op)) // passes the new value on
      continue;
    auto update = dyn_cast<gpt::UpdateOp>(op);
    for (Value v : op.getOperands().drop_front(update ? 1 : 0))
      for (gpt::UpdateOp before : updates.lookup(rootOf(v)))
        if (isChangedBy(before, v)) {
          InFlightDiagnostic error =
              op.emitOpError("reads what has its new value already");
          error.attachNote(before.getLoc()) << "updated here";
          return error;
        }
    if (update)
      updates[rootOf(update.getTarget())].push_back(update);
  }
  return success();
}

namespace {

struct VerifyStep : gptc::impl::VerifyStepBase<VerifyStep> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    for (auto model : getOperation().getOps<gpt::ModelOp>())
      for (auto part : model.getOps<gpt::PartOp>())
        if (failed(verifyUpdates(part)))
          return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
