//===- Rows.cpp - row programs on Hopper ----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Three ways to share rows out. Without column sums, a warp takes a row, or a
// part of one where heads need nothing of each other, or four where rows are
// short, or a block takes one where rows are long. With column sums of short
// rows (a loss, the gradient of a scalar), a block takes a window of 64 rows,
// its warps one row after another, and adds their terms up in order at the end;
// where windows are fewer than multiprocessors, eight blocks, a cluster, take
// one, and their terms stand in the first one's shared memory. With column sums
// of long rows, a block walks a window row by row, each lane adding its own
// columns up.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/targets/nvptx/RowTeam.h"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PadOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kWarp = RowTeams::kWarp;
/// Lanes of a short row: those that hold a window of a sum.
constexpr int64_t kFewLanes = kern::kSumWindow / RowTeam::kColumns;
/// Threads of a block; twice as many where windows of 64 rows, of which there
/// are few, have terms to keep, and rows are not so much that lanes hold them.
constexpr int64_t kThreads = 256, kTermThreads = 512;
/// And where heads are apart: warps need nothing of each other, and one that
/// ends makes room the sooner the fewer it has to wait for.
constexpr int64_t kHeadThreads = 64;
/// And where rows have any width: a lane has eight columns of up to 4096.
constexpr int64_t kWideThreads = 512;
/// Columns from which a row is a block's work, and up to which it is short: a
/// warp then has several rows, and the terms of column sums are kept side by
/// side, those of 64 rows in up to 32 KiB.
constexpr int64_t kLong = 4096, kShort = 128;
/// Rows that a program loads, from which on ptxas would give its lanes more
/// registers than let two blocks of terms run side by side.
constexpr int64_t kManyRows = 6;

/// Blocks that share a window where windows are few: the largest cluster that
/// any launch may have. Each of their warps has a row.
constexpr int64_t kSharers = 8;

enum class Sharing { Rows, Terms, Windows };

struct RowKernel {
  kern::RowsOp op;
  Sharing sharing = Sharing::Rows;
  int64_t threads = kThreads;
  bool whole = false;   ///< a row is a block's work
  bool isShort = false; ///< a warp has several rows
  int64_t blocks = 0;   ///< to run side by side, as ptxas is told; 0: it is not
  int64_t sharers = 1;  ///< blocks that share a window
  int64_t anyWidth = 0; ///< columns of a row, of which a launch tells
  RowTeams team = {};

  LogicalResult choose();
  void shareOut();
  Value rowOrLast(NvptxBuilder &k, Value row, Value rows);
  void walkWindows();
  int64_t windows() {
    return llvm::divideCeil(int64_t(op.getRows()), int64_t(kern::kSumWindow));
  }
  void sumWindow(RowTeam &rowTeam, NvptxBuilder &k, Value rows, Value thread,
                 Value block, llvm::function_ref<void(Value)> emitRow);
  FailureOr<LLVM::LLVMFuncOp> build(Kernel &e, Launch &launch);
};

} // namespace

LogicalResult RowKernel::choose() {
  int64_t columns = 1, sums = 0, rows = 0, pads = 0;
  for (Operation &inner : op.getBody().front()) {
    if (failed(verifyStored(&inner)))
      return failure();
    for (ValueRange list :
         {ValueRange(inner.getOperands()), ValueRange(inner.getResults())})
      for (Value v : list) {
        if (auto type = dyn_cast<VectorType>(v.getType()))
          columns = std::max(columns, type.getDimSize(0));
      }
    if (auto partial = dyn_cast<kern::PartialOp>(inner))
      sums = std::max(
          sums, cast<VectorType>(partial.getValue().getType()).getDimSize(0));
    if (auto load = dyn_cast<kern::LoadOp>(inner))
      rows += cast<VectorType>(load.getY().getType()).getDimSize(0) > kShort;
    pads += isa<kern::PadOp>(inner);
  }
  // Two blocks have room for each other: one loads while the other computes.
  // Else ptxas takes more registers, or spills what loops share to make room
  // for three. Beside two padded rows it would spill to make room for two.
  if (columns > kLong || rows >= kManyRows)
    blocks = rows == kManyRows && pads > 1 ? 1 : 2;
  team.columns = columnsByHeads(op);
  if (team.columns)
    threads = kHeadThreads;
  whole = sums > kShort || (sums == 0 && columns > kLong && !team.columns);
  sharing = sums == 0        ? Sharing::Rows
            : sums <= kShort ? Sharing::Terms
                             : Sharing::Windows;
  if (op->hasAttr(kAnyWidth)) {
    whole = columns > kWarp * RowTeam::kColumns;
    threads = whole || sums ? kWideThreads : kThreads;
    anyWidth = columns;
    return shareOut(), success();
  }
  isShort = RowTeam::widestOf(op) <= kShort && !team.columns;
  if (sharing == Sharing::Terms && !isShort && windows() < kMultiprocessors &&
      int64_t(op.getRows()) >= kern::kSumWindow)
    sharers = kSharers;
  // A warp that has but one row waits once for all of it.
  team.holdsAll =
      sharing == Sharing::Terms && !isShort &&
      (sharers > 1 ? RowTeam::fits(op, kWarp) : RowTeam::loadsMuch(op, kWarp));
  if (sharing == Sharing::Terms && !team.holdsAll && sharers == 1)
    threads = kTermThreads;
  shareOut();
  return success();
}

void RowKernel::shareOut() {
  team.lanes = whole ? threads : isShort ? kFewLanes : kWarp;
  team.count = threads / team.lanes;
}

/// A row, or, where a warp's teams have some beyond the last, the last one, of
/// which nothing is stored.
Value RowKernel::rowOrLast(NvptxBuilder &k, Value row, Value rows) {
  team.hasRow = k.less(row, rows);
  return k.choose(team.hasRow, row, k.sub(rows, k.i64(1)));
}

void RowKernel::walkWindows() {
  sharing = Sharing::Windows;
  threads = kThreads;
  whole = true;
  team.holdsAll = false;
  sharers = 1;
  shareOut();
}

/// The rows of a window, whose terms are kept, and their sums.
void RowKernel::sumWindow(RowTeam &rowTeam, NvptxBuilder &k, Value rows,
                          Value thread, Value block,
                          function_ref<void(Value)> emitRow) {
  Value window = k.div(block, sharers), rank = k.rem(block, sharers);
  Value first = k.mul(window, kern::kSumWindow);
  Value end = k.min(k.add(first, kern::kSumWindow), rows);
  // A barrier of all blocks: of several, they must be there before one stores
  // in another's memory, and what they store before it is read.
  auto meet = [&] {
    if (sharers == 1)
      return k.barrier();
    NVVM::ClusterArriveOp::create(k.b, k.loc, UnitAttr());
    NVVM::ClusterWaitOp::create(k.b, k.loc, UnitAttr());
  };
  if (sharers > 1)
    meet();
  auto emit = [&](Value row) {
    rowTeam.keepTerms(k.sub(row, first));
    emitRow(row);
    // The next row overwrites what the lanes share.
    k.barrierOfWarp();
  };
  if (isShort) {
    k.loop(team.index, k.i64(kern::kSumWindow), team.count,
           [&](Value i) { emit(rowOrLast(k, k.add(first, i), rows)); });
  } else {
    Value begin = k.add(first, k.add(k.mul(rank, team.count), team.index));
    k.loop(begin, end, team.count * sharers, emit);
  }
  meet();
  auto sum = [&] { rowTeam.sumTerms(window, k.sub(end, first), thread); };
  if (sharers > 1)
    k.ifThen(k.equal(rank, 0), sum);
  else
    sum();
}

FailureOr<LLVM::LLVMFuncOp> RowKernel::build(Kernel &e, Launch &launch) {
  // Parameters stand in the program's order.
  Value count = e.integer(op.getRows());
  int64_t parts =
      std::max<int64_t>(1, llvm::divideCeil(team.columns, RowTeam::kPart));
  int64_t all =
      sharing == Sharing::Rows
          ? llvm::divideCeil(int64_t(op.getRows()) * parts, team.count)
          : windows() * sharers;
  Value width = anyWidth ? e.integer(anyWidth) : Value();
  // Where blocks share windows all are under way at once.
  if (sharers == 1)
    e.askForOrder(op, all);
  for (Operation &inner : op.getBody().front())
    for (Value operand : inner.getOperands())
      if (isa<MemRefType>(operand.getType()))
        e.address(operand);
      else if (operand.getType().isF64())
        e.placeOf(operand);
  Value shared = e.shared(0);
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  Value rows = k.index(count), thread = k.index(threadIndex);
  Value block = k.index(e.inOrder(blockIndex));
  team.lane = k.rem(thread, team.lanes);
  team.index = k.div(thread, team.lanes);
  team.sharesWindow = sharers > 1;
  team.width = width ? k.index(width) : Value();
  team.hasRow = {};
  Value unit = k.add(k.mul(block, team.count), team.index);
  team.part = k.rem(unit, parts);

  RowTeam rowTeam(e, k, team, shared, op);
  Block &program = op.getBody().front();
  LogicalResult result = success();
  if (sharing == Sharing::Rows) {
    Value row = k.div(unit, parts), first = row;
    if (isShort)
      first = k.sub(row, k.rem(row, kWarp / kFewLanes));
    k.ifThen(k.less(first, rows), [&] {
      result =
          rowTeam.emitRow(program, isShort ? rowOrLast(k, row, rows) : row);
    });
  } else if (sharing == Sharing::Terms) {
    sumWindow(rowTeam, k, rows, thread, block,
              [&](Value row) { result = rowTeam.emitRow(program, row); });
  } else {
    Value first = k.mul(block, kern::kSumWindow);
    Value end = k.min(k.add(first, kern::kSumWindow), rows);
    k.loop(first, end, 1, [&](Value row) {
      result = rowTeam.emitRow(program, row);
      k.barrier();
    });
  }
  e.launch.blocks = all;
  e.launch.sharedBytes = rowTeam.sharedBytes();
  LLVM::LLVMFuncOp function = e.finish(launch);
  if (failed(result)) {
    function->erase();
    return failure();
  }
  if (sharing == Sharing::Terms && threads == kTermThreads && blocks)
    setBlocksAtOnce(function, blocks);
  if (sharers > 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      k.b.getDenseI32ArrayAttr({int32_t(sharers), 1, 1}));
  return function;
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildRows(kern::RowsOp op, ModuleOp module,
                       llvm::SetVector<Value> &numbers, Launch &launch) {
  RowKernel kernel{op};
  if (failed(kernel.choose()))
    return failure();
  while (true) {
    Kernel e(module, numbers, op.getLoc(), kernel.threads);
    FailureOr<LLVM::LLVMFuncOp> function = kernel.build(e, launch);
    if (failed(function) || launch.sharedBytes <= kSharedLimit)
      return function;
    (*function)->erase();
    // Every team keeps a row of its own: fewer of them share a block. What
    // many sums keep does not become less so: then the block walks its rows.
    if (kernel.isShort && kernel.threads == kWarp) {
      kernel.isShort = false;
      kernel.shareOut();
      continue;
    }
    if (kernel.team.count == 1 && kernel.sharing == Sharing::Terms) {
      kernel.walkWindows();
      continue;
    }
    if (kernel.team.count == 1)
      return op.emitError(
                 "values of a row that are read at other columns take ")
             << launch.sharedBytes << " bytes, and a block of sm_90a has "
             << kSharedLimit << ": let rows be narrower";
    kernel.threads /= 2;
    kernel.shareOut();
  }
}
