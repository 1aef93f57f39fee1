//===- RowOps.cpp - views, columns, norms, shifts, look-ups ---------------===//
//
// Part of gptc, under the MIT License.
//
// For each op its row program and, below it, its vector-Jacobian product.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptTensor.h"
#include "dialect/OpHelpers.h"
#include "dialect/kern/ConcatOp.h.inc"
#include "dialect/kern/MatvecOp.h.inc"
#include "dialect/kern/OuterOp.h.inc"
#include "dialect/kern/PadOp.h.inc"
#include "dialect/kern/RowIndexOp.h.inc"
#include "dialect/kern/SliceOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

using Cotangents = SmallVector<Value>;

//===----------------------------------------------------------------------===//
// Views. What they read of a parameter has no cotangent op: differentiate
// accumulates into the same view of the accumulator.
//===----------------------------------------------------------------------===//

/// x as the rows from `at` on of a tensor of `type`, zeros elsewhere.
static Value rowsOfZeros(OpBuilder &b, Location loc, Value x, Attribute at,
                         Type type) {
  auto size =
      b.getI64IntegerAttr(cast<RankedTensorType>(type).getShape().front());
  return PadRowsOp::create(b, loc, type, x, at, size);
}

Cotangents RowOp::buildVjp(OpBuilder &b, ValueRange dy) {
  Cotangents all(getNumOperands());
  auto x = cast<RankedTensorType>(getX().getType());
  SmallVector<int64_t> one(x.getShape());
  one.front() = 1;
  Value row = reshaped(b, getLoc(), dy[0], x.clone(one));
  all[0] = rowsOfZeros(b, getLoc(), row, getIndex(), x);
  return all;
}
Cotangents RowsOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {rowsOfZeros(b, getLoc(), dy[0], getAt(), getX().getType())};
}

Cotangents SliceOp::buildVjp(OpBuilder &b, ValueRange dy) {
  auto x = cast<RankedTensorType>(getX().getType());
  if (x.getRank() == 1) // the last dimension of a vector is its rows
    return {rowsOfZeros(b, getLoc(), dy[0], getAt(), x)};
  return {PadOp::create(b, getLoc(), x, dy[0], getAt(),
                        b.getI64IntegerAttr(x.getShape().back()))};
}

Cotangents ReshapeOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {reshaped(b, getLoc(), dy[0], getX().getType())};
}

Cotangents SplitOp::buildVjp(OpBuilder &b, ValueRange dy) {
  auto x = cast<RankedTensorType>(getX().getType());
  bool sameRows = rowsOf(getQ().getType()) == rowsOf(x);
  RankedTensorType third = x.clone({x.getDimSize(0), x.getDimSize(1) / 3});
  Cotangents parts(dy);
  for (auto [part, result] : llvm::zip(parts, getResults())) {
    if (!part)
      part = filled(b, getLoc(), result.getType(), 0);
    if (!sameRows)
      part = reshaped(b, getLoc(), part, third);
  }
  return {ConcatOp::create(b, getLoc(), x, parts[0], parts[1], parts[2])};
}

//===----------------------------------------------------------------------===//
// Zeros around: the transposes of `slice` and `rows`
//===----------------------------------------------------------------------===//

/// Columns [at, at + n) of a matrix.
static Value columnsFrom(OpBuilder &b, Location loc, Value x, int64_t at,
                         int64_t n) {
  auto type = cast<RankedTensorType>(x.getType());
  return SliceOp::create(b, loc, type.clone({type.getDimSize(0), n}), x,
                         b.getI64IntegerAttr(at), b.getI64IntegerAttr(n));
}

void ConcatOp::buildRow(RowBuilder &row) {
  SmallVector<Value> parts{row.load(0), row.load(1), row.load(2)};
  row.store(0, kern::ConcatOp::create(row.builder(), row.loc(),
                                      row.rowType(columnsOf(getY().getType())),
                                      parts));
}
Cotangents ConcatOp::buildVjp(OpBuilder &b, ValueRange dy) {
  int64_t n = columnsOf(getA().getType());
  Cotangents parts;
  for (auto [i, x] : llvm::enumerate(getOperands()))
    parts.push_back(reshaped(b, getLoc(),
                             columnsFrom(b, getLoc(), dy[0], int64_t(i) * n, n),
                             x.getType()));
  return parts;
}

/// x at columns [at, at + n) of a row of `size`.
static Value padded(RowBuilder &row, Value x, int64_t at, int64_t size) {
  return kern::PadOp::create(row.builder(), row.loc(), row.rowType(size), x,
                             at);
}
static Value sliced(RowBuilder &row, Value x, int64_t at, int64_t size) {
  return kern::SliceOp::create(row.builder(), row.loc(), row.rowType(size), x,
                               at);
}

void PadOp::buildRow(RowBuilder &row) {
  row.store(0, padded(row, row.load(0), *integer(getAt()),
                      columnsOf(getY().getType())));
}
Cotangents PadOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {columnsFrom(b, getLoc(), dy[0], *integer(getAt()),
                      columnsOf(getX().getType()))};
}

void PadRowsOp::buildRow(RowBuilder &row) {
  int64_t at = *integer(getAt());
  if (rowsOf(getX().getType()) > 1)
    return row.store(0, row.load(0, -at));
  // The one row of x would be that of all rows.
  OpBuilder &b = row.builder();
  auto type = VectorType::get({1}, b.getI32Type());
  Value here = arith::CmpIOp::create(
      b, row.loc(), arith::CmpIPredicate::eq,
      kern::RowIndexOp::create(b, row.loc(), type, row.rowIndex()),
      arith::ConstantOp::create(b, row.loc(),
                                DenseElementsAttr::get(type, int32_t(at))));
  Value mask = arith::SelectOp::create(b, row.loc(), here, row.constant(1),
                                       row.constant(0));
  row.store(0, row.selectGreater(mask, row.constant(0), row.load(0),
                                 row.constant(0)));
}
Cotangents PadRowsOp::buildVjp(OpBuilder &b, ValueRange dy) {
  auto x = cast<RankedTensorType>(getX().getType());
  return {RowsOp::create(b, getLoc(), x, dy[0], getAt(),
                         b.getI64IntegerAttr(x.getDimSize(0)))};
}

//===----------------------------------------------------------------------===//
// RMS norm over the last dimension
//===----------------------------------------------------------------------===//

/// 2⁻²³, inside the root.
constexpr double kEpsilon = 1.1920928955078125e-07;

/// (mean x² + ε)^-½ of each group of the row.
static Value inverseRms(RowBuilder &row, Value x, int64_t groups) {
  double n = double(RowBuilder::columns(x)) / groups;
  Value mean = row.mul(row.sum(row.mul(x, x), groups), row.constant(1 / n));
  return row.rsqrt(row.add(mean, row.constant(kEpsilon)));
}

static int64_t groupsOf(Type type) {
  return columnsOf(type) / cast<RankedTensorType>(type).getShape().back();
}

void RmsNormOp::buildRow(RowBuilder &row) {
  Value x = row.load(0);
  row.store(0, row.mul(x, inverseRms(row, x, groupsOf(getX().getType()))));
}
Cotangents RmsNormOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {
      RmsNormBackwardOp::create(b, getLoc(), getX().getType(), dy[0], getX())};
}
void RmsNormBackwardOp::buildRow(RowBuilder &row) {
  // r (dy − x r² mean(dy ⊙ x)).
  Value dy = row.load(0), x = row.load(1);
  int64_t groups = groupsOf(getB().getType());
  double n = double(RowBuilder::columns(x)) / groups;
  Value r = inverseRms(row, x, groups);
  Value mean = row.mul(row.sum(row.mul(dy, x), groups), row.constant(1 / n));
  Value along = row.mul(row.mul(r, r), mean);
  row.store(0, row.mul(row.sub(dy, row.mul(x, along)), r));
}

//===----------------------------------------------------------------------===//
// Shift, look-up, softmax
//===----------------------------------------------------------------------===//

void ShiftOp::buildRow(RowBuilder &row) {
  row.store(0, row.load(0, -int64_t(getBy())));
}
Cotangents ShiftOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {ShiftOp::create(b, getLoc(), getX().getType(), dy[0],
                          b.getI64IntegerAttr(-int64_t(getBy())))};
}

void EmbedOp::buildRow(RowBuilder &row) {
  row.store(0, row.loadAt(0, row.index(1)));
}

void SoftmaxOp::buildRow(RowBuilder &row) {
  int64_t groups = groupsOf(getX().getType());
  Value z = row.load(0);
  Attribute temperature = lookup(getArgs(), "temperature");
  bool greedy = temperature && *gpt::number(temperature) == 0;
  if (temperature && !greedy)
    z = row.mul(z, row.constant(1 / *gpt::number(temperature)));
  Value top = row.reduce("max", z, groups);
  Value e = row.exp(row.sub(z, top)), sum = row.sum(e, groups);
  if (greedy) {
    // The limit: all to the greatest, in equal shares. What is no number in the
    // row stays none: sum − sum is 0 otherwise.
    Value best = row.selectGreater(top, z, row.constant(0), row.constant(1));
    Value none = row.sub(sum, sum);
    sum = row.add(row.sum(best, groups), none);
    e = best;
  }
  row.store(0, row.div(e, sum));
}
Cotangents SoftmaxOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // dx = y ⊙ (dy − Σ dy ⊙ y) / temperature.
  Location loc = getLoc();
  auto x = cast<RankedTensorType>(getX().getType());
  Value weighted = MulOp::create(b, loc, x, dy[0], getY());
  Value mean = reduceTo(b, loc, weighted, x.clone(x.getShape().drop_back()));
  Value dx = SubOp::create(b, loc, x, weighted,
                           MulOp::create(b, loc, x, getY(), mean));
  if (Attribute temperature = lookup(getArgs(), "temperature"))
    dx = scaled(b, loc, dx, 1 / *gpt::number(temperature));
  return {dx};
}

//===----------------------------------------------------------------------===//
// Gates
//===----------------------------------------------------------------------===//

/// The row's slice that the gates read, and σ(w · slice), one column a gate.
static std::pair<Value, Value> gates(RowBuilder &row, Value x, Value w,
                                     int64_t at, int64_t size) {
  Value slice = sliced(row, x, at, size);
  Value z = kern::MatvecOp::create(row.builder(), row.loc(),
                                   row.rowType(RowBuilder::columns(w) / size),
                                   w, slice, UnitAttr());
  return {slice, row.sigmoid(z)};
}

static int64_t gateWidth(Value w) {
  return cast<RankedTensorType>(w.getType()).getShape().back();
}

/// The columns of x that w's gates read.
static RankedTensorType sliceTypeOf(Value x, Value w) {
  auto type = cast<RankedTensorType>(x.getType());
  return RankedTensorType::get({type.getDimSize(0), gateWidth(w)},
                               type.getElementType());
}

void GateOp::buildRow(RowBuilder &row) {
  // Operands: value, w, x, times.
  Value w = row.loadWhole(1);
  auto [slice, g] = gates(row, row.load(2), w, getAt(), gateWidth(getW()));
  (void)slice;
  Value factor = row.constant(getFactor().convertToDouble());
  if (getTimes())
    factor = row.mul(factor, row.load(3));
  row.store(0, row.mul(row.load(0), row.spread(row.mul(g, factor),
                                               columnsOf(getY().getType()))));
}
Cotangents GateOp::buildVjp(OpBuilder &b, ValueRange dy) {
  Type x = getX().getType();
  SmallVector<Type> types{getValue().getType(), sliceTypeOf(getX(), getW()),
                          getW().getType()};
  if (getTimes())
    types.push_back(getTimes().getType());
  auto back =
      GateBackwardOp::create(b, getLoc(), types, dy[0], getValue(), getW(),
                             getX(), getTimes(), getAtAttr(), getFactorAttr());
  Value dx = PadOp::create(b, getLoc(), x, back.getDslice(), getAtAttr(),
                           b.getI64IntegerAttr(columnsOf(x)));
  Cotangents all{back.getDvalue(), back.getDw(), dx};
  if (getTimes())
    all.push_back(back.getDtimes());
  return all;
}

void GateBackwardOp::buildRow(RowBuilder &row) {
  // Operands: cotangent, value, w, x, times.
  OpBuilder &b = row.builder();
  Value d = row.load(0), value = row.load(1), w = row.loadWhole(2);
  int64_t size = gateWidth(getW());
  auto [slice, g] = gates(row, row.load(3), w, getAt(), size);
  Value factor = row.constant(getFactor().convertToDouble());
  Value times = getTimes() ? row.load(4) : row.constant(1);
  Value scale = row.mul(factor, times);
  row.store(
      0, row.mul(d, row.spread(row.mul(g, scale), RowBuilder::columns(value))));
  int64_t groups = RowBuilder::columns(g);
  Value e = row.mul(row.sum(row.mul(d, value), groups), factor);
  Value slope = row.mul(g, row.sub(row.constant(1), g));
  Value dz = row.mul(row.mul(e, times), slope);
  row.store(1, kern::MatvecOp::create(b, row.loc(), row.rowType(size), w, dz,
                                      b.getUnitAttr()));
  row.sumRows(2, kern::OuterOp::create(b, row.loc(), row.rowType(groups * size),
                                       dz, slice));
  if (getTimes())
    row.sumRows(3, row.sum(row.mul(e, g)));
}

//===----------------------------------------------------------------------===//
// Smear: y_t = x_t + λ g_t x_{t−1}, g_t = σ(w · x_t[at..]). Row −1 is zero, so
// row 0 stays.
//===----------------------------------------------------------------------===//

void SmearOp::buildRow(RowBuilder &row) {
  Value x = row.load(0), w = row.loadWhole(1);
  auto [slice, g] = gates(row, x, w, getAt(), gateWidth(getW()));
  (void)slice;
  Value gain = row.mul(row.load(2), g);
  row.store(0, row.add(x, row.mul(row.load(0, -1), gain)));
}
Cotangents SmearOp::buildVjp(OpBuilder &b, ValueRange dy) {
  auto back = SmearBackwardOp::create(
      b, getLoc(),
      TypeRange{getX().getType(), sliceTypeOf(getX(), getW()), getW().getType(),
                getLambda().getType()},
      dy[0], getX(), getW(), getLambda(), getAtAttr());
  // x's cotangent gathers three ways: straight through, from row t + 1 whose
  // neighbour it is, and through its own gate. In this order, one by one, as
  // the ops that the smear was made of would: what cancels meets first.
  Value throughGate = PadOp::create(
      b, getLoc(), getX().getType(), back.getDslice(), getAtAttr(),
      b.getI64IntegerAttr(columnsOf(getX().getType())));
  return {dy[0], back.getDw(), back.getDlambda(), back.getDnext(), throughGate};
}
void SmearBackwardOp::buildRow(RowBuilder &row) {
  // Operands: cotangent, x, w, λ.
  OpBuilder &b = row.builder();
  int64_t size = gateWidth(getW());
  Value d = row.load(0), x = row.load(1), w = row.loadWhole(2),
        lambda = row.load(3);
  auto [slice, g] = gates(row, x, w, getAt(), size);
  auto [nextSlice, nextG] = gates(row, row.load(1, 1), w, getAt(), size);
  (void)nextSlice;
  Value e = row.sum(row.mul(d, row.load(1, -1)));
  Value dz =
      row.mul(row.mul(lambda, e), row.mul(g, row.sub(row.constant(1), g)));
  row.store(0, row.mul(row.load(0, 1), row.mul(lambda, nextG)));
  row.store(1, kern::MatvecOp::create(b, row.loc(), row.rowType(size), w, dz,
                                      b.getUnitAttr()));
  row.sumRows(
      2, kern::OuterOp::create(b, row.loc(), row.rowType(size), dz, slice));
  row.sumRows(3, row.mul(e, g));
}
