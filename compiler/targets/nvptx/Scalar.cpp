//===- Scalar.cpp - one element of a row program --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Scalar.h"
#include "dialect/Kern.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

bool gptc::nvptx::isScalar(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue());
  if (auto round = dyn_cast<kern::RoundOp>(op))
    return round.getGrid() == "bf16";
  if (isa<arith::ArithDialect>(op->getDialect()))
    return OpTrait::hasElementwiseMappableTraits(op) &&
           op->getNumResults() == 1;
  return isa<math::ExpOp, math::Exp2Op, math::LogOp, math::Log2Op,
             math::RsqrtOp, math::SqrtOp, math::FmaOp, math::AbsFOp>(op);
}

Value gptc::nvptx::emitScalar(Emit &e, Operation *op, ValueRange operands) {
  Type f32 = e.f32Type();
  auto call = [&](StringRef intrinsic, Value x) {
    return LLVM::CallIntrinsicOp::create(
               e.b, e.loc, f32, e.b.getStringAttr(intrinsic), ValueRange{x})
        .getResult(0);
  };
  auto times = [&](Value x, double y) {
    return e.op<arith::MulFOp>(x, e.f32(y));
  };
  constexpr StringLiteral exp2 = "llvm.nvvm.ex2.approx.f",
                          log2 = "llvm.nvvm.lg2.approx.f";
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](arith::ConstantOp constant) {
        auto value = cast<SplatElementsAttr>(constant.getValue());
        return e.op<arith::ConstantOp>(
            cast<TypedAttr>(value.getSplatValue<Attribute>()));
      })
      .Case([&](kern::RoundOp) {
        Value rounded = e.op<LLVM::FPTruncOp>(e.b.getBF16Type(), operands[0]);
        return e.op<LLVM::FPExtOp>(f32, rounded);
      })
      .Case([&](math::ExpOp) {
        return call(exp2, times(operands[0], llvm::numbers::log2e));
      })
      .Case([&](math::Exp2Op) { return call(exp2, operands[0]); })
      .Case([&](math::LogOp) {
        return times(call(log2, operands[0]), llvm::numbers::ln2);
      })
      .Case([&](math::Log2Op) { return call(log2, operands[0]); })
      .Case([&](math::RsqrtOp) {
        return call("llvm.nvvm.rsqrt.approx.f", operands[0]);
      })
      .Case([&](math::SqrtOp) {
        return call("llvm.nvvm.sqrt.rn.f", operands[0]);
      })
      .Case([&](math::FmaOp) {
        return e.op<LLVM::FMAOp>(operands[0], operands[1], operands[2]);
      })
      .Case([&](math::AbsFOp) { return e.op<LLVM::FAbsOp>(operands[0]); })
      .Default([&](Operation *op) {
        OperationState state(e.loc, op->getName());
        state.addOperands(operands);
        state.addTypes(getElementTypeOrSelf(op->getResult(0).getType()));
        state.addAttributes(op->getAttrs());
        return e.b.create(state)->getResult(0);
      });
}
