//===- Passes.td - the compiler's passes ----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every pass says what it does to the numbers: *exact* (the same bits),
// *rounding* (rounds elsewhere, no more often: docs/architecture.md) or
// *approximate*. The order in which they run, and why, is the table in
// compiler/pipeline/Pipeline.cpp. What is said here heads the pass's page in
// docs/passes, which has an example that a test runs, the pass's guards and what
// it refuses.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_PASSES_TD
#define GPTC_COMPILER_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

def ResolveBase : Pass<"resolve-base", "::mlir::ModuleOp"> {
  let summary = "makes a variant whole: gives it the rest of its base";
  let description = [{
    Everything of the file that a `gpt.base` names joins the model, except what
    the model declares itself under the same name. Ops keep their places, so
    that diagnostics point into both files. Parameters of the base that nothing
    reads any more are one warning at the replacement that left them, and so is
    a constant of the variant that only the base's replaced ops read.

    Numerics: exact. Tests: test/passes/resolve-base.mlir,
    resolve-base-errors.mlir.
  }];
}

def VerifyModel : Pass<"verify-model", "::mlir::ModuleOp"> {
  let summary = "checks what the phase `model` leaves, and what has an effect";
  let description = [{
    A whole model, with no attribute that its ops do not know. What the model's
    own file declares and nothing reads is a warning at its place: a parameter, a
    part of a pack, an input, a constant, a function, an optimizer, a schedule
    that is not shown, an op whose values nobody takes. A note names the
    parameters that it alone reads. What a base declares is the base's affair;
    `resolve-base` reports what its replacements leave unread.

    Numerics: exact. Tests: test/passes/verify-model.mlir,
    verify-model-errors.mlir.
  }];
}

def Instantiate : Pass<"instantiate", "::mlir::ModuleOp"> {
  let summary = "puts in sizes, bodies and steps: flat graphs, one a variant";
  let description = [{
    Constants take their values from `gpt.let`, or from `set`. Calls become
    bodies. For each distinct (T, tied tables split or not) over the steps
    0 … steps − 1 the graph @train becomes @train_0, @train_1, …, over the steps
    0 … steps @validate likewise with T = validate_batch, and @sample becomes
    one graph with T = sample_batch and the tables as training leaves them.
    Each has its own inputs and builtin tensor types throughout, and says in
    `kind`, `tokens` and `steps` what it is. Parameters, schedules, optimizers
    and the recipe stay, with numbers for names; `gpt.let`, `gpt.require` and
    `gpt.func` are gone; the model's `constants` keep what they said. A constant
    that only numbers of the step follow from becomes a `gpt.setting`, what must
    hold of these numbers a `gpt.check`; `fixed` says of the others why not; a
    `gpt.tied` leaves a `gpt.adopt` at its split.

    Errors name the constant, the step or the call that is wrong. Numerics:
    exact. Tests: test/passes/instantiate.mlir, instantiate-errors.mlir.
  }];
  let options = [ListOption<"set", "set", "std::string",
                            "NAME=VALUE: a constant's value">];
}

def PrintSchedules : Pass<"print-schedules", "::mlir::ModuleOp"> {
  let summary = "prints every scheduled number of every step, a JSON line each";
  let description = [{
    Also T, and YaRN's frequencies and scale, under their names in the model.
    Changes nothing. Test: test/passes/print-schedules.mlir.
  }];
  let options = [ListOption<"set", "set", "std::string",
                            "NAME=VALUE: a constant's value">];
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

def DedupeTables : Pass<"dedupe-tables"> {
  let summary = "looks a table up once";
  let description = [{
    In a graph, a look-up of the same table with the same tokens as one before it
    becomes that one, in whatever pattern the blocks name their tables; the
    cotangents then meet before they go into the table's gradient. The same
    table is one parameter, or the same member of a bank: tables that merely
    hold equal numbers stay apart. In `models/nanogpt.mlir` six blocks read three
    tables: three of six look-ups go.

    Runs before `cse`, which would merge the same look-ups without a word.
    Numerics: rounding (the cotangents' sum has another order). Remarks: each
    table that is shared, with the layers that share it. Tests:
    test/passes/dedupe-tables.mlir, dedupe-tables-nanogpt.test.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def FuseSliceGate : Pass<"fuse-slice-gate"> {
  let summary = "makes one op of slice, linear, sigmoid and product";
  let description = [{
    A gate: a few columns of a row through a linear map and a sigmoid scale a
    tensor, a gate a head or a gate a row. Numbers and one scalar tensor may
    multiply at any place of the chain, on either side. A contraction over a
    dozen columns is no work for a matrix unit; as one row-wise op it joins the
    row kernels beside it, and `form-row-kernels` reads the row once for several
    gates.

    Numerics: rounding (factors multiply in another order). Remarks: each gate
    made, each sigmoid of a linear map that is none, with the reason, and each
    row that several gates read. Tests: test/passes/fuse-slice-gate.mlir,
    fuse-slice-gate-guards.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def FuseSmear : Pass<"fuse-smear"> {
  let summary = "makes one op of gate, shift by one token and add";
  let description = [{
    After `fuse-slice-gate`: a gate of the token before, added to the token, is a
    smear, y_t = x_t + λ σ(w · x_t[at..]) x_{t−1}; the first token stays.

    Numerics: rounding (cotangents of x are summed in one order, that of the ops
    written gate first). Remarks: each smear, and each gate of a shifted tensor
    that is none, with the reason. Test: test/passes/fuse-smear.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def FoldTransposes : Pass<"fold-transposes"> {
  let summary = "reads as it was what would be transposed";
  let description = [{
    Idea: a product reads its operands in either orientation. A transposition
    moves down, from the operands of an op element by element to its result, until
    a product or another transposition takes it up. An optimizer that is written
    for wide matrices so works on tall ones in place.

    Numerics: rounding (another form of a product may have another kernel).
    Remarks: each op that reads what was transposed as it was, and each that
    reads a copy, with the reason. Test: test/passes/fold-transposes.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

include "KernelPasses.td"

//===----------------------------------------------------------------------===//
// step: the parts of a training step
//===----------------------------------------------------------------------===//

def UnrollBanks : Pass<"unroll-banks", "::mlir::ModuleOp"> {
  let summary = "one parameter an op: banks and packs come apart";
  let description = [{
    A bank `11 x [F, D]` becomes the parameters NAME.0 to NAME.10, and a row of
    the bank the parameter itself; a pack becomes one vector, its parts views.
    A bank that is read as a whole is an error, a member that no graph reads a
    warning.

    Numerics: exact. Test: test/passes/unroll-banks.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def HoistStepInvariants : Pass<"hoist-step-invariants", "::mlir::ModuleOp"> {
  let summary = "moves what depends on parameters alone to the prologue";
  let description = [{
    λ·W, FP8 copies of weights and rotary tables have one value for all
    micro-batches of a step: they are computed by the part "prologue" into
    states of the kind "derived", which equal computations of several program
    variants share. Views stay; validation and sampling graphs are left alone.

    Numerics: rounding (gradients of derived values meet before the product
    rule, once a step). Test: test/passes/hoist-step-invariants.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def Differentiate : Pass<"differentiate", "::mlir::ModuleOp"> {
  let summary = "reverse mode: graphs become the parts of a step";
  let description = [{
    `@train_N` becomes the part `@micro_N`: the forward ops, then the
    vector-Jacobian product of each in reverse order. Cotangents of parameters
    and derived states are accumulated into states of the kind "gradient" as
    soon as they are there: `target += aᵀ b` is one op. `@epilogue_N` is the
    reverse of `@prologue_N`, applied once to the sums. An op without a
    vector-Jacobian product between the loss and a parameter is an error.

    Numerics: exact. Test: test/passes/differentiate.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def StackParameters : Pass<"stack-parameters", "::mlir::ModuleOp"> {
  let summary = "matrices that are updated alike become one tensor";
  let description = [{
    Parameters whose optimizer takes stacks, `(%p : [B, M, N], %g)`, of one shape
    and with gradients from the same parts become one parameter [n·M, N]; each is
    a range of its rows. An update is then a launch a step for all of them. The
    numbers that they give are the same, or such that the optimizer only scales
    or shifts stacks by them: those become `parts(…)`. The attribute `members`
    keeps the names.

    Numerics: rounding (the gradient norm sums in another order). Test:
    test/passes/stack-parameters.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def FlattenStacks : Pass<"flatten-stacks", "::mlir::ModuleOp"> {
  let summary = "row-wise ops on stacks [B, M, N] run over B·M rows";
  let description = [{
    In update parts, of what is seen as a stack or goes through products of
    matrices. Elementwise ops see [B·M, N], what is a number a row or a
    matrix repeated as [B·M, 1]; sums of a matrix are sums of its rows' sums.

    Numerics: rounding (of sums). Test: test/passes/flatten-stacks.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def ExpandOptimizer : Pass<"expand-optimizer", "::mlir::ModuleOp"> {
  let summary = "inlines each parameter's optimizer in the update parts";
  let description = [{
    One part "update" for each set of parameters that have gradients and each
    set of optimizers that act: gradient norm, optimizer functions inlined, the
    consumed gradients cleared. Numbers in parts, each for some members of a
    stack, make a vector that scales or shifts the stack. Adoptions (`gpt.adopt`) become parts "event".

    Numerics: exact. Test: test/passes/expand-optimizer.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def ExpandInit : Pass<"expand-init", "::mlir::ModuleOp"> {
  let summary = "the part `init`: parameters from their recipes, states zero";
  let description = [{
    Parameters are declared with a recipe, never as data; kernels fill them, so
    every target gets the same bits from the same seed.

    Numerics: exact. Test: test/passes/expand-init.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

def Shard : Pass<"shard", "::mlir::ModuleOp"> {
  let summary = "makes the step of one rank that of W ranks";
  let description = [{
    For each number W of ranks, at most 8, that divides the micro-batches, update,
    init and event have variants for it. A rank has accumulated the gradients of
    its own micro-batches. Of a parameter of 1024 elements or more it gets its
    share of the mean over the ranks (rows, or whole matrices of a stack), updates
    that with its share of the optimizer's state, and all gather the new shares;
    a smaller one's gradient becomes the mean everywhere, and every rank updates
    it. The gradient norm is the root of a sum over shares. The parts that were
    there are those of one rank, as they were.

    Numerics: exact with one rank; the order in which gradients are summed
    follows W. Remarks: shard. Test: test/passes/shard.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect"];
}

//===----------------------------------------------------------------------===//
// kernels: over buffers, the same for every target
//===----------------------------------------------------------------------===//

def LowerToKernels : Pass<"lower-to-kernels", "::mlir::ModuleOp"> {
  let summary = "one kernel an op, one buffer a value";
  let description = [{
    Row-wise ops write their own row programs; contractions, attention and
    ordered segments are kernels of their own; views become strided views. An op
    whose one use updates a state writes the state; a column sum whose one use
    is an accumulation is finished into the accumulator.

    Numerics: exact. Test: test/passes/lower-to-kernels.mlir.
  }];
  let dependentDialects = ["::gptc::gpt::GptDialect",
                           "::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def AssignLayouts : Pass<"assign-layouts"> {
  let summary = "concatenated values are written side by side";
  let description = [{
    The parts of a concatenation that one kernel copies together become column
    windows of the one buffer, and the copy is gone.

    Numerics: exact. Remarks: each concatenation that is gone, and each that
    stays, with the reason. Test: test/passes/assign-layouts.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect"];
}

def DeferScales : Pass<"defer-scales"> {
  let summary = "products of values on FP8's grids come before their scales";
  let description = [{
    A buffer that holds nothing but values rounded to e4m3 or e5m2, times one
    constant scale, and that contractions alone read, holds the rounded values
    themselves, which bf16 represents; each of the contractions begins with the
    product by the scale. So nothing is rounded a second time.

    Numerics: rounding. Remarks: each such buffer. Test:
    test/passes/defer-scales.mlir.
  }];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}

def ContractInFp8 : Pass<"contract-in-fp8"> {
  let summary = "products of values on grids of FP8 are products of codes";
  let description = [{
    A contraction of two buffers that hold nothing but values rounded to e4m3 or
    e5m2, times one constant scale each, reads their codes, 8 bits an element,
    which stand in buffers of their own; its program begins with the product of
    the scales. A second operand that has n contiguous is read from a transposed
    copy of its codes. Values that nothing reads any more are not stored. For the
    target sm_90a, whose FP8 tensor cores multiply codes; on other targets nothing
    changes.

    Numerics: approximate. Remarks: each contraction in FP8, and each that could
    not be, with the reason. Test: test/passes/contract-in-fp8.mlir.
  }];
  let options = [Option<"target", "target", "std::string", "\"cpu\"",
                        "cpu or sm_90a">];
  let dependentDialects = ["::gptc::kern::KernDialect",
                           "::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// The end of each phase
//===----------------------------------------------------------------------===//

def VerifyGraph : Pass<"verify-graph", "::mlir::ModuleOp"> {
  let summary = "checks what the phase `graph` leaves";
  let description = [{
    No name, function or call of the phase `model`, and a static shape for every
    tensor outside optimizers. Numerics: exact. Test:
    test/passes/verify-graph.mlir.
  }];
}

def VerifyStep : Pass<"verify-step", "::mlir::ModuleOp"> {
  let summary = "checks what the phase `step` leaves";
  let description = [{
    No graph, bank or pack, and a static shape for every tensor; no
    op of a part reads a parameter or a state after `gpt.update` gave it a new
    value, since the lowering reads buffers in place.
    Numerics: exact. Test: test/passes/verify-step.mlir.
  }];
}

def VerifyKernels : Pass<"verify-kernels", "::mlir::ModuleOp"> {
  let summary = "checks what the phase `kernels` leaves";
  let description = [{
    Parts hold kernels only; parameters and states are buffers of static shape;
    row programs are kern, arith and math, do not read other rows of what they
    store, and epilogues hold what compiler/kernels/Accepts.h lists.
    Numerics: exact. Test: test/passes/verify-kernels.mlir.
  }];
}

def VerifyLaunches : Pass<"verify-launches", "::mlir::ModuleOp"> {
  let summary = "checks what the phase `launches` leaves";
  let description = [{
    Every buffer has a place that is a multiple of 256 bytes and stores f32,
    bf16, f64 or i32. Numerics: exact. Test: test/passes/verify-launches.mlir.
  }];
}

def VerifyCollectives : Pass<"verify-collectives", "::mlir::ModuleOp"> {
  let summary = "checks that nothing touches what ranks are exchanging";
  let description = [{
    For each number of ranks, over all steps: no kernel reads what a collective
    under way writes, none writes what one reads or writes (its operand would not
    have been complete), no workspace is left to the next part under way, and a
    mean that is read in place has been made in its step. Collectives stand in
    parts that every rank runs as often, so all have one order.

    Numerics: exact. Test: test/passes/verify-collectives.mlir.
  }];
}

#endif // GPTC_COMPILER_PASSES_PASSES_TD
