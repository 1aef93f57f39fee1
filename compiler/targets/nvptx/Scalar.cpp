//===- Scalar.cpp - one element of a row program --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Scalar.h"
#include "dialect/kern/RoundOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

bool gptc::nvptx::isScalar(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue());
  if (isa<kern::RoundOp>(op))
    return true;
  if (isa<arith::ArithDialect>(op->getDialect()))
    return OpTrait::hasElementwiseMappableTraits(op) &&
           op->getNumResults() == 1;
  return isa<math::ExpOp, math::LogOp, math::RsqrtOp, math::SqrtOp,
             math::TanhOp, math::FmaOp, math::AbsFOp>(op);
}

Value gptc::nvptx::emitScalar(NvptxBuilder &e, Operation *op,
                              ValueRange operands) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](arith::ConstantOp constant) {
        auto value = cast<SplatElementsAttr>(constant.getValue());
        return e.op<arith::ConstantOp>(
            cast<TypedAttr>(value.getSplatValue<Attribute>()));
      })
      .Case([&](kern::RoundOp round) -> Value {
        // A grid is arithmetic of rows, here of one column.
        if (round.getGrid() != "bf16") {
          auto one = VectorType::get({1}, e.f32Type());
          Value row = e.op<LLVM::InsertElementOp>(e.op<LLVM::PoisonOp>(one),
                                                  operands[0], e.i32(0));
          return e.op<LLVM::ExtractElementOp>(
              e.op<kern::RoundOp>(one, row, round.getGridAttr()), e.i32(0));
        }
        Value rounded = e.op<LLVM::FPTruncOp>(e.b.getBF16Type(), operands[0]);
        return e.op<LLVM::FPExtOp>(e.f32Type(), rounded);
      })
      .Default([&](Operation *op) {
        OperationState state(e.loc, op->getName());
        state.addOperands(operands);
        state.addTypes(getElementTypeOrSelf(op->getResult(0).getType()));
        state.addAttributes(op->getAttrs());
        return e.b.create(state)->getResult(0);
      });
}
