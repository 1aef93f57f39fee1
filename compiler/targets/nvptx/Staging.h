//===- Staging.h - an epilogue's way through shared memory ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Each warp that runs an epilogue has blocks of shared memory: 16 rows, its
// own, of 64 columns of bf16, swizzled as an operand's tile is. What the region
// stores is written there as the fragments that the accumulators are, and one
// lane has it copied out by a bulk tensor copy: the warp goes on to the next
// tile while the copies run, and what lies beyond the product is left out by
// the tensor map. What it loads comes as 16 bytes a lane, whole sectors of a
// row, and is read back from there as fragments.
//
// A slot is one block for each value that is stored. The copies out of a slot
// are one group of the lane that asks for them; a slot is written again when at
// most the groups behind its own are unread.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_STAGING_H
#define GPTC_COMPILER_TARGETS_NVPTX_STAGING_H

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/KernRow.h"

namespace gptc::nvptx {

/// Whether all rows of a buffer begin at multiples of `elements`.
bool beginAt(Value buffer, int64_t elements);

class Staging {
public:
  static constexpr int64_t kRows = 16, kColumns = 64;
  static constexpr int64_t kBytes = kRows * kColumns * 2;
  /// Groups of eight columns in a block.
  static constexpr int64_t kGroups = kColumns / 8;

  Staging(Kernel &e, kern::ContractOp op);

  /// Blocks that a warp must have, and with which it never waits for a tile of
  /// so many columns; it gets as many as there are, up to these.
  int64_t least() const { return loads + stores.size(); }
  int64_t wanted(int64_t columns) const {
    return loads + stores.size() * llvm::divideCeil(columns, kColumns);
  }
  void allot(int64_t blocks, int64_t columns);
  /// By all lanes, of a warp whose blocks begin at `shared`.
  void place(Value shared, Value lane);

  bool holds(kern::StoreOp op) const { return llvm::is_contained(stores, op); }
  bool holds(kern::LoadOp op) const;

  /// Columns from `block` times 64 on are about to be stored: takes a slot.
  void begin(int64_t block);
  /// Four fragments of a stored value, pairs of bf16: two groups of eight
  /// columns from the block's group `group`, of each the upper and the lower
  /// eight rows.
  void write(kern::StoreOp op, int64_t group, ValueRange four);
  /// Copies the slot out, to the 16 rows from `row` and the block's first
  /// column `column`.
  void end(Value row, Value column);
  /// Until all has been copied.
  void finish();

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

  Kernel &e;
  llvm::SmallVector<kern::StoreOp> stores;
  bool loads = false;
  int64_t slots = 0, perTile = 0, slot = 0;
  Value shared, lane, fragment, octet;
  Values maps;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_STAGING_H
