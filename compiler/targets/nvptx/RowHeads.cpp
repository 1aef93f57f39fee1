//===- RowHeads.cpp - row programs whose heads are apart ------------------===//
//
// Part of gptc, under the MIT License.
//
// Norms by heads and rotations, and what is computed element by element around
// them, need of a row no more than a head. Where a warp has whole heads, 256
// columns, every lane has the same few columns from the first load to the last
// store: sums of a head are those of its lanes, and the other half of a pair is
// in the lane half a head away. Nothing goes through shared memory, and a
// program is one straight line, whose loads all come first.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/RowTeam.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Lanes that hold a window of a sum.
static constexpr int64_t kWindowLanes = kern::kSumWindow / RowTeam::kColumns;

static int64_t columnsOf(Value v) {
  auto type = dyn_cast<VectorType>(v.getType());
  return type ? type.getDimSize(0) : 0;
}

/// Whether an op of a program on rows of `columns` keeps to heads.
static bool isByHeads(Operation &op, int64_t columns) {
  // Rows of other widths have a column for a head, or turn pairs.
  for (Value result : op.getResults()) {
    int64_t width = columnsOf(result);
    if (width <= 1 || width == columns)
      continue;
    for (OpOperand &use : result.getUses()) {
      Operation *user = use.getOwner();
      bool turns = isa<kern::RotateOp>(user) && use.getOperandNumber() > 0 &&
                   isa<kern::LoadOp>(op);
      if (!turns && !isElementwise(user) && !isa<kern::SpreadOp>(user))
        return false;
    }
  }
  auto own = [&](Value row) { return row == op.getBlock()->getArgument(0); };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case<arith::ConstantOp, kern::LoadOp, kern::LoadIndexOp,
            kern::RowIndexOp, kern::NumberOp, kern::IotaOp, kern::ColumnIsOp>(
          [](Operation *) { return true; })
      .Case([&](kern::StoreOp o) {
        return columnsOf(o.getValue()) == columns && own(o.getRow());
      })
      .Case([&](kern::SpreadOp o) {
        int64_t from = columnsOf(o.getX()), to = columnsOf(o.getY());
        return from == 1 ||
               (to == columns && to / from % RowTeam::kColumns == 0);
      })
      .Case([&](kern::ReduceOp o) {
        int64_t heads = columnsOf(o.getY()), size = columns / heads;
        return columnsOf(o.getX()) == columns && heads > 1 &&
               (size == 64 || size == 128 || size == 256);
      })
      .Case([&](kern::RotateOp o) {
        int64_t half = o.getHead() / 2;
        return columnsOf(o.getX()) == columns && !o.getNeighbours() &&
               half % RowTeam::kColumns == 0 && llvm::isPowerOf2_64(half) &&
               2 * half <= RowTeam::kPart;
      })
      .Default([](Operation *o) { return isElementwise(o); });
}

int64_t gptc::nvptx::columnsByHeads(kern::RowsOp op) {
  Block &program = op.getBody().front();
  int64_t columns = 0;
  for (Operation &inner : program)
    if (auto rotate = dyn_cast<kern::RotateOp>(inner))
      columns = columnsOf(rotate.getX());
    else if (auto reduce = dyn_cast<kern::ReduceOp>(inner);
             reduce && columnsOf(reduce.getY()) > 1)
      columns = columnsOf(reduce.getX());
  if (columns == 0 || columns % RowTeam::kColumns)
    return 0;
  // Parts of a row are stored in any order: what is stored is not loaded, and
  // other stores lie beside it.
  llvm::DenseMap<Operation *, SmallVector<MemRefType>> stored;
  for (auto store : program.getOps<kern::StoreOp>()) {
    auto type = cast<MemRefType>(store.getBuffer().getType());
    auto &others = stored[kern::rootOf(store.getBuffer())];
    if (llvm::any_of(others,
                     [&](MemRefType other) { return crosses(type, other); }))
      return 0;
    others.push_back(type);
  }
  for (Operation &inner : program) {
    if (!isByHeads(inner, columns))
      return 0;
    for (Value operand : inner.getOperands())
      if (!isa<kern::StoreOp>(inner) && isa<MemRefType>(operand.getType()) &&
          stored.contains(kern::rootOf(operand)))
        return 0;
  }
  return columns;
}

Value RowTeam::groupOf(const Chunk &c, int64_t times) {
  if (!own || c.base != own || c.shift)
    return RowEmitter::groupOf(c, times);
  Value &group = groups[times];
  if (!group)
    group = RowEmitter::groupOf(c, times);
  return group;
}

/// A lane waits once for all that it loads: angles that it asked for behind a
/// sum would come a second wait later.
void RowTeam::loadHeads(ArrayRef<Operation *> ops) {
  auto ask = [&](Value row, const Chunk &c) {
    prepare(row);
    chunkOf(row, c);
  };
  for (Operation *op : ops)
    if (auto load = dyn_cast<kern::LoadOp>(op);
        load && widthOf(load.getY()) == team.columns)
      ask(load.getY(), ownChunk());
  for (Operation *op : ops)
    if (auto rotate = dyn_cast<kern::RotateOp>(op))
      for (Value table : {rotate.getCos(), rotate.getSin()})
        if (table.getDefiningOp<kern::LoadOp>())
          ask(table, {anglesAt(rotate, own), 0, 0, widthOf(table), kColumns});
}

Value RowTeam::anglesAt(kern::RotateOp op, Value at) {
  if (at != own)
    return RowEmitter::anglesAt(op, at);
  Value &place = angles[{op.getHead(), op.getGroup()}];
  if (!place)
    place = RowEmitter::anglesAt(op, at);
  return place;
}

void RowTeam::reduceHead(kern::ReduceOp op) {
  bool maximum = op.getHow() == "max";
  int64_t heads = widthOf(op.getY()), size = team.columns / heads;
  auto join = [&](Value a, Value b) {
    return maximum ? k.fmax(a, b) : k.fadd(a, b);
  };
  Value sum = sumWindow(chunkOf(op.getX(), ownChunk()), maximum), total = sum;
  // Windows ascend; of two, either may come first.
  if (size == 2 * kern::kSumWindow)
    total = join(sum, warp.shuffleXor(sum, kWindowLanes));
  else if (size > kern::kSumWindow)
    for (int64_t w = 0; w < size / kern::kSumWindow; ++w) {
      Value part = warp.shuffleFrom(sum, k.i32(w * kWindowLanes));
      total = w ? join(total, part) : part;
    }
  know(op.getY(), {groupOf(ownChunk(), size), 0, 0, heads, 1},
       k.splat(total, 1));
}

Value RowTeam::partnerOf(kern::RotateOp op, Value x, Value at, const Chunk &c) {
  if (!own)
    return RowEmitter::partnerOf(op, x, at, c);
  Value partner = k.splat(0.0, c.width);
  for (int64_t i = 0; i < c.width; ++i)
    partner = k.op<vector::InsertOp>(
        warp.shuffleXor(k.element(x, i), op.getHead() / 2 / kColumns), partner,
        i);
  return partner;
}
