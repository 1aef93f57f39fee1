//===- Norms.cpp - norms and rotations of rows ----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Norms.h"
#include "compiler/passes/Affine.h"
#include "compiler/passes/OnGrid.h"
#include "dialect/KernKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static int64_t columnsOfRow(Value x) {
  return cast<VectorType>(x.getType()).getDimSize(0);
}

/// The operand beside a constant, and the constant.
template <typename OpT>
static std::optional<std::pair<Value, double>> besideConstant(Value x) {
  auto op = x.getDefiningOp<OpT>();
  if (!op)
    return std::nullopt;
  for (unsigned i = 0; i < 2; ++i)
    if (auto c = constantOf(op->getOperand(i)))
      return {{op->getOperand(1 - i), *c}};
  return std::nullopt;
}

std::optional<Norm> gptc::normOf(Value y, Value x) {
  auto quotient = y.getDefiningOp<arith::DivFOp>();
  if (!quotient || constantOf(quotient.getLhs()) != 1.0)
    return std::nullopt;
  auto root = quotient.getRhs().getDefiningOp<math::SqrtOp>();
  auto sum =
      root ? besideConstant<arith::AddFOp>(root.getOperand()) : std::nullopt;
  if (!sum || !(sum->second >= 0))
    return std::nullopt;
  auto mean = besideConstant<arith::MulFOp>(sum->first);
  if (!mean || !(mean->second > 0))
    return std::nullopt;
  auto reduce = mean->first.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getHow() != "add")
    return std::nullopt;
  auto square = reduce.getX().getDefiningOp<arith::MulFOp>();
  if (!square || square.getLhs() != x || square.getRhs() != x)
    return std::nullopt;
  return Norm{root, mean->second, sum->second,
              columnsOfRow(x) / columnsOfRow(y)};
}

SmallVector<StoreOp> gptc::storesOf(Value buffer) {
  BufferOp root = rootOf(buffer);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (!root || (root.getKind() != "workspace" && root.getKind() != "derived") ||
      !(element.isBF16() || element.isF32()))
    return {};
  SmallVector<StoreOp> stores;
  SmallVector<Value> views{root.getY()};
  while (!views.empty()) {
    Value view = views.pop_back_val();
    for (Operation *user : view.getUsers()) {
      if (auto further = dyn_cast<ViewOp>(user)) {
        views.push_back(further.getY());
        continue;
      }
      if (!writesTo(user, view))
        continue;
      auto store = dyn_cast<StoreOp>(user);
      if (!store)
        return {};
      stores.push_back(store);
    }
  }
  return stores;
}

/// The angles whose cosines (sines, the second result) a value is, or the
/// programs that store what is loaded, each once; seen through a rounding.
static SmallVector<Operation *> anglesOf(Value x, unsigned result) {
  SmallVector<Value> values{x};
  if (auto load = x.getDefiningOp<LoadOp>()) {
    values.clear();
    for (StoreOp store : storesOf(load.getBuffer())) {
      if (store.getBuffer().getType() != load.getBuffer().getType())
        return {};
      values.push_back(store.getValue());
    }
  }
  SmallVector<Operation *> angles;
  for (Value value : values) {
    if (auto round = value.getDefiningOp<RoundOp>();
        round && round.getGrid() == "bf16")
      value = round.getX();
    auto op = value.getDefiningOp<AnglesOp>();
    if (!op || value != op->getResult(result))
      return {};
    angles.push_back(op);
  }
  llvm::sort(angles);
  return angles;
}

bool gptc::areOfOneAngle(Value cos, Value sin) {
  SmallVector<Operation *> angles = anglesOf(cos, 0);
  auto one = cos.getDefiningOp<LoadOp>(), other = sin.getDefiningOp<LoadOp>();
  return !angles.empty() && angles == anglesOf(sin, 1) &&
         bool(one) == bool(other) &&
         (!one || (one.getRow() == other.getRow() &&
                   one.getDelta() == other.getDelta()));
}
