//===- FuseAttention.cpp - row programs into attention's backward ---------===//
//
// Part of gptc, under the MIT License.
//
// Idea: what is computed of a gradient that attention stores, head by head, is
// computed while the head is still in registers.
// Method: attention's backward gets the row program that stores its three
// gradients. Row kernels in order; each tries the attention whose stored row it
// loads. It moves if every op keeps to a head (compiler/kernels/Accepts.h), all
// that it loads of the attention was made of one gradient and is read by nobody
// else, both touch equal rows alone, no third kernel has to run between, and
// few rows are read beside the gradient. A chain moves op by op. Where nothing
// moved the program goes again. Guard: shapes that tensor cores take, for the
// other forms of attention have no fragments of a head.
// Reason: before form-row-kernels, which makes one kernel of what queries' and
// keys' gradients go through, and with one op too many keeps all of them out.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/kernels/Cores.h"
#include "compiler/passes/MergePrograms.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_FUSEATTENTION
#include "compiler/passes/FuseAttention.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static SmallVector<Value, 3> gradientsOf(AttentionBackwardOp op) {
  return {op.getDq(), op.getDk(), op.getDv()};
}

/// Gives the op the program that stores its gradients as they are.
static void addProgram(AttentionBackwardOp op) {
  OpBuilder b(op.getContext());
  Location loc = op.getLoc();
  Type row =
      VectorType::get({int64_t(op.getHeads() * op.getHead())}, b.getF32Type());
  Block *program =
      b.createBlock(&op.getBody(), {}, {b.getIndexType(), row, row, row},
                    {loc, loc, loc, loc});
  for (auto [i, to] : llvm::enumerate(gradientsOf(op)))
    StoreOp::create(b, loc, program->getArgument(1 + i), to,
                    program->getArgument(0));
}

/// Whether the op's program stores the three gradients where the op would, and
/// nothing else.
static bool storesAlone(AttentionBackwardOp op) {
  Block &program = *op.getProgram();
  SmallVector<Value, 3> to = gradientsOf(op);
  return llvm::hasNItems(program, 3) &&
         llvm::all_of(llvm::zip_equal(program, to, llvm::seq(1u, 4u)),
                      [&](auto &&stored) {
                        auto &[op, buffer, i] = stored;
                        auto store = dyn_cast<StoreOp>(op);
                        return store && store.getBuffer() == buffer &&
                               store.getValue() == program.getArgument(i);
                      });
}

namespace {

/// A row that an attention's program stores: of which gradient it is made, and
/// how many rows were read for that.
struct Made {
  BufferOp root;
  Window window;
  unsigned gradient;
  int64_t reads;
};

struct FuseAttention : gptc::impl::FuseAttentionBase<FuseAttention> {
  using FuseAttentionBase::FuseAttentionBase;

  void runOnOperation() override {
    if (target == "sm_90a")
      getOperation()->walk([&](PartOp part) { run(part); });
  }

  std::map<unsigned, SmallVector<Made>> made; ///< by group

  void run(PartOp part) {
    SmallVector<AttentionBackwardOp> ops;
    for (auto op : part.getBody().front().getOps<AttentionBackwardOp>())
      if (!op.getProgram() && op.getGroup() == 1 && whyNotOnCores(op).empty())
        ops.push_back(op);
    if (ops.empty())
      return;
    for (AttentionBackwardOp op : ops)
      addProgram(op);

    KernelGraph graph(part);
    made.clear();
    for (auto [g, kernel] : llvm::enumerate(graph.kernels()))
      if (auto op = dyn_cast<AttentionBackwardOp>(kernel);
          op && llvm::is_contained(ops, op))
        for (auto [i, to] : llvm::enumerate(gradientsOf(op)))
          made[g].push_back({rootOf(to), Window::of(to), unsigned(i), 0});
    for (unsigned k = 0; k < graph.kernels().size(); ++k)
      if (isa<RowsOp>(graph.kernels()[k]))
        fuse(part, graph, k);
    applyGroups(part, graph);

    for (auto op : llvm::make_early_inc_range(
             part.getBody().front().getOps<AttentionBackwardOp>()))
      if (Block *program = op.getProgram();
          program && llvm::is_contained(ops, op) && storesAlone(op))
        program->erase();
  }

  void fuse(PartOp part, KernelGraph &graph, unsigned k) {
    Operation *rows = graph.kernels()[k];
    auto options = remark::RemarkOpts::name("attention")
                       .category("fuse-attention")
                       .function(part.getSymName());
    for (auto &[g, rowsMade] : made) {
      if (graph.group(g).members.back() > k || loaded(graph, g, k).empty())
        continue;
      auto attention = cast<AttentionBackwardOp>(
          graph.kernels()[graph.group(g).members.front()]);
      std::string reason = whyNot(graph, g, k);
      if (!reason.empty()) {
        remark::missed(rows->getLoc(), options)
            << remark::add("{0} stays outside of {1}", nameOf(rows),
                           attention.getName())
            << remark::reason("{0}", reason);
        continue;
      }
      remark::passed(rows->getLoc(), options) << remark::add(
          "{0} is computed in {1}", nameOf(rows), attention.getName());
      Made from = *loaded(graph, g, k).front();
      for (auto store : programOf(rows)->getOps<StoreOp>())
        rowsMade.push_back({rootOf(store.getBuffer()),
                            Window::of(store.getBuffer()), from.gradient,
                            from.reads + readBeside(graph, g, k)});
      return graph.merge(g, k);
    }
  }

  /// Of the rows that the attention's group stores, those that kernel k loads.
  SmallVector<const Made *> loaded(KernelGraph &graph, unsigned g, unsigned k) {
    SmallVector<const Made *> result;
    for (const Made &row : made[g])
      if (reads(graph, k, row))
        result.push_back(&row);
    return result;
  }

  static bool reads(KernelGraph &graph, unsigned k, const Made &row) {
    return llvm::any_of(accessesOf(graph.kernels()[k], k),
                        [&](const Access &access) {
                          return !access.write && access.root == row.root &&
                                 access.window.overlaps(row.window);
                        });
  }

  /// Whole rows that kernel k loads and the group does not make.
  int64_t readBeside(KernelGraph &graph, unsigned g, unsigned k) {
    return llvm::count_if(
        programOf(graph.kernels()[k])->getOps<LoadOp>(), [&](LoadOp load) {
          Window window = Window::of(load.getBuffer());
          return window.columns == columnsOf(graph, g) &&
                 llvm::none_of(made[g], [&](const Made &row) {
                   return row.root == rootOf(load.getBuffer()) &&
                          row.window == window;
                 });
        });
  }

  static int64_t columnsOf(KernelGraph &graph, unsigned g) {
    auto op = cast<AttentionBackwardOp>(
        graph.kernels()[graph.group(g).members.front()]);
    return int64_t(op.getHeads() * op.getHead());
  }

  std::string whyNot(KernelGraph &graph, unsigned g, unsigned k) {
    auto attention = cast<AttentionBackwardOp>(
        graph.kernels()[graph.group(g).members.front()]);
    auto rows = cast<RowsOp>(graph.kernels()[k]);
    if (int64_t(rows.getRows()) !=
        rowsOf(cast<MemRefType>(attention.getQ().getType())))
      return "it has another number of rows";
    for (Operation &op : *programOf(rows)) {
      std::string reason =
          whyNotByHeads(&op, columnsOf(graph, g), attention.getHead());
      if (!reason.empty())
        return reason;
    }
    StringRef reason = whyNotByRow(graph.group(g), graph.group(k));
    if (!reason.empty())
      return reason.str();
    SmallVector<const Made *> rowsLoaded = loaded(graph, g, k);
    for (const Made *row : rowsLoaded) {
      if (row->gradient != rowsLoaded.front()->gradient)
        return "it joins two gradients";
      if (BufferOp(row->root).getKind() != "workspace")
        return "the gradient is kept";
      if (llvm::any_of(graph.kernelsOf(row->root), [&](unsigned other) {
            return other != k && graph.groupOf(other) != g &&
                   reads(graph, other, *row);
          }))
        return "another kernel reads the gradient, too";
    }
    if (rowsLoaded.front()->reads + readBeside(graph, g, k) > kGradientReads)
      return "it would read too many rows";
    if (!graph.canMerge(g, k))
      return "another kernel has to run between them";
    return {};
  }
};

} // namespace
