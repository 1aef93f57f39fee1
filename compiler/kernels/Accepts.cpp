//===- Accepts.cpp - what a kernel family accepts -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/NumberOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gptc::kern;

static int64_t width(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getRank() == 1 ? vector.getDimSize(0) : 0;
}

bool gptc::isWindows(Type row, int64_t n) {
  return n > kSumWindow && width(row) * kSumWindow == n;
}

bool gptc::isOfOneColumn(Operation *op) {
  return isa<NumberOp, RoundOp>(op) ||
         (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
          (OpTrait::hasElementwiseMappableTraits(op) ||
           isa<arith::ConstantOp>(op)));
}

std::string gptc::whyNotInEpilogue(Operation *op, int64_t n) {
  auto fits = [&](Type type) { return width(type) == n || width(type) == 1; };
  Value row = op->getBlock()->getArgument(0);
  if (auto load = dyn_cast<LoadOp>(op)) {
    if (load.getDelta() != 0 || (load.getRow() && load.getRow() != row))
      return "it loads another row";
    if (!fits(load.getY().getType()))
      return "it loads rows of another width";
    return {};
  }
  if (auto store = dyn_cast<StoreOp>(op)) {
    Type element =
        cast<MemRefType>(store.getBuffer().getType()).getElementType();
    bool ofWindows =
        isWindows(store.getValue().getType(), n) && element.isF32();
    if (store.getRow() != row ||
        (width(store.getValue().getType()) != n && !ofWindows))
      return "it stores rows of another width";
    if (element.getIntOrFloatBitWidth() < 16)
      return "it stores codes of 8 bits";
    return {};
  }
  if (auto reduce = dyn_cast<ReduceOp>(op);
      reduce && reduce.getHow() == "add" &&
      width(reduce.getX().getType()) == n &&
      isWindows(reduce.getY().getType(), n)) {
    auto stored = [](Operation *user) { return isa<StoreOp>(user); };
    return llvm::all_of(reduce->getUsers(), stored)
               ? std::string()
               : "it needs a window's sum in its columns";
  }
  if (auto spread = dyn_cast<SpreadOp>(op)) {
    if (width(spread.getX().getType()) != 1 || !fits(spread.getY().getType()))
      return "it repeats more than one column";
    return {};
  }
  if (!isOfOneColumn(op))
    return "it needs more than its own column: " +
           op->getName().getStringRef().str();
  for (Type type : op->getResultTypes())
    if (!fits(type))
      return "it computes rows of another width";
  return {};
}
