//===- GptRanks.cpp - what ranks do together ------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptRanks.h"

using namespace mlir;
using namespace gptc::gpt;

/// Whether two tensors differ in the first dimension alone. Opaque types say
/// nothing.
static bool areRowsOfOne(Value x, Value y) {
  auto a = dyn_cast<RankedTensorType>(x.getType());
  auto b = dyn_cast<RankedTensorType>(y.getType());
  if (!a || !b)
    return true;
  return a.getRank() == b.getRank() && a.getRank() &&
         a.getElementType() == b.getElementType() &&
         a.getShape().drop_front() == b.getShape().drop_front();
}

LogicalResult SumRanksOp::verify() {
  if (getX().getType() != getY().getType())
    return emitOpError("(C1) gives another shape than it is given");
  return success();
}

LogicalResult ReduceScatterOp::verify() {
  if (!areRowsOfOne(getX(), getY()))
    return emitOpError(
        "(C1) gives something else than rows of what it is given");
  return success();
}

LogicalResult AllGatherOp::verify() {
  if (!areRowsOfOne(getTarget(), getShare()))
    return emitOpError("(C1) is given something else than rows of its target");
  return success();
}
