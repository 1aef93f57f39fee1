//===- RecomputeRows.cpp - rows computed where they are read --------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a row that a few operations make of rows which are there anyway (a
// scaled residual, a gathered embedding) is not stored and read again: each
// program that reads it computes it.
// Method: row kernels in order; one that stores a single row of the workspace,
// whose readers are all row programs that load their own row of it, is copied
// into them, if they then read no more than the row's store and its loads take.
// So chains move op by op: a reader that took a row in is looked at itself when
// its turn comes.
// Reason: before fuse-epilogues, while a kernel is one op. form-row-kernels
// merges what stands side by side; this pass is for what stands on both sides
// of a contraction.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/Recompute.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"

namespace gptc {
#define GEN_PASS_DEF_RECOMPUTEROWS
#include "compiler/passes/RecomputeRows.h.inc"
} // namespace gptc

using namespace gptc;

namespace {

struct RecomputeRows : gptc::impl::RecomputeRowsBase<RecomputeRows> {
  using RecomputeRowsBase::RecomputeRowsBase;

  void runOnOperation() override {
    recomputeRows(getOperation(), RowsToRecompute::Any, getArgument());
  }
};

} // namespace
