//===- Differentiable.td - an interface: cotangents of operands -----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_DIFFERENTIABLE_TD
#define GPTC_DIALECT_DIFFERENTIABLE_TD

include "mlir/IR/OpBase.td"

def Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::gptc::gpt";
  let description = [{
    The vector-Jacobian product. Given the cotangents of the results (null
    where a result has none), builds ops after the forward graph and gives the
    cotangent of each operand. Each cotangent has the shape of its operand; null
    is for an operand that has none by nature: indices, numbers, a table that no
    parameter reaches. `differentiate` refuses a null where a parameter would
    lose its gradient. Cotangents behind these are more of the first operand's,
    to be added one by one: a rule that summed them itself would round the small
    ones away beside a large one that another op's cotangent cancels.
  }];
  let methods = [InterfaceMethod<"", "::llvm::SmallVector<::mlir::Value>",
    "buildVjp", (ins "::mlir::OpBuilder &":$builder,
                     "::mlir::ValueRange":$cotangents)>];
}

#endif // GPTC_DIALECT_DIFFERENTIABLE_TD
