//===- KernKernels.td - parts, buffers and kernels -----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNKERNELS_TD
#define GPTC_DIALECT_KERNKERNELS_TD

include "KernBase.td"

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def BufferOp : Kern_Op<"buffer", [Pure,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a buffer in the arena";
  let description = [{
    `kind`: "parameter", "derived", "gradient", "optimizer", "input", "output",
    "share" (these stand in the model and live for the run) or "workspace" (these
    stand in a part and live in it). `of` names the parameter of a gradient or a
    state. `ranks`, `whole` and `room` are as of `gpt.state`. A share of a gradient
    that has the unit attribute `in_place` is, as one of a parameter, the rank's
    range of the gradient itself: of its mean. `at` is the byte offset in the arena, from `plan-memory` on. The
    element type is the record's until `legalize-storage`, then as stored. A
    column-sum buffer has the unit attribute `partials`: [⌈rows/64⌉, n]. An
    input says by the attribute `feed` what the host fills it with, in the words
    of `gpt.input`, where its name does not. One that something is looked up by
    has the attributes `below`, the least
    bound of its users, and `bound_by`, which user that is: the host refuses
    data beyond it. `members` are the names of the equal parts, one after the
    other, as which files and reports know a buffer; of a state they belong to the
    members of its parameter in their order.

    Errors: (B1) the rows divide into the members.

    ```mlir
    %w = kern.buffer "w" "parameter" : memref<64x32xbf16>
    %w_gradient = kern.buffer "w_gradient" "gradient" of "w" : memref<64x32xf32>
    %tokens = kern.buffer "tokens" "input" {below = 256 : i64, bound_by = "the rows of 'table'"} : memref<96xi32>
    %sums = kern.buffer "sums" "workspace" {partials} : memref<2x64xf32>
    %bank = kern.buffer "bank" "parameter" members ["bank.0", "bank.1"] : memref<64x32xbf16>
    %w_of_2 = kern.buffer "w_of_2" "share" of "w" {ranks = 2 : i64, whole = "parameter"} : memref<32x32xbf16>
    ```
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$kind, OptionalAttr<StrAttr>:$of,
                       OptionalAttr<I64Attr>:$at,
                       OptionalAttr<StrArrayAttr>:$members);
  let results = (outs Buffer:$y);
  let assemblyFormat = [{$name $kind (`of` $of^)? (`members` $members^)? (`at` $at^)?
    attr-dict `:` type($y)}];
  let hasVerifier = 1;
}
def ViewOp : Kern_Op<"view", [Pure]> {
  let summary = "other shape, strides or offset over the same buffer";
  let description = [{
    The result's strided layout counts elements, not bytes, from the buffer's
    first. No kernel runs for it.

    Errors: (V1) `x` is a `kern.buffer`, for views of views are folded; (V2) the
    element type is the buffer's; (V3) the columns of a row are contiguous, only
    rows may lie apart; (V4) no element lies outside the buffer.

    ```mlir
    %right = kern.view %x : memref<96x64xf32> to memref<96x32xf32, strided<[64, 1], offset: 32>>
    ```
  }];
  let arguments = (ins Buffer:$x);
  let results = (outs Buffer:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasVerifier = 1;
}
def PartOp : Kern_Op<"part", [SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "one part of the step: workspace buffers and kernels in order";
  let description = [{
    `kind` and attributes as of `gpt.part`; kernels run in the order in which they
    stand. Workspace buffers are declared inside and hold nothing when the part
    begins.

    ```mlir
    kern.part @micro_0 "micro" attributes {steps = array<i64: 0, 9>} {
      %x = kern.buffer "x" "workspace" : memref<96x64xf32>
    }
    ```
  }];
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
    stores must not be loaded at another row by the same kernel (`verify-kernels`).

    Errors: (R1) the program's one argument is the row index.

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
    `transposed_b`. With `batch` B there are B products: a and b are their
    operands one below the other, [B·M, K] and so on, and the product's rows are
    those of all, row t = B's number · M + m. The region is the row program of row
    t of the product: its arguments are t and the product's row. What a family
    accepts in it (compiler/kernels/Accepts.h): elementwise ops, loads and stores at
    row t and the own column, scalars, and sums over each 64 columns; every store is
    N columns wide, or has the sums.
    `pieces` is room for sums over a part of k that one block leaves for another
    (`split-sums`): 128 rows a block, as wide as a tile of the product; what it
    holds afterwards is of no use.
    `symmetric` says that each matrix which the region stores is its own
    transposed (`mark-symmetric`): element (j, i) may be stored as (i, j) is.
    `promotion` says how many codes of FP8 tensor cores may add up before f32
    takes the sum (`promote-sums`); a target chooses where it is not given.

    Errors: (C1) the program's arguments are an index and a vector of N f32; (C2)
    a and b have the sizes m, n and k, and batch times the rows; (C3) pieces are
    all of a buffer of f32; (C4) what is symmetric is a product of a matrix with
    itself without pieces, whose program has tiles at its own row, numbers and
    elementwise ops alone; (C5) promotion is 64, 128 or 256, and of codes of FP8.

    ```mlir
    kern.contract "linear" %y, %w transposed_b m 96 n 32 k 64 : memref<96x64xf32>, memref<64x32xbf16> {
    ^row(%m: index, %p: vector<32xf32>):
      kern.store %p, %h[%m] : vector<32xf32>, memref<96x32xbf16>
    }
    kern.contract "pairs" %x, %y batch 2 m 48 n 48 k 64 : memref<96x64xf32>, memref<96x64xf32> {
    ^row(%t: index, %p: vector<48xf32>):
      kern.store %p, %pairs[%t] : vector<48xf32>, memref<96x48xf32>
    }
    kern.contract "squares" %x, %x batch 2 m 48 n 48 k 64 symmetric : memref<96x64xf32>, memref<96x64xf32> {
    ^row(%t: index, %p: vector<48xf32>):
      kern.store %p, %pairs[%t] : vector<48xf32>, memref<96x48xf32>
    }
    kern.contract "codes" %codes, %codes m 96 n 96 k 64 promotion 64 : memref<96x64xf8E5M2>, memref<96x64xf8E5M2> {
    ^row(%t: index, %p: vector<96xf32>):
      kern.store %p, %squares[%t] : vector<96xf32>, memref<96x96xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$a, Buffer:$b, I64Attr:$m,
                       I64Attr:$n, I64Attr:$k, UnitAttr:$transposedA,
                       UnitAttr:$transposedB,
                       DefaultValuedAttr<I64Attr, "1">:$batch,
                       Optional<Buffer>:$pieces, UnitAttr:$symmetric,
                       OptionalAttr<I64Attr>:$promotion);
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// Of all products together.
    int64_t getRows() { return getBatch() * getM(); }
    /// Whether each product is of a matrix and itself, x xᵀ or xᵀ x.
    bool isOfItself();
    /// Why the program's values need not be symmetric where the product and the
    /// tiles that it loads are; empty if they are.
    std::string whyNotSymmetric();
  }];
  let assemblyFormat = [{$name $a (`transposed_a` $transposedA^)? `,` $b
    (`transposed_b` $transposedB^)? (`batch` $batch^)? `m` $m `n` $n `k` $k (`symmetric` $symmetric^)? (`promotion` $promotion^)? `:` type($a) `,` type($b)
    (`pieces` $pieces^ `:` type($pieces))? attr-dict-with-keyword $body}];
  let hasRegionVerifier = 1;
}
def TransposeOp : Kern_Op<"transpose"> {
  let summary = "y(n, m) = x(m, n)";
  let description = [{
    x is [M, N], y [N, M]. With `batch` B there are B matrices, one below the
    other: x is [B·M, N], y [B·N, M].

    Errors: (T1) x and y have the sizes m and n, and batch times the rows.

    ```mlir
    kern.transpose "transpose" %x to %tall batch 4 m 24 n 64 : memref<96x64xf32>, memref<256x24xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$x, Buffer:$y, I64Attr:$m,
                       I64Attr:$n, DefaultValuedAttr<I64Attr, "1">:$batch);
  let assemblyFormat = [{$name $x `to` $y (`batch` $batch^)? `m` $m `n` $n `:`
    type($x) `,` type($y) attr-dict}];
  let hasVerifier = 1;
}
def AttentionOp : Kern_Op<"attention"> {
  let summary = "document-masked causal window attention, forward";
  let description = [{
    q, k, v, y are [S, heads·head] views (S sequence positions), lse, each query's
    log-sum-exp, is [S, heads] f32. `docs` is [T] i32; position s belongs to row
    s/group, and its document begins at group·docs[s/group]. Key j is visible to
    query i iff max(i − window, the begin of i's document) ≤ j ≤ i; window, a
    number of the step, counts positions, and its fraction is dropped; scale is a
    number of the step. `head` columns make a head. No q·k is beyond `bound`, if
    there is one. y is multiplied by `gates`, shaped as lse, where they are given.

    ```mlir
    kern.attention "heads" %x, %x, %v documents %docs to %y, %lse window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96xi32>, memref<96x64xf32>, memref<96x4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$q, Buffer:$k, Buffer:$v,
                       Buffer:$docs, Buffer:$y, Buffer:$lse, F64:$window,
                       F64:$scale, I64Attr:$heads, I64Attr:$head,
                       I64Attr:$group, OptionalAttr<I64Attr>:$bound,
                       Optional<Buffer>:$gates);
  let assemblyFormat = [{$name $q `,` $k `,` $v `documents` $docs `to` $y `,` $lse
    `window` $window `scale` $scale `heads` $heads `of` $head `group` $group
    (`bound` $bound^)? (`gates` $gates^)? attr-dict
    `:` type($q) `,` type($k) `,` type($v) `,` type($docs) `,` type($y) `,` type($lse) (`,` type($gates)^)?}];
}
def AttentionBackwardOp : Kern_Op<"attention_backward", [SingleBlock, NoTerminator]> {
  let summary = "document-masked causal window attention, backward";
  let description = [{
    As `attention`, whose lse it reads; delta, shaped as lse, is each query's dy·y;
    dy, dq, dk, dv are shaped as q. dq, dk and dv are overwritten.

    If there is a region, it is the row program of row t of the three gradients: its
    arguments are t and the rows. What it does not store is not kept: dq, dk and dv are then
    room that the gradients may take on their way, and hold what the program stores there.
    What stands in it (compiler/kernels/Accepts.h) needs of a row one head, and what it stores
    is made of dq alone, or of dk alone, or of dv alone (`fuse-attention`).

    Errors: (A1) the program's arguments are an index and three vectors of as many f32 as
    the heads have columns.

    ```mlir
    kern.attention_backward "heads" %dx, %x, %x, %v, %lse, %delta documents %docs to %dq, %dk, %dv window %window scale %heat heads 4 of 16 group 1
      : memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x4xf32>, memref<96x4xf32>, memref<96xi32>, memref<96x64xf32>, memref<96x64xf32>, memref<96x64xf32>
    kern.attention_backward "halves" %head, %head, %head, %head, %lse1, %lse1 documents %docs to %room, %dhead, %dhead window %window scale %heat heads 1 of 64 group 1
      : memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x1xf32>, memref<96x1xf32>, memref<96xi32>, memref<96x64xbf16>, memref<96x64xbf16>, memref<96x64xbf16> program {
    ^row(%t: index, %gradient: vector<64xf32>, %of_keys: vector<64xf32>, %of_values: vector<64xf32>):
      %half = arith.constant dense<0.5> : vector<64xf32>
      %less = arith.mulf %gradient, %half : vector<64xf32>
      kern.store %less, %dhead[%t] : vector<64xf32>, memref<96x64xbf16>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$dy, Buffer:$q, Buffer:$k,
                       Buffer:$v, Buffer:$lse, Buffer:$delta, Buffer:$docs,
                       Buffer:$dq, Buffer:$dk, Buffer:$dv, F64:$window,
                       F64:$scale, I64Attr:$heads, I64Attr:$head,
                       I64Attr:$group);
  let regions = (region AnyRegion:$body);
  let extraClassDeclaration = [{
    /// The row program of the gradients; null if they are stored as they are.
    ::mlir::Block *getProgram() {
      return getBody().empty() ? nullptr : &getBody().front();
    }
  }];
  let assemblyFormat = [{$name $dy `,` $q `,` $k `,` $v `,` $lse `,` $delta `documents` $docs
    `to` $dq `,` $dk `,` $dv `window` $window `scale` $scale `heads` $heads `of` $head `group` $group
    attr-dict `:` type($dy) `,` type($q) `,` type($k) `,` type($v) `,` type($lse) `,` type($delta) `,`
    type($docs) `,` type($dq) `,` type($dk) `,` type($dv) (`program` $body^)?}];
  let hasRegionVerifier = 1;
}
def SegmentsOp : Kern_Op<"segments"> {
  let summary = "target[tokens[t]] += value[t], ordered segments";
  let description = [{
    value is [T, D], tokens and order are [T] i32, target is [V, D] f32, tokens
    below V. `order` lists the positions stably sorted by token: one run of equal
    tokens is one segment. Windows of 64 positions of the order cut it into
    pieces, each of which is summed in order. The first piece of a segment is
    added to its row of the target; the others begin where a window does, and are
    left in the window's row of pieces, [⌈T/64⌉, D] f32, for `finish_segments`.

    ```mlir
    kern.segments "embed" %dx at %tokens by %order to %table_gradient, %sums : memref<96x64xf32>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>, memref<2x64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$value, Buffer:$tokens,
                       Buffer:$order, Buffer:$target, Buffer:$pieces);
  let assemblyFormat = [{$name $value `at` $tokens `by` $order `to` $target `,` $pieces attr-dict
    `:` type($value) `,` type($tokens) `,` type($order) `,` type($target) `,` type($pieces)}];
}
def FinishSegmentsOp : Kern_Op<"finish_segments"> {
  let summary = "adds the further pieces of ordered segments to their rows";
  let description = [{
    Of what `segments` left: the pieces of a segment are added to its row of the
    target one after the other, in order.

    ```mlir
    kern.finish_segments "rest" %sums at %tokens by %order to %table_gradient : memref<2x64xf32>, memref<96xi32>, memref<96xi32>, memref<256x64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Buffer:$pieces, Buffer:$tokens,
                       Buffer:$order, Buffer:$target);
  let assemblyFormat = [{$name $pieces `at` $tokens `by` $order `to` $target attr-dict
    `:` type($pieces) `,` type($tokens) `,` type($order) `,` type($target)}];
}
def FinishOp : Kern_Op<"finish", [SameVariadicOperandSize]> {
  let summary = "adds up column partials: target[j] (+)= Σ_b partials[b][j]";
  let description = [{
    In ascending b, in f64, rounded once to the target's type; `accumulate` adds to
    what is there. partials is [⌈rows/64⌉, n] f32. The target's n elements are
    counted flat: its rows must not lie apart (`verify-kernels`).

    One kernel can finish several sums, each partials' into the target at its
    place; the targets are stored as one type, and no two of them overlap.

    ```mlir
    kern.finish "sum" %losses to %loss accumulate : memref<2x1xf32> to memref<f64>
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<Buffer>:$partials,
                       Variadic<Buffer>:$targets, UnitAttr:$accumulate);
  let assemblyFormat = [{$name $partials `to` $targets (`accumulate` $accumulate^)? attr-dict
    `:` type($partials) `to` type($targets)}];
  let hasVerifier = 1;
}

#endif // GPTC_DIALECT_KERNKERNELS_TD
