//===- FuseSliceGate.cpp - one op of slice, linear, sigmoid, product ------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a scalar gate reads a dozen columns of a row, and a contraction over a
// dozen columns is no work for a matrix unit: as one row-wise op it joins the
// row kernels around it, and its backward reads what the forward read.
// Method: from every sigmoid down its only users: factors are collected
// (numbers into `factor`, one scalar tensor into `times`) until the product
// with a tensor, and behind it, and on that tensor's side.
//
//   factor · times · σ(w · x[:, at : at + n]) ⊙ y
//
// w is [G, n], x [T, D], y [T, G, …] or, with G = 1, any [T, …].
// Guards: the linear map reads a slice of the last dimension; every value in
// between has one user (a second one would need it in memory all the same; the
// slice itself is no more than a view and may have more); a reshape between
// adds or drops dimensions of 1 alone; one scalar tensor at most; the product
// has the tensor's own type. Reason: from the sigmoid, not from the product,
// because every gate has exactly one, and what did not match can be said at its
// place.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/Gpt.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_FUSESLICEGATE
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

/// What a chain of ops around a sigmoid computes, as far as it was followed.
struct Gate {
  SigmoidOp sigmoid;
  LinearOp linear;
  SliceOp slice;
  Value value, times;
  double factor = 1;
  Operation *last; ///< its result is the gate's
  StringRef refused;
};

bool isScalar(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.getRank() == 0;
}

/// Dimensions without those of 1.
SmallVector<int64_t> essential(Value v) {
  SmallVector<int64_t> dims;
  for (int64_t dim : cast<RankedTensorType>(v.getType()).getShape())
    if (dim != 1)
      dims.push_back(dim);
  return dims;
}

/// Takes a factor that an op applies to `of` into the gate; false, and nothing
/// changed, if the op is no such factor.
bool takeFactor(Gate &gate, Operation *op, Value of) {
  if (auto scale = dyn_cast<ScaleOp>(op)) {
    std::optional<double> by = number(scale.getFactor());
    if (!by)
      gate.refused = "a factor changes with the step";
    else
      gate.factor *= *by;
    return by.has_value();
  }
  auto mul = dyn_cast<MulOp>(op);
  if (!mul || isScalar(of))
    return false;
  Value other = mul.getA() == of ? mul.getB() : mul.getA();
  if (!isScalar(other))
    return false;
  if (gate.times)
    gate.refused = "it has two scalar factors";
  else
    gate.times = other;
  return gate.refused.empty();
}

/// Takes factors on the tensor's side, where nobody else uses the product.
void takeFactorsOfValue(Gate &gate) {
  while (Operation *op = gate.value.getDefiningOp()) {
    if (!gate.value.hasOneUse())
      return;
    Value inner;
    if (auto scale = dyn_cast<ScaleOp>(op))
      inner = scale.getX();
    else if (auto mul = dyn_cast<MulOp>(op))
      inner = isScalar(mul.getA()) ? mul.getB() : mul.getA();
    Gate trial = gate;
    if (!inner || inner.getType() != gate.value.getType() ||
        !takeFactor(trial, op, inner))
      return;
    trial.value = inner;
    gate = trial;
  }
}

/// Follows a sigmoid up to its slice and down to its product. `refused` says
/// why there is no gate; it stays empty, without a value, for a sigmoid that is
/// nothing like one.
Gate match(SigmoidOp sigmoid) {
  Gate gate;
  gate.sigmoid = sigmoid;
  gate.last = sigmoid;
  gate.linear = sigmoid.getX().getDefiningOp<LinearOp>();
  if (!gate.linear)
    return gate;
  gate.slice = gate.linear.getA().getDefiningOp<SliceOp>();
  if (!gate.slice)
    gate.refused = "its linear map does not read a slice";
  else if (!gate.linear->hasOneUse())
    gate.refused = "its linear map has another use";
  else if (cast<RankedTensorType>(gate.slice.getX().getType()).getRank() != 2)
    gate.refused = "it does not slice rows [T, D]";
  if (!gate.refused.empty())
    return gate;

  Value z = sigmoid.getY();
  while (!gate.value) {
    if (!z.hasOneUse()) {
      gate.refused = "a value on the way to its product has another use";
      return gate;
    }
    Operation *user = *z.user_begin();
    if (auto reshape = dyn_cast<ReshapeOp>(user);
        reshape && essential(reshape.getX()) == essential(reshape.getY())) {
      z = reshape.getY();
    } else if (takeFactor(gate, user, z)) {
      z = user->getResult(0);
    } else if (auto mul = dyn_cast<MulOp>(user); mul && gate.refused.empty()) {
      gate.value = mul.getA() == z ? mul.getB() : mul.getA();
    } else {
      if (gate.refused.empty())
        gate.refused = "it multiplies no tensor";
      return gate;
    }
    gate.last = user;
  }

  // So y has a row or a head for each gate: w's gates spread over it.
  if (gate.last->getResult(0).getType() != gate.value.getType()) {
    gate.refused = "its product has another type than the tensor";
    return gate;
  }
  takeFactorsOfValue(gate);
  while (gate.last->hasOneUse()) {
    Operation *user = *gate.last->user_begin();
    Gate trial = gate;
    if (user->getNumResults() != 1 ||
        user->getResult(0).getType() != gate.last->getResult(0).getType() ||
        !takeFactor(trial, user, gate.last->getResult(0)))
      break;
    trial.last = user;
    gate = trial;
  }
  return gate;
}

struct FuseSliceGate : gptc::impl::FuseSliceGateBase<FuseSliceGate> {
  using FuseSliceGateBase::FuseSliceGateBase;

  void runOnOperation() override {
    SmallVector<SigmoidOp> sigmoids;
    getOperation()->walk([&](SigmoidOp op) {
      if (isa<RankedTensorType>(op.getType()))
        sigmoids.push_back(op);
    });
    llvm::MapVector<Value, unsigned> rows;
    for (SigmoidOp sigmoid : sigmoids) {
      Gate gate = match(sigmoid);
      if (!gate.value && gate.refused.empty())
        continue;
      auto options =
          remark::RemarkOpts::name("gate").category("fuse-slice-gate");
      if (!gate.refused.empty()) {
        remark::missed(sigmoid.getLoc(), options)
            << remark::add("no gate") << remark::reason("{0}", gate.refused);
        continue;
      }
      ++rows[gate.slice.getX()];
      remark::passed(sigmoid.getLoc(), options)
          << remark::add("gate of columns {0} to {1}", *columnOf(gate.slice),
                         *columnOf(gate.slice) + widthOf(gate.slice));
      fuse(gate);
    }
    for (auto [row, count] : rows)
      if (count > 1)
        remark::analysis(row.getLoc(), remark::RemarkOpts::name("row").category(
                                           "fuse-slice-gate"))
            << remark::add("{0} gates read this row", count);
  }

  static std::optional<int64_t> columnOf(SliceOp slice) {
    return integer(slice.getAt());
  }
  static int64_t widthOf(SliceOp slice) {
    return cast<RankedTensorType>(slice.getType()).getDimSize(1);
  }

  static void fuse(Gate &gate) {
    OpBuilder b(gate.last);
    auto fused = GateOp::create(
        b, b.getFusedLoc({gate.last->getLoc(), gate.sigmoid.getLoc()}),
        gate.last->getResult(0).getType(), gate.value, gate.linear.getB(),
        gate.slice.getX(), gate.times, *columnOf(gate.slice),
        llvm::APFloat(gate.factor));
    gate.last->getResult(0).replaceAllUsesWith(fused.getY());
    // What only the gate used, from its end to its slice.
    SmallVector<Operation *> unused{gate.last};
    while (!unused.empty()) {
      Operation *op = unused.pop_back_val();
      SmallVector<Operation *> operands;
      for (Value v : op->getOperands())
        if (v.getDefiningOp() &&
            !llvm::is_contained(operands, v.getDefiningOp()))
          operands.push_back(v.getDefiningOp());
      if (!op->use_empty() || !isPure(op))
        continue;
      op->erase();
      for (Operation *operand : operands)
        if (operand->use_empty())
          unused.push_back(operand);
    }
  }
};

} // namespace
