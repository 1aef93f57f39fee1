//===- AssignLayouts.cpp - where the columns of a value lie ---------------===//
//
// Part of gptc, under the MIT License.
//
// The cotangent of a split is a concatenation: three values copied side by side
// into one buffer that a contraction reads. Here the three become column
// windows of that buffer, so that their producers write them in place and the
// copy is gone. What the windows cost is a row stride, which every kernel
// family takes.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/Kern.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;

namespace {

/// A kernel that does nothing but lay values side by side.
struct Concatenation {
  kern::RowsOp kernel;
  SmallVector<kern::BufferOp> parts;
  kern::BufferOp whole;
};

std::optional<Concatenation> matchConcatenation(kern::RowsOp kernel) {
  Block &body = kernel.getBody().front();
  auto store = dyn_cast<kern::StoreOp>(body.back());
  if (!store)
    return std::nullopt;
  auto concat = store.getValue().getDefiningOp<kern::ConcatOp>();
  auto whole = store.getBuffer().getDefiningOp<kern::BufferOp>();
  // A buffer that outlives the part may be read before its new value is due.
  if (!concat || !whole || whole.getKind() != "workspace" ||
      body.getOperations().size() != concat.getParts().size() + 2)
    return std::nullopt;
  Concatenation found{kernel, {}, whole};
  for (Value part : concat.getParts()) {
    auto load = part.getDefiningOp<kern::LoadOp>();
    if (!load || load.getRow() != body.getArgument(0) || load.getDelta() != 0)
      return std::nullopt;
    auto buffer = load.getBuffer().getDefiningOp<kern::BufferOp>();
    if (!buffer || buffer.getKind() != "workspace" ||
        llvm::is_contained(found.parts, buffer))
      return std::nullopt;
    found.parts.push_back(buffer);
  }
  return found;
}

/// Every view keeps the rows of its buffer whole, so that it can be taken of a
/// column window too.
bool keepsRows(kern::BufferOp buffer) {
  auto from = cast<MemRefType>(buffer.getY().getType());
  return llvm::all_of(buffer->getUsers(), [&](Operation *user) {
    auto view = dyn_cast<kern::ViewOp>(user);
    if (!view)
      return true;
    auto to = cast<MemRefType>(view.getY().getType());
    return kern::rowsOf(to) == kern::rowsOf(from);
  });
}

struct AssignLayouts : gptc::impl::AssignLayoutsBase<AssignLayouts> {
  using AssignLayoutsBase::AssignLayoutsBase;

  void runOnOperation() override {
    SmallVector<Concatenation> found;
    getOperation()->walk([&](kern::RowsOp kernel) {
      if (auto match = matchConcatenation(kernel))
        found.push_back(*match);
    });
    for (Concatenation &match : found) {
      auto opts = remark::RemarkOpts::name("column-windows")
                      .category("assign-layouts")
                      .function(match.kernel.getName());
      if (!llvm::all_of(match.parts, keepsRows)) {
        remark::missed(match.kernel.getLoc(), opts)
            << remark::reason("a part is also read with other rows");
        continue;
      }
      remark::passed(match.kernel.getLoc(), opts) << remark::add(
          "{0} values are written side by side", match.parts.size());
      rewrite(match);
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
    // The whole must stand before the first producer of a part.
    Operation *first = match.parts.front();
    for (kern::BufferOp part : match.parts)
      if (part->isBeforeInBlock(first))
        first = part;
    if (first->isBeforeInBlock(match.whole))
      match.whole->moveBefore(first);
    auto whole = cast<MemRefType>(match.whole.getY().getType());
    int64_t stride = kern::columnsOf(whole), at = 0;
    match.kernel.erase();
    for (kern::BufferOp part : match.parts) {
      auto type = cast<MemRefType>(part.getY().getType());
      OpBuilder b(part);
      for (Operation *user : llvm::make_early_inc_range(part->getUsers()))
        if (auto view = dyn_cast<kern::ViewOp>(user)) {
          b.setInsertionPoint(view);
          auto to = cast<MemRefType>(view.getY().getType());
          Value again = kern::ViewOp::create(
              b, view.getLoc(), windowed(to, at, stride), match.whole.getY());
          view.getY().replaceAllUsesWith(again);
          view.erase();
        }
      b.setInsertionPoint(part);
      Value window = kern::ViewOp::create(
          b, part.getLoc(), windowed(type, at, stride), match.whole.getY());
      part.getY().replaceAllUsesWith(window);
      at += kern::columnsOf(type);
      part.erase();
    }
  }
};

} // namespace
