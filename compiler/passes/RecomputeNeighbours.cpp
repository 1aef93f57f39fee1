//===- RecomputeNeighbours.cpp - rows made of neighbours, again -----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a row that is made of itself and the row before it (a smear) is kept
// for the backward pass, rounded. Its rows are there, and what weighs them is a
// few columns wide: who reads it computes it.
// Method: that of recompute-rows, with two costs of its own. Functions of a few
// columns are nothing beside a row. And a neighbour's row costs nothing where
// the row itself is read: the program of that row has it under way.
// Reason: what a norm's backward is given is then what its forward had, not a
// rounding of it; a pass of its own, for a run that is to round as another
// program does.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/Recompute.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"

namespace gptc {
#define GEN_PASS_DEF_RECOMPUTENEIGHBOURS
#include "compiler/passes/RecomputeNeighbours.h.inc"
} // namespace gptc

using namespace gptc;

namespace {

struct RecomputeNeighbours
    : gptc::impl::RecomputeNeighboursBase<RecomputeNeighbours> {
  using RecomputeNeighboursBase::RecomputeNeighboursBase;

  void runOnOperation() override {
    recomputeRows(getOperation(), RowsToRecompute::OfNeighbours, getArgument());
  }
};

} // namespace
