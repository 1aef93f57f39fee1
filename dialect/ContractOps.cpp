//===- ContractOps.cpp - contractions, rotary positions, attention --------===//
//
// Part of gptc, under the MIT License.
//
// For each op its row program, if it is row-wise, and, below it, its
// vector-Jacobian product. Contractions and attention are kernels of their own:
// lower-to-kernels makes them.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptContract.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/kern/AnglesOp.h.inc"
#include "dialect/kern/IotaOp.h.inc"
#include "dialect/kern/RotateOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/RowIndexOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

using Cotangents = SmallVector<Value>;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

Cotangents LinearOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // y = x Wᵀ: dx = dy W, dW = dyᵀ x.
  return {MatmulOp::create(b, getLoc(), getA().getType(), dy[0], getB()),
          OuterOp::create(b, getLoc(), getB().getType(), dy[0], getA())};
}

Cotangents MatmulOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // y = x W: dx = dy Wᵀ, dW = xᵀ dy.
  return {LinearOp::create(b, getLoc(), getA().getType(), dy[0], getB()),
          OuterOp::create(b, getLoc(), getB().getType(), getA(), dy[0])};
}

Cotangents GramOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // y = x xᵀ: dx = (dy + dyᵀ) x.
  Type type = getX().getType();
  return {AddOp::create(b, getLoc(), type,
                        MatmulOp::create(b, getLoc(), type, dy[0], getX()),
                        OuterOp::create(b, getLoc(), type, dy[0], getX()))};
}

Cotangents TransposeOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {TransposeOp::create(b, getLoc(), getX().getType(), dy[0], getArgs())};
}

//===----------------------------------------------------------------------===//
// Rotary positions
//===----------------------------------------------------------------------===//

void RotaryTableOp::buildRow(RowBuilder &row) {
  OpBuilder &b = row.builder();
  SmallVector<Value> freqs;
  int64_t count = cast<RankedTensorType>(getFreqs().getType()).getDimSize(0);
  for (int64_t i = 0; i < count; ++i)
    freqs.push_back(row.elementNumber(0, i));
  Type type = row.rowType(columnsOf(getCos().getType()));
  auto angles = kern::AnglesOp::create(b, row.loc(), type, type, freqs,
                                       row.rowIndex(), getHalf(), getGroup());
  row.store(0,
            kern::RoundOp::create(b, row.loc(), type, angles.getCos(), "bf16"));
  row.store(1,
            kern::RoundOp::create(b, row.loc(), type, angles.getSin(), "bf16"));
}

void RotateOp::buildRow(RowBuilder &row) {
  int64_t head = cast<RankedTensorType>(getX().getType()).getShape().back();
  row.store(0, kern::RotateOp::create(row.builder(), row.loc(), row.load(0),
                                      row.load(1), row.load(2), head,
                                      int64_t(getGroup()), getNeighbours(),
                                      getInverse()));
}
Cotangents RotateOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // A rotation's transpose is its inverse.
  Value dx = RotateOp::create(b, getLoc(), getX().getType(), dy[0], getCos(),
                              getSin(), getGroupAttr(), getNeighboursAttr(),
                              getInverse() ? UnitAttr() : b.getUnitAttr());
  return {dx, Value(), Value()};
}

//===----------------------------------------------------------------------===//
// Key offset
//===----------------------------------------------------------------------===//

/// `yes` in the second and the last quarter of each head, else `no`.
static Value selectMoved(RowBuilder &row, Type tensor, Value yes, Value no) {
  OpBuilder &b = row.builder();
  int64_t n = columnsOf(tensor);
  int64_t quarter = cast<RankedTensorType>(tensor).getShape().back() / 4;
  auto type = VectorType::get({n}, b.getI32Type());
  auto splat = [&](int64_t value) {
    return arith::ConstantOp::create(
        b, row.loc(), DenseElementsAttr::get(type, int32_t(value)));
  };
  Value j = kern::IotaOp::create(b, row.loc(), type);
  Value odd = arith::RemSIOp::create(
      b, row.loc(), arith::DivSIOp::create(b, row.loc(), j, splat(quarter)),
      splat(2));
  Value moved = arith::CmpIOp::create(b, row.loc(), arith::CmpIPredicate::eq,
                                      odd, splat(1));
  return arith::SelectOp::create(b, row.loc(), moved, yes, no);
}

/// 1 in rows before `by`, which keep their own columns, else 0; one column.
static Value isEarly(RowBuilder &row, int64_t by) {
  OpBuilder &b = row.builder();
  auto type = VectorType::get({1}, b.getI32Type());
  Value t = kern::RowIndexOp::create(b, row.loc(), type, row.rowIndex());
  Value limit = arith::ConstantOp::create(
      b, row.loc(), DenseElementsAttr::get(type, int32_t(by)));
  Value early =
      arith::CmpIOp::create(b, row.loc(), arith::CmpIPredicate::slt, t, limit);
  return arith::SelectOp::create(b, row.loc(), early, row.constant(1),
                                 row.constant(0));
}

void KeyOffsetOp::buildRow(RowBuilder &row) {
  int64_t by = *integer(lookup(getArgs(), "by"));
  Value x = row.load(0);
  Value early = row.spread(isEarly(row, by), RowBuilder::columns(x));
  Value from = row.selectGreater(early, row.constant(0), x, row.load(0, -by));
  row.store(0, selectMoved(row, getX().getType(), from, x));
}
Cotangents KeyOffsetOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {KeyOffsetBackwardOp::create(b, getLoc(), getX().getType(), dy[0],
                                      *integer(lookup(getArgs(), "by")))};
}
void KeyOffsetBackwardOp::buildRow(RowBuilder &row) {
  // Moved columns of row t went to row t + by, and in the first rows also
  // stayed: dx = early · dy_t + dy_{t+by}.
  Value d = row.load(0);
  Value early = row.spread(isEarly(row, getBy()), RowBuilder::columns(d));
  Value moved = row.add(row.mul(early, d), row.load(0, getBy()));
  row.store(0, selectMoved(row, getX().getType(), moved, d));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

Cotangents AttentionOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // The backward kernel wants each query's log-sum-exp: the forward op gives
  // way to the one that saves it.
  auto q = cast<RankedTensorType>(getQ().getType());
  auto lseType =
      RankedTensorType::get(q.getShape().drop_back(), b.getF32Type());
  AttentionSavingOp saving;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(*this);
    saving = AttentionSavingOp::create(b, getLoc(), TypeRange{q, lseType},
                                       getQ(), getK(), getV(), getDocs(),
                                       getVars(), getArgs());
  }
  getY().replaceAllUsesWith(saving.getY());
  auto back = AttentionBackwardOp::create(
      b, getLoc(), TypeRange{q, q, q}, dy[0], getQ(), getK(), getV(),
      saving.getY(), saving.getLse(), getDocs(), getVars(), getArgs());
  return Cotangents(back.getResults());
}
