//===- FormRowKernels.cpp - merge kernels that run by rows ----------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: two row programs over equal rows that read the same row, or of which
// one reads what the other stores, run in one kernel, so that a row goes
// through memory once.
// Method: rows of constants are computed where they are read. Then kernels in
// order; each tries the groups before it that it shares a row with, the nearest
// first. Two groups become one if they conflict at equal rows alone, no third
// kernel has to run between them, and the budget holds. The dependence graph
// then gives the order, and the programs are merged.
// Reason: greedy and nearest first, as a row is in cache, or in registers,
// where it was just made; the budget bounds what a program keeps at hand.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/MergePrograms.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"

namespace gptc {
#define GEN_PASS_DEF_FORMROWKERNELS
#include "compiler/passes/FormRowKernels.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// A row this wide is kept apart from what does not use it too.
constexpr int64_t kWide = 16384;
/// Two programs that share less than this part of what the smaller one touches
/// gain nothing, and hold the rows of both.
constexpr int64_t kSmallestPart = 16;
constexpr StringLiteral kBetween = "another kernel has to run between them";

struct FormRowKernels : gptc::impl::FormRowKernelsBase<FormRowKernels> {
  using FormRowKernelsBase::FormRowKernelsBase;

  void runOnOperation() override {
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  /// What the rows of a group hold: columns of distinct stretches that are not
  /// wide, and whether there are wide ones.
  struct Held {
    int64_t columns = 0;
    bool wide = false;
  };
  SmallVector<Held> held; ///< by group
  Held together;          ///< of the two that `fits` saw last

  static bool isWide(const Access &access) {
    return access.window.columns >= kWide;
  }

  static Held heldBy(const KernelGraph::Group &group) {
    Held result;
    for (const auto &[root, accesses] : group.accesses) {
      SmallVector<Window, 2> known;
      for (const Access &access : accesses) {
        result.wide |= isWide(access);
        if (isWide(access) || llvm::is_contained(known, access.window))
          continue;
        known.push_back(access.window);
        result.columns += access.window.columns;
      }
    }
    return result;
  }

  void run(PartOp part) {
    recomputeFills(part);
    KernelGraph graph(part);
    held.clear();
    for (unsigned k = 0; k < graph.kernels().size(); ++k)
      held.push_back(heldBy(graph.group(k)));
    for (unsigned k = 0; k < graph.kernels().size(); ++k)
      if (isa<RowsOp>(graph.kernels()[k]))
        while (mergeOnce(part, graph, k))
          ;
    applyGroups(part, graph);
  }

  /// Merges the group of kernel k with one before it; false if there is none.
  bool mergeOnce(PartOp part, KernelGraph &graph, unsigned k) {
    unsigned b = graph.groupOf(k);
    Location loc = graph.kernels()[k]->getLoc();
    for (unsigned a : candidates(graph, k)) {
      Operation *first = graph.kernels()[graph.group(a).members.back()];
      auto options = remark::RemarkOpts::name("row-kernels")
                         .category("form-row-kernels")
                         .function(part.getSymName());
      StringRef reason = whyNot(graph, a, b);
      if (!reason.empty()) {
        // Readers of one row that lie far apart are no missed opportunity.
        if (reason == kBetween && !passesRow(graph.group(a), graph.group(b)))
          continue;
        remark::missed(loc, options)
            << remark::add("{0} stays apart from {1}",
                           nameOf(graph.kernels()[k]), nameOf(first))
            << remark::reason("{0}", reason);
        continue;
      }
      remark::passed(loc, options) << remark::add(
          "{0} runs with {1}", nameOf(graph.kernels()[k]), nameOf(first));
      graph.merge(a, b);
      held[a] = together;
      return true;
    }
    return false;
  }

  static int64_t rowsOf(KernelGraph &graph, unsigned g) {
    auto rows =
        dyn_cast<RowsOp>(graph.kernels()[graph.group(g).members.front()]);
    return rows ? int64_t(rows.getRows()) : -1;
  }

  /// Groups that touch a row which kernel k's group touches too, by their last
  /// member before k, the nearest first.
  static SmallVector<unsigned> candidates(KernelGraph &graph, unsigned k) {
    unsigned b = graph.groupOf(k);
    SmallVector<unsigned> near, result;
    for (const auto &[root, accesses] : graph.group(b).accesses)
      for (unsigned j : graph.kernelsOf(cast<BufferOp>(root)))
        if (j < k && graph.groupOf(j) != b)
          near.push_back(j);
    llvm::sort(near, std::greater<>());
    llvm::SmallDenseSet<unsigned, 16> seen;
    for (unsigned j : near) {
      unsigned a = graph.groupOf(j);
      if (!seen.insert(a).second || rowsOf(graph, a) != rowsOf(graph, b))
        continue;
      if (shareRow(graph.group(a), graph.group(b)))
        result.push_back(a);
    }
    return result;
  }

  /// Two accesses to overlapping stretches of one row, of which at most one
  /// writes: a value or a read is saved.
  static bool shareRow(const KernelGraph::Group &a,
                       const KernelGraph::Group &b) {
    return KernelGraph::anyPair(a, b, [](const Access &x, const Access &y) {
      return !(x.write && y.write) && x.window.sameRows(y.window) &&
             x.window.overlaps(y.window) && (x.atRow || y.atRow);
    });
  }

  /// The columns of rows that both touch, of each buffer the longest stretch.
  static int64_t sharedColumns(const KernelGraph::Group &a,
                               const KernelGraph::Group &b) {
    llvm::SmallDenseMap<Operation *, int64_t, 8> longest;
    KernelGraph::anyPair(a, b, [&](const Access &x, const Access &y) {
      const Window &u = x.window, &v = y.window;
      int64_t common = std::min(u.offset + u.columns, v.offset + v.columns) -
                       std::max(u.offset, v.offset);
      if (u.sameRows(v) && common > longest[x.root])
        longest[x.root] = common;
      return false;
    });
    int64_t columns = 0;
    for (auto [root, common] : longest)
      columns += common;
    return columns;
  }

  /// One reads what the other stores.
  static bool passesRow(const KernelGraph::Group &a,
                        const KernelGraph::Group &b) {
    return KernelGraph::anyPair(a, b, [](const Access &x, const Access &y) {
      return x.write != y.write && x.conflicts(y);
    });
  }

  StringRef whyNot(KernelGraph &graph, unsigned a, unsigned b) {
    KernelGraph::Group &x = graph.group(a), &y = graph.group(b);
    StringRef reason = whyNotByRow(x, y);
    if (reason.empty() && !fits(graph, a, b))
      reason = "the row would hold too many columns";
    if (reason.empty() && sharedColumns(x, y) * kSmallestPart <
                              std::min(held[a].columns, held[b].columns))
      reason = "they share few of their columns";
    if (reason.empty() && !graph.canMerge(a, b))
      reason = kBetween;
    return reason;
  }

  /// The budget, over the distinct stretches that both touch; a wide row joins
  /// only another program over the same wide row, whatever its width.
  bool fits(KernelGraph &graph, unsigned a, unsigned b) {
    const KernelGraph::Group &x = graph.group(a), &y = graph.group(b);
    bool sharedWide = false;
    int64_t columns = held[a].columns + held[b].columns;
    llvm::SmallDenseMap<Operation *, SmallVector<Window, 2>, 4> both;
    KernelGraph::anyPair(x, y, [&](const Access &one, const Access &other) {
      if (!(one.window == other.window))
        return false;
      if (isWide(one)) {
        sharedWide = true;
        return false;
      }
      SmallVector<Window, 2> &known = both[one.root];
      if (llvm::is_contained(known, one.window))
        return false;
      known.push_back(one.window);
      columns -= one.window.columns;
      return false;
    });
    bool wide = held[a].wide || held[b].wide;
    together = {columns, wide};
    return columns <= budget && (!wide || sharedWide);
  }
};

} // namespace
