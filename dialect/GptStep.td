//===- GptStep.td - the parts of a training step --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTSTEP_TD
#define GPTC_DIALECT_GPTSTEP_TD

include "GptBase.td"

def StateOp : Gpt_Named<"state", []> {
  let summary = "a tensor that outlives the parts: derived values, gradients, "
                "optimizer state, outputs";
  let description = [{
    `kind` is one of "derived", "gradient", "optimizer", "output", "share"; `of`,
    where given, names the parameter that a gradient or an optimizer's state
    belongs to. A part that uses the result reads the state as it is at that
    place. A share is what a rank has of the parameter, gradient or optimizer's
    state `of` (the attribute `whole` says which of these it is), in runs of
    `ranks` ranks; a state with `ranks` = 1 is in runs of one rank alone. A
    parameter or gradient has `room` for so many rows.

    ```mlir
    %w_gradient = gpt.state "gradient" of "w" -> [8, 16] f32
    ```
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$kind, OptionalAttr<StrAttr>:$of);
  let results = (outs Tensor:$y);
  let assemblyFormat = "$kind (`of` $of^)? `` custom<Name>($name) attr-dict `` "
                       "custom<Types>(type($y))";
}
def PartOp : Gpt_Op<"part", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "one part of the step: a straight line of ops with updates";
  let description = [{
    `kind` is one of "init", "prologue", "micro", "epilogue", "update", "event",
    "validate", "sample" (runtime/program.h says when each runs). Discardable
    attributes: `tokens` (T of its inputs), `steps` (as of `gpt.graph`),
    `loss_tokens` (the loss is a sum over so many tokens, 1 for a mean, 0 where
    neither is known), `next_token_loss` (the loss is that of each token's
    next one alone) and `ranks` (it is for runs of so many ranks; those for
    several stand behind the one for one).

    ```mlir
    gpt.part @prologue_0 "prologue" attributes {steps = array<i64: 0, 9>} {
      %r = gpt.row %lambda[0] : [3] f32 -> [] f32
      %wl = gpt.mul %r, %w : [] f32, [8, 16] -> [8, 16]
      gpt.update %derived with %wl : [8, 16], [8, 16]
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$kind);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name $kind attr-dict-with-keyword $body";
}
def AdoptOp : Gpt_Op<"adopt"> {
  let summary = "after the update of a step, parameter a becomes a copy of b, "
                "optimizer state included";
  let description = [{
    What is left of `gpt.tied` once graphs are variants.

    ```mlir
    gpt.adopt %w from %w2 after 41 : [8, 16], [8, 16]
    ```
  }];
  let arguments = (ins Tensor:$a, Tensor:$b, I64Attr:$step);
  let assemblyFormat = "$a `from` $b `after` $step attr-dict `` "
                       "custom<TargetTypes>(type($a), type($b))";
}
def SettingOp : Gpt_Named<"setting", [Pure]> {
  let summary = "a constant of the model whose value a training run may choose";
  let description = [{
    What is left of a `gpt.let` constant that only schedules, optimizers and
    their parameters' numbers read: `EXE train --set NAME=VALUE` gives it another
    value, its own is the one that was compiled. It may follow from others.

    ```mlir
    %rate = gpt.setting "rate" = 0.02
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<F64>:$vars, AnyAttr:$value);
  let results = (outs F64:$y);
  let assemblyFormat = "$name `=` custom<Infix>($vars, $value) attr-dict";
}
def CheckOp : Gpt_Op<"check", [AttrSizedOperandSegments,
                               MemoryEffects<[MemWrite]>]> {
  let summary = "what must hold of numbers that follow from a setting";
  let description = [{
    The compiler has seen that the expression is 1 at each of `steps`, pairs of
    first and last, for the values that it knows. A run with another value of a
    setting looks again before it begins. Each `{}` in the message stands for one
    of the numbers behind it, `{at}` for the op's place.

    ```mlir
    gpt.check %rate > 0 "the rate is {}" of %rate at [0, 9]
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, AnyAttr:$value, StrAttr:$message,
                       Variadic<F64>:$shown, DenseI64ArrayAttr:$steps);
  let assemblyFormat = "custom<Infix>($vars, $value) $message (`of` $shown^)? "
                       "`at` $steps attr-dict";
}
def UpdateOp : Gpt_Op<"update", [MemoryEffects<[MemWrite]>]> {
  let summary = "a parameter or a state takes a new value";
  let description = [{
    `target` is a parameter, a state, or a view of one. No op of the part may
    read the old value afterwards.

    ```mlir
    gpt.update %derived with %wl : [8, 16], [8, 16]
    ```
  }];
  let arguments = (ins Tensor:$target, Tensor:$value);
  let assemblyFormat = "$target `with` $value attr-dict `` "
                       "custom<TargetTypes>(type($target), type($value))";
}
def IfFiniteOp : Gpt_TensorOp<"if_finite", [Row]> {
  let summary = "value where the scalar is finite, else other";
  let description = [{
    What keeps an update from happening: the new value of a state where the norm
    of all gradients is finite, its old one where it is not.

    ```mlir
    %next = gpt.if_finite %squares then %dw else %w_gradient : [] f32, [8, 16] f32, [8, 16] f32 -> [8, 16] f32
    ```

    Constraints: (C1) the first operand is a scalar; (C4) value and other have one
    shape.
  }];
  let arguments = (ins Tensor:$scalar, Tensor:$value, Tensor:$other);
  let assemblyFormat = "$scalar `then` $value `else` $other attr-dict `` "
      "custom<Types>(type($scalar), type($value), type($other), type($y))";
}
def AccumulateOp : Gpt_Op<"accumulate", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "target += value";
  let description = [{
    ```mlir
    gpt.accumulate %w_gradient += %dw : [8, 16] f32, [8, 16] f32
    ```
  }];
  let arguments = (ins Tensor:$target, Tensor:$value);
  let assemblyFormat = "$target `+` `` `=` $value attr-dict `` "
                       "custom<TargetTypes>(type($target), type($value))";
}
def AccumulateOuterOp : Gpt_Op<"accumulate_outer",
                               [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "target += aᵀ b: a weight's gradient, no temporary";
  let description = [{
    ```mlir
    gpt.accumulate_outer %w_gradient += %dy, %x : [8, 16] f32, [6, 8], [6, 16]
    ```
  }];
  let arguments = (ins Tensor:$target, Tensor:$a, Tensor:$b);
  let assemblyFormat = "$target `+` `` `=` $a `,` $b attr-dict `` "
      "custom<TargetTypes>(type($target), type($a), type($b))";
}
def AccumulateRowsOp : Gpt_Op<"accumulate_rows",
                              [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "target[tokens[t]] += value[t], in ascending t for each token";
  let description = [{
    A table's gradient as ordered segments: `order` lists the positions, stably
    sorted by token (an input named after that of the tokens: `order`, else
    `targets_order`, `docs_order`), so the sum of a row has one order on every target.

    ```mlir
    gpt.accumulate_rows %w_gradient[%tokens by %order] += %x : [8, 16] f32, [6] i32, [6] i32, [6, 16]
    ```
  }];
  let arguments = (ins Tensor:$target, Tensor:$value, Indices:$tokens,
                       Indices:$order);
  let assemblyFormat = "$target `[` $tokens `by` $order `]` `+` `` `=` $value "
      "attr-dict `` custom<TargetTypes>(type($target), type($tokens), "
      "type($order), type($value))";
}
def FillOp : Gpt_TensorOp<"fill", [Row]> {
  let summary = "a number in every element";
  let description = [{
    ```mlir
    %zero = gpt.fill 0 -> [8, 16] f32
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, AnyAttr:$value);
  let assemblyFormat = "custom<Infix>($vars, $value) attr-dict "
                       "`` custom<Types>(type($y))";
}
def NumbersOp : Gpt_TensorOp<"numbers", [Row]> {
  let summary = "numbers in a vector, each as often as it says";
  let description = [{
    What the matrices of a stack are scaled or shifted by, if each has its own.

    ```mlir
    %rates = gpt.numbers 2 x 0.5*%lr, 1 x %lr -> [3] f32
    ```

    With `ranks`, n elements are those that the rank has: rank r's are
    [r·n, (r + 1)·n) of all, the last number beyond their end.

    ```mlir
    %mine = gpt.numbers 2 x 0.5*%lr, 1 x %lr {ranks = 2 : i64} -> [2] f32
    ```

    Constraints: (C1) each number has a count, at least 1; (C2) together they
    are the elements of the vector, or no more than all ranks have.
  }];
  let arguments = (ins Variadic<F64>:$vars, DenseI64ArrayAttr:$counts,
                       ArrayAttr:$values, OptionalAttr<I64Attr>:$ranks);
  let assemblyFormat = "custom<Counted>($vars, $counts, $values) attr-dict "
                       "`` custom<Types>(type($y))";
}
def CycleOp : Gpt_TensorOp<"cycle", [Row]> {
  let summary = "the numbers in turn: element i of the flat tensor is the "
                "(i mod n)-th";
  let description = [{
    ```mlir
    %ab = gpt.cycle [5.000000e-01, 1.000000e+00] -> [11, 2] f32
    ```
  }];
  let arguments = (ins DenseF64ArrayAttr:$values);
  let assemblyFormat = "$values attr-dict `` custom<Types>(type($y))";
}
def RandomOp : Gpt_TensorOp<"random", [Row]> {
  let summary = "random numbers, a function of seed, stream and element alone";
  let description = [{
    "uniform": in [−scale, scale); "normal": mean 0, deviation `scale`. `stream`
    tells parameters apart; the seed is a number that the host gives. The same
    bits on every target.

    ```mlir
    %init = gpt.random "uniform" scale 5.000000e-01 stream 3 -> [8, 16]
    ```
  }];
  let arguments = (ins StrAttr:$distribution, F64Attr:$scale, I64Attr:$stream);
  let assemblyFormat = "$distribution `scale` $scale `stream` $stream attr-dict "
                       "`` custom<Types>(type($y))";
}
def SeedCotangentOp : Gpt_TensorOp<"seed_cotangent", [Row]> {
  let summary = "the cotangent of a micro-batch's loss: 1 / (micro-batches that "
                "the rank accumulates), a number that the host gives";
  let description = [{
    ```mlir
    %seed = gpt.seed_cotangent -> [] f32
    ```
  }];
  let arguments = (ins);
  let assemblyFormat = "attr-dict `` custom<Types>(type($y))";
}
def ElementOp : Gpt_Op<"element", [Pure]> {
  let summary = "one of a vector of numbers (rotary frequencies) as a number";
  let description = [{
    ```mlir
    %f = gpt.element %freqs[2] : tensor<4xf32>
    ```
  }];
  let arguments = (ins Tensor:$x, I64Attr:$index);
  let results = (outs F64:$y);
  let assemblyFormat = "$x `[` $index `]` attr-dict `:` type($x)";
}
def DotOp : Gpt_Binary<"dot", [Row]> {
  let summary = "Σ a ⊙ b over all elements, [] f32";
  let description = [{
    ```mlir
    %squares = gpt.dot %dw, %dw : [8, 16] f32, [8, 16] f32 -> [] f32
    ```

    Constraints: (C4) a and b have one shape.
  }];
  let extraClassDeclaration = sumOfRows;
}

#endif // GPTC_DIALECT_GPTSTEP_TD
