//===- RowBuilder.cpp - how an op writes its row program ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/RowBuilder.h"
#include "dialect/Gpt.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

int64_t gptc::gpt::rowsOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return type.getRank() == 0 ? 1 : type.getDimSize(0);
}

int64_t gptc::gpt::columnsOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return type.getNumElements() / std::max<int64_t>(rowsOf(tensor), 1);
}

int64_t RowBuilder::columns(Value rowValue) {
  return cast<VectorType>(rowValue.getType()).getDimSize(0);
}

VectorType RowBuilder::rowType(int64_t columns) {
  return VectorType::get({columns}, b.getF32Type());
}

//===----------------------------------------------------------------------===//
// Reads and writes
//===----------------------------------------------------------------------===//

Value RowBuilder::load(unsigned operand, int64_t delta) {
  auto type = cast<MemRefType>(operands[operand].getType());
  int64_t columns = kern::columnsOf(type);
  bool shared = kern::rowsOf(type) == 1;
  // All rows share the one row; it has no neighbours.
  if (shared && delta != 0)
    return constant(0, columns);
  return kern::LoadOp::create(b, loc(), rowType(columns), operands[operand],
                              shared ? Value() : row, delta);
}

Value RowBuilder::loadWhole(unsigned operand) {
  Value buffer = operands[operand];
  auto type = cast<MemRefType>(buffer.getType());
  int64_t elements = type.getNumElements();
  if (kern::rowsOf(type) != 1) {
    auto flat = MemRefType::get({1, elements}, type.getElementType(),
                                StridedLayoutAttr::get(b.getContext(),
                                                       kern::offsetOf(type),
                                                       {elements, 1}));
    OpBuilder::InsertionGuard guard(b);
    Operation *kernel = b.getInsertionBlock()->getParentOp();
    b.setInsertionPoint(kernel);
    buffer =
        kern::ViewOp::create(b, loc(), flat, kern::rootOf(buffer).getResult());
  }
  return kern::LoadOp::create(b, loc(), rowType(elements), buffer, Value(), 0);
}

Value RowBuilder::loadAt(unsigned operand, Value index) {
  auto type = cast<MemRefType>(operands[operand].getType());
  return kern::LoadOp::create(b, loc(), rowType(kern::columnsOf(type)),
                              operands[operand], index, 0);
}

Value RowBuilder::index(unsigned operand, int64_t delta) {
  return kern::LoadIndexOp::create(b, loc(), b.getIndexType(),
                                   operands[operand], row, delta);
}

void RowBuilder::store(unsigned result, Value value) {
  auto type = cast<MemRefType>(results[result].getType());
  kern::StoreOp::create(b, loc(), spread(value, kern::columnsOf(type)),
                        results[result], row);
}

void RowBuilder::sumRows(unsigned result, Value value) {
  // The lowering gives the partials as the result's buffer.
  kern::PartialOp::create(b, loc(), value, results[result], row);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value RowBuilder::number(Attribute expr, ValueRange vars) {
  if (auto constantValue = gpt::number(expr))
    return constant(*constantValue);
  return kern::NumberOp::create(b, loc(), rowType(1), numberOf(expr, vars));
}

Value RowBuilder::elementNumber(unsigned operand, int64_t i) {
  return numberOf(b.getI64IntegerAttr(i), op->getOperand(operand));
}

Value RowBuilder::hostNumber(StringRef which) {
  return numberOf(b.getStringAttr(which), {});
}

Value RowBuilder::constant(double value, int64_t columns) {
  return arith::ConstantOp::create(
      b, loc(), DenseElementsAttr::get(rowType(columns), float(value)));
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

Value RowBuilder::spread(Value value, int64_t n) {
  if (columns(value) == n)
    return value;
  // A constant spreads by itself.
  DenseElementsAttr dense;
  if (auto op = value.getDefiningOp<arith::ConstantOp>())
    dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (dense && dense.isSplat())
    return arith::ConstantOp::create(
        b, loc(),
        DenseElementsAttr::get(rowType(n), dense.getSplatValue<float>()));
  return kern::SpreadOp::create(b, loc(), rowType(n), value);
}

Value RowBuilder::reduce(StringRef how, Value value, int64_t groups) {
  if (columns(value) == groups)
    return value;
  return kern::ReduceOp::create(b, loc(), rowType(groups), how, value);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename OpT> Value RowBuilder::binary(Value x, Value y) {
  int64_t n = std::max(columns(x), columns(y));
  return OpT::create(b, loc(), spread(x, n), spread(y, n)).getResult();
}

Value RowBuilder::add(Value x, Value y) { return binary<arith::AddFOp>(x, y); }
Value RowBuilder::sub(Value x, Value y) { return binary<arith::SubFOp>(x, y); }
Value RowBuilder::mul(Value x, Value y) { return binary<arith::MulFOp>(x, y); }
Value RowBuilder::div(Value x, Value y) { return binary<arith::DivFOp>(x, y); }
Value RowBuilder::max(Value x, Value y) {
  return binary<arith::MaximumFOp>(x, y);
}
Value RowBuilder::exp(Value x) { return math::ExpOp::create(b, loc(), x); }
Value RowBuilder::log(Value x) { return math::LogOp::create(b, loc(), x); }
Value RowBuilder::sqrt(Value x) { return math::SqrtOp::create(b, loc(), x); }
Value RowBuilder::approximateSqrt(Value x) {
  return math::SqrtOp::create(b, loc(), x, arith::FastMathFlags::afn);
}
Value RowBuilder::rsqrt(Value x) { return div(constant(1), sqrt(x)); }

Value RowBuilder::sigmoid(Value x) {
  Value one = constant(1, columns(x));
  Value e = exp(arith::NegFOp::create(b, loc(), x));
  return div(one, add(one, e));
}

Value RowBuilder::selectGreater(Value x, Value y, Value yes, Value no) {
  int64_t n = std::max({columns(x), columns(y), columns(yes), columns(no)});
  Value condition = arith::CmpFOp::create(b, loc(), arith::CmpFPredicate::OGT,
                                          spread(x, n), spread(y, n));
  return arith::SelectOp::create(b, loc(), condition, spread(yes, n),
                                 spread(no, n));
}
