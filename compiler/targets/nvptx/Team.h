//===- Team.h - neighbouring blocks that share copies -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A team is a cluster of the launch: blocks that are on the card together and
// can write each other's shared memory. The blocks of a contraction's team
// multiply row tiles that lie one below the other with one column tile, each
// brings its share of that tile, and the copy lands in all of them. A kernel
// without clusters has teams of one block.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_TEAM_H
#define GPTC_COMPILER_TARGETS_NVPTX_TEAM_H

#include "compiler/targets/nvptx/NvptxBuilder.h"

namespace gptc::nvptx {

class Team {
public:
  explicit Team(NvptxBuilder &e, int64_t blocks = 1) : e(e), blocks(blocks) {}

  int64_t size() const { return blocks; }
  bool isAlone() const { return blocks == 1; }
  /// This team's number in the launch, and how many there are.
  Value index() { return teamOf(e.blockIndex()); }
  Value count() { return teamOf(e.blockCount()); }
  /// This block's number in its team.
  Value rank() {
    return isAlone()
               ? e.i32(0)
               : e.op<mlir::arith::RemUIOp>(e.blockIndex(), e.i32(blocks));
  }
  /// One after another of the team's blocks: `number` times its size and this
  /// block's place.
  Value member(Value number) {
    return isAlone() ? number : e.add(e.mul(number, blocks), rank());
  }

  /// A barrier of all threads of the team. Of memory accesses it orders, in a
  /// team of several, none but what a fence has shown to the cluster.
  void barrier();
  /// The address, an i32, of what lies in block `rank` where `place` does here,
  /// and an arrival at an mbarrier there that tells of no memory accesses.
  Value addressIn(Value rank, Value place);
  void arriveAt(Value address);
  /// The multicast mask of all blocks; none for one alone.
  Value everyone();

private:
  Value teamOf(Value block) {
    return isAlone() ? block : e.div(block, e.i32(blocks));
  }

  NvptxBuilder &e;
  int64_t blocks;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_TEAM_H
