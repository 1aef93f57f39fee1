//===- RowWise.td - an interface: rows of results -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_ROWWISE_TD
#define GPTC_DIALECT_ROWWISE_TD

include "mlir/IR/OpBase.td"

def RowWise : OpInterface<"RowWise"> {
  let cppNamespace = "::gptc::gpt";
  let description = [{
    Row t of the results from few rows of the operands. Builds a row program
    (see RowBuilder.h); the passes on kernels fuse such programs. `rows` is how
    many rows the program runs over, `readsOtherRows` whether row t of a result
    needs more than row t of the operands, `isSum` whether a result is a sum over
    all rows, and `wholeOperand`, if there is one, is read whole, in one stretch.
  }];
  let methods = [InterfaceMethod<"", "void", "buildRow",
    (ins "::gptc::gpt::RowBuilder &":$row)>,
    InterfaceMethod<"", "int64_t", "rows", (ins), "",
      "return ::gptc::gpt::rowsOf($_op->getResult(0).getType());">,
    InterfaceMethod<"", "bool", "readsOtherRows", (ins), "", "return false;">,
    InterfaceMethod<"", "bool", "isSum", (ins "unsigned":$result), "",
                    "return false;">,
    InterfaceMethod<"", "::mlir::Value", "wholeOperand", (ins), "",
                    "return {};">];
}

#endif // GPTC_DIALECT_ROWWISE_TD
