//===- AssignLayouts.cpp - where the columns of a value lie ---------------===//
//
// Part of gptc, under the MIT License.
//
// The cotangent of a split is a concatenation: three values copied side by side
// into one buffer that a contraction reads. Here the three become column
// windows of that buffer, so that their producers write them in place and the
// copy is gone. What the windows cost is a row stride, which every kernel
// takes but one that counts its target's elements flat.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ConcatOp.h.inc"
#include "dialect/kern/FinishOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/passes/AssignLayouts.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

namespace {

/// A kernel that does nothing but lay values side by side.
struct Concatenation {
  kern::RowsOp kernel;
  SmallVector<kern::LoadOp> loads;
  kern::StoreOp store;
};

std::optional<Concatenation> matchConcatenation(kern::RowsOp kernel) {
  Block &body = kernel.getBody().front();
  auto store = dyn_cast<kern::StoreOp>(body.back());
  if (!store)
    return std::nullopt;
  auto concat = store.getValue().getDefiningOp<kern::ConcatOp>();
  if (!concat || body.getOperations().size() != concat.getParts().size() + 2)
    return std::nullopt;
  Concatenation found{kernel, {}, store};
  for (Value part : concat.getParts()) {
    auto load = part.getDefiningOp<kern::LoadOp>();
    if (!load || !loadsOwnRow(load))
      return std::nullopt;
    found.loads.push_back(load);
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Guards
//===----------------------------------------------------------------------===//

/// All of a buffer of the workspace, no view. A buffer that outlives the part
/// may be read before its new value is due; a view may be a window already.
bool isWholeWorkspace(Value buffer) {
  auto op = buffer.getDefiningOp<kern::BufferOp>();
  return op && op.getKind() == "workspace";
}

/// Every view keeps the rows of its buffer whole, so that it can be taken of a
/// column window too.
bool keepsRows(kern::BufferOp buffer) {
  return llvm::all_of(buffer->getUsers(), [&](Operation *user) {
    auto view = dyn_cast<kern::ViewOp>(user);
    return !view || Window::of(view.getY()).sameRows(Window::of(buffer));
  });
}

/// A kernel counts the elements of an operand flat: rows must not lie apart.
bool countsFlat(OpOperand &use) { return isa<kern::FinishOp>(use.getOwner()); }

/// No kernel counts the buffer's elements flat, or it has one row.
bool rowsMayLieApart(kern::BufferOp buffer) {
  auto apart = [](Value v) { return llvm::none_of(v.getUses(), countsFlat); };
  return Window::of(buffer).rows == 1 ||
         (apart(buffer) && llvm::all_of(buffer->getUsers(), [&](Operation *u) {
            return !isa<kern::ViewOp>(u) || apart(u->getResult(0));
          }));
}

/// Why the parts cannot be column windows of the whole; empty if they can.
StringRef whyNot(Concatenation &match) {
  Value whole = match.store.getBuffer();
  if (!isWholeWorkspace(whole))
    return "it outlives the part or is a part of another buffer";
  auto elementOf = [](Value v) {
    return cast<MemRefType>(v.getType()).getElementType();
  };
  llvm::SmallPtrSet<Operation *, 4> parts;
  for (kern::LoadOp load : match.loads) {
    Value part = load.getBuffer();
    if (!isWholeWorkspace(part))
      return "a part outlives the part of the step or lies in another buffer";
    if (!parts.insert(part.getDefiningOp()).second)
      return "a part stands in it twice";
    if (elementOf(part) != elementOf(whole))
      return "a part has another element type";
    if (Window::of(part).rows != Window::of(whole).rows)
      return "a part has another number of rows";
    auto buffer = part.getDefiningOp<kern::BufferOp>();
    if (!keepsRows(buffer))
      return "a part is also read with other rows";
    if (!rowsMayLieApart(buffer))
      return "a kernel counts the elements of a part flat";
  }
  return {};
}

struct AssignLayouts : gptc::impl::AssignLayoutsBase<AssignLayouts> {
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    SmallVector<kern::RowsOp> kernels;
    getOperation()->walk([&](kern::RowsOp op) { kernels.push_back(op); });
    for (kern::RowsOp kernel : kernels) {
      // Looked at one by one: a part of this one may have become a window.
      std::optional<Concatenation> match = matchConcatenation(kernel);
      if (!match)
        continue;
      auto opts = remark::RemarkOpts::name("column-windows")
                      .category("assign-layouts")
                      .function(kernel.getName());
      StringRef reason = whyNot(*match);
      if (!reason.empty()) {
        remark::missed(kernel.getLoc(), opts) << remark::reason("{0}", reason);
        continue;
      }
      remark::passed(kernel.getLoc(), opts) << remark::add(
          "{0} values are written side by side", match->loads.size());
      rewrite(*match);
    }
  }

  /// The same view, of a column window of another buffer.
  MemRefType windowed(MemRefType type, int64_t at, int64_t stride) {
    SmallVector<int64_t> strides(type.getRank());
    int64_t inner = 1;
    for (int64_t i = type.getRank(); i-- > 0;) {
      strides[i] = i == 0 ? stride : inner;
      inner *= type.getDimSize(i);
    }
    return MemRefType::get(type.getShape(), type.getElementType(),
                           StridedLayoutAttr::get(type.getContext(),
                                                  at + kern::offsetOf(type),
                                                  strides));
  }

  void rewrite(Concatenation &match) {
    auto whole = match.store.getBuffer().getDefiningOp<kern::BufferOp>();
    SmallVector<kern::BufferOp> parts;
    for (kern::LoadOp load : match.loads)
      parts.push_back(load.getBuffer().getDefiningOp<kern::BufferOp>());
    // The whole must stand before the first producer of a part.
    Operation *first = parts.front();
    for (kern::BufferOp part : parts)
      if (part->isBeforeInBlock(first))
        first = part;
    if (first->isBeforeInBlock(whole))
      whole->moveBefore(first);
    int64_t stride = Window::of(whole).columns, at = 0;
    match.kernel.erase();
    for (kern::BufferOp part : parts) {
      auto type = cast<MemRefType>(part.getY().getType());
      OpBuilder b(part);
      for (Operation *user : llvm::make_early_inc_range(part->getUsers()))
        if (auto view = dyn_cast<kern::ViewOp>(user)) {
          b.setInsertionPoint(view);
          auto to = cast<MemRefType>(view.getY().getType());
          Value again = kern::ViewOp::create(
              b, view.getLoc(), windowed(to, at, stride), whole.getY());
          view.getY().replaceAllUsesWith(again);
          view.erase();
        }
      b.setInsertionPoint(part);
      Value window = kern::ViewOp::create(
          b, part.getLoc(), windowed(type, at, stride), whole.getY());
      part.getY().replaceAllUsesWith(window);
      at += kern::columnsOf(type);
      part.erase();
    }
  }
};

} // namespace
