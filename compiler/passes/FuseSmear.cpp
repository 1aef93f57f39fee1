//===- FuseSmear.cpp - one op of gate, shift by one token, add ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: each token takes a share of the one before it,
//
//   y_t = x_t + λ σ(w · x_t[at : at + n]) x_{t−1} for t ≥ 1,  y_0 = x_0.
//
// Method: an add of a tensor x and a gate by x of x shifted by one row, by a
// gate a row, with a scalar λ and no other factor.
// Guards: shift and gate have one user each; everything reads the same x.
// Reason: one row-wise op reads x_t and x_{t−1} once, and its backward needs
// x_{t+1} beside them, where the parts' would store three tensors in between.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptDialect.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/gpt/GateOp.h.inc"
#include "dialect/gpt/ShiftOp.h.inc"
#include "dialect/gpt/SmearOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_FUSESMEAR
#include "compiler/passes/FuseSmear.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// Why the gate of a shifted tensor is no smear; empty if it is.
static StringRef whyNot(GateOp gate, ShiftOp shift) {
  Value x = shift.getX();
  if (shift.getBy() != 1)
    return "the shift is not by one token";
  if (gate.getX() != x)
    return "the gate reads another tensor than the one that is shifted";
  if (cast<RankedTensorType>(gate.getW().getType()).getDimSize(0) != 1)
    return "a gate a head, not a row";
  if (!gate.getTimes() || !gate.getFactor().isExactlyValue(1.0))
    return "its factor is not one scalar";
  if (!gate->hasOneUse() || !shift->hasOneUse())
    return "the gate or the shift has another use";
  auto add = dyn_cast<AddOp>(*gate->user_begin());
  if (!add || (add.getA() != x && add.getB() != x))
    return "it is not added to the tensor that is shifted";
  return {};
}

namespace {

struct FuseSmear : gptc::impl::FuseSmearBase<FuseSmear> {
  using FuseSmearBase::FuseSmearBase;

  void runOnOperation() override {
    SmallVector<GateOp> gates;
    getOperation()->walk([&](GateOp op) { gates.push_back(op); });
    for (GateOp gate : gates) {
      auto shift = gate.getValue().getDefiningOp<ShiftOp>();
      if (!shift)
        continue;
      auto options = remark::RemarkOpts::name("smear").category("fuse-smear");
      StringRef reason = whyNot(gate, shift);
      if (!reason.empty()) {
        remark::missed(gate.getLoc(), options)
            << remark::add("no smear") << remark::reason("{0}", reason);
        continue;
      }
      auto add = cast<AddOp>(*gate->user_begin());
      remark::passed(add.getLoc(), options)
          << remark::add("gate, shift and add are one op");
      OpBuilder b(add);
      auto smear = SmearOp::create(
          b, b.getFusedLoc({add.getLoc(), gate.getLoc()}), add.getType(),
          gate.getX(), gate.getW(), gate.getTimes(), gate.getAt());
      add.getY().replaceAllUsesWith(smear.getY());
      add.erase();
      gate.erase();
      shift.erase();
    }
  }
};

} // namespace
