//===- AlternateOrder.cpp - begin where the launch before ended -----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: of a matrix of tens of megabytes the L2 holds the rows that were read
// or written last. A launch that begins at the first row finds none of them,
// and pushes them out before it comes there; one that begins at the last row
// finds all.
// Method: goes through a part's launches in order. What those before a launch
// have touched, back to as many bytes as the L2 holds, votes for the other end,
// by its bytes; a launch that can take its rows from the last to the first
// (RowOrder.h) does so where that has more. Launches whose order is fixed have
// no choice, but an end.
// Reason: an attribute decides it, which kernels take as an argument: no kernel
// is there twice, and no sum is added in another order.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cost.h"
#include "compiler/kernels/RowOrder.h"
#include "compiler/passes/Passes.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/FinishOp.h.inc"
#include "dialect/kern/FinishSegmentsOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/SegmentsOp.h.inc"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_ALTERNATEORDER
#include "compiler/passes/AlternateOrder.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Bytes that the L2 of an H100 or H200 holds.
static constexpr int64_t kL2 = 50 << 20;
/// Bytes from which on a buffer counts: less is there whole, wherever a launch
/// begins, and is mostly no matrix of rows.
static constexpr int64_t kLarge = 4 << 20;

namespace {

/// A launch: the large buffers that it touches, and what all that it reads and
/// writes takes.
struct Touch {
  llvm::MapVector<Operation *, int64_t> buffers;
  int64_t bytes = 0;
  bool descends = false;
  /// Whether it ends at one end of its rows: what goes by an order that data
  /// give does not.
  bool hasEnd = true;
};

struct AlternateOrder : gptc::impl::AlternateOrderBase<AlternateOrder> {
  using AlternateOrderBase::AlternateOrderBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([&](PartOp part) { order(part); });
  }

  static void order(PartOp part) {
    SmallVector<Touch, 0> touches;
    for (Operation &op : part.getBody().front()) {
      if (isPure(&op) || isCollective(&op))
        continue;
      Touch touch = touchOf(&op);
      int64_t votes = canDescend(&op) ? votesToDescend(touch, touches) : 0;
      if (votes > 0) {
        touch.descends = true;
        setDescending(&op);
        remark::passed(op.getLoc(), remark::RemarkOpts::name("launch").category(
                                        "alternate-order"))
            << remark::add("takes its rows from the last to the first")
            << remark::metric("bytes", votes);
      }
      touches.push_back(std::move(touch));
    }
  }

  static Touch touchOf(Operation *op) {
    Touch touch;
    auto add = [&](Operation *user) {
      for (Value operand : user->getOperands()) {
        auto type = dyn_cast<MemRefType>(operand.getType());
        if (!type)
          continue;
        int64_t bytes =
            type.getNumElements() * type.getElementTypeBitWidth() / 8;
        if (bytes < kLarge)
          continue;
        int64_t &most = touch.buffers[rootOf(operand)];
        most = std::max(most, bytes);
      }
    };
    op->walk(add);
    Cost cost = costOf(op).cost;
    touch.bytes = cost.readBytes + cost.writtenBytes;
    touch.hasEnd = !isa<SegmentsOp, FinishSegmentsOp, FinishOp>(op);
    return touch;
  }

  /// The bytes of a launch's buffers that those before it touched last at their
  /// ends, less those at their beginnings, as far as the L2 may hold them.
  static int64_t votesToDescend(const Touch &now, ArrayRef<Touch> before) {
    if (now.buffers.empty())
      return 0;
    int64_t votes = 0, between = 0;
    llvm::SmallDenseSet<Operation *> counted;
    for (const Touch &touch : llvm::reverse(before)) {
      if (between >= kL2)
        break;
      for (auto [buffer, bytes] : now.buffers) {
        if (!touch.buffers.contains(buffer) || !counted.insert(buffer).second ||
            !touch.hasEnd)
          continue;
        int64_t held = std::min(bytes, kL2 - between);
        votes += touch.descends ? -held : held;
      }
      between += touch.bytes;
    }
    return votes;
  }
};

} // namespace
