//===- AttentionTiles.h - attention's tiles on tensor cores -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What attention's forward and backward share: a persistent, warp-specialised
// kernel of three warpgroups. An item is 128 consecutive positions of a head,
// 64 rows for each of the two consumer warpgroups, wherever documents begin.
// The first warp of warpgroup 0 brings the item's own rows into one ring of
// stages by bulk tensor copies, and into another one, 64 columns of the scores
// at a time, the rows of the other side that any row of the item meets. Which
// those are it finds from where documents begin and from the window; it tells
// the consumers with the item.
//
// Items differ in length as documents do, so a block takes the next one when it
// is ready for it: a counter says how many have been taken. Which block
// computes an item changes no bit of it.
//
// A position sees keys from the first that its document and the window leave,
// up to itself. Both ends rise with the position: a warpgroup meets consecutive
// blocks of 64, of which a few at the ends are visible in part. A block that
// only the other warpgroup meets is waited for and given back.
//
// A tile is 64 rows of a head, in panels of 64 columns, each as one box of a
// copy, swizzled by 128 bytes. What lies beyond the last position arrives as
// zeros, is never visible, and is not stored.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONTILES_H
#define GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONTILES_H

#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Ring.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class AttentionBackwardOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// The kernel of an op that nothing keeps from tensor cores.
mlir::LLVM::LLVMFuncOp buildAttentionOnCores(kern::AttentionBackwardOp op,
                                             mlir::ModuleOp module,
                                             llvm::SetVector<Value> &numbers,
                                             Launch &launch);

class AttentionTiles {
public:
  /// Rows of a warpgroup and of a block, and of an item.
  static constexpr int64_t kRows = 64, kItem = 2 * kRows;
  static constexpr int64_t kWarpgroup = 128, kThreads = 3 * kWarpgroup;
  static constexpr double kLog2e = 1.4426950408889634;

protected:
  template <typename OpT>
  AttentionTiles(OpT op, mlir::ModuleOp module, llvm::SetVector<Value> &numbers)
      : e(module, numbers, op.getLoc(), kThreads), docs(op.getDocs()),
        heads(op.getHeads()), head(op.getHead()), group(op.getGroup()),
        positionCount(
            kern::rowsOf(mlir::cast<mlir::MemRefType>(op.getQ().getType()))) {
    e.askForOrder(op, llvm::divideCeil(positionCount, kItem));
  }

  /// What the producer says of an item: its blocks, and of each warpgroup its
  /// own and where those begin (end) that are visible in part.
  struct Blocks {
    Value from, to;
    struct {
      Value from, to, partial;
    } of[2];
  };
  /// An item's number and place, and its stage of the ring.
  struct Item {
    Value number, kind, row, head;
    Ring::Position at;
  };

  /// Asks for numbers and positions, and lays out shared memory: `itemStages`
  /// stages of `itemTiles` tiles, and as many of two tiles a block with
  /// `blockExtra` bytes beside them as there is room for.
  void begin(Value windowNumber, Value scaleNumber, int64_t itemTiles,
             int64_t itemStages, int64_t blockExtra);
  /// The three warpgroups.
  mlir::LLVM::LLVMFuncOp
  finish(Launch &launch, int64_t kinds, llvm::function_ref<void()> produce,
         llvm::function_ref<void(Value warpgroup)> consume);

  /// This block's items as its producer takes them, or as consumers are told
  /// of them, with the position in the ring of blocks that is behind each. Of
  /// two kinds the second one, which takes longer, comes first.
  using ItemBody =
      llvm::function_ref<Ring::Position(Item item, Ring::Position blocks)>;
  void forItems(int64_t kinds, bool producer, ItemBody body);
  /// Blocks from `from` to `to` with the ring's position and other values.
  Values forBlocks(
      Value from, Value to, Ring::Position at, ValueRange carried,
      llvm::function_ref<Values(Value block, Ring::Position, ValueRange)> body);

  // The producer's.
  /// Of 128 queries, the blocks of keys; of 128 keys, those of queries. By a
  /// whole warp.
  Blocks keysOf(Value row);
  Blocks queriesOf(Value row);
  /// By one thread.
  void tell(const Blocks &blocks, const Item &item);
  void copyTile(Value map, Value to, Value row, Value head, Value full);

  // The consumers'.
  Blocks told(Value stage);
  Ring::Position skip(Value from, Value to, Ring::Position at);
  void release(Ring &ring, Value stage) {
    e.barrierOfWarp(); // all lanes have read
    e.ifThen(leader, [&] { ring.release(stage); });
  }
  /// The value of the warpgroup of this number.
  Value own(Value warpgroup, Value first, Value second) {
    return e.choose(e.equal(warpgroup, 0), first, second);
  }
  /// A tile of 64 rows of the item as operand fragments in registers.
  Values fragments(Value tile);
  /// Before a stage is released of which a warp has read fragments.
  void endReads();
  /// An accumulator of 64 columns of scores as fragments.
  Values pack(ValueRange elements);
  /// Scores of a block; those of elements (row of the thread, column from its
  /// first one) that are not visible become -infinity.
  Values masked(ValueRange scores,
                llvm::function_ref<Value(int64_t row, int64_t column)> visible);
  /// Sums over the quad, which holds a row.
  Value quadSum(Value x);
  Value quadMax(Value x);
  /// The thread's two rows of an accumulator of a whole head, times `scales`
  /// where there are any.
  void storeRows(ValueRange elements, llvm::ArrayRef<Value> scales,
                 Value buffer, llvm::ArrayRef<Value> rows, Value head);
  /// An f32 of a position and head; of the last one if there is none.
  Value load(Value buffer, Value position, Value head);
  Value place(Value buffer, Value position, Value head);

  /// The first key that a position sees; of the last one if there is none.
  Value firstKey(Value position);
  Value lastPosition(Value position) {
    return e.min(position, e.sub(positions, e.i32(1)));
  }
  Value address(Value offset) { return e.add(base, offset); }
  Value descriptor(Value offset, bool transposed);

  Value itemNumber(Value stage);
  /// The number of the next item that no block has taken; by a whole warp.
  Value take(Value count);

  int64_t panels() const { return head / 64; }
  int64_t tileBytes() const { return panels() * kPanelBytes; }
  /// From the start of shared memory.
  Value itemTile(Value stage, int64_t tile) {
    return e.add(e.mul(stage, itemTiles * tileBytes()), tile * tileBytes());
  }
  Value blockTile(Value stage, int64_t tile) {
    return e.add(e.mul(stage, 2 * tileBytes()),
                 blockStart + tile * tileBytes());
  }
  Value blockExtra(Value stage) {
    return e.add(e.mul(stage, extraBytes), extraStart);
  }

  Kernel e;
  Value docs;
  int64_t heads, head, group, positionCount;
  int64_t itemTiles = 0, itemStages = 0, blockStages = 0, extraBytes = 0;
  int64_t blockStart = 0, extraStart = 0, toldStart = 0;
  std::optional<Ring> items, blocks;

  Value positions, window, scale, scaleLog2, shared, base, counter;
  /// Whether the scale is below 0, and a score that no key has.
  Value negative, hidden;
  /// The thread's place in its warpgroup; `quad` its place among the four that
  /// hold a row.
  Value thread, lane, warp, quad, leader;

private:
  Value swizzled[4];
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_ATTENTIONTILES_H
