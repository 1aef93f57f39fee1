//===- GptTensor.td - views, arithmetic, norms, gates ---------------------===//
//
// Part of gptc, under the MIT License.
//
// Everything here but the views is row-wise: row t of a result depends on a few
// rows of the operands. "Rows" are the first dimension, "columns" all others
// together; a tensor with one row (a scalar, a [1, n]) is shared by all rows.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTTENSOR_TD
#define GPTC_DIALECT_GPTTENSOR_TD

include "GptBase.td"

//===----------------------------------------------------------------------===//
// Views: no data moves
//===----------------------------------------------------------------------===//

let opDocGroup = ViewGroup in {
def TiedOp : Gpt_TensorOp<"tied"> {
  let summary = "`b` until `split` turns 1; at that moment `a` becomes a copy of "
                "`b` with its optimizer state, and is read from then on";
  let description = [{
    Split is whatever step its number is not 0 at. Once split it stays split: a
    number that goes back to 0 is an error.

    ```mlir
    %t = gpt.tied %table to %head until %split
    ```

    Constraints: (C1) a and b have one shape. Once calls are bodies: (C2) a and
    b are parameters; (C3) nothing but ties of the same two reads a, so a saved
    parameter file can hold a copy of b in its place before the split;
    (C4) both have the same optimizer states, updated on the same steps; (C5) a
    split is never taken back, and ties of one pair split together.
  }];
  let arguments = (ins Tensor:$a, Tensor:$b, F64:$split);
  let assemblyFormat = "$a `to` $b `until` $split attr-dict `` "
                       "custom<Types>(type($a), type($b), type($y))";
}
def RowOp : Gpt_TensorOp<"row", [Vjp]> {
  let summary = "one matrix of a bank, one row of a matrix, one number of a "
                "vector";
  let description = [{
    ```mlir
    %w = gpt.row %bank[3]
    ```

    Constraints: (C1) x has rows; (C2) the index is one of them, the same at
    every step; (C3) it is no member that a bank is declared without.
  }];
  let arguments = (ins Tensor:$x, Variadic<F64>:$vars, AnyAttr:$index);
  let assemblyFormat = "$x `[` custom<Infix>($vars, $index) `]` attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
class Gpt_Range<string name, list<Trait> traits> : Gpt_TensorOp<name, traits> {
  let arguments = (ins Tensor:$x, AnyAttr:$at, AnyAttr:$size);
  let assemblyFormat = "$x `at` custom<Num>($at) `size` custom<Num>($size) "
                       "attr-dict `` custom<Types>(type($x), type($y))";
}
def SliceOp : Gpt_Range<"slice", [Vjp]> {
  let summary = "a range of the last dimension";
  let description = [{
    ```mlir
    %s = gpt.slice %x at 4 size 12
    ```

    Constraints: (C1) x is [T, D], or [D]; (C2) at, size ≥ 1 and at + size lie
    inside the last dimension.
  }];
}
def RowsOp : Gpt_Range<"rows", [Vjp]> {
  let summary = "a range of the first dimension";
  let description = [{
    ```mlir
    %o = gpt.rows %w at 0 size 8
    ```

    Constraints: (C1) x has rows; (C2) at, size ≥ 1 and at + size lie inside
    them.
  }];
}
def ReshapeOp : Gpt_TensorOp<"reshape", [Vjp]> {
  let summary = "the same elements in another shape";
  let description = [{
    In the same order, the last dimension running fastest.

    ```mlir
    %xh = gpt.reshape %x to [T, H, K]
    ```

    Constraints: (C1) both shapes have equally many elements.
  }];
  let arguments = (ins Tensor:$x, Gpt_DimsAttr:$dims);
  let assemblyFormat = "$x `to` custom<Dims>($dims) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def SplitOp : Gpt_Shaped<"split", [Pure, Vjp]> {
  let summary = "three equal parts of the last dimension, each reshaped";
  let description = [{
    The first, the second and the last third of each row, [T, D/3], each in the
    other shape as `reshape` makes it.

    ```mlir
    %q, %k, %v = gpt.split %qkv to [T, H, K]
    ```

    Constraints: (C1) x has three times the elements of a part; (C2) it is
    [T, D], D a multiple of 3.
  }];
  let arguments = (ins Tensor:$x, Gpt_DimsAttr:$dims);
  let results = (outs Tensor:$q, Tensor:$k, Tensor:$v);
  let assemblyFormat = "$x `to` custom<Dims>($dims) attr-dict `` "
      "custom<Types>(type($x), type($q), type($k), type($v))";
}
} // opDocGroup = ViewGroup

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

def ConcatOp : Gpt_TensorOp<"concat", [Row, Vjp]> {
  let summary = "the columns of three tensors beside each other: [T, 3*n]";
  let description = [{
    ```mlir
    %qkv = gpt.concat %q, %q, %q : [6, 2, 16], [6, 2, 16], [6, 2, 16] -> [6, 96]
    ```

    Constraints: (C1) the three have one shape.
  }];
  let arguments = (ins Tensor:$a, Tensor:$b, Tensor:$c);
  let assemblyFormat = "$a `,` $b `,` $c attr-dict `` "
      "custom<Types>(type($a), type($b), type($c), type($y))";
}
def PadOp : Gpt_TensorOp<"pad", [Row, Vjp]> {
  let summary = "zeros around the last dimension: the transpose of `slice`";
  let description = [{
    ```mlir
    %wide = gpt.pad %dy at 4 in 16 : [6, 8] -> [6, 16]
    ```

    Constraints: (C1) x is [T, n]; (C2) at ≥ 0 and at + n ≤ size.
  }];
  let arguments = (ins Tensor:$x, AnyAttr:$at, AnyAttr:$size);
  let assemblyFormat = "$x `at` custom<Num>($at) `in` custom<Num>($size) "
                       "attr-dict `` custom<Types>(type($x), type($y))";
}
def PadRowsOp : Gpt_TensorOp<"pad_rows", [Row, Vjp]> {
  let summary = "zeros around the first dimension: the transpose of `rows`";
  let description = [{
    ```mlir
    %tall = gpt.pad_rows %dy at 2 in 16 : [6, 8] -> [16, 8]
    ```

    Constraints: (C1) x has rows; (C2) at ≥ 0 and at + rows of x ≤ size.
  }];
  let arguments = PadOp.arguments;
  let extraClassDeclaration = readsOtherRows;
  let assemblyFormat = PadOp.assemblyFormat;
}
def ReduceOp : Gpt_TensorOp<"reduce", [Row, Vjp]> {
  let summary = "sums over what a broadcast repeated: the transpose of "
                "broadcasting `dims` to the shape of x";
  let description = [{
    ```mlir
    %sum = gpt.reduce %x to [1, 16] : [6, 16] -> [1, 16] f32
    ```

    Constraints: (C1) `dims` repeats to the shape of x; (C2) over whole trailing
    dimensions, and rows.
  }];
  let arguments = (ins Tensor:$x, Gpt_DimsAttr:$dims);
  let extraClassDeclaration = [{
    bool isSum(unsigned) { return rows() != ::gptc::gpt::rowsOf(getType()); }
    int64_t rows() { return ::gptc::gpt::rowsOf(getX().getType()); }
  }];
  let assemblyFormat = "$x `to` custom<Dims>($dims) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}

//===----------------------------------------------------------------------===//
// Arithmetic. Of two shapes, which meet from the first dimension on, the lower
// rank repeats over the trailing dimensions, and 1 over anything: (C2) rows, and
// dimensions behind which all repeat.
//===----------------------------------------------------------------------===//

let opDocGroup = ArithmeticGroup in {
def AddOp : Gpt_Binary<"add", [Row, Vjp]> {
  let summary = "sum";
  let description = [{
    ```mlir
    %b1 = gpt.add %x, %a2
    ```

    Constraints: (C1) the shapes combine; (C2) what repeats are rows, or all
    dimensions behind one.
  }];
}
def SubOp : Gpt_Binary<"sub", [Row, Vjp]> {
  let summary = "difference";
  let description = [{
    ```mlir
    %b2 = gpt.sub %b1, %x
    ```

    Constraints: (C1) the shapes combine; (C2) what repeats are rows, or all
    dimensions behind one.
  }];
}
def MulOp : Gpt_Binary<"mul", [Row, Vjp]> {
  let summary = "product";
  let description = [{
    ```mlir
    %b3 = gpt.mul %lambda, %b2
    ```

    Constraints: (C1) the shapes combine; (C2) what repeats are rows, or all
    dimensions behind one.
  }];
}
def DivOp : Gpt_Binary<"div", [Row, Vjp]> {
  let summary = "quotient";
  let description = [{
    ```mlir
    %b4 = gpt.div %b3, %b1
    ```

    Constraints: (C1) the shapes combine; (C2) what repeats are rows, or all
    dimensions behind one.
  }];
}
def ScaleOp : Gpt_TensorOp<"scale", [Row, Vjp]> {
  let summary = "x times a number";
  let description = [{
    ```mlir
    %b5 = gpt.scale %b4 by 2*%next
    ```
  }];
  let arguments = (ins Tensor:$x, Variadic<F64>:$vars, AnyAttr:$factor);
  let assemblyFormat = "$x `by` custom<Infix>($vars, $factor) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def OffsetOp : Gpt_TensorOp<"offset", [Row, Vjp]> {
  let summary = "x plus a number";
  let description = [{
    ```mlir
    %b6 = gpt.offset %b5 by 1.0e-10
    ```
  }];
  let arguments = (ins Tensor:$x, Variadic<F64>:$vars, AnyAttr:$by);
  let assemblyFormat = "$x `by` custom<Infix>($vars, $by) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def SigmoidOp : Gpt_Unary<"sigmoid", [Row, Vjp]> {
  let summary = "1/(1 + exp(−x))";
  let description = [{
    ```mlir
    %b7 = gpt.sigmoid %b6
    ```
  }];
}
def Relu2Op : Gpt_Unary<"relu2", [Row, Vjp]> {
  let summary = "max(x, 0)²";
  let description = [{
    ```mlir
    %b8 = gpt.relu2 %b7
    ```
  }];
}
def SqrtOp : Gpt_Unary<"sqrt", [Row, Vjp]> {
  let summary = "√x, for x ≥ 0";
  let description = [{
    ```mlir
    %b9 = gpt.sqrt %b8
    ```
  }];
}
def PositiveOp : Gpt_Unary<"positive", [Row, Vjp]> {
  let summary = "1 where x > 0, else 0";
  let description = [{
    A step: its gradient is zero.

    ```mlir
    %c1 = gpt.positive %b9
    ```
  }];
}
def SignOp : Gpt_Unary<"sign", [Row, Vjp]> {
  let summary = "1 where x > 0, −1 where x < 0, else 0";
  let description = [{
    Two steps: its gradient is zero.

    ```mlir
    %e1 = gpt.sign %x
    ```
  }];
}
def ClampOp : Gpt_TensorOp<"clamp", [Row, Vjp]> {
  let summary = "x, no less than `min` and no more than `max`";
  let description = [{
    Either may be missing. Its gradient passes where x lies between them, and not
    where it is one of them or beyond.

    ```mlir
    %e2 = gpt.clamp %x (min = -1, max = 2*%next)
    ```

    Constraints: (C1) one of them is given.
  }];
  let arguments = (ins Tensor:$x, Variadic<F64>:$vars, ArrayAttr:$args);
  let assemblyFormat = "$x `` custom<Args>($vars, $args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def StoredOp : Gpt_TensorOp<"stored", [Row, Vjp]> {
  let summary = "x as a parameter of bf16 keeps it";
  let description = [{
    Where the target stores bf16 as such, x rounded to nearest, ties to even, or
    with `truncated` toward zero; where it stores f32, x itself. So an optimizer
    knows what its parameter will be, and keeps the rest elsewhere. Its gradient
    passes unchanged (straight through).

    ```mlir
    %e3 = gpt.stored %c2 to bf16
    %e4 = gpt.stored %c2 to bf16 truncated
    ```

    Constraints: (C1) to bf16.
  }];
  let arguments = (ins Tensor:$x, TypeAttr:$to, UnitAttr:$truncated);
  let assemblyFormat = "$x `to` $to (`truncated` $truncated^)? attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def CastOp : Gpt_TensorOp<"cast", [Row, Vjp]> {
  let summary = "x in another element type";
  let description = [{
    ```mlir
    %c2 = gpt.cast %c1 to f32
    ```

    Constraints: (C1) to bf16 or f32.
  }];
  let arguments = (ins Tensor:$x, TypeAttr:$to);
  let assemblyFormat =
      "$x `to` $to attr-dict `` custom<Types>(type($x), type($y))";
}
def RoundOp : Gpt_TensorOp<"round", [Row, Vjp]> {
  let summary = "x rounded to a grid after division by a scale, where `on`";
  let description = [{
    y = scale · grid(x / scale): divided in fp32, rounded once to nearest even,
    the grids of FP8 saturating (e4m3: at 448; e5m2: at 57344). Its gradient
    passes unchanged (straight through). `on` is 1 unless given; 0 leaves x as it
    is.

    ```mlir
    %xq = gpt.round %x to "e4m3" (scale = 100/448, on = fp8)
    ```

    Constraints: (C1) the grid is "e4m3", "e5m2" or "bf16".
  }];
  let arguments = (ins Tensor:$x, StrAttr:$grid, ArrayAttr:$args);
  let assemblyFormat = "$x `to` $grid `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
  let hasFolder = 1;
}
def RoundGradientOp : Gpt_TensorOp<"round_gradient", [Row, Vjp]> {
  let summary = "x; its gradient is rounded as `gpt.round` rounds";
  let description = [{
    `on` is 1 unless given; 0 leaves the gradient as it is.

    ```mlir
    %c4 = gpt.round_gradient %c3 to "e5m2" (scale = 0.75/448, on = fp8)
    ```

    Constraints: (C1) the grid is "e4m3", "e5m2" or "bf16".
  }];
  let arguments = (ins Tensor:$x, StrAttr:$grid, ArrayAttr:$args);
  let assemblyFormat = "$x `to` $grid `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
  let hasFolder = 1;
}
} // opDocGroup = ArithmeticGroup

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

let opDocGroup = RowGroup in {
def RmsNormOp : Gpt_Unary<"rms_norm", [Row, Vjp]> {
  let summary = "x / √(mean x² + 2⁻²³) over the last dimension, no weight";
  let description = [{
    ```mlir
    %c5 = gpt.rms_norm %c4
    ```

    Constraints: (C1) x has rows and columns.
  }];
}
def ShiftOp : Gpt_TensorOp<"shift", [Row, Vjp]> {
  let summary = "row t is row t − by of x, zero outside; by 1 unless given";
  let description = [{
    ```mlir
    %c6 = gpt.shift %c5 by 2
    ```

    Constraints: (C1) x has rows.
  }];
  let arguments = (ins Tensor:$x, DefaultValuedAttr<I64Attr, "1">:$by);
  let extraClassDeclaration = readsOtherRows;
  let assemblyFormat = "$x (`by` $by^)? attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def EmbedOp : Gpt_TensorOp<"embed", [Row]> {
  let summary = "row t is row tokens[t] of the table";
  let description = [{
    ```mlir
    %x = gpt.embed %t[%tokens]
    ```

    Constraints: (C1) the table is [rows, columns], the tokens [T] i32; (C2) a
    table that is looked up by positions (`docs`) has T rows at least. That
    tokens are below the table's rows is checked where data arrive. What trains a
    table is a look-up by an input of the micro-batch; the table is a parameter,
    or what is computed from parameters alone.
  }];
  let arguments = (ins Tensor:$table, Indices:$tokens);
  let extraClassDeclaration = readsOtherRows #
      " bool isIndex(unsigned operand) { return operand == 1; }";
  let assemblyFormat = "$table `[` $tokens `]` attr-dict `` "
      "custom<Types>(type($table), type($tokens), type($y))";
}
def SoftmaxOp : Gpt_TensorOp<"softmax", [Row, Vjp]> {
  let summary = "exp(x/temperature) over its sum over the last dimension";
  let description = [{
    The temperature is 1 unless given. The temperature 0 is the limit: all to the
    greatest, in equal shares where several are.

    ```mlir
    %p = gpt.softmax %sc (temperature = 0.8)
    ```

    Constraints: (C1) x has rows and columns.
  }];
  let arguments = (ins Tensor:$x, ArrayAttr:$args);
  let assemblyFormat = "$x `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
} // opDocGroup = RowGroup

//===----------------------------------------------------------------------===//
// Fused gates (made by fuse-slice-gate and fuse-smear)
//===----------------------------------------------------------------------===//

def GateOp : Gpt_TensorOp<"gate", [Row, Vjp]> {
  let summary = "factor · times · σ(w · x[at..at+n]) ⊙ y";
  let description = [{
    x is [T, D]; w is [G, n] with n = `size`; y is [T, G, …] (a gate a head) or,
    with G = 1, any [T, …] (a gate a row); `times`, a scalar, may be absent.

    ```mlir
    %gated = gpt.gate %x by %gate on %x at 2 times %one factor 2.000000e+00 : tensor<6x16xbf16>, tensor<1x12xbf16>, tensor<6x16xbf16>, tensor<f32> -> tensor<6x16xbf16>
    ```

    Constraints: (C1) w is [G, n], x is [T, D]; (C2) at + n ≤ D; (C3) G is 1 or
    the number of gates of y, and y has the rows of x.
  }];
  let arguments = (ins Tensor:$value, Tensor:$w, Tensor:$x,
                       Optional<Tensor>:$times, I64Attr:$at, F64Attr:$factor);
  let extraClassDeclaration = "::mlir::Value wholeOperand() { return getW(); }";
  let assemblyFormat = "$value `by` $w `on` $x `at` $at (`times` $times^)? "
      "`factor` $factor attr-dict `:` type($value) `,` type($w) `,` type($x) "
      "(`,` type($times)^)? `->` type($y)";
}
def GateBackwardOp : Gpt_Shaped<"gate_backward",
                                [Pure, Row]> {
  let summary = "the cotangents of `gate`: of y, of the slice of x, of w, of "
                "`times`";
  let description = [{
    With g = σ(w·x): dy = factor·times·g ⊙ d; e = factor·Σ d ⊙ y over a gate's
    columns; dtimes = Σ e·g; dz = times·e·g(1−g); dslice = dzᵀw, [T, n];
    dw = Σ_t dz ⊗ x[at..at+n].

    ```mlir
    %dv, %ds, %dg, %dt = gpt.gate_backward %x, %x by %gate on %x at 2 times %one factor 2.000000e+00 : (tensor<6x16xbf16>, tensor<6x16xbf16>, tensor<1x12xbf16>, tensor<6x16xbf16>, tensor<f32>) -> (tensor<6x16xbf16>, tensor<6x12xbf16>, tensor<1x12xf32>, tensor<f32>)
    ```

    Constraints: (C1) to (C3) as of `gate`; (C4) the cotangent has the shape of
    y.
  }];
  let arguments = (ins Tensor:$cotangent, Tensor:$value, Tensor:$w, Tensor:$x,
                       Optional<Tensor>:$times, I64Attr:$at, F64Attr:$factor);
  let results = (outs Tensor:$dvalue, Tensor:$dslice, Tensor:$dw,
                      Optional<Tensor>:$dtimes);
  let extraClassDeclaration = [{
    bool isSum(unsigned result) { return result >= 2; }
    ::mlir::Value wholeOperand() { return getW(); }
  }];
  let assemblyFormat = "$cotangent `,` $value `by` $w `on` $x `at` $at "
      "(`times` $times^)? `factor` $factor attr-dict `:` "
      "functional-type(operands, results)";
}
def SmearOp : Gpt_TensorOp<"smear", [Row, Vjp]> {
  let summary = "x_t + λ σ(w · x_t[at..at+n]) x_{t−1} for t ≥ 1; x_0 stays";
  let description = [{
    ```mlir
    %sm = gpt.smear %x by %gate times %one at 0 : [6, 16], [1, 12], [] f32 -> [6, 16]
    ```

    Constraints: (C1) and (C2) as of `gate`; (C3) with one gate.
  }];
  let arguments = (ins Tensor:$x, Tensor:$w, Tensor:$lambda, I64Attr:$at);
  let extraClassDeclaration = readsOtherRows #
      " ::mlir::Value wholeOperand() { return getW(); }";
  let assemblyFormat = "$x `by` $w `times` $lambda `at` $at attr-dict `` "
      "custom<Types>(type($x), type($w), type($lambda), type($y))";
}
def SmearBackwardOp : Gpt_Shaped<"smear_backward", [Pure, Row]> {
  let summary = "the cotangents of `smear`: of x as the row before, of the "
                "slice of x, of w and λ";
  let description = [{
    With g = σ(w·x) and e_t = Σ d_t ⊙ x_{t−1}: dnext_t = λ g_{t+1} d_{t+1};
    dλ = Σ e g; dz = λ e g(1−g); dslice = dzᵀw, [T, n]; dw = Σ_t dz ⊗ x[at..at+n].
    x itself takes d besides, unchanged.

    ```mlir
    %dnext, %dsl, %dgate, %dlambda = gpt.smear_backward %x, %x by %gate times %one at 0 : [6, 16], [6, 16], [1, 12], [] f32 -> [6, 16], [6, 12], [1, 12] f32, [] f32
    ```

    Constraints: (C1) to (C3) as of `smear`; (C4) the cotangent has the shape of
    x.
  }];
  let arguments = (ins Tensor:$cotangent, Tensor:$x, Tensor:$w, Tensor:$lambda,
                       I64Attr:$at);
  let results = (outs Tensor:$dnext, Tensor:$dslice, Tensor:$dw,
                      Tensor:$dlambda);
  let extraClassDeclaration = readsOtherRows # [{
    bool isSum(unsigned result) { return result >= 2; }
    ::mlir::Value wholeOperand() { return getW(); }
  }];
  let assemblyFormat = "$cotangent `,` $x `by` $w `times` $lambda `at` $at "
      "attr-dict `` custom<Types>(type($cotangent), type($x), type($w), "
      "type($lambda), type($dnext), type($dslice), type($dw), type($dlambda))";
}

//===----------------------------------------------------------------------===//
// Cotangents that have no op of the language
//===----------------------------------------------------------------------===//

def SigmoidBackwardOp : Gpt_Binary<"sigmoid_backward", [Row]> {
  let summary = "a · b(1 − b): cotangent a, b = σ(x)";
  let description = [{
    ```mlir
    %sb = gpt.sigmoid_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
    ```

    Constraints: (C4) a and b have one shape.
  }];
}
def Relu2BackwardOp : Gpt_Binary<"relu2_backward", [Row]> {
  let summary = "2 a √b: cotangent a, b = relu2(x)";
  let description = [{
    √b is max(x, 0), so that x need not be kept beside relu2(x), which a
    contraction that follows keeps anyway. Where b is stored in bf16 its root is
    nearer to max(x, 0) than x stored in bf16 would be: a root halves a relative
    error.

    ```mlir
    %rb = gpt.relu2_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
    ```

    Constraints: (C4) a and b have one shape.
  }];
}
def ClampBackwardOp : Gpt_TensorOp<"clamp_backward", [Row]> {
  let summary = "cotangent a, b = x: a where min < b < max, else 0";
  let description = [{
    ```mlir
    %cb = gpt.clamp_backward %x, %x (min = -1) : [6, 16], [6, 16] -> [6, 16]
    ```

    Constraints: (C1) as of `clamp`; (C4) a and b have one shape.
  }];
  let arguments = (ins Tensor:$a, Tensor:$b, Variadic<F64>:$vars,
                       ArrayAttr:$args);
  let assemblyFormat = "$a `,` $b `` custom<Args>($vars, $args) attr-dict `` "
                       "custom<Types>(type($a), type($b), type($y))";
}
def RmsNormBackwardOp : Gpt_Binary<"rms_norm_backward", [Row]> {
  let summary = "cotangent a, b = x: r (a − x r² mean(a ⊙ x)), "
                "r = (mean x² + 2⁻²³)^-½";
  let description = [{
    ```mlir
    %nb = gpt.rms_norm_backward %x, %x : [6, 16], [6, 16] -> [6, 16]
    ```

    Constraints: (C4) a and b have one shape.
  }];
}

#endif // GPTC_DIALECT_GPTTENSOR_TD
