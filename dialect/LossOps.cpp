//===- LossOps.cpp - soft cap and multi-token cross-entropy ---------------===//
//
// Part of gptc, under the MIT License.
//
// For each op its row program and, below it, its vector-Jacobian product.
//
//===----------------------------------------------------------------------===//

#include "dialect/OpHelpers.h"
#include "dialect/gpt/CrossEntropyBackwardOp.h.inc"
#include "dialect/gpt/CrossEntropyOp.h.inc"
#include "dialect/gpt/SoftcapBackwardOp.h.inc"
#include "dialect/gpt/SoftcapOp.h.inc"
#include "dialect/kern/ColumnIsOp.h.inc"
#include "dialect/kern/IotaOp.h.inc"
#include "dialect/kern/PickOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/RowIndexOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

using Cotangents = SmallVector<Value>;

static Value toBf16(RowBuilder &row, Value x) {
  return kern::RoundOp::create(row.builder(), row.loc(), x.getType(), x,
                               "bf16");
}

/// Whether `bf16` is given as true.
static bool isInBf16(ArrayAttr args) {
  Attribute bf16 = lookup(args, "bf16");
  return bf16 && gpt::number(bf16).value_or(0) != 0;
}

//===----------------------------------------------------------------------===//
// Soft cap: scale · σ((x + shift) / width)
//===----------------------------------------------------------------------===//

void SoftcapOp::buildRow(RowBuilder &row) {
  auto arg = [&](StringRef name) {
    return row.constant(*gpt::number(lookup(getArgs(), name)));
  };
  Value z = row.div(row.add(row.load(0), arg("shift")), arg("width"));
  Value sigma = row.sigmoid(z);
  if (isInBf16(getArgs()))
    sigma = toBf16(row, sigma);
  row.store(0, row.mul(sigma, arg("scale")));
}
Cotangents SoftcapOp::buildVjp(OpBuilder &b, ValueRange dy) {
  return {SoftcapBackwardOp::create(b, getLoc(), getX().getType(), dy[0],
                                    getY(), getArgs())};
}
void SoftcapBackwardOp::buildRow(RowBuilder &row) {
  auto arg = [&](StringRef name) {
    return *gpt::number(lookup(getArgs(), name));
  };
  Value y = row.load(1);
  Value rest =
      row.sub(row.constant(1), row.mul(y, row.constant(1 / arg("scale"))));
  Value slope = row.mul(row.mul(y, rest), row.constant(1 / arg("width")));
  row.store(0, row.mul(row.load(0), slope));
}

//===----------------------------------------------------------------------===//
// Multi-token cross-entropy
//===----------------------------------------------------------------------===//

namespace {
/// What forward and backward share of a row: its targets, and the weight of
/// each, 0 where t + k is beyond the last row (its index is −1).
struct Targets {
  SmallVector<Value> indices; // index
  SmallVector<Value> weights; // one column
  Value total;                // Σ weights
  bool inBf16 = false;        // whether terms are rounded
};
} // namespace

/// 0 of none: every weight is the constant 0.
static Value totalOf(RowBuilder &row, ArrayRef<Value> numbers) {
  if (numbers.empty())
    return row.constant(0);
  Value sum = numbers.front();
  for (Value number : numbers.drop_front())
    sum = row.add(sum, number);
  return sum;
}

static Targets targets(RowBuilder &row, unsigned operand, bool mean,
                       ValueRange vars, ArrayAttr args, int64_t rows) {
  OpBuilder &b = row.builder();
  Targets all;
  for (auto [k, weight] : targetWeights(args)) {
    if (auto w = gpt::number(weight); w && *w == 0)
      continue;
    Value index = row.index(operand, k);
    Value w = row.number(weight, vars);
    if (mean)
      w = row.mul(w, row.constant(1.0 / rows));
    if (k > 0) {
      auto type = VectorType::get({1}, b.getI32Type());
      Value i = kern::RowIndexOp::create(b, row.loc(), type, index);
      Value zero = arith::ConstantOp::create(
          b, row.loc(), DenseElementsAttr::get(type, int32_t(0)));
      Value inside = arith::CmpIOp::create(b, row.loc(),
                                           arith::CmpIPredicate::sge, i, zero);
      w = arith::SelectOp::create(b, row.loc(), inside, w, row.constant(0));
    }
    all.indices.push_back(index);
    all.weights.push_back(w);
  }
  all.total = totalOf(row, all.weights);
  all.inBf16 = isInBf16(args) && all.indices.size() > 1;
  return all;
}

/// log Σ exp of a row, about its maximum.
static Value logSumExp(RowBuilder &row, Value z) {
  Value top = row.reduce("max", z);
  return row.add(row.log(row.sum(row.exp(row.sub(z, top)))), top);
}

void CrossEntropyOp::buildRow(RowBuilder &row) {
  Value z = row.load(0);
  Targets all = targets(row, 1, getMean(), getVars(), getArgs(),
                        rowsOf(getLogits().getType()));
  Value lse = logSumExp(row, z);
  Value loss = all.inBf16 ? row.constant(0) : row.mul(all.total, lse);
  for (auto [index, weight] : llvm::zip(all.indices, all.weights)) {
    Value at = kern::PickOp::create(row.builder(), row.loc(), row.rowType(1), z,
                                    index);
    if (all.inBf16)
      loss = row.add(loss, row.mul(weight, toBf16(row, row.sub(lse, at))));
    else
      loss = row.sub(loss, row.mul(weight, at));
  }
  row.sumRows(0, loss);
}
Cotangents CrossEntropyOp::buildVjp(OpBuilder &b, ValueRange dy) {
  Value dx = CrossEntropyBackwardOp::create(
      b, getLoc(), getLogits().getType(), dy[0], getLogits(), getTargets(),
      getMeanAttr(), getVars(), getArgs());
  Cotangents all(getNumOperands());
  all[0] = dx;
  return all;
}

void CrossEntropyBackwardOp::buildRow(RowBuilder &row) {
  // d (Σw softmax_j − Σ_k w_k [j = target_k]).
  OpBuilder &b = row.builder();
  Value d = row.load(0), z = row.load(1);
  int64_t n = RowBuilder::columns(z);
  Targets all = targets(row, 2, getMean(), getVars(), getArgs(),
                        rowsOf(getLogits().getType()));
  Value lse = logSumExp(row, z);
  if (all.inBf16) {
    lse = toBf16(row, lse);
    for (Value &weight : all.weights)
      weight = toBf16(row, weight);
    all.total = toBf16(row, totalOf(row, all.weights));
  }
  Value y = row.mul(row.exp(row.sub(z, lse)), all.total);
  auto type = VectorType::get({n}, b.getI32Type());
  Value j = kern::IotaOp::create(b, row.loc(), type);
  for (auto [index, weight] : llvm::zip(all.indices, all.weights)) {
    Value hit = kern::ColumnIsOp::create(
        b, row.loc(), VectorType::get({n}, b.getI1Type()), j, index);
    Value one = arith::SelectOp::create(
        b, row.loc(), hit, row.spread(weight, n), row.constant(0, n));
    y = row.sub(y, one);
  }
  row.store(0, row.mul(y, d));
}
