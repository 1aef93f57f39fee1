//===- OpHelpers.cpp - what passes and rules know of ops ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/OpHelpers.h"
#include "dialect/GptStep.h"
#include "dialect/GptTensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

Value gptc::gpt::reduceTo(OpBuilder &b, Location loc, Value x, Type type) {
  if (x.getType() == type)
    return x;
  return ReduceOp::create(b, loc, type, x,
                          DimsAttr::get(b.getContext(), dimsOf(type)));
}

Value gptc::gpt::scaled(OpBuilder &b, Location loc, Value x, double factor) {
  return ScaleOp::create(b, loc, x.getType(), x, ValueRange(),
                         b.getF64FloatAttr(factor));
}

Value gptc::gpt::filled(OpBuilder &b, Location loc, Type type, double value) {
  return FillOp::create(b, loc, type, ValueRange(), b.getF64FloatAttr(value));
}

Value gptc::gpt::sumOf(OpBuilder &b, Location loc, Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return AddOp::create(b, loc, x.getType(), x, y);
}

Value gptc::gpt::reshaped(OpBuilder &b, Location loc, Value x, Type type) {
  if (x.getType() == type)
    return x;
  return ReshapeOp::create(b, loc, type, x,
                           DimsAttr::get(b.getContext(), dimsOf(type)));
}

bool gptc::gpt::isRowView(Operation *op) {
  return isa<RowOp, RowsOp, ReshapeOp>(op);
}

bool gptc::gpt::isView(Operation *op) {
  return isRowView(op) || isa<SliceOp, SplitOp>(op);
}

bool gptc::gpt::isInherent(Operation *op, StringRef attribute) {
  std::optional<RegisteredOperationName> name = op->getRegisteredInfo();
  return name && op->hasAttr(attribute) &&
         llvm::is_contained(name->getAttributeNames(), attribute);
}
