//===- Gates.cpp - what a gate's factor shows of itself -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Gates.h"
#include "compiler/passes/Affine.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace gptc;

/// Operations of a factor that are seen through.
static constexpr int kDepth = 16;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static std::optional<Bounds> boundsOf(Value x, int depth) {
  if (auto c = constantOf(x)) {
    if (*c > 0 && std::isfinite(*c))
      return Bounds{*c, *c};
    return std::nullopt;
  }
  Operation *op = x.getDefiningOp();
  if (!op || depth <= 0)
    return std::nullopt;
  if (isa<math::ExpOp>(op))
    return Bounds{0, kInfinity};
  if (!isa<arith::AddFOp, arith::MulFOp, arith::DivFOp, kern::SpreadOp>(op))
    return std::nullopt;
  auto a = boundsOf(op->getOperand(0), depth - 1);
  if (!a || isa<kern::SpreadOp>(op))
    return a;
  auto b = boundsOf(op->getOperand(1), depth - 1);
  if (!b)
    return std::nullopt;
  // No product or quotient of two ends is NaN but for 0 times infinity.
  auto times = [](double x, double y) { return x == 0 || y == 0 ? 0 : x * y; };
  if (isa<arith::AddFOp>(op))
    return Bounds{a->least + b->least, a->most + b->most};
  if (isa<arith::MulFOp>(op))
    return Bounds{times(a->least, b->least), times(a->most, b->most)};
  return Bounds{std::isinf(b->most) ? 0 : a->least / b->most,
                b->least == 0 ? kInfinity : a->most / b->least};
}

std::optional<Bounds> gptc::boundsOf(Value x) { return ::boundsOf(x, kDepth); }

Value gptc::viewOf(OpBuilder &b, kern::BufferOp root, MemRefType type) {
  if (root.getY().getType() == type)
    return root.getY();
  return kern::ViewOp::create(b, root.getLoc(), type, root.getY());
}
