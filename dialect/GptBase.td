//===- GptBase.td - the gpt dialect: types, attributes, op classes --------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTBASE_TD
#define GPTC_DIALECT_GPTBASE_TD

include "Differentiable.td"
include "InferShapes.td"
include "RowWise.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Gpt_Dialect : Dialect {
  let name = "gpt";
  let cppNamespace = "::gptc::gpt";
  let summary = "models, their gradients and their recipes";
  let description = [{
    What a user writes and what the first three phases hold. In the *model*
    phase dimensions have names and every tensor has the opaque type
    `!gpt.tensor`; `instantiate` gives sizes and builtin tensor types (*graph*);
    `differentiate` and `expand-optimizer` turn graphs into the parts of a
    training step (*step*). The kernels that the parts become are ops of the
    `kern` dialect.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    void addStructureOps();
    void addTensorOps();
    void addContractOps();
    void addStepOps();
  }];
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class Gpt_Type<string cppName, string name> : TypeDef<Gpt_Dialect, cppName> {
  let mnemonic = name;
  // Buildable, so that no assembly format has to spell it.
  let builderCall =
      "$_builder.getType<::gptc::gpt::" # cppName # "Type>()";
}
def Gpt_ValueType : Gpt_Type<"Value", "tensor"> {
  let summary = "a tensor whose shape is not yet a type";
  let description = [{
    MLIR wants a type when it parses, shapes follow from names later: until
    `instantiate` the shape checker knows the shape, not the type.
  }];
}
def Gpt_FuncType : Gpt_Type<"Func", "func"> {
  let summary = "a function of the model";
}
def Gpt_OptimizerType : Gpt_Type<"Optimizer", "optimizer"> {
  let summary = "an optimizer of the model";
}

/// Any tensor, before or after `instantiate`.
def Tensor : AnyTypeOf<[Gpt_ValueType, AnyRankedTensor], "a tensor">;
/// What names rows: tokens, targets, documents. The op's class has an `isIndex`
/// that says so while the tensor has no type.
def Indices : AnyTypeOf<[Gpt_ValueType, RankedTensorOf<[I32]>],
                        "a tensor of i32">;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Gpt_ExprAttr : AttrDef<Gpt_Dialect, "Expr"> {
  let summary = "arithmetic over sizes, constants and numbers";
  let description = [{
    A node `op(args)` of a tree: an operator (`+ - * /`, `-` of one argument,
    `< <= > >= ==`, `if` of value, condition and other value), a function or an
    init. Leaves are i64 and f64 numbers and strings: a name, or `_N`, the op's
    N-th number operand. The grammar and what each means: `gpt.expr`. In generic
    form, `#gpt.expr<(a lt b)>`, comparisons are the words `lt le gt ge eq`.
  }];
  let mnemonic = "expr";
  let parameters = (ins StringRefParameter<>:$op,
                        ArrayRefParameter<"::mlir::Attribute">:$args);
  let hasCustomAssemblyFormat = 1;
}
def Gpt_DimsAttr : AttrDef<Gpt_Dialect, "Dims"> {
  let summary = "the dimensions of a shape, each an expression: `[T, 3*D]`";
  let description = [{
    As the encoding of a tensor type: its named dimensions. Each is a sum, or
    what binds more tightly, of `gpt.expr`, of sizes and constants.
  }];
  let mnemonic = "dims";
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$dims);
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Groups: the headings of the language's reference (docs/language.md), in this
// order. An op without a group is made by passes; no model file holds it.
//===----------------------------------------------------------------------===//

class Gpt_Group<string heading, string text> : OpDocGroup {
  let summary = heading;
  let description = text;
}
def ModelGroup : Gpt_Group<"The model", [{
  What stands in a model file, once: its sizes, what the data bring, and its
  parameters.
}]>;
def FunctionGroup : Gpt_Group<"Functions and graphs", [{
  A function is a value like any other; it sees all values of the model and
  computes where it is called. A graph is what a program runs.
}]>;
def RecipeGroup : Gpt_Group<"Numbers and the recipe", [{
  Numbers are float64 and known before training begins, for every step. They
  stand in the expressions of other ops as `%name`.
}]>;
def ViewGroup : Gpt_Group<"Views", [{
  No data moves: the result is a part of its operand, or all of it in another
  shape.
}]>;
def ArithmeticGroup : Gpt_Group<"Arithmetic", [{
  Element by element. Dimensions meet from the first on: of two shapes the one of
  fewer dimensions repeats over the trailing ones of the other, and a dimension
  of size 1 over any. A [T] meets [T, D] a row a number, a [D] does not: it is
  reshaped to [1, D].
}]>;
def RowGroup : Gpt_Group<"Rows", [{
  A row is what one token has: [T, D] has T rows.
}]>;
def ContractionGroup : Gpt_Group<"Contractions", [{
  Products of matrices, by the tensor cores where there are any, and what they
  need.
}]>;
def AttentionGroup : Gpt_Group<"Attention", [{
  On heads: [T, H, K] is T rows of H heads of K columns.
}]>;
def LossGroup : Gpt_Group<"The loss", [{
  What a row of logits costs.
}]>;

//===----------------------------------------------------------------------===//
// Op classes
//===----------------------------------------------------------------------===//

class Gpt_Op<string name, list<Trait> traits = []>
    : Op<Gpt_Dialect, name, traits>;
class Gpt_Shaped<string name, list<Trait> traits = []>
    : Gpt_Op<name, traits # [DeclareOpInterfaceMethods<InferShapes>]>;

/// A pure op with one tensor result.
class Gpt_TensorOp<string name, list<Trait> traits = []>
    : Gpt_Shaped<name, traits # [Pure]> {
  let results = (outs Tensor:$y);
}
class Gpt_Unary<string name, list<Trait> traits = []>
    : Gpt_TensorOp<name, traits> {
  let arguments = (ins Tensor:$x);
  let assemblyFormat = "$x attr-dict `` custom<Types>(type($x), type($y))";
}
class Gpt_Binary<string name, list<Trait> traits = []>
    : Gpt_TensorOp<name, traits> {
  let arguments = (ins Tensor:$a, Tensor:$b);
  let assemblyFormat =
      "$a `,` $b attr-dict `` custom<Types>(type($a), type($b), type($y))";
}
class Gpt_Named<string name, list<Trait> traits>
    : Gpt_Op<name, traits # [DeclareOpInterfaceMethods<
                   OpAsmOpInterface, ["getAsmResultNames"]>]>;

defvar Vjp = DeclareOpInterfaceMethods<Differentiable>;
defvar Row = DeclareOpInterfaceMethods<RowWise>;
defvar readsOtherRows = "bool readsOtherRows() { return true; }";
defvar sumOfRows = [{
  bool isSum(unsigned) { return true; }
  int64_t rows() { return ::gptc::gpt::rowsOf(getOperand(0).getType()); }
}];

#endif // GPTC_DIALECT_GPTBASE_TD
