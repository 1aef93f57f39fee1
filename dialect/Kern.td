//===- Kern.td - the kern dialect: kernels over buffers -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERN_TD
#define GPTC_DIALECT_KERN_TD

include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kern_Dialect : Dialect {
  let name = "kern";
  let cppNamespace = "::gptc::kern";
  let summary = "kernels over buffers, the same for every target";
  let description = [{
    A *part* is an ordered list of kernels over buffers, destination-passing.
    Buffers are builtin memrefs, views of them strided memrefs; "rows" are the
    first dimension, "columns" all others together, and columns are contiguous
    (stride 1) in every view. A kernel that computes rows carries a *row
    program*: straight-line code over row values, `vector<N x f32>` whose N is
    the number of columns, in arith, math and the ops below; the row index is
    the block argument. One emitter a target gives the program its distribution
    (CPU: 16 lanes in a loop over columns).

    Sums have an order that no fusion and no tile changes: a row sum is taken
    over windows of 64 columns, then over the windows in order; a column sum
    over windows of 64 rows (`kern.partial`), then over the windows in order
    (`kern.finish`).
  }];
}

class Kern_Op<string name, list<Trait> traits = []>
    : Op<Kern_Dialect, name, traits>;

def Buffer : TypeAlias<AnyMemRef, "a buffer">;
def RowValue : AnyTypeOf<[VectorOfRankAndType<[1], [F32, I32, I1, F64]>],
                         "a row value">;
def RowF32 : AnyTypeOf<[VectorOfRankAndType<[1], [F32]>], "a row of f32">;

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def BufferOp : Kern_Op<"buffer", [Pure,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a buffer in the arena";
  let description = [{
    `kind`: "parameter", "derived", "gradient", "optimizer", "input", "output"
    (these stand in the model and live for the run) or "workspace" (these stand
    in a part and live in it). `of` names the parameter of a gradient or a
    state. `at` is the byte offset in the arena, from `plan-memory` on. The
    element type is the record's until `legalize-storage`, then as stored. A
    column-sum buffer has the unit attribute `partials`: [⌈rows/64⌉, n]. An
    input that something is looked up by has the attributes `below`, the least
    bound of its users, and `bound_by`, which user that is: the host refuses
    data beyond it.
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$kind, OptionalAttr<StrAttr>:$of,
                       OptionalAttr<I64Attr>:$at);
  let results = (outs Buffer:$y);
  let assemblyFormat = "$name $kind (`of` $of^)? (`at` $at^)? attr-dict `:` type($y)";
}
def ViewOp : Kern_Op<"view", [Pure]> {
  let summary = "other shape, strides or offset over the same buffer";
  let description = [{
    The result's strided layout counts elements from the buffer's first; views
    of views are folded, so `x` is a `kern.buffer`.
  }];
  let arguments = (ins Buffer:$x);
  let results = (outs Buffer:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
}
def PartOp : Kern_Op<"part", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "one part of the step: workspace buffers and kernels in order";
  let description = "`kind` and attributes as of `gpt.part`.";
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$kind);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name $kind attr-dict-with-keyword $body";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def RowsOp : Kern_Op<"rows", [SingleBlock, NoTerminator,
                              RecursiveMemoryEffects]> {
  let summary = "a row program for every row";
  let description = [{
    Runs the program for each row index in [0, rows), in any order; what it
    stores must not be loaded at another row by the same kernel.

    ```mlir
    kern.rows "relu2" 96 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
      %z = arith.constant dense<0.0> : vector<64xf32>
      %r = arith.maximumf %a, %z : vector<64xf32>
      %s = arith.mulf %r, %r : vector<64xf32>
      kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$rows);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name $rows attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}
def ContractOp : Kern_Op<"contract", [SingleBlock, NoTerminator]> {
  let summary = "a contraction with its epilogue";
  let description = [{
    product(m, n) = Σ_k a(m, k) b(n, k), summed in ascending k, f32. a is stored
    [M, K], or [K, M] with `transposed_a`; b is stored [N, K], or [K, N] with
    `transposed_b`. The region is the row program of row m of the product: its
    arguments are m and the product's row. What a family accepts in it
    (compiler/kernels/Accepts.h): at first elementwise ops, loads and stores at
    row m and the own column, scalars; every store is N columns wide.

    ```mlir
    kern.contract "linear" %x, %w m 96 n 64 k 32 : memref<…>, memref<…> {
    ^row(%m: index, %p: vector<64xf32>):
      kern.store %p, %y[%m] : vector<64xf32>, memref<96x64xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$a, Buffer:$b, I64Attr:$m,
                       I64Attr:$n, I64Attr:$k, UnitAttr:$transposedA,
                       UnitAttr:$transposedB);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{$name $a (`transposed_a` $transposedA^)? `,` $b
    (`transposed_b` $transposedB^)? `m` $m `n` $n `k` $k `:` type($a) `,` type($b)
    attr-dict-with-keyword $body}];
  let hasRegionVerifier = 1;
}
def AttentionOp : Kern_Op<"attention"> {
  let summary = "document-masked causal window attention, forward";
  let description = [{
    q, k, v, y are [S, heads·head] views (S sequence positions), lse is
    [S, heads] f32. `docs` is [T] i32; position s belongs to row s/group, and
    its document begins at group·docs[s/group]. window is a number in positions,
    scale a number.
  }];
  let arguments = (ins StrAttr:$name, Buffer:$q, Buffer:$k, Buffer:$v,
                       Buffer:$docs, Buffer:$y, Buffer:$lse, F64:$window,
                       F64:$scale, I64Attr:$heads, I64Attr:$head,
                       I64Attr:$group);
  let assemblyFormat = [{$name $q `,` $k `,` $v `documents` $docs `to` $y `,` $lse
    `window` $window `scale` $scale `heads` $heads `of` $head `group` $group attr-dict
    `:` type($q) `,` type($k) `,` type($v) `,` type($docs) `,` type($y) `,` type($lse)}];
}
def AttentionBackwardOp : Kern_Op<"attention_backward"> {
  let summary = "document-masked causal window attention, backward";
  let description = "As `attention`; dy, y, dq, dk, dv are shaped as q.";
  let arguments = (ins StrAttr:$name, Buffer:$dy, Buffer:$q, Buffer:$k,
                       Buffer:$v, Buffer:$y, Buffer:$lse, Buffer:$docs,
                       Buffer:$dq, Buffer:$dk, Buffer:$dv, F64:$window,
                       F64:$scale, I64Attr:$heads, I64Attr:$head,
                       I64Attr:$group);
  let assemblyFormat = [{$name $dy `,` $q `,` $k `,` $v `,` $y `,` $lse `documents` $docs
    `to` $dq `,` $dk `,` $dv `window` $window `scale` $scale `heads` $heads `of` $head `group` $group
    attr-dict `:` type($dy) `,` type($q) `,` type($k) `,` type($v) `,` type($y) `,` type($lse) `,`
    type($docs) `,` type($dq) `,` type($dk) `,` type($dv)}];
}
def SegmentsOp : Kern_Op<"segments"> {
  let summary = "target[tokens[t]] += value[t], ordered segments";
  let description = [{
    `order` lists the positions stably sorted by token: one run of equal tokens
    is one segment, summed in order, then added to its row of the target.
  }];
  let arguments = (ins StrAttr:$name, Buffer:$value, Buffer:$tokens,
                       Buffer:$order, Buffer:$target);
  let assemblyFormat = [{$name $value `at` $tokens `by` $order `to` $target attr-dict
    `:` type($value) `,` type($tokens) `,` type($order) `,` type($target)}];
}
def FinishOp : Kern_Op<"finish"> {
  let summary = "adds up column partials: target[j] (+)= Σ_b partials[b][j]";
  let description = [{
    In ascending b, in f64, rounded once; `accumulate` adds to what is there.
    The target's elements are counted flat.
  }];
  let arguments = (ins StrAttr:$name, Buffer:$partials, Buffer:$target,
                       UnitAttr:$accumulate);
  let assemblyFormat = [{$name $partials `to` $target (`accumulate` $accumulate^)? attr-dict
    `:` type($partials) `,` type($target)}];
}

//===----------------------------------------------------------------------===//
// Row programs: reads and writes
//===----------------------------------------------------------------------===//

def LoadOp : Kern_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "a row of a buffer as f32; zeros for a row index outside it";
  let description = [{
    The row is [%t] + `delta`, or any other index value (an embedding's), or 0
    without an index (a row that all rows share).
  }];
  let arguments = (ins Buffer:$buffer, Optional<Index>:$row,
                       DefaultValuedAttr<I64Attr, "0">:$delta);
  let results = (outs RowF32:$y);
  let assemblyFormat = [{$buffer `[` ($row^)? (`by` $delta^)? `]` attr-dict
    `:` type($buffer) `->` type($y)}];
  let hasVerifier = 1;
}
def LoadIndexOp : Kern_Op<"load_index", [MemoryEffects<[MemRead]>]> {
  let summary = "element t + delta of an i32 vector as an index; −1 outside it";
  let arguments = (ins Buffer:$buffer, Index:$row,
                       DefaultValuedAttr<I64Attr, "0">:$delta);
  let results = (outs Index:$y);
  let assemblyFormat =
      "$buffer `[` $row (`by` $delta^)? `]` attr-dict `:` type($buffer)";
}
def StoreOp : Kern_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "a row value to row t of a buffer, rounded to its type";
  let arguments = (ins RowF32:$value, Buffer:$buffer, Index:$row);
  let assemblyFormat = "$value `,` $buffer `[` $row `]` attr-dict "
                       "`:` type($value) `,` type($buffer)";
  let hasVerifier = 1;
}
def PartialOp : Kern_Op<"partial", [MemoryEffects<[MemWrite]>]> {
  let summary = "adds the row value into its window of 64 rows: partials[t/64]";
  let description = [{
    The kernel itself clears the window's partial first; rows are added in
    ascending order, in f32. `partials` is [⌈rows/64⌉, N] f32.
  }];
  let arguments = (ins RowF32:$value, Buffer:$partials, Index:$row);
  let assemblyFormat = "$value `,` $partials `[` $row `]` attr-dict "
                       "`:` type($value) `,` type($partials)";
}
def NumberOp : Kern_Op<"number", [Pure]> {
  let summary = "a number of the step as a row of one column";
  let arguments = (ins F64:$number);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$number attr-dict `:` type($y)";
}
def HostNumberOp : Kern_Op<"host_number", [Pure]> {
  let summary = "a number that the host gives at run time";
  let description = [{
    "micro_batches": how many micro-batches the rank accumulates a step; "seed".
    Stands in the model beside schedules.
  }];
  let arguments = (ins StrAttr:$which);
  let results = (outs F64:$y);
  let assemblyFormat = "$which attr-dict";
}

//===----------------------------------------------------------------------===//
// Row programs: columns
//===----------------------------------------------------------------------===//

def ReduceOp : Kern_Op<"reduce", [Pure]> {
  let summary = "sum or maximum over equal groups of columns: N → groups";
  let description = "`how` is \"add\" or \"max\". Column j is in group j/(N/groups).";
  let arguments = (ins StrAttr:$how, RowF32:$x);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$how $x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def SpreadOp : Kern_Op<"spread", [Pure]> {
  let summary = "repeats each column: result column j is column j/(N/n) of x";
  let arguments = (ins RowF32:$x);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def IotaOp : Kern_Op<"iota", [Pure]> {
  let summary = "the column number j";
  let results = (outs VectorOfRankAndType<[1], [I32]>:$y);
  let assemblyFormat = "attr-dict `:` type($y)";
}
def ColumnIsOp : Kern_Op<"column_is", [Pure]> {
  let summary = "1 where the column number j is the index";
  let arguments = (ins VectorOfRankAndType<[1], [I32]>:$j, Index:$index);
  let results = (outs VectorOfRankAndType<[1], [I1]>:$y);
  let assemblyFormat = "$j `,` $index attr-dict `:` type($j) `->` type($y)";
}
def RowIndexOp : Kern_Op<"row_index", [Pure]> {
  let summary = "an index as a row of one i32 column (−1 stays −1)";
  let arguments = (ins Index:$row);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$y);
  let assemblyFormat = "$row attr-dict `:` type($y)";
}
def SliceOp : Kern_Op<"slice", [Pure]> {
  let summary = "columns [at, at + n) of x";
  let arguments = (ins RowF32:$x, I64Attr:$at);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `at` $at attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def PadOp : Kern_Op<"pad", [Pure]> {
  let summary = "x at columns [at, at + n) of a row of zeros";
  let arguments = (ins RowF32:$x, I64Attr:$at);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `at` $at attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def ConcatOp : Kern_Op<"concat", [Pure]> {
  let summary = "the columns of row values beside each other";
  let arguments = (ins Variadic<RowF32>:$parts);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `->` type($y)";
}
def PickOp : Kern_Op<"pick", [Pure]> {
  let summary = "one column of x, named by an index; 0 if it is outside";
  let arguments = (ins RowF32:$x, Index:$column);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `[` $column `]` attr-dict `:` type($x) `->` type($y)";
}
def RotateOp : Kern_Op<"rotate", [Pure, AllTypesMatch<["x", "y"]>,
                                  AllTypesMatch<["cos", "sin"]>]> {
  let summary = "turns the pairs of each head of `head` columns";
  let description = [{
    Pair e of head m has the columns (e, e + head/2), or (2e, 2e + 1) with
    `neighbours`; cos and sin are [group·head/2] rows, and head m reads column
    (m mod group)·head/2 + e. (a, b) → (a cos + b sin, b cos − a sin); with
    `inverse` sin changes its sign.
  }];
  let arguments = (ins RowF32:$x, RowF32:$cos, RowF32:$sin, I64Attr:$head,
                       I64Attr:$group, UnitAttr:$neighbours, UnitAttr:$inverse);
  let results = (outs RowF32:$y);
  let assemblyFormat = [{$x `by` $cos `,` $sin `head` $head `group` $group
    (`neighbours` $neighbours^)? (`inverse` $inverse^)? attr-dict `:` type($x) `,` type($cos)}];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$cos,
      "::mlir::Value":$sin, "int64_t":$head, "int64_t":$group,
      "bool":$neighbours, "bool":$inverse)>];
}
def MatvecOp : Kern_Op<"matvec", [Pure]> {
  let summary = "a small matrix times a row: y_g = Σ_c w[g, c] x_c";
  let description = [{
    w is a row value [G·n] (a shared load), x is [n] → [G]; with `transposed`
    x is [G] → [n]: y_c = Σ_g w[g, c] x_g. Sums ascend.
  }];
  let arguments = (ins RowF32:$w, RowF32:$x, UnitAttr:$transposed);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$w `,` $x (`transposed` $transposed^)? attr-dict "
                       "`:` type($w) `,` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def OuterOp : Kern_Op<"outer", [Pure]> {
  let summary = "the outer product of two short rows: column g·n + c is a_g b_c";
  let arguments = (ins RowF32:$a, RowF32:$b);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a) `,` type($b) `->` type($y)";
}
def RoundOp : Kern_Op<"round", [Pure, AllTypesMatch<["x", "y"]>]> {
  let summary = "to the nearest value of a smaller format, ties to even, "
                "saturating: \"e4m3\", \"e5m2\", \"bf16\"";
  let arguments = (ins RowF32:$x, StrAttr:$grid);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `to` $grid attr-dict `:` type($x)";
}
def AnglesOp : Kern_Op<"angles", [Pure]> {
  let summary = "cos and sin of (group·t + g)·freqs[e] at column g·half + e";
  let description = [{
    Angles and their functions in f64, results f32; columns with e beyond the
    frequencies give 1 and 0. `freqs` are the numbers of the step, one a
    frequency.
  }];
  let arguments = (ins Variadic<F64>:$freqs, Index:$row, I64Attr:$half,
                       I64Attr:$group);
  let results = (outs RowF32:$cos, RowF32:$sin);
  let assemblyFormat = "`(` $freqs `)` `at` $row `half` $half `group` $group "
                       "attr-dict `:` type($cos) `,` type($sin)";
}
def RandomOp : Kern_Op<"random", [Pure]> {
  let summary = "uniform in [0, 1) from (seed, stream, draw, row·N + j)";
  let description = [{
    A counter hashed by 32-bit integer arithmetic, the upper 24 bits taken: the
    same bits on every target. `draw` tells several numbers of one element
    apart.
  }];
  let arguments = (ins F64:$seed, Index:$row, I64Attr:$stream, I64Attr:$draw);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$seed `at` $row `stream` $stream `draw` $draw attr-dict "
                       "`:` type($y)";
}

#endif // GPTC_DIALECT_KERN_TD
