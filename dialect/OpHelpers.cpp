//===- OpHelpers.cpp - what passes and rules know of ops ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/OpHelpers.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptTensor.h"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/IfFiniteOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/SoftcapBackwardOp.h.inc"
#include "dialect/gpt/SoftcapOp.h.inc"
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
  if (!x)
    return y;
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

bool gptc::gpt::isElementwise(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, ScaleOp, OffsetOp, SigmoidOp, Relu2Op,
             SqrtOp, PositiveOp, SignOp, ClampOp, StoredOp, CastOp, RoundOp,
             RoundGradientOp, SoftcapOp, SigmoidBackwardOp, Relu2BackwardOp,
             ClampBackwardOp, SoftcapBackwardOp, IfFiniteOp>(op);
}

bool gptc::gpt::isInherent(Operation *op, StringRef attribute) {
  std::optional<RegisteredOperationName> name = op->getRegisteredInfo();
  return name && op->hasAttr(attribute) &&
         llvm::is_contained(name->getAttributeNames(), attribute);
}

bool gptc::gpt::isOwnName(Operation *op, StringRef name) {
  auto optimizer = dyn_cast<OptimizerOp>(op);
  if (!optimizer)
    optimizer = op->getParentOfType<OptimizerOp>();
  return optimizer && optimizer.ownsName(name);
}

/// There are weights w0 to w3.
static constexpr int64_t kMostTargets = 4;

SmallVector<std::pair<int64_t, Attribute>>
gptc::gpt::targetWeights(ArrayAttr args) {
  SmallVector<std::pair<int64_t, Attribute>> weights;
  for (int64_t k = 0; k < kMostTargets; ++k)
    if (Attribute weight = lookup(args, ("w" + Twine(k)).str()))
      weights.push_back({k, weight});
  if (weights.empty())
    weights.push_back({0, Builder(args.getContext()).getF64FloatAttr(1)});
  return weights;
}

//===----------------------------------------------------------------------===//
// Substitution
//===----------------------------------------------------------------------===//

static Attribute substituteShape(Attribute shape, Bind bind) {
  auto tensor = cast<RankedTensorType>(cast<TypeAttr>(shape).getValue());
  SmallVector<Attribute> dims;
  for (Attribute d : dimsOf(tensor))
    dims.push_back(substitute(d, bind));
  return TypeAttr::get(makeShape(dims, tensor.getElementType()));
}

void gptc::gpt::substituteNames(Operation *op, Bind bind) {
  MLIRContext *context = op->getContext();
  for (NamedAttribute a : op->getAttrs()) {
    StringRef name = a.getName();
    if (!isInherent(op, name))
      continue;
    Attribute value = a.getValue();
    auto list = dyn_cast<ArrayAttr>(value);
    bool named = name == "args";
    if (auto dims = dyn_cast<DimsAttr>(value)) {
      SmallVector<Attribute> all;
      for (Attribute e : dims.getDims())
        all.push_back(substitute(e, bind));
      op->setAttr(name, DimsAttr::get(context, all));
    } else if (name == "shape") {
      op->setAttr(name, substituteShape(value, bind));
    } else if (isExpression(name)) {
      op->setAttr(name, substitute(value, bind));
    } else if (list && (named || name == "shapes" || isExpressionList(name))) {
      SmallVector<Attribute> all;
      for (auto [i, e] : llvm::enumerate(list))
        all.push_back(name == "shapes"      ? substituteShape(e, bind)
                      : named && i % 2 == 0 ? e
                                            : substitute(e, bind));
      op->setAttr(name, ArrayAttr::get(context, all));
    }
  }
}
