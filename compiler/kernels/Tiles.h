//===- Tiles.h - tiles of contractions that were measured -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A table that a sweep on a GPU writes (test/device/tiles) has the fastest tile
// of a contraction by what its kernel is built from, for all numbers of rows or
// up to one. The pass
// `tile-contractions` gives contractions these as an attribute, `tile`, which
// `split-sums` and the kernel's builder obey; without it they choose by shape.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_TILES_H
#define GPTC_COMPILER_KERNELS_TILES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <limits>
#include <optional>
#include <string>

namespace gptc::kern {
class ContractOp;
} // namespace gptc::kern

namespace gptc {

struct Tile {
  int64_t columns = 0; ///< 64, 128, 192 or 256, unless it is none
  /// Whether a block's consumers take turns at tiles.
  bool turns = false;
  /// Of a weight gradient: blocks that its sums are split over; 0: they are
  /// whole.
  int64_t blocks = 0;
  /// Rows of a tile where they are not 128: 256, half of which each of a
  /// block's consumers multiplies.
  int64_t rows = 0;

  bool hasColumns() const {
    return columns >= 64 && columns <= 256 && columns % 64 == 0;
  }
};

/// What a table knows a contraction by: all that decides how long its tiles
/// take but the number of rows (of a weight gradient: of terms), which differs
/// from launch to launch. "bf16 rows x 3072 over 768, reads 1, writes 2".
std::string tileKey(kern::ContractOp op);

/// The tile that an op's attribute gives it.
std::optional<Tile> tileOf(kern::ContractOp op);
void setTile(kern::ContractOp op, const Tile &tile);

/// How many tiles of so many columns a product has.
int64_t tilesOfProduct(kern::ContractOp op, int64_t columns);

/// A tile, and the most rows (of a weight gradient: terms) for which it was
/// measured to be the fastest.
struct TileRow {
  Tile tile;
  int64_t upTo = std::numeric_limits<int64_t>::max();
};

/// Rows by key.
using TileTable = llvm::StringMap<llvm::SmallVector<TileRow, 1>>;

/// The tile that a table has for a contraction of this key: of the rows that
/// hold for so many rows the one with the least bound. Tiles of 256 rows are
/// for products that have one for each multiprocessor.
std::optional<Tile> findTile(const TileTable &table, llvm::StringRef key,
                             kern::ContractOp op);

/// Reads a table, or the one that gptc is built with where `path` is empty.
/// Emits an error at the file's place, with what a row may be, if it is none.
mlir::FailureOr<TileTable> readTiles(mlir::MLIRContext *context,
                                     llvm::StringRef path);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_TILES_H
