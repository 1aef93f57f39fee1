//===- Pieces.h - sums of which several blocks have a part ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A product of few tiles and a long k: tile i is block helpers + i's, which
// sums the first steps of k and ends the tile; blocks 0 to helpers - 1, which
// have no tile, sum the steps behind them. In each round a helper has all of
// these of one tile; in the last round, where tiles are fewer than helpers,
// each has an equal range of the steps of all of them, which is cut where a
// tile ends. Each piece is left in the product's room, and the tile's own block
// adds its pieces to its sum in ascending k. Tiles, blocks and steps decide
// where a sum is cut, and nothing of the card.
//
//   steps of k   0            mine           all
//   tile 0       block 2 ===== | block 0 ===  |
//   tile 1       block 3 ===== | block 1 ===  |     two helpers, three tiles
//   tile 2       block 4 ===== | b. 0 = b. 1 =|
//
// As many blocks as can be walk through the same rows of k at the same time:
// what they read has just been read by others.
//
// A block waits for blocks of lower numbers alone, which wait for none and are
// resident before it: so none waits for ever, whatever else is on the card. A
// piece is left by warps: each stores what its lanes have, says so by a flag of
// its own (release), and the same warp of the tile's block waits for it
// (acquire) and clears it for the next launch.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_PIECES_H
#define GPTC_COMPILER_TARGETS_NVPTX_PIECES_H

#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Team.h"
#include "dialect/kern/ContractOp.h.inc"

namespace gptc::nvptx {

class Pieces {
public:
  /// Of a product with `across` tiles in a row, if it has room for pieces.
  /// Blocks and tiles are counted by teams, of whose tiles, one below the
  /// other, all blocks have the same steps.
  Pieces(Kernel &e, kern::ContractOp op, int64_t across, Team team);

  /// Whether the sums of an op are split, and the width of its tiles then.
  static bool has(kern::ContractOp op);
  static int64_t columns(kern::ContractOp op);
  /// Blocks that share copies of an op's second operand (Team.h): two where
  /// tiles have several blocks each. These are at as many places of k, and each
  /// place is read by as many blocks as there are tiles; elsewhere the blocks'
  /// waiting for each other costs what fewer reads gain (docs/performance.md).
  static int64_t blocksOfTeam(kern::ContractOp op);
  /// Emits an error if the room fits no tiles or too few steps.
  static mlir::LogicalResult verify(kern::ContractOp op);

  int64_t blocks() const { return (own + helpers) * team.size(); }

  /// By all threads, once: `steps` is the number of steps of k.
  void begin(Value steps);
  /// The tiles of which this block has steps `from` to `to`, with values
  /// carried from one to the next.
  Values forEach(ValueRange carried,
                 llvm::function_ref<Values(Value tile, Value from, Value to,
                                           ValueRange carried)>
                     body);
  /// Whether this block has a tile of its own.
  Value hasTile() const { return isOwn; }

  /// By a consumer's warps, `warp` of 8: leaves a tile's sum as a piece, or
  /// adds the pieces that others leave to it.
  void leave(Value tile, Value warp, ValueRange sum);
  Values gather(Value tile, Value warp, ValueRange sum);

private:
  /// The number of a piece among all: its tile's, and in the last round as many
  /// more as its helper's.
  Value numberOf(Value tile, Value helper) {
    return e.add(tile, e.choose(inRounds(tile), e.i32(0), helper));
  }
  Value inRounds(Value tile) { return e.inside(tile, e.i32(rounds * helpers)); }
  /// Where this lane's sums of a piece lie, and its warp's flag.
  Value place(Value number, Value warp, int64_t quad);
  Value flag(Value number, Value warp);
  /// The helper that has a step of those of the last round.
  Value helperOf(Value step);

  Kernel &e;
  kern::ContractOp op;
  Team team;
  /// Numbers of blocks: those with a tile and those without. Rounds in which a
  /// helper has a tile, and tiles of the last one.
  int64_t own = 0, helpers = 0, rounds = 0, rest = 0, warpBytes = 0;
  /// Steps that a tile's own block sums, those behind them, and these of all
  /// tiles of the last round.
  Value mine, behind, all, isOwn, room, flags, lane;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_PIECES_H
