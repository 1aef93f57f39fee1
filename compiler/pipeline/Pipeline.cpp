//===- Pipeline.cpp - the passes of each phase ----------------------------===//
//
// Part of gptc, under the MIT License.
//
// The table below is the order of the compilation, with the reason for each
// place. Passes are named as in `gptc-opt --NAME`; the pass registry makes
// them, so that what runs here is what a lit test runs.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/Report.h"
#include "dialect/Gpt.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace gptc;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;

static constexpr bool kOptional = true, kNeeded = false;

static constexpr PassEntry kPipeline[] = {
    // A variant is its base with some names replaced: from here on there is
    // one model, and no pass knows that there were two files.
    {Phase::Model, "resolve-base", kNeeded, Numerics::Exact},
    // While everything still has the name that its file gives it: what was
    // written and has no effect.
    {Phase::Model, "verify-model", kNeeded, Numerics::Exact},

    // Sizes become numbers, calls their bodies, schedules their variants;
    // everything behind this works on flat graphs of static shapes.
    {Phase::Graph, "instantiate", kNeeded, Numerics::Exact},
    // Drops what a call's defaults and numbers made constant or unused, so
    // that the patterns behind see only what remains.
    {Phase::Graph, "canonicalize", kNeeded, Numerics::Exact},
    // Layers that name one table read it once, and their gradients then meet
    // in one accumulation. Before cse, which would make one of them too, but
    // knows no tables and could not say which and for whom.
    {Phase::Graph, "dedupe-tables", kOptional, Numerics::Rounding},
    // Inlining repeats work (the same slice in each layer): once is enough,
    // and the fusions share a row's read only if it is one value. Exact
    // forward, not backward: the cotangents of the one value meet before its
    // vector-Jacobian product instead of after it.
    {Phase::Graph, "cse", kOptional, Numerics::Rounding},
    // A gate of a dozen columns is row-wise work, a contraction with K = 12 is
    // not: decided here, while slice, linear and sigmoid are still visible.
    {Phase::Graph, "fuse-slice-gate", kOptional, Numerics::Rounding},
    // Needs the gate as one op.
    {Phase::Graph, "fuse-smear", kOptional, Numerics::Rounding},
    // What the fusions left without a use goes, and equal remains meet.
    {Phase::Graph, "canonicalize", kNeeded, Numerics::Exact},
    {Phase::Graph, "cse", kOptional, Numerics::Rounding},
    {Phase::Graph, "verify-graph", kNeeded, Numerics::Exact},

    // A bank is a way to write many parameters: gradients, states and
    // optimizers are each one's own.
    {Phase::Step, "unroll-banks", kNeeded, Numerics::Exact},
    // What depends on parameters alone runs once a step: taken out before
    // differentiation, whose cotangents then meet in accumulators.
    {Phase::Step, "hoist-step-invariants", kNeeded, Numerics::Rounding},
    // After the fusions: a fused op brings a vector-Jacobian product that is
    // better than the sum of its parts'.
    {Phase::Step, "differentiate", kNeeded, Numerics::Exact},
    // To differentiation each weight is one parameter; to its optimizer all
    // matrices of a kind are one stack.
    {Phase::Step, "stack-parameters", kOptional, Numerics::Rounding},
    // Optimizers are functions of the language: inlined once the gradients
    // that they take exist.
    {Phase::Step, "expand-optimizer", kNeeded, Numerics::Exact},
    // Needs every state declared.
    {Phase::Step, "expand-init", kNeeded, Numerics::Exact},
    // All that touches the optimizers' states is there, and a stack is still
    // seen as one: its matrices are what ranks share out.
    {Phase::Step, "shard", kNeeded, Numerics::Exact},
    // Once sizes have decided which transpositions there are, and before equal
    // values meet: a product that two read is not computed transposed for one.
    {Phase::Step, "fold-transposes", kOptional, Numerics::Rounding},
    // Kernels run over rows: those of all matrices of a stack.
    {Phase::Step, "flatten-stacks", kNeeded, Numerics::Rounding},
    // The backward pass repeats the forward's cheap values.
    {Phase::Step, "canonicalize", kNeeded, Numerics::Exact},
    {Phase::Step, "cse", kOptional, Numerics::Exact},
    {Phase::Step, "verify-step", kNeeded, Numerics::Exact},

    // Values become buffers, ops kernels: one kernel an op, so that all later
    // fusion is between kernels and the same for forward and backward.
    {Phase::Kernels, "lower-to-kernels", kNeeded, Numerics::Exact},
    // Views and orientations must stand before kernels merge over them.
    {Phase::Kernels, "assign-layouts", kNeeded, Numerics::Exact},
    // While each rounding is a kernel of its own, and before the scales can
    // join an epilogue.
    {Phase::Kernels, "defer-scales", kOptional, Numerics::Rounding},
    {Phase::Kernels, "contract-in-fp8", kOptional, Numerics::Approximate},
    // While a kernel is one op, and before anything ties a row to the kernels
    // beside it: what is read behind a contraction can be computed there.
    {Phase::Kernels, "recompute-rows", kOptional, Numerics::Exact},
    // The rest of what could be computed there, by other costs.
    {Phase::Kernels, "recompute-neighbours", kOptional, Numerics::Exact},
    // First the epilogues: a row kernel that moves into a contraction is worth
    // more than one that joins another row kernel.
    {Phase::Kernels, "fuse-epilogues", kOptional, Numerics::Exact},
    // Beside them, for the same reason.
    {Phase::Kernels, "fuse-attention", kOptional, Numerics::Exact},
    // Before what makes the gates is one kernel with what reads them.
    {Phase::Kernels, "gate-attention", kOptional, Numerics::Rounding},
    // What remains between contractions merges.
    {Phase::Kernels, "form-row-kernels", kOptional, Numerics::Exact},
    // Once what makes a gate stands beside what the gradient needs of it.
    {Phase::Kernels, "fold-gates", kOptional, Numerics::Rounding},
    // Once a loss stands beside the soft cap that bounds its logits.
    {Phase::Kernels, "bound-row-maxima", kOptional, Numerics::Rounding},
    // Through memory: the merges beside it change nothing.
    {Phase::Kernels, "bound-logits", kOptional, Numerics::Rounding},
    // Once the terms of a log Σ exp are a product's row alone.
    {Phase::Kernels, "sum-in-epilogues", kOptional, Numerics::Rounding},
    // Once epilogues have the exponentials of sums.
    {Phase::Kernels, "store-exponentials", kOptional, Numerics::Rounding},
    // Once exponentials are what is stored.
    {Phase::Kernels, "sigmoid-to-tanh", kOptional, Numerics::Rounding},
    // Once each program has all of its factors, epilogues the terms of sums.
    {Phase::Kernels, "gather-factors", kOptional, Numerics::Rounding},
    // Once it is known which sums are left.
    {Phase::Kernels, "join-finishes", kOptional, Numerics::Exact},
    // Last: each kernel is what it will be, and all that a row needs stands
    // between its making and its last use.
    {Phase::Kernels, "slice-rows", kOptional, Numerics::Rounding},
    {Phase::Kernels, "verify-kernels", kNeeded, Numerics::Exact},

    // The record's types end here, the target's begin.
    {Phase::Launches, "legalize-storage", kNeeded, Numerics::Rounding},
    // Once operands are what tensor cores take or not.
    {Phase::Launches, "tile-contractions", kOptional, Numerics::Rounding},
    // Adds a buffer.
    {Phase::Launches, "split-sums", kOptional, Numerics::Rounding},
    // Once it is known which sums are split and which tiles were asked for.
    {Phase::Launches, "mark-symmetric", kOptional, Numerics::Exact},
    // Once all products of codes are there.
    {Phase::Launches, "promote-sums", kOptional, Numerics::Rounding},
    // Kernels have their order and nothing moves them any more. Before memory
    // is planned: what is under way keeps its workspace.
    {Phase::Launches, "place-collectives", kOptional, Numerics::Exact},
    // Once all launches stand in their order.
    {Phase::Launches, "alternate-order", kOptional, Numerics::Exact},
    // Last: sizes are final and no buffer appears any more.
    {Phase::Launches, "plan-memory", kNeeded, Numerics::Exact},
    {Phase::Launches, "verify-launches", kNeeded, Numerics::Exact},
    {Phase::Launches, "verify-collectives", kNeeded, Numerics::Exact},
};

llvm::ArrayRef<PassEntry> gptc::pipeline() { return kPipeline; }

llvm::StringRef gptc::nameOf(Numerics numerics) {
  static constexpr llvm::StringLiteral names[] = {"exact", "rounding",
                                                  "approximate"};
  return names[static_cast<unsigned>(numerics)];
}

LogicalResult gptc::checkDisabled(const PipelineOptions &options) {
  llvm::SetVector<llvm::StringRef> optional, all;
  for (const PassEntry &entry : kPipeline) {
    all.insert(entry.pass);
    if (entry.optional)
      optional.insert(entry.pass);
  }
  for (const std::string &name : options.disabled) {
    if (optional.contains(name))
      continue;
    if (all.contains(name))
      return report("--disable-pass=" + llvm::Twine(name) +
                    ": the program needs this pass; those that can be taken "
                    "out are " +
                    llvm::join(optional, ", "));
    return report("--disable-pass=" + llvm::Twine(name) +
                  ": no pass has this name" +
                  gpt::nearest(name, optional.getArrayRef()));
  }
  return success();
}

bool gptc::runs(const PassEntry &entry, const PipelineOptions &options) {
  return !entry.optional || (entry.numerics <= options.numerics &&
                             !llvm::is_contained(options.disabled, entry.pass));
}

/// Passes that ask for the target and for nothing else.
static constexpr llvm::StringLiteral kOfTarget[] = {
    "contract-in-fp8",    "fuse-attention",  "fold-gates", "gate-attention",
    "store-exponentials", "sigmoid-to-tanh", "split-sums", "mark-symmetric",
    "promote-sums",       "alternate-order"};

/// The options that the command line gives a pass, in the registry's syntax.
static std::string optionsOf(llvm::StringRef pass,
                             const PipelineOptions &options) {
  if (pass == "instantiate" && !options.set.empty())
    return "set=" + llvm::join(options.set, ",");
  if (llvm::is_contained(kOfTarget, pass) && options.target != "cpu")
    return "target=" + options.target;
  if (pass == "tile-contractions" && options.target != "cpu")
    return "target=" + options.target +
           (options.tiles.empty() ? "" : " table='" + options.tiles + "'");
  if (pass == "legalize-storage" && options.target != "cpu")
    return "target=" + options.target + " storage=record";
  return "";
}

/// Adds one pass by its name.
static LogicalResult addPass(mlir::PassManager &manager, llvm::StringRef pass,
                             llvm::StringRef options) {
  const mlir::PassInfo *info = mlir::PassInfo::lookup(pass);
  if (!info)
    return report("the pass '" + pass + "' is not registered");
  return info->addToPipeline(manager, options, report);
}

LogicalResult gptc::addVerifier(mlir::PassManager &manager, Phase phase) {
  for (const PassEntry &entry : kPipeline)
    if (entry.phase == phase && entry.pass.starts_with("verify-"))
      return addPass(manager, entry.pass, "");
  return success();
}

LogicalResult gptc::addPasses(mlir::PassManager &manager, Phase phase,
                              const PipelineOptions &options) {
  for (const PassEntry &entry : kPipeline)
    if (entry.phase == phase && runs(entry, options) &&
        failed(addPass(manager, entry.pass, optionsOf(entry.pass, options))))
      return failure();
  return success();
}
