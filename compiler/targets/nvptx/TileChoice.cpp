//===- TileChoice.cpp - which tile a contraction's kernel has -------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/TileChoice.h"
#include "compiler/kernels/Tiles.h"
#include "compiler/targets/nvptx/ContractFp8.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Pieces.h"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Where consumers take turns: columns of a tile, whose 192 accumulators a
/// thread are the most that fit; tiles that copies bring to the epilogue, and
/// those that it stores then, at most; else tiles that it reads and writes.
static constexpr int64_t kColumnsOfTurns = 192, kLoadsOfTurns = 2,
                         kAccessesOfTurns = 2;
/// A symmetric product's tiles are squares, beside which there is room for what
/// an epilogue has in a batch.
static int64_t columnsOfTurns(kern::ContractOp op) {
  return isTriangle(op) ? kTileM : kColumnsOfTurns;
}

bool gptc::nvptx::takesTurns(kern::ContractOp op) {
  if (std::optional<Tile> tile = tileOf(op))
    return tile->turns;
  if (isTriangle(op))
    return !op.getTransposedA();
  int64_t n = op.getN(), padded = llvm::alignTo(n, kColumnsOfTurns);
  if (op.getTransposedA() || op.getBatch() != 1 || padded - n > n / 100 ||
      (isCodes(op.getA()) && isPromoted(op)))
    return false;
  // Beside so many accumulators few of an epilogue's values fit: no more tiles
  // than copies bring in passing, nor one to load beside the terms of a sum.
  int64_t loaded = Staging::tilesIn(op).size(), tiles = tilesOf(op);
  if (loaded)
    return loaded <= kLoadsOfTurns && tiles - loaded <= kLoadsOfTurns;
  Region &body = op.getBody();
  return tiles <= kAccessesOfTurns && (body.getOps<kern::ReduceOp>().empty() ||
                                       body.getOps<kern::LoadOp>().empty());
}

int64_t gptc::nvptx::rowsOfTile(kern::ContractOp op) {
  std::optional<Tile> tile = tileOf(op);
  return tile && tile->rows ? tile->rows : kTileM;
}

int64_t gptc::nvptx::columnsOfTile(kern::ContractOp op) {
  if (takesTurns(op))
    return columnsOfTurns(op);
  if (Pieces::has(op))
    return Pieces::columns(op);
  if (std::optional<Tile> tile = tileOf(op))
    return tile->columns;
  if (isTriangle(op)) // two accumulators fit no wider square
    return kTileM;
  // Wider tiles read less a product, of shared memory and of the L2. Where T is
  // m, tiles are many, and the widest is best that leaves nothing idle, or,
  // across a vocabulary, a hundredth.
  if (!op.getTransposedA() && op.getN() % 64 == 0) {
    for (int64_t n : {256, 192, 128})
      if (llvm::alignTo(op.getN(), n) - op.getN() <= op.getN() / 100)
        return n;
    return 64;
  }
  // A weight gradient (T is k) has so few that what counts is how long the
  // busiest multiprocessor works. The last tile may reach beyond n. Any other
  // width is weighed alike, by its tiles' columns alone.
  int64_t best = 64, bestCost = std::numeric_limits<int64_t>::max();
  for (int64_t n : kWidths) {
    int64_t tiles = llvm::divideCeil(op.getN(), n);
    if (op.getTransposedA())
      tiles = llvm::divideCeil(op.getBatch() * tiles *
                                   llvm::divideCeil(op.getM(), kTileM),
                               kMultiprocessors);
    int64_t cost = tiles * costOfStep(n);
    if (cost < bestCost) {
      best = n;
      bestCost = cost;
    }
  }
  return best;
}

LogicalResult gptc::nvptx::verifyTile(kern::ContractOp op) {
  std::optional<Tile> tile = tileOf(op);
  if (!tile)
    return success();
  auto error = [&](const Twine &what) {
    return op.emitOpError("has a tile that ") << what;
  };
  bool sums = op.getTransposedA();
  if (!tile->hasColumns())
    return error("has not 64, 128, 192 or 256 columns");
  if (isCodes(op.getA()) && isPromoted(op))
    return error("products of a gradient's codes do not choose");
  if (tile->turns && (tile->columns != columnsOfTurns(op) || sums ||
                      (op.getBatch() != 1 && !isTriangle(op))))
    return error("consumers cannot take turns at: it must have 192 columns of "
                 "one product whose first operand is not transposed, or 128 of "
                 "a symmetric one");
  if (sums && !llvm::is_contained(kWidths, tile->columns))
    return error("two accumulators do not fit: of a sum over rows it may have "
                 "192, 128 or 64 columns");
  if (!sums && tile->blocks)
    return error("is split, which sums over rows alone can be");
  if (tile->rows && (tile->rows != 2 * kTileM || sums || tile->turns ||
                     tile->columns > kColumnsOfTurns))
    return error("has other rows than 128: it may have 256, of at most 192 "
                 "columns, in no turns, of no sum over rows");
  return success();
}
