//===- RowWidths.cpp - small row programs of any width --------------------===//
//
// Part of gptc, under the MIT License.
//
// An optimizer computes the same of small matrices of many shapes: gates, means
// of stacks. Such programs are one kernel, which is told how many columns there
// are. A lane has eight columns of a row, from the first load to the last
// store, and looks at each whether it is there; what is beyond the row adds
// nothing to a sum, whose windows and order are those of any row.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/KernelKey.h"
#include "compiler/targets/nvptx/RowTeam.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "llvm/ADT/TypeSwitch.h"
#include <functional>
#include <map>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Elements up to which a matrix is small: what a kernel loses to one that
/// knows its columns is less than its launch takes.
static constexpr int64_t kSmall = 1 << 17;
/// Columns of a warp's row, and of a block's.
static constexpr int64_t kOfWarp = RowTeams::kWarp * RowTeam::kColumns;
static constexpr int64_t kOfBlock = 4096;

static int64_t columnsOf(Value v) {
  auto type = dyn_cast<VectorType>(v.getType());
  return type ? type.getDimSize(0) : 0;
}

/// Columns of the program's rows if all that it does is with whole rows of so
/// many, and single numbers, of a small matrix; else 0.
static int64_t smallWidthOf(kern::RowsOp op) {
  Block &program = op.getBody().front();
  Value row = program.getArgument(0);
  int64_t columns = 1;
  bool sums = false;
  for (Operation &inner : program) {
    for (ValueRange list :
         {ValueRange(inner.getOperands()), ValueRange(inner.getResults())})
      for (Value v : list) {
        int64_t own = columnsOf(v);
        if (own <= 1)
          continue;
        if (columns > 1 && own != columns)
          return 0;
        columns = own;
      }
    bool served =
        llvm::TypeSwitch<Operation *, bool>(&inner)
            .Case<arith::ConstantOp, kern::NumberOp, kern::SpreadOp>(
                [](Operation *) { return true; })
            .Case([&](kern::RowIndexOp o) { return o.getRow() == row; })
            .Case([&](kern::LoadOp o) {
              return !o.getDelta() && (!o.getRow() || o.getRow() == row);
            })
            .Case([&](kern::StoreOp o) {
              Type element =
                  cast<MemRefType>(o.getBuffer().getType()).getElementType();
              return o.getRow() == row && (element.isF32() || element.isBF16());
            })
            .Case([&](kern::PartialOp o) {
              sums = true;
              return columnsOf(o.getValue()) == 1;
            })
            .Case([&](kern::ReduceOp o) {
              return columnsOf(o.getY()) == 1 && o.getHow() == "add";
            })
            .Default([](Operation *o) { return isElementwise(o); });
    if (!served)
      return 0;
  }
  bool fits = columns <= (sums ? kOfWarp : kOfBlock);
  return fits && int64_t(op.getRows()) * columns <= kSmall ? columns : 0;
}

/// Loads the row of a matrix that has but one as that of any matrix.
static void nameRows(kern::RowsOp op) {
  if (op.getRows() != 1)
    return;
  for (auto load : op.getBody().getOps<kern::LoadOp>())
    if (!load.getRow() && columnsOf(load.getY()) > 1)
      load.getRowMutable().assign(op.getBody().getArgument(0));
}

/// Puts ops in the order in which the stores ask for them, which does not
/// depend on how passes have put programs together, and stores behind all.
static void orderByUse(kern::RowsOp op) {
  Block &program = op.getBody().front();
  SmallVector<Operation *> stores;
  llvm::SetVector<Operation *> order;
  std::function<void(Operation *)> place = [&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (Operation *from = operand.getDefiningOp();
          from && from->getBlock() == &program && !order.contains(from))
        place(from);
    order.insert(inner);
  };
  llvm::DenseSet<Operation *> stored;
  for (Operation &inner : program) {
    if (isa<kern::StoreOp, kern::PartialOp>(inner)) {
      stores.push_back(&inner);
      stored.insert(kern::rootOf(inner.getOperand(1)));
    } else if (auto load = dyn_cast<kern::LoadOp>(inner);
               load && stored.contains(kern::rootOf(load.getBuffer()))) {
      return; // of what it has stored
    }
  }
  for (Operation *store : stores)
    for (Value operand : store->getOperands())
      if (Operation *from = operand.getDefiningOp();
          from && from->getBlock() == &program)
        place(from);
  order.insert(stores.begin(), stores.end());
  for (Operation *inner : order)
    inner->moveBefore(&program, program.end());
}

void gptc::nvptx::joinWidths(ModuleOp module) {
  std::map<std::vector<const void *>, SmallVector<kern::RowsOp>> alike;
  module.walk([&](kern::RowsOp op) {
    // Of activations there are many rows of few widths.
    if (op->getParentOfType<kern::PartOp>().getKind() != "update")
      return;
    // A warp's rows and a block's are two kernels.
    int64_t columns = smallWidthOf(op);
    if (columns <= 1)
      return;
    nameRows(op);
    orderByUse(op);
    KernelKey key(op, KernelKey::Kind::AnyWidth);
    key.key.push_back(columns > kOfWarp ? &kOfBlock : &kOfWarp);
    alike[key.key].push_back(op);
  });
  Builder b(module.getContext());
  for (auto &[key, ops] : alike)
    for (kern::RowsOp op : ops)
      if (smallWidthOf(op) != smallWidthOf(ops.front())) {
        for (kern::RowsOp each : ops)
          each->setAttr(kAnyWidth, b.getUnitAttr());
        break;
      }
}

/// Whether the lane's column `i` of a chunk is one of the row's.
Value RowTeam::isThere(const Chunk &c, int64_t i) {
  return k.less(k.add(columnOf(c), i), team.width);
}

Value RowTeam::readAny(Type element, Value pointer, const Chunk &c) {
  Value row = k.splat(0.0, c.width);
  for (int64_t i = 0; i < c.width; ++i) {
    Value x = k.select(
        isThere(c, i),
        [&] {
          Value at =
              k.at(pointer, k.add(columnOf(c), i), elementBytes(element));
          Value x = k.load(element, at);
          if (!element.isF32())
            x = k.op<arith::ExtFOp>(k.f32Type(), x);
          return Values{x};
        },
        [&] { return Values{k.f32(0)}; })[0];
    row = k.op<vector::InsertOp>(x, row, i);
  }
  return row;
}

void RowTeam::writeAny(Value value, Type element, Value pointer,
                       const Chunk &c) {
  for (int64_t i = 0; i < c.width; ++i)
    k.ifThen(isThere(c, i), [&] {
      k.store(k.element(value, i),
              k.at(pointer, k.add(columnOf(c), i), elementBytes(element)));
    });
}

void RowTeam::reduceAny(kern::ReduceOp op) {
  Chunk c = *ownRow(widthOf(op.getX()));
  Value terms = chunkOf(op.getX(), c), known = k.splat(0.0, c.width);
  for (int64_t i = 0; i < c.width; ++i)
    known = k.op<vector::InsertOp>(
        k.choose(isThere(c, i), k.element(terms, i), k.f32(0)), known, i);
  constexpr int64_t lanes = kern::kSumWindow / kColumns;
  int64_t windows = team.lanes / lanes;
  Value sum = sumWindow(known, /*maximum=*/false), total;
  if (team.isInWarp()) {
    // A window that is not there adds -0, which changes no number.
    for (int64_t w = 0; w < windows; ++w) {
      Value part = warp.shuffleFrom(sum, k.i32(w * lanes));
      if (w == 0) {
        total = part;
        continue;
      }
      Value there = k.less(k.i64(w * kern::kSumWindow), team.width);
      total = k.fadd(total, k.choose(there, part, k.f32(-0.0)));
    }
  } else {
    Value sums = rowBuffer(windows, 4);
    k.ifThen(k.equal(k.rem(team.lane, lanes), k.i64(0)),
             [&] { k.store(sum, k.at(sums, k.div(team.lane, lanes))); });
    sync();
    Value count =
        k.div(k.add(team.width, kern::kSumWindow - 1), kern::kSumWindow);
    total = k.loop(k.i64(1), count, 1, k.load(k.f32Type(), sums),
                   [&](Value w, ValueRange carried) {
                     Value part = k.load(k.f32Type(), k.at(sums, w));
                     return Values{k.fadd(carried[0], part)};
                   })[0];
  }
  single[op.getY()] = k.splat(total, 1);
}
