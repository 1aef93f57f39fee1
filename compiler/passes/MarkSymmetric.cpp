//===- MarkSymmetric.cpp - of a symmetric product one triangle ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: half of a symmetric product is the mirror of the other half, and need
// be neither multiplied nor read for.
// Method: a contraction of a matrix with itself whose program treats all
// elements alike gets the attribute `symmetric` if each tile that the program
// loads is of symmetric matrices. These are a workspace buffer's of which all
// writers are such contractions, of as many matrices in the same places.
// Reason: whether a buffer is symmetric is a matter of all that writes it,
// which no kernel's builder sees.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"

namespace gptc {
#define GEN_PASS_DEF_MARKSYMMETRIC
#include "compiler/passes/MarkSymmetric.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

struct MarkSymmetric : gptc::impl::MarkSymmetricBase<MarkSymmetric> {
  using MarkSymmetricBase::MarkSymmetricBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([&](PartOp part) {
      Writers writers;
      for (Operation &kernel : part.getBody().front())
        for (Value buffer : writtenBuffers(&kernel))
          writers[rootOf(buffer)].push_back(&kernel);
      part.walk([&](ContractOp op) { run(op, writers); });
    });
  }

  /// The kernels of a part that write a buffer.
  using Writers = DenseMap<Operation *, SmallVector<Operation *>>;

  void run(ContractOp op, const Writers &writers) {
    if (!op.isOfItself() || op.getSymmetric())
      return;
    std::string why = whyNot(op, writers);
    auto about =
        remark::RemarkOpts::name("contract").category("mark-symmetric");
    if (!why.empty()) {
      remark::missed(op.getLoc(), about)
          << remark::add("all of {0} is computed", op.getName())
          << remark::reason("{0}", why);
      return;
    }
    op.setSymmetric(true);
    remark::passed(op.getLoc(), about)
        << remark::add("one triangle of {0} is computed", op.getName());
  }

  /// Why an op is not symmetric, or not worth to be; empty if it is.
  static std::string whyNot(ContractOp op, const Writers &writers) {
    if (std::string why = op.whyNotSymmetric(); !why.empty())
      return why;
    if (std::string why = whyNotTriangle(op); !why.empty())
      return why;
    for (auto load : op.getBody().getOps<LoadOp>())
      if (!isSymmetric(load.getBuffer(), op, writers))
        return "it loads '" + rootOf(load.getBuffer()).getName().str() +
               "', which is not known to be symmetric";
    return {};
  }

  /// Whether a buffer has the matrices of an op's product in the same places,
  /// each symmetric.
  static bool isSymmetric(Value buffer, ContractOp op, const Writers &writers) {
    BufferOp root = rootOf(buffer);
    auto found = writers.find(root);
    if (root.getKind() != "workspace" || found == writers.end())
      return false;
    return llvm::all_of(found->second, [&](Operation *writer) {
      auto product = dyn_cast<ContractOp>(writer);
      if (!product || product == op || !product.getSymmetric() ||
          product.getM() != op.getM() || product.getBatch() != op.getBatch())
        return false;
      return llvm::all_of(
          product.getBody().getOps<StoreOp>(), [&](StoreOp store) {
            return rootOf(store.getBuffer()) != root ||
                   store.getBuffer().getType() == buffer.getType();
          });
    });
  }
};

} // namespace
