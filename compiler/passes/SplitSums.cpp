//===- SplitSums.cpp - long sums of few tiles on all multiprocessors ------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a weight gradient has fewer tiles than a GPU has multiprocessors, and
// its sum over all tokens is long. Blocks that would be idle sum the end of it
// for those that have a tile.
// Method: the contraction gets room for pieces of its sums, workspace that is
// its own for the launch; how many blocks there are and how wide their tiles
// is decided here from the shapes and can be read from the room's type. The
// kernel does the rest (compiler/targets/nvptx/Pieces.h).
// Reason: the pieces of a sum and the order in which they are added decide its
// last bits. In the IR they are a decision of the compiler, which no card
// changes.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace gptc {
#define GEN_PASS_DEF_SPLITSUMS
#include "compiler/passes/SplitSums.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Blocks, and columns of a tile.
struct Split {
  int64_t blocks = 0, columns = 0, tiles = 0;
};

/// Steps of k that a block must have, or its prologue is what it does.
constexpr int64_t kLeastSteps = 8;
/// Blocks a tile at most: each adds a piece that the tile's own block reads.
constexpr int64_t kMostBlocks = 8;
/// What splitting costs the busiest block, in steps: leaving its piece and the
/// wait for it, and the reading of each.
constexpr int64_t kCostOfEnd = 8, kCostOfPiece = 3;

/// How a contraction's sums are split; no blocks if they are better whole.
Split chooseSplit(ContractOp op) {
  int64_t steps = llvm::divideCeil(op.getK(), kTileK);
  int64_t whole = std::numeric_limits<int64_t>::max(), best = whole;
  Split split;
  for (int64_t columns : kWidths) {
    int64_t tiles = tilesOfProduct(op, columns);
    int64_t waves = llvm::divideCeil(tiles, kMultiprocessors);
    whole = std::min(whole, waves * steps * costOfStep(columns));
    // Narrow tiles read so much that more blocks do not multiply more.
    if (columns == 64 && op.getN() > 64)
      continue;
    // Tiles that have several blocks each have equally many, which then are
    // at the same k.
    int64_t blocks = kMultiprocessors;
    if (2 * tiles <= blocks)
      blocks = tiles * std::min(kMostBlocks, blocks / tiles);
    int64_t each = tiles * steps / blocks;
    if (tiles >= blocks || each < kLeastSteps)
      continue;
    int64_t cost = each + kCostOfEnd + kCostOfPiece * blocks / tiles;
    cost *= costOfStep(columns);
    if (cost < best) {
      best = cost;
      split = {blocks, columns, tiles};
    }
  }
  return best < whole ? split : Split();
}

struct SplitSums : gptc::impl::SplitSumsBase<SplitSums> {
  using SplitSumsBase::SplitSumsBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([&](ContractOp op) { run(op); });
  }

  void run(ContractOp op) {
    // Over tokens alone: there k is long, and differs from launch to launch,
    // not from kernel to kernel.
    if (op.getPieces() || !op.getTransposedA() || op.getBatch() != 1 ||
        isCodes(op.getA()) || !whyNotOnCores(op).empty())
      return;
    std::optional<Tile> tile = tileOf(op);
    if (tile && !tile->hasColumns()) {
      op.emitOpError("has a tile that has not 64, 128, 192 or 256 columns");
      return signalPassFailure();
    }
    Split split = tile ? Split{tile->blocks, tile->columns,
                               tilesOfProduct(op, tile->columns)}
                       : chooseSplit(op);
    if (!split.blocks)
      return;
    OpBuilder b(op);
    auto room = BufferOp::create(
        b, op.getLoc(),
        MemRefType::get({split.blocks * kTileM, split.columns}, b.getF32Type()),
        b.getStringAttr("pieces"), b.getStringAttr("workspace"), StringAttr(),
        IntegerAttr(), ArrayAttr());
    op.getPiecesMutable().assign(room.getY());
    remark::passed(op.getLoc(),
                   remark::RemarkOpts::name("contract").category("split-sums"))
        << remark::add("the sums of {0} are split", op.getName())
        << remark::metric("tiles", split.tiles)
        << remark::metric("blocks", split.blocks);
  }
};

} // namespace
