//===- Affine.cpp - multiples of a row, and what all columns share --------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Affine.h"
#include "dialect/kern/SpreadOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

int64_t gptc::widthOfF32(Value row) {
  auto type = dyn_cast<VectorType>(row.getType());
  return type && type.getElementType().isF32() ? type.getDimSize(0) : 0;
}

Value gptc::singleOf(Value x) {
  auto spread = x.getDefiningOp<SpreadOp>();
  return spread && widthOfF32(spread.getX()) == 1 ? spread.getX() : Value();
}

std::optional<double> gptc::constantOf(Value x) {
  if (Value single = singleOf(x))
    x = single;
  llvm::APFloat number(0.0f);
  if (matchPattern(x, m_ConstantFloat(&number)))
    return number.convertToDouble();
  return std::nullopt;
}

bool Affine::add(Value x, double sign) {
  if (auto c = constantOf(x))
    constant += sign * factor * *c;
  else if (Value single = singleOf(x))
    singles.push_back({single, sign * factor});
  else
    return false;
  return true;
}

bool Affine::step() {
  Operation *op = row.getDefiningOp();
  if (auto neg = dyn_cast_or_null<arith::NegFOp>(op)) {
    factor = -factor;
    row = neg.getOperand();
    return true;
  }
  if (!isa_and_nonnull<arith::AddFOp, arith::SubFOp, arith::MulFOp,
                       arith::DivFOp>(op))
    return false;
  Value x = op->getOperand(0), y = op->getOperand(1);
  if (isa<arith::AddFOp, arith::SubFOp>(op)) {
    double sign = isa<arith::SubFOp>(op) ? -1 : 1;
    if (add(y, sign)) {
      row = x;
      return true;
    }
    if (!add(x, 1))
      return false;
    factor *= sign;
    row = y;
    return true;
  }
  if (isa<arith::MulFOp>(op) && !constantOf(y))
    std::swap(x, y);
  auto c = constantOf(y);
  if (!c)
    return false;
  factor = isa<arith::DivFOp>(op) ? factor / *c : factor * *c;
  row = x;
  return true;
}

Value Affine::offset(OpBuilder &b, Location loc) const {
  auto one = VectorType::get({1}, b.getF32Type());
  auto number = [&](double value) {
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(one, float(value)));
  };
  Value offset;
  for (auto [single, factor] : singles) {
    Value part = single;
    if (factor == -1)
      part = arith::NegFOp::create(b, loc, single);
    else if (factor != 1)
      part = arith::MulFOp::create(b, loc, single, number(factor));
    offset = offset ? arith::AddFOp::create(b, loc, offset, part) : part;
  }
  if (offset && constant != 0)
    offset = arith::AddFOp::create(b, loc, offset, number(constant));
  return offset;
}
