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
// Guards, each a function below: the linear map reads a slice of the last
// dimension; w is so small that the product is row-wise work (Accepts.h), which
// without this pass it would be too; every value in between has one user (a
// second one would need it in memory all the same; the slice itself is no more
// than a view and may have more); a reshape between leaves a gate for each row
// of x and dimension 1 of y; y has the rows of x; one scalar tensor at most;
// the product has y's type. Reason: from the sigmoid, not from the product,
// because every gate has exactly one, and what did not match can be said at its
// place.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/Passes.h"
#include "dialect/GptDialect.h"
#include "dialect/gpt/GateOp.h.inc"
#include "dialect/gpt/LinearOp.h.inc"
#include "dialect/gpt/MulOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "dialect/gpt/SigmoidOp.h.inc"
#include "dialect/gpt/SliceOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace gptc {
#define GEN_PASS_DEF_FUSESLICEGATE
#include "compiler/passes/FuseSliceGate.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
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

ArrayRef<int64_t> shapeOf(Value v) {
  return cast<RankedTensorType>(v.getType()).getShape();
}
bool isScalar(Value v) { return shapeOf(v).empty(); }

//===----------------------------------------------------------------------===//
// Guards
//===----------------------------------------------------------------------===//

/// The slice is of rows [T, D].
bool slicesRows(SliceOp slice) { return shapeOf(slice.getX()).size() == 2; }

/// The map is row-wise work, not a contraction.
bool isSmall(LinearOp linear) {
  return isRowWise(
      cast<RankedTensorType>(linear.getB().getType()).getNumElements());
}

/// z has the gates [T, G] of the linear map in their places: row t first, then
/// gate g, then dimensions of 1. A reshape may drop or add these alone: one
/// that moves gates to other rows, or behind a dimension of the tensor, makes
/// another product.
bool keepsPlaces(LinearOp linear, Value z) {
  ArrayRef<int64_t> gates = shapeOf(linear.getY()), shape = shapeOf(z);
  return shape.take_front(2) == gates.take_front(shape.size());
}

/// The tensor has as many rows as the gates have.
bool hasRowsOf(Value tensor, LinearOp linear) {
  return shapeOf(tensor)[0] == shapeOf(linear.getY())[0];
}

/// The gates spread over the tensor, not it over them.
bool keepsType(MulOp product, Value tensor) {
  return product.getType() == tensor.getType();
}

//===----------------------------------------------------------------------===//
// The match
//===----------------------------------------------------------------------===//

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
  if (!mul)
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
    if (!takeFactor(trial, op, inner))
      return;
    trial.value = inner;
    gate = trial;
  }
}

/// Takes factors behind the product, where nobody else uses it.
void takeFactorsOfProduct(Gate &gate) {
  while (gate.last->hasOneUse()) {
    Operation *user = *gate.last->user_begin();
    Value product = gate.last->getResult(0);
    Gate trial = gate;
    if (!takeFactor(trial, user, product))
      return;
    trial.last = user;
    gate = trial;
  }
}

/// Why what stands before the sigmoid is no gate's; empty if it may be.
StringRef whyNotBefore(const Gate &gate) {
  if (!gate.slice)
    return "its linear map does not read a slice";
  if (!gate.linear->hasOneUse())
    return "its linear map has another use";
  if (!slicesRows(gate.slice))
    return "it does not slice rows [T, D]";
  if (!isSmall(gate.linear))
    return "its weight is large: a contraction costs less than row-wise work";
  return {};
}

/// Follows the sigmoid to its product with a tensor, which is no scalar: that
/// is a factor.
void takeProduct(Gate &gate) {
  Value z = gate.sigmoid.getY();
  while (!gate.value) {
    if (!z.hasOneUse()) {
      gate.refused = "a value on the way to its product has another use";
      return;
    }
    Operation *user = *z.user_begin();
    if (auto reshape = dyn_cast<ReshapeOp>(user)) {
      z = reshape.getY();
    } else if (takeFactor(gate, user, z)) {
      z = user->getResult(0);
    } else if (auto mul = dyn_cast<MulOp>(user); mul && gate.refused.empty()) {
      gate.value = mul.getA() == z ? mul.getB() : mul.getA();
      if (!keepsPlaces(gate.linear, z))
        gate.refused = "a reshape moves its gates to other rows or columns";
      else if (!keepsType(mul, gate.value))
        gate.refused = "its product has another type than the tensor";
      else if (!hasRowsOf(gate.value, gate.linear))
        gate.refused = "its rows are not those of the tensor";
    } else {
      if (gate.refused.empty())
        gate.refused = "it multiplies no tensor";
      return;
    }
    gate.last = user;
  }
  takeFactorsOfValue(gate);
  takeFactorsOfProduct(gate);
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
  gate.refused = whyNotBefore(gate);
  if (gate.refused.empty())
    takeProduct(gate);
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
    llvm::SmallSetVector<Operation *, 8> unused;
    unused.insert(gate.last);
    while (!unused.empty()) {
      Operation *op = unused.pop_back_val();
      if (!isOpTriviallyDead(op))
        continue;
      for (Value v : op->getOperands())
        unused.insert(v.getDefiningOp());
      op->erase();
    }
  }
};

} // namespace
