//===- GptContract.td - contractions, attention, loss ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTCONTRACT_TD
#define GPTC_DIALECT_GPTCONTRACT_TD

include "GptBase.td"

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

let opDocGroup = ContractionGroup in {
def LinearOp : Gpt_Binary<"linear", [Vjp]> {
  let summary = "x Wᵀ: [T, K], [N, K] → [T, N]";
  let description = [{
    Of matrices: what has heads is reshaped to [T, H*K] first. Either side may be
    an activation or a weight. Of two stacks of matrices, one product each:
    [B, T, K], [B, N, K] → [B, T, N].

    ```mlir
    %a1 = gpt.linear %x, %w
    ```

    Constraints: (C1) x and W are matrices, or stacks of matrices; (C2) the
    contracted dimensions are equal; (C3) two stacks have equally many.
  }];
}
def MatmulOp : Gpt_Binary<"matmul", [Vjp]> {
  let summary = "x W: [T, K], [K, N] → [T, N], for a weight stored transposed";
  let description = [{
    Of matrices or of stacks of them, as `linear`: [B, T, K], [B, K, N] → [B, T, N].

    ```mlir
    %a2 = gpt.matmul %a1, %w
    ```

    Constraints: (C1) x and W are matrices, or stacks of matrices; (C2) the
    contracted dimensions are equal; (C3) two stacks have equally many.
  }];
}
def GramOp : Gpt_Unary<"gram", [Vjp]> {
  let summary = "x xᵀ: [M, N] → [M, M], the products of all pairs of rows";
  let description = [{
    Symmetric, and so of a symmetric x its square. Of a stack of matrices one a
    matrix, [B, M, N] → [B, M, M]. It is `linear` of x with itself, of which a
    kernel may compute one triangle and mirror it (`mark-symmetric`).

    ```mlir
    %a3 = gpt.gram %w
    ```

    Constraints: (C1) x is a matrix, or a stack of matrices.
  }];
}
def TransposeOp : Gpt_TensorOp<"transpose", [Vjp]> {
  let summary = "rows become columns, where `on`: [M, N] → [N, M]";
  let description = [{
    Of a stack the matrices are transposed, [B, M, N] → [B, N, M]. `on` is a
    constant expression, 1 unless given; 0 leaves x as it is.

    ```mlir
    %a4 = gpt.transpose %w (on = D > H)
    ```

    Constraints: (C1) x is a matrix, or a stack of matrices.
  }];
  let arguments = (ins Tensor:$x, ArrayAttr:$args);
  let assemblyFormat = "$x `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
  let hasFolder = 1;
}
} // opDocGroup = ContractionGroup
def OuterOp : Gpt_Binary<"outer"> {
  let summary = "aᵀ b: [T, M], [T, N] → [M, N], a weight's cotangent";
  let description = [{
    Of two stacks one product each: [B, T, M], [B, T, N] → [B, M, N].

    ```mlir
    %dw = gpt.outer %dy, %x : [6, 8], [6, 16] -> [8, 16] f32
    ```

    Constraints: (C1) two matrices with equally many rows, or two stacks of
    equally many.
  }];
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def RotaryOp : Gpt_TensorOp<"rotary"> {
  let opDocGroup = AttentionGroup;
  let summary = "rotates the pairs (i, i + K/2), or (2i, 2i + 1) with "
                "`neighbours`, of every head by position × frequency";
  let description = [{
    Pair e of head m in row t: (a cos + b sin, b cos − a sin) with the angle
    (group·t + m mod group) · freqs[e]; pairs beyond the frequencies stand
    still. t counts from the first row of the micro-batch, whatever its document.
    The angle is an f32 product, cos and sin are rounded to bf16. `group` is 1 unless given, `neighbours` 0.

    ```mlir
    %qr = gpt.rotary %q, %freqs (group = 2, neighbours = true)
    ```

    Constraints: (C1) x is [T, H, K]; (C2) K is a multiple of 4 and holds twice
    the frequencies, [n] f32; (C3) they are those of `gpt.yarn`.
  }];
  let arguments = (ins Tensor:$x, Tensor:$freqs, Variadic<F64>:$vars,
                       ArrayAttr:$args);
  let assemblyFormat = "$x `,` $freqs `` custom<Args>($vars, $args) attr-dict "
                       "`` custom<Types>(type($x), type($freqs), type($y))";
  let hasCanonicalizer = 1;
}
def RotaryTableOp : Gpt_Shaped<"rotary_table", [Pure, Row]> {
  let summary = "cos and sin of (group·t + g)·freqs[e] at [t, g·K/2 + e], "
                "rounded to bf16; 1 and 0 beyond the frequencies";
  let description = [{
    Angles are f32 products of f32 numbers, as the record's are: at position 49152
    their last place is 0.004, as much as that of cos in bf16. Results are [rows, group·half].

    ```mlir
    %cos, %sin = gpt.rotary_table %freqs rows 6 half 8 group 1 : [4] f32 -> [6, 8], [6, 8]
    ```

    Constraints: (C1) rows and group are positive, half holds the frequencies.
  }];
  let arguments = (ins Tensor:$freqs, I64Attr:$rows, I64Attr:$half,
                       I64Attr:$group);
  let results = (outs Tensor:$cos, Tensor:$sin);
  let assemblyFormat = "$freqs `rows` $rows `half` $half `group` $group "
      "attr-dict `` custom<Types>(type($freqs), type($cos), type($sin))";
}
def RotateOp : Gpt_TensorOp<"rotate", [Row, Vjp]> {
  let summary = "`rotary` with its table; `inverse` turns back";
  let description = [{
    ```mlir
    %qr = gpt.rotate %q by %cos, %sin group 1 : [6, 2, 16], [6, 8], [6, 8] -> [6, 2, 16]
    ```

    Constraints: (C1) x is [T, H, K]; (C2) the tables are [T, group·K/2]; (C4)
    they have one shape.
  }];
  let arguments = (ins Tensor:$x, Tensor:$cos, Tensor:$sin, I64Attr:$group,
                       UnitAttr:$neighbours, UnitAttr:$inverse);
  let assemblyFormat = "$x `by` $cos `,` $sin `group` $group "
      "(`neighbours` $neighbours^)? (`inverse` $inverse^)? attr-dict `` "
      "custom<Types>(type($x), type($cos), type($sin), type($y))";
}
def KeyOffsetOp : Gpt_TensorOp<"key_offset", [Row, Vjp]> {
  let opDocGroup = AttentionGroup;
  let summary = "the second and the last quarter of each head come from `by` "
                "tokens before, where there are so many";
  let description = [{
    The first `by` rows, which have no row so far before them, keep their own.

    ```mlir
    %ko = gpt.key_offset %k (by = 1)
    ```

    Constraints: (C1) x is [T, H, K]; (C2) K is a multiple of 4.
  }];
  let arguments = (ins Tensor:$x, Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration = readsOtherRows;
  let assemblyFormat = "$x `` custom<Args>($vars, $args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
  let hasFolder = 1;
}
def KeyOffsetBackwardOp : Gpt_TensorOp<"key_offset_backward", [Row]> {
  let summary = "the transpose of `key_offset`";
  let description = [{
    ```mlir
    %dk = gpt.key_offset_backward %qr by 1 : [6, 2, 16] -> [6, 2, 16]
    ```

    Constraints: (C1) x is [T, H, K]; (C2) K is a multiple of 4.
  }];
  let arguments = (ins Tensor:$x, I64Attr:$by);
  let extraClassDeclaration = readsOtherRows;
  let assemblyFormat = "$x `by` $by attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def AttentionOp : Gpt_TensorOp<"attention", [Vjp]> {
  let opDocGroup = AttentionGroup;
  let summary = "causal, inside a document, `window` positions back; `group` "
                "heads form one sequence";
  let description = [{
    q, k, v are [T, H, K], read as [group·T, H/group, K]; `docs` is [T] i32, for
    each row where its document begins. Key j is visible to query i iff
    max(i − window, group·docs) ≤ j ≤ i. y = softmax(scale q·k) v. `group` is 1
    unless given.

    ```mlir
    %at = gpt.attention %qr, %ko, %v documents %docs (window = %window, scale = %heat)
    ```

    Constraints: (C1) q, k, v have one shape [T, H, K]; (C2) docs is [T] i32;
    (C3) group divides H; (C4) docs is the input of that name.
  }];
  let arguments = (ins Tensor:$q, Tensor:$k, Tensor:$v, Indices:$docs,
                       Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration =
      "bool isIndex(unsigned operand) { return operand == 3; }";
  let assemblyFormat = [{$q `,` $k `,` $v `documents` $docs `` custom<Args>($vars, $args) attr-dict ``
    custom<Types>(type($q), type($k), type($v), type($docs), type($y))}];
}
def AttentionSavingOp : Gpt_Shaped<"attention_saving", [Pure]> {
  let summary = "`attention`, and the log-sum-exp of each query, [T, H] f32";
  let description = [{
    ```mlir
    %y, %lse = gpt.attention_saving %q, %q, %q documents %docs (window = 8, scale = 0.1) : [6, 2, 16], [6, 2, 16], [6, 2, 16], [6] i32 -> [6, 2, 16], [6, 2] f32
    ```

    Constraints: (C1) to (C4) as of `attention`.
  }];
  let arguments = (ins Tensor:$q, Tensor:$k, Tensor:$v, Indices:$docs,
                       Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration =
      "bool isIndex(unsigned operand) { return operand == 3; }";
  let results = (outs Tensor:$y, Tensor:$lse);
  let assemblyFormat = [{$q `,` $k `,` $v `documents` $docs `` custom<Args>($vars, $args) attr-dict ``
    custom<Types>(type($q), type($k), type($v), type($docs), type($y), type($lse))}];
}
def AttentionBackwardOp : Gpt_Shaped<"attention_backward", [Pure]> {
  let summary = "the cotangents of q, k and v";
  let description = [{
    ```mlir
    %da, %db, %dc = gpt.attention_backward %dk, %q, %q, %q, %y, %lse documents %docs (window = 8, scale = 0.1) : [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2, 16], [6, 2] f32, [6] i32 -> [6, 2, 16], [6, 2, 16], [6, 2, 16]
    ```

    Constraints: (C1) to (C3) as of `attention`; (C4) cotangent and y have the
    shape of q.
  }];
  let arguments = (ins Tensor:$cotangent, Tensor:$q, Tensor:$k, Tensor:$v,
                       Tensor:$y, Tensor:$lse, Indices:$docs,
                       Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration =
      "bool isIndex(unsigned operand) { return operand == 6; }";
  let results = (outs Tensor:$dq, Tensor:$dk, Tensor:$dv);
  let assemblyFormat = [{$cotangent `,` $q `,` $k `,` $v `,` $y `,` $lse `documents` $docs ``
    custom<Args>($vars, $args) attr-dict `` custom<Types>(type($cotangent), type($q), type($k), type($v),
    type($y), type($lse), type($docs), type($dq), type($dk), type($dv))}];
}

//===----------------------------------------------------------------------===//
// The loss
//===----------------------------------------------------------------------===//

def SoftcapOp : Gpt_TensorOp<"softcap", [Row, Vjp]> {
  let opDocGroup = LossGroup;
  let summary = "scale · σ((x + shift) / width)";
  let description = [{
    Where `bf16` is 1, σ is rounded to bf16, and its slope is taken there. It is 0
    unless given.

    ```mlir
    %sc = gpt.softcap %z (scale = 23, shift = 5, width = 7.5)
    ```
  }];
  let arguments = (ins Tensor:$x, ArrayAttr:$args);
  let assemblyFormat = "$x `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($x), type($y))";
}
def SoftcapBackwardOp : Gpt_TensorOp<"softcap_backward", [Row]> {
  let summary = "cotangent a, b = softcap(x): a · b(1 − b/scale)/width";
  let description = [{
    ```mlir
    %dz = gpt.softcap_backward %x, %x (scale = 23, shift = 5, width = 7.5) : [6, 16], [6, 16] -> [6, 16]
    ```

    Constraints: (C4) a and b have one shape.
  }];
  let arguments = (ins Tensor:$a, Tensor:$b, ArrayAttr:$args);
  let assemblyFormat = "$a `,` $b `` custom<Consts>($args) attr-dict `` "
                       "custom<Types>(type($a), type($b), type($y))";
}
def CrossEntropyOp : Gpt_TensorOp<"cross_entropy", [Row, Vjp]> {
  let opDocGroup = LossGroup;
  let summary = "Σ_t Σ_k w_k (logsumexp(logits_t) − logits_t[target_{t+k}]), or "
                "its mean over t";
  let description = [{
    logits [T, V], targets [T] i32 → [] f32; k runs from 0 to 3, t + k < T. A
    weight that is not given is 0; with none given w0 is 1. The mean divides the
    sum by T, whatever the weights are.

    Where `bf16` is 1 and several weights are not the constant 0, each term
    logsumexp − logit is rounded to bf16 before it is weighed, and the gradient is
    made of a logsumexp, of weights and of their sum in bf16. PyTorch's loss of
    bf16 logits is so, and no other repeats its curve. `bf16` is 0 unless given.

    ```mlir
    %loss = gpt.cross_entropy %sc, %targets (w0 = 1, w1 = %next)
    ```

    Constraints: (C1) logits are [T, V], targets [T] i32; (C2) where targets are
    positions (`docs`), V is T at least. That other targets are below V is
    checked where data arrive; (C3) `bf16` is a constant.
  }];
  let arguments = (ins Tensor:$logits, Indices:$targets, UnitAttr:$mean,
                       Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration = !strconcat(readsOtherRows, sumOfRows,
      " bool isIndex(unsigned operand) { return operand == 1; }");
  let assemblyFormat = [{$logits `,` $targets (`mean` $mean^)? `` custom<Args>($vars, $args) attr-dict ``
    custom<Types>(type($logits), type($targets), type($y))}];
}
def CrossEntropyBackwardOp : Gpt_TensorOp<"cross_entropy_backward", [Row]> {
  let summary = "the cotangent of the logits, given the loss's, a scalar";
  let description = [{
    ```mlir
    %dl = gpt.cross_entropy_backward %seed, %x, %tokens (w0 = 1) : [] f32, [6, 16], [6] i32 -> [6, 16]
    ```

    Constraints: (C1) logits are [T, V], targets [T] i32.
  }];
  let arguments = (ins Tensor:$cotangent, Tensor:$logits, Indices:$targets,
                       UnitAttr:$mean, Variadic<F64>:$vars, ArrayAttr:$args);
  let extraClassDeclaration = readsOtherRows #
      " bool isIndex(unsigned operand) { return operand == 2; }";
  let assemblyFormat = [{$cotangent `,` $logits `,` $targets (`mean` $mean^)? `` custom<Args>($vars, $args)
    attr-dict `` custom<Types>(type($cotangent), type($logits), type($targets), type($y))}];
}

#endif // GPTC_DIALECT_GPTCONTRACT_TD
