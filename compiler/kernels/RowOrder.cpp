//===- RowOrder.cpp - the end at which a kernel begins --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/RowOrder.h"
#include "compiler/kernels/Cores.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/AttentionOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static constexpr StringLiteral kDescending = "descending";

bool gptc::canDescend(Operation *kernel) {
  return TypeSwitch<Operation *, bool>(kernel)
      .Case([](RowsOp) { return true; })
      .Case([](ContractOp op) {
        return !op.getTransposedA() && op.getBatch() == 1 &&
               whyNotOnCores(op).empty() && !isTriangle(op);
      })
      .Case<AttentionOp, AttentionBackwardOp>(
          [](auto op) { return whyNotOnCores(op).empty(); })
      .Default(false);
}

bool gptc::descends(Operation *kernel) { return kernel->hasAttr(kDescending); }

void gptc::setDescending(Operation *kernel) {
  kernel->setAttr(kDescending, UnitAttr::get(kernel->getContext()));
}
