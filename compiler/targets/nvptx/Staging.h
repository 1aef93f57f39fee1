//===- Staging.h - an epilogue's way through shared memory ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Each warpgroup that runs an epilogue has blocks of shared memory: its 64 rows
// of 64 columns of bf16, swizzled as an operand's tile is; a fourth of the rows
// is a warp's own. What the region stores is written there as the fragments
// that the accumulators are, and one thread has it copied out by a bulk tensor
// copy: the warpgroup goes on to the next tile while the copies run, and what
// lies beyond the product is left out by the tensor map. (Copies of a warp's 16
// rows, which need no barrier of the warpgroup, are four times as many, and it
// is their number that takes time.) What it loads comes as 16 bytes a lane,
// whole sectors of a row, and is read back from there as fragments.
//
// A slot is one block for each value that is stored. The copies out of a slot
// are one group of the thread that asks for them; a slot is written again when
// at most the groups behind its own are unread.
//
// Tiles that the region loads before it stores anything there come by bulk
// copies too, where boxes fit them: then a slot is a block for each value that
// is loaded or stored, and a value that is stored takes the place of one that
// was loaded, fragment by fragment. A slot goes round: its copies in are asked
// for when those out of it have been read, and land while other slots are
// computed; the first of a tile land while the tile is being multiplied. Each
// slot has an mbarrier. What a lane has read there is followed by a fence
// before the next copy in: that writes through the async proxy, which is not
// ordered behind reads of the generic one.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_STAGING_H
#define GPTC_COMPILER_TARGETS_NVPTX_STAGING_H

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

namespace gptc::kern {
class ContractOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// Whether all rows of a buffer begin at multiples of `elements`.
bool beginAt(Value buffer, int64_t elements);

class Staging {
public:
  static constexpr int64_t kRows = 64, kColumns = 64;
  static constexpr int64_t kBytes = kRows * kColumns * 2;
  /// Of which a warp has its rows.
  static constexpr int64_t kWarpBytes = kBytes / 4;
  /// Groups of eight columns in a block.
  static constexpr int64_t kGroups = kColumns / 8;

  /// Of tiles of `columns` columns and, a warpgroup, `groups` times 64 rows.
  Staging(Kernel &e, kern::ContractOp op, int64_t columns, int64_t groups);

  /// The tiles that copies bring, of which the region stores none before.
  static llvm::SmallVector<kern::LoadOp> tilesIn(kern::ContractOp op);

  /// Blocks that a warpgroup must have, and with which it never waits; it gets
  /// as many as there are, up to these.
  int64_t least() const;
  int64_t wanted() const;
  /// Of so many bytes for each warpgroup.
  void allot(int64_t room);
  /// The blocks and the mbarriers of a warpgroup, in bytes.
  int64_t bytes() const { return blocks * kBytes; }
  int64_t barrierBytes() const { return copied.empty() ? 0 : 8 * slots; }
  /// By all threads of a warpgroup, of which the first's blocks begin at
  /// `shared` and its mbarriers at `barriers`, the others' behind them. It
  /// takes the barrier kBarriers + `warpgroup`.
  void place(Value shared, Value barriers, Value warpgroup);
  static constexpr int64_t kBarriers = 8;

  /// Whether copies out serve all stores that a launch may leave out.
  static bool servesAbsent(kern::ContractOp op);

  bool holds(kern::StoreOp op) const { return llvm::is_contained(stores, op); }
  bool holds(kern::LoadOp op) const;
  bool copies(kern::LoadOp op) const { return llvm::is_contained(copied, op); }

  /// Asks for the first blocks of a tile: the warpgroup's first group of rows
  /// begins at `row`, those of the next one 64 further. Each block of each
  /// group must then be awaited, and each but the first be told of to `goOn`.
  void request(Value row, Value column);
  /// Waits for the group's block.
  void await(int64_t group, int64_t block);
  /// Fragments of a block: `count` groups of eight columns from its group
  /// `from` on, in the order of groups and rows.
  Values read(kern::LoadOp op, int64_t group, int64_t block, int64_t from,
              int64_t count);
  /// The block before this one is over: its slot's next block is asked for.
  void goOn(int64_t group, int64_t block);
  /// A group whose rows the product does not have.
  void passBy(int64_t group);

  /// Columns from `block` times 64 on are about to be stored: takes a slot.
  /// Where blocks share slots the last copies are waited for at the first
  /// write, behind what makes the values, or at once if writes stand in
  /// branches.
  void begin(int64_t group, int64_t block, bool inBranches);
  /// Four fragments of a stored value, pairs of bf16: two groups of eight
  /// columns from the block's group `group`, of each the upper and the lower
  /// eight rows.
  void write(kern::StoreOp op, int64_t group, ValueRange four);
  /// Copies the slot out, to the 64 rows from `row` and the block's first
  /// column `column`.
  void end(Value row, Value column);
  /// Until all has been copied.
  void finish();

  /// Fragments of two groups of eight columns or more, pairs of bf16 in the
  /// order of groups and rows, as columns: of row l/2 of each sixteen the eight
  /// columns of l%2, 16 bytes a vector.
  Values turn(ValueRange fragments);

  /// What lanes have loaded, 16 bytes a vector: of the rows l/4 and 8 more the
  /// columns of l%4's octet in each four groups. As fragments, in the order of
  /// groups and rows.
  Values exchange(ValueRange loaded);

private:
  /// The lane's place in a block for fragments of a group (an even one) or, of
  /// row l/4, for the octet l%4 behind it.
  Value fragmentAt(int64_t group);
  Value octetAt(int64_t group);
  void byLeader(llvm::function_ref<void()> body);
  /// A barrier of the warpgroup.
  void meet();
  /// Blocks of a slot.
  int64_t width() const { return std::max(copied.size(), stores.size()); }
  /// The `i`th block of a slot, in bytes.
  int64_t blockOf(int64_t slot, int64_t i) const {
    return (loads + slot * width() + i) * kBytes;
  }
  /// The address of the `i`th block of a slot, for the leader.
  Value blockOfLeader(int64_t slot, int64_t i);
  Values readBlock(int64_t at, int64_t from, int64_t count);
  /// By all threads, before the slot's first write.
  void awaitSlot();
  /// By the leader: until at most the newest groups of copies are unread; the
  /// copies of the tile's block `number`.
  void waitRead(int64_t behind);
  void ask(int64_t number);
  Value barrierOf(int64_t block) {
    return e.offset(barriers, block % slots * 8);
  }
  /// Whether a slot's mbarrier has an odd number of phases a tile, to which one
  /// is added: so the parity of each is known.
  bool isOdd() const { return perTurn / slots % 2; }

  Kernel &e;
  llvm::SmallVector<kern::StoreOp> stores;
  /// What is copied in; whether more is loaded through a block, or mirrored.
  llvm::SmallVector<kern::LoadOp> copied;
  bool loads = false;
  /// Blocks of a group's columns, and of all of a tile.
  int64_t perTile, perTurn;
  int64_t slots = 0, slot = 0;
  /// Copies that need not be over when the slot is written first.
  std::optional<int64_t> behind;
  int64_t blocks = 0;
  /// The warpgroup's mbarriers, the warp's part of its first block, whether a
  /// thread asks for the copies, the number of the barrier at which all meet.
  Value barriers, own, leader, meeting;
  Value lane, fragment, octet;
  /// Where the tile stands whose blocks are asked for.
  Value tileRow, tileColumn;
  Values maps, mapsIn;
  /// For each store, rows that are added to its own; null: none.
  Values away;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_STAGING_H
