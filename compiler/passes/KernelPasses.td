//===- KernelPasses.td - the passes on kernels ----------------------------===//
//
// Part of gptc, under the MIT License.
//
// Of Passes.td, which includes it: what runs on kernels over buffers.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_KERNELPASSES_TD
#define GPTC_COMPILER_PASSES_KERNELPASSES_TD

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def RecomputeRows : Pass<"recompute-rows"> {
  let summary = "computes rows where they are read, if that reads less";
  let description = [{
    Idea: a row that a few operations make of rows which are there anyway (a
    scaled residual, a gathered embedding) is not stored and read again. A
    `kern.rows` that stores one row of the workspace, and whose readers are all
    row programs over the same rows that load their own row of it, goes into
    these, if they then read less than is stored and read of it now, in bits of
    each row. What is dear to compute (a function, a product with a matrix) goes
    into one reader, not into several; sums over a row into none. What the
    program loads must stay as it is until the last reader has run.

    Numerics: exact where buffers store f32; where a target stores less, a value
    that stays in registers skips one rounding. Remarks: each reader that
    computes a row, and each row of which this could be asked and that is
    stored, with the reason. Test: test/passes/recompute-rows.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}
def RecomputeNeighbours : Pass<"recompute-neighbours"> {
  let summary = "computes rows again that are made of neighbouring rows";
  let description = [{
    Idea: a row that is made of itself and the row before or behind it, a smear,
    is not stored for the backward pass and read again there. It goes into its
    readers as `recompute-rows` has it, with two costs of its own: what has up to
    32 columns, as a gate has, is cheap whatever it is, also for several readers;
    and a load of a neighbour's row costs nothing where the row itself is loaded,
    for the program of that row has it under way.

    Numerics: exact where buffers store f32; where a target stores less, a value
    that stays in registers skips one rounding: a norm's backward is given what
    its forward had. Remarks: each reader that computes such a row, and each that
    is stored, with the reason. Test: test/passes/recompute-neighbours.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}
def FuseAttention : Pass<"fuse-attention"> {
  let summary = "moves row kernels into the attention whose gradients they read";
  let description = [{
    Idea: what is computed head by head of a gradient that attention stores (a
    rotation, the norm of queries or keys, a gate's factor) is computed while the
    head is still in registers. A `kern.rows` moves into the region of a
    `kern.attention_backward` whose stored row it loads if all ops keep to a head
    (compiler/kernels/Accepts.h), what it loads is made of one gradient and
    nobody else reads it, the only conflicts are at equal rows, no third kernel has
    to run between them, and at most one whole row is read beside a gradient. A
    chain moves op by op: this pass runs before `form-row-kernels`. For the target
    sm_90a and shapes of attention that tensor cores take, one position a row; on
    other targets nothing changes.

    Numerics: exact where buffers store f32; where a target stores less, a value
    that stays in registers skips one rounding. Remarks: each kernel that moved,
    and each that reads a gradient and did not, with the reason. Test:
    test/passes/fuse-attention.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}
def FuseEpilogues : Pass<"fuse-epilogues"> {
  let summary = "moves row kernels into the contraction whose product they read";
  let description = [{
    Idea: what is computed element by element from a product is computed while
    the product is still in registers. A `kern.rows` moves into the region of a
    `kern.contract` whose stored row it loads if the family accepts every op
    (compiler/kernels/Accepts.h), the only conflicts are at equal rows, no third
    kernel has to run between them, and the epilogue reads at most two tiles and
    writes two beside the product. The product's store goes when nobody else
    reads it. A chain moves op by op: this pass runs before `form-row-kernels`.

    A kernel stays out that reads, beside the product, a row which a row kernel
    computes for it alone, and whose own row is read first by a row kernel that
    cannot follow: `form-row-kernels` makes one of the three, and what would be
    stored and read between them is a value. A residual's sum with a gradient of
    a few columns, padded with zeros, in front of a norm's backward is one.

    Numerics: exact where buffers store f32; where a target stores less, a value
    that stays in registers skips one rounding. Remarks: each kernel that moved,
    and each that reads a product and did not, with the reason. Test:
    test/passes/fuse-epilogues.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def GateAttention : Pass<"gate-attention"> {
  let summary = "attention stores its rows times the gate behind it";
  let description = [{
    Idea: behind attention stands a gate, a bounded factor above 0 of each head,
    and g y is stored beside y. Attention multiplies its rows by a factor
    anyway, one over the sum of weights. So it stores g y alone: a row program
    in front of it stores the gates, a number a head, and a row program that
    read y for the backward divides g y by them. A factor is above 0 and bounded as its
    constants, exponentials, sums, products and quotients show. A gate below
    2⁻¹⁰⁰ divides as if it were that: what it has left of y is nothing, and is
    multiplied by it again. For the target sm_90a, which gains a row that is
    neither read nor written nor kept; on other targets nothing changes.

    Numerics: rounding (y is rounded once, behind the gate). Remarks: each attention that takes
    a gate, and each that does not, with the reason. Test:
    test/passes/gate-attention.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}

def FormRowKernels : Pass<"form-row-kernels"> {
  let summary = "merges kernels that run by rows over the same rows";
  let description = [{
    Idea: a row goes through memory once for all that is done with it. Two
    `kern.rows` of equal row count that read the same row, or of which one
    reads what the other stores, become one if every conflict between them
    is at equal rows, no third kernel has to run between them, and the row's
    columns stay within `budget`. Inside, a load of what was stored before
    becomes the stored value, loads of overlapping stretches of a row become
    one load and slices of it; what both programs compute is computed once;
    workspace stores that nobody reads go, with their buffers. A row of
    16384 columns or more joins only programs over the same wide row.

    A row of constants or numbers that one kernel stores everywhere is computed
    by each program that loads it, so that it ties no kernels together.

    A load at another row (`by`, an embedding's index, the row of all rows) of
    what the other program stores keeps them apart: that row may not be there
    yet.

    Numerics: exact where buffers store f32; where a target stores less, a value
    that stays in registers skips one rounding. Remarks: each merge, and each
    pair that shares a row and stays apart, with the reason. Test:
    test/passes/form-row-kernels.mlir.
  }];
  let options = [
    Option<"budget", "budget", "int64_t", "65536",
           "columns that one program may load and store for a row">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def JoinFinishes : Pass<"join-finishes"> {
  let summary = "finishes many column sums in one kernel";
  let description = [{
    Idea: a kernel that finishes a column sum is over in the time of a launch,
    and a backward pass has dozens of them. Those that are stored as one type,
    and all accumulated or all not, become one kernel where the last of them
    ran, if they add to different elements and no third kernel has to run
    between. What they add up stays within `budget`.

    Numerics: exact, each sum is added up as before. Remarks: each that joined,
    and each that begins a new kernel, with the reason. Test:
    test/passes/join-finishes.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
  let options = [
    Option<"budget", "budget", "int64_t", "1048576",
           "columns of windows that one kernel may add up">];
}
def FoldGates : Pass<"fold-gates"> {
  let summary = "a gate's factor of attention's gradient goes into its weights";
  let description = [{
    Idea: behind attention stands a gate, a factor above 0 of each head, and the
    gradient that comes back is multiplied by it, dy = g dz, and stored. Attention's
    backward uses dy in products with its weights alone, which are exponentials:
    exp(z − lse) g = exp(z − (lse − ln g)). So it can take dz as it is, lse − ln g
    for lse, and Σ dz·y for δ, and dy need not be stored. A factor is above 0 if it
    is made of constants, exponentials, their sums, products and quotients. For the
    target sm_90a, which gains a row that is neither written nor read; on other targets
    nothing changes.

    Numerics: rounding (dy is not rounded). Remarks: each attention whose weights
    take a factor, and each whose gradient is a product that they do not take,
    with the reason. Test: test/passes/fold-gates.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def BoundRowMaxima : Pass<"bound-row-maxima"> {
  let summary = "a known bound in place of the maximum in log Σ exp";
  let description = [{
    Idea: log Σ exp(x − m) + m is the same number for every m; the maximum of a
    row only keeps the exponentials from being too large, and their sum from
    being 0. Where bounds of x are known and at most 64 apart (behind a soft
    cap), the upper bound serves, and the row is not walked to find a maximum.
    Bounds are intervals from constants and from what an exponential, a
    quotient, a selection give whatever they are given, also of what is loaded
    from a buffer of the part in f32 that such stores alone write.

    Numerics: rounding (the sum is the same up to a factor). Remarks: each
    maximum that went, and each that stays, with the reason. Test:
    test/passes/bound-row-maxima.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}
def BoundLogits : Pass<"bound-logits"> {
  let summary = "a bound of attention's scores where queries and keys are normed";
  let description = [{
    Idea: the maximum of a query's scores only keeps their exponentials from
    being too large, and the sum of these from being 0. Where queries and keys
    are normed, no score exceeds the product of their norms, and a target whose
    numbers reach that far needs no maximum. The squares of a head's columns
    are bounded by norms of heads or of parts of them, unchanged by a rotation
    (of cos and sin of one angle), added up by a selection, and known of what is
    loaded from a buffer by what is stored there. The bound is rounded up to a
    power of two.

    Numerics: rounding (sums are the same up to a factor). Remarks: each
    attention that has a bound, and each that has none, with the reason. Test:
    test/passes/bound-logits.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def SumInEpilogues : Pass<"sum-in-epilogues"> {
  let summary = "sums over a product's rows begin where the product is made";
  let description = [{
    Idea: a kernel that sums over a row and goes on with the row, as a loss does,
    reads a long row twice; and one that makes nothing but sums of several rows, as
    of attention's delta a head, reads them for these alone. Where the terms are made
    element by element of a row that a contraction stores, and of rows of the same
    number that are there before it, the contraction's epilogue makes them, of
    values as they are stored, adds up each window of 64 columns and stores these
    sums, which the row kernel adds up. A window lies in one tile of the product,
    whatever the tile is. A factor that all terms of a sum have is multiplied with
    the sum. What the contraction stored for the sums alone is not stored.

    Numerics: rounding (the windows are added in another order, and factors of all
    terms rounded once a sum). Remarks: each sum that begins in an epilogue, and
    each that stays where something would be gained, with the reason. Tests:
    test/passes/sum-in-epilogues.mlir and sum-in-epilogues-heads.mlir.
  }];
  let options = [Option<"columns", "columns", "int64_t", "4096",
                        "columns from which on a row is not held in registers">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}

def StoreExponentials : Pass<"store-exponentials"> {
  let summary = "an epilogue stores the exponentials that it sums, not what they are of";
  let description = [{
    Idea: of a row z that a contraction stores a loss needs y, what a soft cap makes
    of it, and exponentials of y; and an epilogue that sums e = exp(α y + β) has
    computed both. If it stores e in z's place, its readers have y = (ln e − β)/α,
    one logarithm, and exp(α y + δ) = e exp(δ − β), whose second factor is one
    number of a row. What is summed is what is stored. For the target sm_90a, whose unit
    for such functions bounds a loss; on other targets nothing changes.

    Numerics: rounding (e is rounded to bf16, not z: all that follows is that of
    another exponent, at most 2^-8 away). Remarks: each row in whose place
    exponentials are stored, and each that stays, with the reason. Test:
    test/passes/store-exponentials.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def SigmoidToTanh : Pass<"sigmoid-to-tanh"> {
  let summary = "a sigmoid in the exponent of what is stored in bf16 becomes a tanh";
  let description = [{
    Idea: 1 / (1 + exp v) = (1 - tanh(v / 2)) / 2. A soft cap's sigmoid is an
    exponential, a sum and a quotient of each column, a tanh is one operation of the
    special function unit, with 11 bits. Where an epilogue stores the exponential
    of a soft cap in bf16 (`store-exponentials`), 8 bits of what the exponent says
    are kept, and the unit's error moves the exponent by no more than bf16's last
    place, 2^-7. For the target sm_90a; on other targets nothing changes.

    Numerics: rounding. Remarks: each sigmoid that is a tanh, and each that is not
    one with the reason. Test: test/passes/sigmoid-to-tanh.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def GatherFactors : Pass<"gather-factors"> {
  let summary = "factors that are the same for all columns meet once a row";
  let description = [{
    Idea: x a b c, where a, b and c are constants or the same for all columns, is
    x (a b c): of long rows the columns are many and their factors few. And the
    argument of an exponential, a column times a constant plus what is the same
    for all, becomes one `math.fma`, whose numbers a target can scale for a
    unit of 2^x.

    Numerics: rounding (fewer roundings, elsewhere). Remarks: each kernel whose
    columns take fewer operations. Test: test/passes/gather-factors.mlir.
  }];
  let options = [Option<"columns", "columns", "int64_t", "4096",
                        "columns from which on a row is long">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def SliceRows : Pass<"slice-rows"> {
  let summary = "makes and uses a large buffer a slice of its rows at a time";
  let description = [{
    Idea: a head's logits are the largest thing that a step makes, and no row of
    them needs another. The kernels that touch a workspace buffer of more than
    `limit` bytes, and those that share another such buffer with them, run once a
    slice, one slice after the other; what only they touch has the rows of one
    slice. Each must compute the buffer's rows, from its own rows of what the
    others make, or be a contraction that sums over them, whose product then is
    added up in f32 slice after slice. A slice has whole tiles of 128 rows and no
    more bytes than the limit; slices are equal where up to twice as many make
    them so.

    Numerics: rounding (a sum over rows is cut elsewhere). Remarks: each buffer
    that is sliced, and each that stays whole, with the reason. Test:
    test/passes/slice-rows.mlir.
  }];
  let options = [Option<"limit", "limit", "int64_t", "2147483648",
                        "bytes that a workspace buffer may have">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

def LegalizeStorage : Pass<"legalize-storage"> {
  let summary = "gives every buffer the element type that the target stores";
  let description = [{
    For the CPU bf16, f16 and FP8 buffers become f32; f32, f64 and i32 stay. For
    sm_90a, with the storage "record", all keep the record's types.
    A rounding to what is stored (`kern.round` with `stored`) goes for the CPU and
    stays, without the word, for sm_90a. How often sums of FP8 are taken into f32
    (`promotion`) means nothing where codes are f32, and goes, too. Another element type is an error, and so
    is a target or a storage that does not exist. Row values are f32 before and
    after.

    Numerics: rounding (a wider type rounds less). Tests:
    test/passes/legalize-storage.mlir, legalize-storage-errors.mlir.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "the target">,
    Option<"storage", "storage", "std::string", "\"f32\"",
           "what floating-point buffers store">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def TileContractions : Pass<"tile-contractions"> {
  let summary = "contractions have the tiles that were measured to be fastest";
  let description = [{
    A contraction on Hopper's tensor cores that a table of tiles has a row for
    gets the attribute `tile`: the columns and rows of a tile, whether a block's
    consumers take turns at tiles, and of a weight gradient the blocks that its sums
    are split over. A row stands for all numbers of tokens, or up to one: its key is
    the element type, the sizes that tokens do not decide, which operands are
    transposed, and how many rows the epilogue reads and writes. `split-sums` and the kernel's builder
    obey the attribute, and choose by the shapes where there is none; what no
    kernel can have is an error there. The table is compiler/kernels/tiles.json, which
    test/device/tiles rewrites on a GPU, or `--tiles=FILE`. For the target sm_90a;
    on other targets nothing changes.

    Numerics: rounding (sums may be cut elsewhere). Remarks: each contraction that
    has a tile, and the key of each that the table does not know. Test:
    test/passes/tile-contractions.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">,
                 Option<"table", "table", "std::string", "\"\"",
                        "a file in the place of the table that gptc is built with">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def AlternateOrder : Pass<"alternate-order"> {
  let summary = "launches begin at the rows that the one before ended at";
  let description = [{
    Of a matrix that is larger than what the L2 keeps of it, it keeps the rows that
    were touched last. A launch whose buffers of 4 MiB and more were last touched at
    their ends, by launches before it that between them touch no more than the L2's
    50 MiB, takes its rows from the last to the first: it gets the attribute
    `descending`. Row programs can, and on tensor cores attention and contractions
    whose rows are those of a; the order of others is fixed. Kernels take the
    direction as an argument. For the target sm_90a; on other targets nothing
    changes.

    Numerics: exact. Remarks: each launch that begins at its last rows, with the
    bytes that speak for it. Test: test/passes/alternate-order.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def SplitSums : Pass<"split-sums"> {
  let summary = "long sums of few tiles keep all multiprocessors busy";
  let description = [{
    A contraction over tokens, a weight gradient, has a tile for each block of 128
    x 192 of the weight: 96 for 3072 x 768, where a card has 132 multiprocessors.
    Where it costs less, its sum is cut: the blocks that have no tile sum the last
    tokens for those that have one and leave these pieces in a buffer that the
    contraction gets; the tile's own block adds them to its sum, in the order
    of the tokens. Tiles, blocks and pieces follow from the shapes alone, so that
    the same program gives the same bits on any card. For the target sm_90a and
    bf16 operands; on other targets nothing changes.

    Numerics: rounding (sums are cut elsewhere). Remarks: each contraction that is
    split. Test: test/passes/split-sums.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def MarkSymmetric : Pass<"mark-symmetric"> {
  let summary = "of a symmetric product one triangle is computed";
  let description = [{
    A matrix times its own transposed is symmetric, and so is what elementwise ops
    make of it and of other symmetric matrices: X Xᵀ, Xᵀ X, and b A + c A A of an
    A = X Xᵀ. Such a contraction gets the attribute `symmetric`; its kernel
    computes the tiles on and below the diagonal and stores what is above it as
    their mirror. A buffer is known to hold symmetric matrices if it is workspace
    and all that a part stores there is what such contractions store, matrix for
    matrix. A product's terms are added in one order, so that element (j, i) has
    the bits of (i, j) either way. For the target sm_90a, bf16 operands that
    tensor cores take and tiles that the table does not choose; on other targets
    nothing changes.

    Numerics: exact. Remarks: each contraction that is symmetric, and each of a
    matrix with itself that is not, with the reason. Test:
    test/passes/mark-symmetric.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def PromoteSums : Pass<"promote-sums"> {
  let summary = "f32 takes FP8 sums of a gradient that goes on more often, of one that ends less";
  let description = [{
    Idea: tensor cores add products of FP8 in some 14 bits and cut off what is
    below. Kernels take their sums into f32 every 128 codes, as libraries do. What
    is cut off of the gradient of an activation is a bias along that activation,
    which grows with what is added at a time, and goes on through all layers in
    front. So a product of an e5m2 gradient along its rows gets `promotion 64`. A
    weight's gradient is a sum over tokens and ends where it is made: it gets
    `promotion 256`, for each sum that is taken costs the tensor cores time.
    For the target sm_90a; on other targets nothing changes.

    Numerics: rounding (less is cut off, or more). Remarks: each contraction whose
    sums are taken otherwise. Test: test/passes/promote-sums.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def PlaceCollectives : Pass<"place-collectives", "::mlir::ModuleOp"> {
  let summary = "begins what ranks exchange as soon as its operand is complete";
  let description = [{
    A gradient's collective, which stood at the update's beginning, moves behind
    the last kernel of the epilogue, or of the last micro-batch's backward, that
    touches it, if all updates that may follow have it; of a mean each rank has
    its share in place, in the gradient. An all-gather stands behind the last
    kernel that touches its parameter. Every `kern.await` is placed anew: one
    before each kernel that would touch what is under way, in whichever part of
    whichever step. Collectives keep one order, which all ranks share, and
    kernels theirs. A run of one rank passes over all that.

    Numerics: exact. Remarks: place-collectives, what begins where, and what does
    not begin earlier. Test: test/passes/place-collectives.mlir.
  }];
  let options = [
    Option<"small", "small", "int64_t", "65536",
           "an operand of fewer bytes begins with the next larger one">];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def PlanMemory : Pass<"plan-memory"> {
  let summary = "gives every buffer its place in the arena";
  let description = [{
    Persistent buffers first, by kind, then one workspace that the parts share:
    a workspace buffer lives from the first kernel that touches it to the last,
    and takes the lowest gap that is free all that time; the best of three
    orders of placing. Places are multiples of 256 bytes. The model gets
    `persistent_bytes` and `arena_bytes`, each part `workspace_bytes` and
    `live_bytes`, its largest live set, below which no plan can go; both are
    analysis remarks too, and so is what is live there: at which kernel, and the
    bytes of each buffer, whose name has its line of the model.

    Numerics: exact. Test: test/passes/plan-memory.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

#endif // GPTC_COMPILER_PASSES_KERNELPASSES_TD
