//===- KernRow.td - the ops of row programs ------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNROW_TD
#define GPTC_DIALECT_KERNROW_TD

include "KernBase.td"

//===----------------------------------------------------------------------===//
// Row programs: reads and writes
//===----------------------------------------------------------------------===//

def LoadOp : Kern_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "a row of a buffer as f32; zeros for a row index outside it";
  let description = [{
    The row is [%t] + `delta`, or any other index value (an embedding's), or 0
    without an index (a row that all rows share).

    Errors: (L1) y has as many columns as the buffer; (L2) elements are floats of at
    most 32 bits: a row of f64 or i32 is none of f32.

    ```mlir
    %a = kern.load %x[%t] : memref<96x64xf32> -> vector<64xf32>
    %before = kern.load %x[%t by -1] : memref<96x64xf32> -> vector<64xf32>
    %e = kern.load %table[%i] : memref<256x64xbf16> -> vector<64xf32>
    %shared = kern.load %gain[] : memref<1x64xf32> -> vector<64xf32>
    ```
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
  let description = [{
    The buffer is [T] i32: tokens, targets, where documents begin. `kern.load` of
    row −1 gives zeros, `kern.pick` of column −1 zero.

    ```mlir
    %i = kern.load_index %tokens[%t by 1] : memref<96xi32>
    ```
  }];
  let arguments = (ins Buffer:$buffer, Index:$row,
                       DefaultValuedAttr<I64Attr, "0">:$delta);
  let results = (outs Index:$y);
  let assemblyFormat =
      "$buffer `[` $row (`by` $delta^)? `]` attr-dict `:` type($buffer)";
}
def StoreOp : Kern_Op<"store", [MemoryEffects<[MemWrite]>]> {
  let summary = "a row value to row t of a buffer, rounded to its type";
  let description = [{
    The value is f32; it is rounded to nearest, ties to even, once.

    Errors: (L1) it has as many columns as the buffer; (L2) elements are floats.

    ```mlir
    kern.store %s, %y[%t] : vector<64xf32>, memref<96x64xf32>
    ```
  }];
  let arguments = (ins RowF32:$value, Buffer:$buffer, Index:$row);
  let assemblyFormat = "$value `,` $buffer `[` $row `]` attr-dict "
                       "`:` type($value) `,` type($buffer)";
  let hasVerifier = 1;
}
def PartialOp : Kern_Op<"partial", [MemoryEffects<[MemWrite]>]> {
  let summary = "adds the row value into its window of 64 rows: partials[t/64]";
  let description = [{
    The kernel itself clears the window's partial first; rows are added in
    ascending order, in f32. `partials` is [⌈rows/64⌉, N] f32, and has the
    attribute of that name; `kern.finish` adds up its rows.

    ```mlir
    kern.partial %b6, %sums[%t] : vector<64xf32>, memref<2x64xf32>
    ```
  }];
  let arguments = (ins RowF32:$value, Buffer:$partials, Index:$row);
  let assemblyFormat = "$value `,` $partials `[` $row `]` attr-dict "
                       "`:` type($value) `,` type($partials)";
}
def NumberOp : Kern_Op<"number", [Pure]> {
  let summary = "a number of the step as a row of one column";
  let description = [{
    The number is a float64 of the number table, or of the host; y is [1], rounded
    to f32. All rows have the same.

    ```mlir
    %n = kern.number %lr : vector<1xf32>
    ```
  }];
  let arguments = (ins F64:$number);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$number attr-dict `:` type($y)";
}
def HostNumberOp : Kern_Op<"host_number", [Pure]> {
  let summary = "a number that the host gives at run time";
  let description = [{
    "micro_batches": how many micro-batches the rank accumulates a step; "seed":
    the run's, a whole number; "rank": which of the ranks it is, from 0. Stands in the model beside schedules.

    ```mlir
    %seed = kern.host_number "seed"
    ```
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
  let description = [{
    x is [N], y is [groups]; column j is in group j/(N/groups). A sum is taken over
    windows of 64 columns, then over the windows in order, in f32.

    Errors: (D1) `how` is "add" or "max"; (D2) groups divides N.

    ```mlir
    %sum = kern.reduce "add" %a : vector<64xf32> -> vector<4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$how, RowF32:$x);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$how $x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def SpreadOp : Kern_Op<"spread", [Pure]> {
  let summary = "repeats each column: result column j is column j/(N/n) of x";
  let description = [{
    x is [n], y is [N]: a number a head becomes a number a column of its head.

    Errors: (S1) n divides N.

    ```mlir
    %heads = kern.spread %sum : vector<4xf32> -> vector<64xf32>
    ```
  }];
  let arguments = (ins RowF32:$x);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def IotaOp : Kern_Op<"iota", [Pure]> {
  let summary = "the column number j";
  let description = [{
    y is [N] i32, from 0.

    ```mlir
    %j = kern.iota : vector<64xi32>
    ```
  }];
  let results = (outs VectorOfRankAndType<[1], [I32]>:$y);
  let assemblyFormat = "attr-dict `:` type($y)";
}
def ColumnIsOp : Kern_Op<"column_is", [Pure]> {
  let summary = "1 where the column number j is the index";
  let description = [{
    j is the `kern.iota` of N columns, y is [N] i1. An index of −1 is no column's.

    ```mlir
    %hit = kern.column_is %j, %i : vector<64xi32> -> vector<64xi1>
    ```
  }];
  let arguments = (ins VectorOfRankAndType<[1], [I32]>:$j, Index:$index);
  let results = (outs VectorOfRankAndType<[1], [I1]>:$y);
  let assemblyFormat = "$j `,` $index attr-dict `:` type($j) `->` type($y)";
}
def RowIndexOp : Kern_Op<"row_index", [Pure]> {
  let summary = "an index as a row of one i32 column (−1 stays −1)";
  let description = [{
    So that a program can compare it: whether a target exists, for example.

    ```mlir
    %one = kern.row_index %i : vector<1xi32>
    ```
  }];
  let arguments = (ins Index:$row);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$y);
  let assemblyFormat = "$row attr-dict `:` type($y)";
}
def SliceOp : Kern_Op<"slice", [Pure]> {
  let summary = "columns [at, at + n) of x";
  let description = [{
    x is [N], y is [n]; `at` is a column, from 0.

    Errors: (W1) at + n ≤ N.

    ```mlir
    %cut = kern.slice %a at 6 : vector<64xf32> -> vector<16xf32>
    ```
  }];
  let arguments = (ins RowF32:$x, I64Attr:$at);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `at` $at attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def PadOp : Kern_Op<"pad", [Pure]> {
  let summary = "x at columns [at, at + n) of a row of zeros";
  let description = [{
    x is [n], y is [N]; `at` is a column, from 0: the transpose of `kern.slice`.

    Errors: (W1) at + n ≤ N.

    ```mlir
    %wide = kern.pad %cut at 6 : vector<16xf32> -> vector<64xf32>
    ```
  }];
  let arguments = (ins RowF32:$x, I64Attr:$at);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$x `at` $at attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def ConcatOp : Kern_Op<"concat", [Pure]> {
  let summary = "the columns of row values beside each other";
  let description = [{
    y has the columns of all parts together, in their order.

    ```mlir
    %all = kern.concat %cut, %back, %cut, %back : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32> -> vector<64xf32>
    ```
  }];
  let arguments = (ins Variadic<RowF32>:$parts);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `->` type($y)";
}
def PickOp : Kern_Op<"pick", [Pure]> {
  let summary = "one column of x, named by an index; 0 if it is outside";
  let description = [{
    x is [N], y is [1].

    ```mlir
    %at = kern.pick %a[%i] : vector<64xf32> -> vector<1xf32>
    ```
  }];
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
    `inverse` sin changes its sign. y has the type of x.

    ```mlir
    %turned = kern.rotate %all by %cos, %sin head 16 group 1 : vector<64xf32>, vector<8xf32>
    ```
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

    Errors: (M1) w has as many elements as x and y have columns, multiplied.

    ```mlir
    %four = kern.matvec %shared, %cut : vector<64xf32>, vector<16xf32> -> vector<4xf32>
    %back = kern.matvec %shared, %four transposed : vector<64xf32>, vector<4xf32> -> vector<16xf32>
    ```
  }];
  let arguments = (ins RowF32:$w, RowF32:$x, UnitAttr:$transposed);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$w `,` $x (`transposed` $transposed^)? attr-dict "
                       "`:` type($w) `,` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def OuterOp : Kern_Op<"outer", [Pure]> {
  let summary = "the outer product of two short rows: column g·n + c is a_g b_c";
  let description = [{
    a is [G], b is [n], y is [G·n]: a row's share of the gradient of a small weight.

    ```mlir
    %outer = kern.outer %four, %back : vector<4xf32>, vector<16xf32> -> vector<64xf32>
    ```
  }];
  let arguments = (ins RowF32:$a, RowF32:$b);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a) `,` type($b) `->` type($y)";
}
def RoundOp : Kern_Op<"round", [Pure, AllTypesMatch<["x", "y"]>]> {
  let summary = "to the nearest value of a smaller format, ties to even: "
                "\"e4m3\", \"e5m2\", \"bf16\", or toward zero: \"bf16_truncated\"";
  let description = [{
    x and y are f32 of one width. The grids of FP8 saturate, at ±448 (e4m3) and
    ±57344 (e5m2); bf16 has the range of f32. Toward zero, f32 is cut after its
    upper half, so that x is y and the 16 bits below. With `stored` it rounds where the
    target stores the format, and else gives x: `legalize-storage` decides.

    ```mlir
    %grid = kern.round %turned to "e4m3" : vector<64xf32>
    %kept = kern.round %turned to "bf16" stored : vector<64xf32>
    ```
  }];
  let arguments = (ins RowF32:$x, StrAttr:$grid, UnitAttr:$stored);
  let results = (outs RowF32:$y);
  let assemblyFormat =
      "$x `to` $grid (`stored` $stored^)? attr-dict `:` type($x)";
}
def AnglesOp : Kern_Op<"angles", [Pure]> {
  let summary = "cos and sin of (group·t + g)·freqs[e] at column g·half + e";
  let description = [{
    Angles, in radians, are f32 products of f32 numbers, and their functions are
    computed in f64, results f32, [group·half]; columns with e beyond the
    frequencies give 1 and 0. `freqs` are the numbers of the step, one a
    frequency.

    ```mlir
    %cos, %sin = kern.angles (%f0, %f1) at %t half 8 group 1 : vector<8xf32>, vector<8xf32>
    ```
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
    same bits on every target. `stream` tells tensors apart, `draw` several numbers
    of one element; N is the number of columns of y.

    ```mlir
    %random = kern.random %seed at %t stream 3 draw 0 : vector<64xf32>
    ```
  }];
  let arguments = (ins F64:$seed, Index:$row, I64Attr:$stream, I64Attr:$draw);
  let results = (outs RowF32:$y);
  let assemblyFormat = "$seed `at` $row `stream` $stream `draw` $draw attr-dict "
                       "`:` type($y)";
}

#endif // GPTC_DIALECT_KERNROW_TD
