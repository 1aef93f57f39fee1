//===- JoinFinishes.cpp - one kernel finishes many column sums ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a kernel that finishes a column sum adds a few windows up and is over
// in the time that a launch takes; many of them cost a launch each, one that
// does the work of all costs one.
// Method: finishing kernels in order; each joins the last group of its kind
// (stored as the same type, accumulated or not) if they touch no target
// together, no third kernel has to run between, and the group stays small. The
// dependence graph then gives the order: the group runs where its last member
// ran, and who reads a sum of it runs behind.
// Reason: last of the passes on kernels, when it is known which sums are left.
// A group that is large keeps its partials alive for long and does not need to
// be larger: its kernel is no longer over in the time of a launch.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/MergePrograms.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/FinishOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_JOINFINISHES
#include "compiler/passes/JoinFinishes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Sums of a group: a launch of a GPU takes 4 KiB of arguments, of which a sum
/// needs 24 bytes.
constexpr size_t kMostSums = 128;

/// A sum's element as it is stored, and whether it is added to what is there.
using Kind = std::pair<Type, unsigned>;

Kind kindOf(FinishOp finish) {
  auto target = cast<MemRefType>(finish.getTargets().front().getType());
  return {target.getElementType(), finish.getAccumulate()};
}

/// The columns of all windows of a finishing kernel's sums.
int64_t elementsOf(FinishOp finish) {
  int64_t elements = 0;
  for (Value partials : finish.getPartials())
    elements += cast<MemRefType>(partials.getType()).getNumElements();
  return elements;
}

/// One kernel that finishes what all of them do.
FinishOp join(ArrayRef<Operation *> members) {
  SmallVector<Value> partials, targets;
  for (Operation *member : members) {
    auto finish = cast<FinishOp>(member);
    llvm::append_range(partials, finish.getPartials());
    llvm::append_range(targets, finish.getTargets());
  }
  OpBuilder b(members.back());
  auto last = cast<FinishOp>(members.back());
  auto joined = FinishOp::create(b, last.getLoc(), last.getName(), partials,
                                 targets, last.getAccumulate());
  nameAfterAll(joined, members);
  for (Operation *member : members)
    member->erase();
  return joined;
}

struct JoinFinishes : gptc::impl::JoinFinishesBase<JoinFinishes> {
  using JoinFinishesBase::JoinFinishesBase;

  void runOnOperation() override {
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  /// A group that may grow.
  struct Open {
    unsigned group;
    size_t sums;
    int64_t elements;
  };

  void run(PartOp part) {
    KernelGraph graph(part);
    llvm::MapVector<Kind, Open> open;
    for (unsigned k = 0; k < graph.kernels().size(); ++k) {
      auto finish = dyn_cast<FinishOp>(graph.kernels()[k]);
      if (!finish)
        continue;
      Open mine{k, finish.getTargets().size(), elementsOf(finish)};
      auto [known, isFirst] = open.insert({kindOf(finish), mine});
      if (isFirst)
        continue;
      Open &group = known->second;
      StringRef reason = whyNot(graph, group, mine);
      remarkOn(part, finish, graph.kernels()[group.group], reason);
      if (!reason.empty()) {
        group = mine;
        continue;
      }
      graph.merge(group.group, k);
      group.sums += mine.sums;
      group.elements += mine.elements;
    }
    Block &block = part.getBody().front();
    for (unsigned g : graph.order()) {
      SmallVector<Operation *> members;
      for (unsigned k : graph.group(g).members)
        members.push_back(graph.kernels()[k]);
      Operation *kernel = members.size() > 1 ? join(members) : members.front();
      kernel->moveBefore(&block, block.end());
    }
  }

  static void remarkOn(PartOp part, FinishOp finish, Operation *first,
                       StringRef reason) {
    auto options = remark::RemarkOpts::name("finish")
                       .category("join-finishes")
                       .function(part.getSymName());
    if (reason.empty())
      remark::passed(finish.getLoc(), options)
          << remark::add("{0} runs with {1}", finish.getName(), nameOf(first));
    else
      remark::missed(finish.getLoc(), options)
          << remark::add("{0} stays apart from {1}", finish.getName(),
                         nameOf(first))
          << remark::reason("{0}", reason);
  }

  StringRef whyNot(KernelGraph &graph, const Open &a, const Open &b) {
    if (a.sums + b.sums > kMostSums || a.elements + b.elements > budget)
      return "the kernel would finish too much";
    auto conflict = [](const Access &x, const Access &y) {
      return x.conflicts(y);
    };
    if (KernelGraph::anyPair(graph.group(a.group), graph.group(b.group),
                             conflict))
      return "both add to the same elements";
    if (!graph.canMerge(a.group, b.group))
      return "another kernel has to run between them";
    return "";
  }
};

} // namespace
