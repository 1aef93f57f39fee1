//===- ArithmeticOps.cpp - rows and cotangents of arithmetic --------------===//
//
// Part of gptc, under the MIT License.
//
// For each op its row program and, below it, its vector-Jacobian product.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptStep.h"
#include "dialect/GptTensor.h"
#include "dialect/OpHelpers.h"
#include "dialect/kern/IotaOp.h.inc"
#include "dialect/kern/NumberOp.h.inc"
#include "dialect/kern/RandomOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/RowIndexOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

using Cotangents = SmallVector<Value>;

//===----------------------------------------------------------------------===//
// Broadcasts
//===----------------------------------------------------------------------===//

/// Row t of a binary op's operand, with as many columns as the result has.
/// `[T, H]` beside `[T, H, K]` repeats each column K times; `[T, 1]` and
/// scalars repeat their one. A vector that meets a matrix by its first
/// dimension has one column a row, which is the same rule.
static Value operandRow(RowBuilder &row, Operation *op, unsigned operand) {
  return row.spread(row.load(operand), columnsOf(op->getResult(0).getType()));
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

void AddOp::buildRow(RowBuilder &row) {
  row.store(0, row.add(operandRow(row, *this, 0), operandRow(row, *this, 1)));
}
Cotangents AddOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {reduceTo(b, getLoc(), dy[0], getA().getType()),
          reduceTo(b, getLoc(), dy[0], getB().getType())};
}

void SubOp::buildRow(RowBuilder &row) {
  row.store(0, row.sub(operandRow(row, *this, 0), operandRow(row, *this, 1)));
}
Cotangents SubOp::buildVjp(OpBuilder &b, ValueRange dy) {
  Value minus = scaled(b, getLoc(), dy[0], -1.0);
  return {reduceTo(b, getLoc(), dy[0], getA().getType()),
          reduceTo(b, getLoc(), minus, getB().getType())};
}

void ReduceOp::buildRow(RowBuilder &row) {
  Type x = getX().getType(), y = getY().getType();
  Value v = row.sum(row.load(0), columnsOf(y));
  if (rowsOf(x) == rowsOf(y))
    row.store(0, v);
  else
    row.sumRows(0, v);
}

Cotangents ReduceOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // Each summand has the sum's cotangent.
  Value ones = filled(b, getLoc(), getX().getType(), 1);
  return {MulOp::create(b, getLoc(), getX().getType(), ones, dy[0])};
}

void DotOp::buildRow(RowBuilder &row) {
  row.sumRows(0, row.sum(row.mul(row.load(0), row.load(1))));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void MulOp::buildRow(RowBuilder &row) {
  row.store(0, row.mul(operandRow(row, *this, 0), operandRow(row, *this, 1)));
}
Cotangents MulOp::buildVjp(OpBuilder &b, ValueRange dy) {
  auto one = [&](Value of, Value other) {
    Value d = MulOp::create(b, getLoc(), getY().getType(), dy[0], other);
    return reduceTo(b, getLoc(), d, of.getType());
  };
  return {one(getA(), getB()), one(getB(), getA())};
}

void DivOp::buildRow(RowBuilder &row) {
  row.store(0, row.div(operandRow(row, *this, 0), operandRow(row, *this, 1)));
}

Cotangents DivOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // y = a/b: da = dy/b, db = −(dy/b) ⊙ y.
  Type y = getY().getType();
  Value da = DivOp::create(b, getLoc(), y, dy[0], getB());
  Value db = scaled(b, getLoc(), MulOp::create(b, getLoc(), y, da, getY()), -1);
  return {reduceTo(b, getLoc(), da, getA().getType()),
          reduceTo(b, getLoc(), db, getB().getType())};
}

void ScaleOp::buildRow(RowBuilder &row) {
  row.store(0, row.mul(row.load(0), row.number(getFactor(), getVars())));
}
Cotangents ScaleOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {ScaleOp::create(b, getLoc(), getX().getType(), dy[0], getVars(),
                          getFactor())};
}

void OffsetOp::buildRow(RowBuilder &row) {
  row.store(0, row.add(row.load(0), row.number(getBy(), getVars())));
}
Cotangents OffsetOp::buildVjp(OpBuilder &, ValueRange dy) { return {dy[0]}; }

//===----------------------------------------------------------------------===//
// Functions of an element
//===----------------------------------------------------------------------===//

void SigmoidOp::buildRow(RowBuilder &row) {
  row.store(0, row.sigmoid(row.load(0)));
}
Cotangents SigmoidOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {
      SigmoidBackwardOp::create(b, getLoc(), getX().getType(), dy[0], getY())};
}
void SigmoidBackwardOp::buildRow(RowBuilder &row) {
  Value y = row.load(1);
  Value slope = row.mul(y, row.sub(row.constant(1), y));
  row.store(0, row.mul(row.load(0), slope));
}

void Relu2Op::buildRow(RowBuilder &row) {
  Value r = row.max(row.load(0), row.constant(0));
  row.store(0, row.mul(r, r));
}
Cotangents Relu2Op::buildVjp(OpBuilder &b, ValueRange dy) {
  return {
      Relu2BackwardOp::create(b, getLoc(), getX().getType(), dy[0], getY())};
}
void Relu2BackwardOp::buildRow(RowBuilder &row) {
  Value r = row.approximateSqrt(row.load(1));
  row.store(0, row.mul(row.load(0), row.mul(row.constant(2), r)));
}

void SqrtOp::buildRow(RowBuilder &row) { row.store(0, row.sqrt(row.load(0))); }
Cotangents SqrtOp::buildVjp(OpBuilder &b, ValueRange dy) {
  // dx = dy / 2y.
  Value d = DivOp::create(b, getLoc(), getX().getType(), dy[0], getY());
  return {scaled(b, getLoc(), d, 0.5)};
}

void PositiveOp::buildRow(RowBuilder &row) {
  row.store(0, row.selectGreater(row.load(0), row.constant(0), row.constant(1),
                                 row.constant(0)));
}

Cotangents PositiveOp::buildVjp(OpBuilder &b, ValueRange) {
  return {filled(b, getLoc(), getX().getType(), 0)};
}

void SignOp::buildRow(RowBuilder &row) {
  Value x = row.load(0), zero = row.constant(0);
  Value negative =
      row.selectGreater(zero, x, row.constant(-1), row.constant(0));
  row.store(0, row.selectGreater(x, zero, row.constant(1), negative));
}
Cotangents SignOp::buildVjp(OpBuilder &b, ValueRange) {
  return {filled(b, getLoc(), getX().getType(), 0)};
}

void ClampOp::buildRow(RowBuilder &row) {
  // What is not a number stays so.
  Value y = row.load(0);
  if (Attribute min = lookup(getArgs(), "min")) {
    Value least = row.number(min, getVars());
    y = row.selectGreater(least, y, least, y);
  }
  if (Attribute max = lookup(getArgs(), "max")) {
    Value most = row.number(max, getVars());
    y = row.selectGreater(y, most, most, y);
  }
  row.store(0, y);
}
Cotangents ClampOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {ClampBackwardOp::create(b, getLoc(), getX().getType(), dy[0], getX(),
                                  getVars(), getArgs())};
}
void ClampBackwardOp::buildRow(RowBuilder &row) {
  Value d = row.load(0), x = row.load(1), zero = row.constant(0);
  if (Attribute min = lookup(getArgs(), "min"))
    d = row.selectGreater(x, row.number(min, getVars()), d, zero);
  if (Attribute max = lookup(getArgs(), "max"))
    d = row.selectGreater(row.number(max, getVars()), x, d, zero);
  row.store(0, d);
}

void StoredOp::buildRow(RowBuilder &row) {
  // What a target stores is decided by legalize-storage.
  Value x = row.load(0);
  row.store(0, kern::RoundOp::create(row.builder(), row.loc(), x.getType(), x,
                                     getTruncated() ? "bf16_truncated" : "bf16",
                                     /*stored=*/true));
}
Cotangents StoredOp::buildVjp(OpBuilder &, ValueRange dy) { return {dy[0]}; }

void CastOp::buildRow(RowBuilder &row) { row.store(0, row.load(0)); }
Cotangents CastOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {CastOp::create(
      b, getLoc(), getX().getType(), dy[0],
      TypeAttr::get(cast<ShapedType>(getX().getType()).getElementType()))};
}

//===----------------------------------------------------------------------===//
// Roundings: straight through
//===----------------------------------------------------------------------===//

/// scale · grid(x / scale).
static Value onGrid(RowBuilder &row, Value x, StringRef grid, ArrayAttr args) {
  double scale = *gpt::number(lookup(args, "scale"));
  Value q = scale == 1 ? x : row.div(x, row.constant(scale));
  q = kern::RoundOp::create(row.builder(), row.loc(), q.getType(), q, grid);
  return scale == 1 ? q : row.mul(q, row.constant(scale));
}

void RoundOp::buildRow(RowBuilder &row) {
  row.store(0, onGrid(row, row.load(0), getGrid(), getArgs()));
}
Cotangents RoundOp::buildVjp(OpBuilder &, ValueRange dy) { return {dy[0]}; }

void RoundGradientOp::buildRow(RowBuilder &row) { row.store(0, row.load(0)); }
Cotangents RoundGradientOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {RoundOp::create(b, getLoc(), getX().getType(), dy[0], getGrid(),
                          getArgs())};
}

//===----------------------------------------------------------------------===//
// Initial values
//===----------------------------------------------------------------------===//

void IfFiniteOp::buildRow(RowBuilder &row) {
  // x - x is 0, or no number, which compares as nothing does.
  Value x = row.load(0);
  row.store(0, row.selectGreater(row.sub(x, x), row.constant(-1), row.load(1),
                                 row.load(2)));
}

void FillOp::buildRow(RowBuilder &row) {
  row.store(0, row.number(getValue(), getVars()));
}

void NumbersOp::buildRow(RowBuilder &row) {
  OpBuilder &b = row.builder();
  Location loc = row.loc();
  auto type = VectorType::get({1}, b.getI32Type());
  Value t = kern::RowIndexOp::create(b, loc, type, row.rowIndex());
  if (getRanks()) {
    Value rank =
        kern::NumberOp::create(b, loc, row.rowType(1), row.hostNumber("rank"));
    Value first = row.mul(rank, row.constant(double(rowsOf(getY().getType()))));
    t = arith::AddIOp::create(b, loc, t,
                              arith::FPToSIOp::create(b, loc, type, first));
  }
  Value y = row.number(getValues()[0], getVars());
  int64_t first = 0;
  for (auto [count, value] : llvm::zip(getCounts().drop_back(),
                                       getValues().getValue().drop_front())) {
    first += count;
    Value start = arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, int32_t(first)));
    Value before =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, t, start);
    y = arith::SelectOp::create(b, loc, before, y,
                                row.number(value, getVars()));
  }
  row.store(0, y);
}

void CycleOp::buildRow(RowBuilder &row) {
  // The element's place in the flat tensor, row·columns + column, modulo n.
  OpBuilder &b = row.builder();
  Location loc = row.loc();
  ArrayRef<double> values = getValues();
  int64_t n = columnsOf(getY().getType()), period = values.size();
  auto type = VectorType::get({n}, b.getI32Type());
  auto splat = [&](int64_t value) {
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, int32_t(value)));
  };
  Value width = arith::ConstantIndexOp::create(b, loc, n % period);
  Value cycle = arith::ConstantIndexOp::create(b, loc, period);
  Value start = arith::RemUIOp::create(
      b, loc,
      arith::MulIOp::create(
          b, loc, arith::RemUIOp::create(b, loc, row.rowIndex(), cycle), width),
      cycle);
  // (start + j) mod period, start spread through its f32 value: both are small.
  Value first = kern::RowIndexOp::create(
      b, loc, VectorType::get({1}, b.getI32Type()), start);
  first = arith::SIToFPOp::create(b, loc, row.rowType(1), first);
  first = arith::FPToSIOp::create(b, loc, type, row.spread(first, n));
  Value j = kern::IotaOp::create(b, loc, type);
  Value place = arith::RemSIOp::create(
      b, loc, arith::AddIOp::create(b, loc, j, first), splat(period));
  Value y = row.constant(values[0], n);
  for (int64_t i = 1; i < period; ++i) {
    Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, place,
                                       splat(i));
    y = arith::SelectOp::create(b, loc, here, row.constant(values[i], n), y);
  }
  row.store(0, y);
}

void RandomOp::buildRow(RowBuilder &row) {
  OpBuilder &b = row.builder();
  int64_t n = columnsOf(getY().getType());
  Value seed = row.hostNumber("seed");
  auto uniform = [&](int64_t draw) -> Value {
    return kern::RandomOp::create(b, row.loc(), row.rowType(n), seed,
                                  row.rowIndex(), getStream(), draw);
  };
  double scale = getScale().convertToDouble();
  if (getDistribution() == "uniform") {
    Value u = row.sub(row.mul(uniform(0), row.constant(2)), row.constant(1));
    return row.store(0, row.mul(u, row.constant(scale)));
  }
  // √2 erfinv(x) with x uniform in (−1, 1), never at its ends, by the two
  // polynomials in w = −log(1 − x²) of M. Giles, "Approximating the erfinv
  // function" (2010): one uniform number, no trigonometry.
  constexpr double kHalfStep = 0x1p-24;
  Value x =
      row.add(row.sub(row.mul(uniform(0), row.constant(2)), row.constant(1)),
              row.constant(kHalfStep));
  Value one = row.constant(1);
  Value w = row.log(row.mul(row.sub(one, x), row.add(one, x)));
  w = row.sub(row.constant(0), w);
  auto polynomial = [&](Value w, ArrayRef<double> coefficients) {
    Value p = row.constant(coefficients.front());
    for (double c : coefficients.drop_front())
      p = row.add(row.mul(p, w), row.constant(c));
    return p;
  };
  Value centre = polynomial(row.sub(w, row.constant(2.5)),
                            {2.81022636e-08, 3.43273939e-07, -3.5233877e-06,
                             -4.39150654e-06, 0.00021858087, -0.00125372503,
                             -0.00417768164, 0.246640727, 1.50140941});
  Value tail = polynomial(row.sub(row.sqrt(w), row.constant(3)),
                          {-0.000200214257, 0.000100950558, 0.00134934322,
                           -0.00367342844, 0.00573950773, -0.0076224613,
                           0.00943887047, 1.00167406, 2.83297682});
  Value p = row.selectGreater(row.constant(5), w, centre, tail);
  row.store(0,
            row.mul(row.mul(p, x), row.constant(scale * 1.4142135623730951)));
}

void SeedCotangentOp::buildRow(RowBuilder &row) {
  Value n = kern::NumberOp::create(row.builder(), row.loc(), row.rowType(1),
                                   row.hostNumber("micro_batches"));
  row.store(0, row.div(row.constant(1), n));
}
