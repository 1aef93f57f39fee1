//===- FuseEpilogues.cpp - row programs into contractions -----------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: what is computed element by element from a contraction's product is
// computed while the product is still in registers.
// Method: row kernels in order; each tries the contractions whose stored row it
// loads, the last one first. It moves if every op is one that the family
// accepts (compiler/kernels/Accepts.h), both touch equal rows alone, no third
// kernel has to run between, and the tiles read and written stay within the
// family's. A chain moves op by op, as the next one finds its operand stored by
// the contraction that took the one before. What adds to a product a row that a
// row kernel computes for it alone, and is read by a row kernel that cannot
// follow, stays: the three become one, and that row is never stored.
// Reason: before form-row-kernels, while a kernel is one op: a merged kernel
// with one op too many would keep all of them out.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/MergePrograms.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "compiler/passes/FuseEpilogues.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

struct FuseEpilogues : gptc::impl::FuseEpiloguesBase<FuseEpilogues> {
  using FuseEpiloguesBase::FuseEpiloguesBase;

  void runOnOperation() override {
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  void run(PartOp part) {
    KernelGraph graph(part);
    for (unsigned k = 0; k < graph.kernels().size(); ++k)
      if (isa<RowsOp>(graph.kernels()[k]))
        fuse(part, graph, k);
    applyGroups(part, graph);
  }

  void fuse(PartOp part, KernelGraph &graph, unsigned k) {
    Operation *rows = graph.kernels()[k];
    auto options = remark::RemarkOpts::name("epilogue")
                       .category("fuse-epilogues")
                       .function(part.getSymName());
    for (unsigned g : candidates(graph, k)) {
      auto contract =
          cast<ContractOp>(graph.kernels()[graph.group(g).members.front()]);
      std::string reason = whyNot(graph, g, k);
      if (reason.empty()) {
        remark::passed(rows->getLoc(), options) << remark::add(
            "{0} is the epilogue of {1}", nameOf(rows), contract.getName());
        return graph.merge(g, k);
      }
      remark::missed(rows->getLoc(), options)
          << remark::add("{0} stays outside of {1}", nameOf(rows),
                         contract.getName())
          << remark::reason("{0}", reason);
    }
  }

  /// Contractions that store a row which kernel k loads, by the last kernel
  /// that their groups have by now, the nearest first.
  static SmallVector<unsigned> candidates(KernelGraph &graph, unsigned k) {
    SmallVector<std::pair<unsigned, unsigned>> near; // last member, group
    for (const auto &[root, accesses] : graph.group(k).accesses)
      for (unsigned j : graph.kernelsOf(cast<BufferOp>(root))) {
        unsigned g = graph.groupOf(j);
        ArrayRef<unsigned> members = graph.group(g).members;
        if (members.back() < k && isa<ContractOp>(graph.kernels()[members[0]]))
          near.push_back({members.back(), g});
      }
    llvm::sort(near, std::greater<>());
    near.erase(llvm::unique(near), near.end());
    SmallVector<unsigned> result;
    for (auto [last, g] : near)
      if (loadsProduct(graph.group(g), graph.group(k)))
        result.push_back(g);
    return result;
  }

  /// Whether a row kernel loads a row that the contraction's group stores.
  static bool loadsProduct(const KernelGraph::Group &contract,
                           const KernelGraph::Group &rows) {
    return KernelGraph::anyPair(contract, rows,
                                [](const Access &x, const Access &y) {
                                  return !y.write && x.conflicts(y);
                                });
  }

  /// Whether what the kernel touches, of its own and of the group's, is the
  /// same columns or none that both touch. Tiles of a row are computed beside
  /// each other: columns that one stores and another reads have no order.
  static bool keepsToTiles(const KernelGraph::Group &contract,
                           const KernelGraph::Group &rows) {
    auto parts = [](const Access &x, const Access &y) {
      return x.conflicts(y) && !(x.window == y.window);
    };
    return !KernelGraph::anyPair(contract, rows, parts) &&
           !KernelGraph::anyPair(rows, rows, parts);
  }

  /// Whether the kernel stores whole rows in wider elements than those that it
  /// loads of the product: what is stored narrow and computed wide is computed
  /// by who loads it, at half the traffic and from the value as it was rounded.
  static bool widens(const KernelGraph::Group &contract, RowsOp rows) {
    auto bits = [](Value buffer) {
      return cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
    };
    unsigned loaded = 0;
    for (auto load : programOf(rows)->getOps<LoadOp>()) {
      auto it = contract.accesses.find(rootOf(load.getBuffer()));
      if (it != contract.accesses.end() &&
          llvm::any_of(it->second, [](const Access &a) { return a.write; }))
        loaded = std::max(loaded, bits(load.getBuffer()));
    }
    return llvm::any_of(programOf(rows)->getOps<StoreOp>(), [&](StoreOp store) {
      return bits(store.getBuffer()) > loaded;
    });
  }

  std::string whyNot(KernelGraph &graph, unsigned g, unsigned k) {
    auto contract =
        cast<ContractOp>(graph.kernels()[graph.group(g).members.front()]);
    auto rows = cast<RowsOp>(graph.kernels()[k]);
    if (int64_t(rows.getRows()) != contract.getRows())
      return "it has another number of rows";
    for (Operation &op : *programOf(rows)) {
      std::string reason = whyNotInEpilogue(&op, contract.getN());
      if (!reason.empty())
        return reason;
    }
    StringRef reason = whyNotByRow(graph.group(g), graph.group(k));
    if (!reason.empty())
      return reason.str();
    if (widens(graph.group(g), rows))
      return "it stores wider elements than the product's";
    if (!keepsToTiles(graph.group(g), graph.group(k)))
      return "of columns that one stores another touches a part";
    reason = whyNotTiles(graph, g, k, contract.getN());
    if (!reason.empty())
      return reason.str();
    if (!graph.canMerge(g, k))
      return "another kernel has to run between them";
    if (joinsRows(graph, g, k, contract.getN()))
      return "with the row kernels before and behind it it is one";
    return {};
  }

  /// Whether kernel k would be one with a row kernel before it, which computes
  /// a row for it alone, and the one behind it, which cannot follow it into the
  /// contraction. The product is stored then in place of what k stores, and
  /// what k reads beside the product is a value.
  static bool joinsRows(KernelGraph &graph, unsigned g, unsigned k, int64_t n) {
    bool joinsBefore = false;
    std::optional<unsigned> behind; // the first that reads what k stores
    for (const auto &[root, accesses] : graph.group(k).accesses)
      for (const Access &access : accesses) {
        if (!access.atRow || access.window.columns != n)
          continue;
        ArrayRef<unsigned> touching = graph.kernelsOf(cast<BufferOp>(root));
        if (!access.write)
          joinsBefore |= touching.size() == 2 && touching.back() == k &&
                         BufferOp(root).getKind() == "workspace" &&
                         sameRows(graph, touching.front(), k) &&
                         graph.canMerge(graph.groupOf(touching.front()), k);
        else if (const unsigned *next = llvm::upper_bound(touching, k);
                 next != touching.end() && (!behind || *next < *behind))
          behind = *next;
      }
    if (!joinsBefore || !behind || !sameRows(graph, k, *behind) ||
        !graph.canMerge(k, *behind))
      return false;
    return llvm::any_of(*programOf(graph.kernels()[*behind]),
                        [&](Operation &op) {
                          return !whyNotInEpilogue(&op, n).empty();
                        }) ||
           !whyNotTiles(graph, g, {k, *behind}, n).empty();
  }

  /// Whether both are row kernels of as many rows, and no contraction has them.
  static bool sameRows(KernelGraph &graph, unsigned a, unsigned b) {
    auto x = dyn_cast<RowsOp>(graph.kernels()[a]);
    auto y = dyn_cast<RowsOp>(graph.kernels()[b]);
    return x && y && x.getRows() == y.getRows() &&
           graph.group(graph.groupOf(a)).members.front() == a &&
           graph.group(graph.groupOf(b)).members.front() == b;
  }

  /// Counts the tiles that the group would read and write with some kernels
  /// more. What only the group itself reads is a value, not a tile.
  static StringRef whyNotTiles(KernelGraph &graph, unsigned g,
                               ArrayRef<unsigned> more, int64_t n) {
    SmallVector<const Access *> read, written;
    auto add = [](SmallVector<const Access *> &list, const Access &access) {
      if (llvm::none_of(list, [&](const Access *other) {
            return other->root == access.root && other->window == access.window;
          }))
        list.push_back(&access);
    };
    auto inside = [&](unsigned kernel) {
      return graph.groupOf(kernel) == g || llvm::is_contained(more, kernel);
    };
    auto needed = [&](const Access &store) {
      if (BufferOp(store.root).getKind() != "workspace")
        return true;
      return llvm::any_of(graph.kernelsOf(store.root), [&](unsigned other) {
        return !inside(other) && llvm::any_of(graph.group(graph.groupOf(other))
                                                  .accesses.find(store.root)
                                                  ->second,
                                              [&](const Access &access) {
                                                return !access.write &&
                                                       access.conflicts(store);
                                              });
      });
    };
    SmallVector<const Access *> stored;
    SmallVector<const KernelGraph::Group *> groups = {&graph.group(g)};
    for (unsigned kernel : more)
      groups.push_back(&graph.group(kernel));
    for (const KernelGraph::Group *group : groups)
      for (const auto &[root, accesses] : group->accesses)
        for (const Access &access : accesses) {
          if (!access.atRow || access.window.columns != n)
            continue;
          bool made = llvm::any_of(stored, [&](const Access *store) {
            return store->root == access.root && store->window == access.window;
          });
          if (access.write) {
            add(stored, access);
            if (needed(access))
              add(written, access);
          } else if (!made) {
            add(read, access);
          }
        }
    auto contract =
        cast<ContractOp>(graph.kernels()[graph.group(g).members.front()]);
    bool product = false; // its own tile is not counted
    for (auto store : programOf(contract)->getOps<StoreOp>())
      product |= store.getValue() == programOf(contract)->getArgument(1) &&
                 llvm::any_of(written, [&](const Access *access) {
                   return access->root == rootOf(store.getBuffer()) &&
                          access->window == Window::of(store.getBuffer());
                 });
    if (int64_t(read.size()) > kEpilogueReads)
      return "the epilogue would read too many tiles";
    if (int64_t(written.size()) - product > kEpilogueWrites)
      return "the epilogue would write too many tiles";
    return {};
  }
};

} // namespace
