//===- InferShapes.td - an interface: shapes of results -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_INFERSHAPES_TD
#define GPTC_DIALECT_INFERSHAPES_TD

include "mlir/IR/OpBase.td"

def InferShapes : OpInterface<"InferShapes"> {
  let cppNamespace = "::gptc::gpt";
  let description = [{
    Result shapes from operand shapes, with names or numbers alike. The only
    shape rule of an op. `isIndex` tells the operands that hold i32 from all
    others, which hold bf16 or f32.
  }];
  let methods = [InterfaceMethod<"", "::llvm::LogicalResult", "infer",
    (ins "::llvm::ArrayRef<::mlir::Type>":$in,
         "::llvm::SmallVectorImpl<::mlir::Type> &":$out)>,
    InterfaceMethod<"", "bool", "isIndex", (ins "unsigned":$operand), "",
                    "return false;">];
  let verify = "return ::gptc::gpt::verifyTyped($_op);";
}

#endif // GPTC_DIALECT_INFERSHAPES_TD
