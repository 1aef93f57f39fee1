//===- VerifyCollectives.cpp - what ranks do together is in order ---------===//
//
// Part of gptc, under the MIT License.
//
// For each number of ranks, over all steps of a run: nothing touches what a
// collective is exchanging before it has waited for it. All ranks of a run have
// one list, and no rank leaves out what another does; so that all have one
// order is that collectives stand in parts that every rank runs as often.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Collectives.h"
#include "compiler/passes/Passes.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_VERIFYCOLLECTIVES
#include "compiler/passes/VerifyCollectives.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

struct VerifyCollectives
    : gptc::impl::VerifyCollectivesBase<VerifyCollectives> {
  void runOnOperation() override {
    llvm::SetVector<Operation *> models;
    getOperation()->walk(
        [&](PartOp part) { models.insert(part->getParentOp()); });
    for (Operation *model : models)
      if (failed(verify(model)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }

  static LogicalResult verify(Operation *model) {
    if (failed(verifyPlaces(model)))
      return failure();
    Collectives collectives(model);
    bool isFine = true;
    for (int64_t ranks : worldsOf(model)) {
      collectives.walk(
          ranks,
          [&](const Collectives::Early &early) {
            if (std::exchange(isFine, false))
              report(early, ranks);
          },
          [&](Operation *op, BufferOp mean) {
            if (std::exchange(isFine, false))
              op->emitOpError("reads a mean that no collective of its step has "
                              "made before")
                  << ", '" << mean.getName() << "'";
          });
      if (!isFine)
        return failure();
    }
    return success();
  }

  /// Slices of a validation and micro-batches are shared out: not every rank
  /// runs as many.
  static LogicalResult verifyPlaces(Operation *model) {
    for (auto part : model->getRegion(0).getOps<PartOp>())
      for (Operation &op : part.getBody().front())
        if (isExchange(&op)) {
          if (part.getKind() == "validate" || part.getKind() == "sample")
            return op.emitOpError("stands in a part that not every rank runs "
                                  "as often");
          if (ranksOf(part) == 1)
            return op.emitOpError("stands in a part of one rank");
        }
    return success();
  }

  static StringRef faultOf(const Collectives::Early &early) {
    if (!early.op)
      return "ends while its workspace is exchanged: nothing waits for that";
    if (early.write)
      return "writes what is being exchanged: that began before its operand "
             "was "
             "complete, or nothing waits for it";
    return "reads what is being exchanged: nothing waits for that before";
  }

  static void report(const Collectives::Early &early, int64_t ranks) {
    Operation *part = early.part, *at = early.op ? early.op : part;
    BufferOp buffer = early.buffer;
    InFlightDiagnostic error = at->emitOpError(faultOf(early));
    error << ", '" << buffer.getName() << "'";
    error.attachNote(early.collective->getLoc())
        << "the collective, of a run of " << ranks << " ranks";
  }
};

} // namespace
