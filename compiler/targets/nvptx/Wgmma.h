//===- Wgmma.h - products of tiles in shared memory -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A tile of an operand is 64 elements of k deep, 128 of FP8, which are
// K-major. K-major (k contiguous) it stands as its rows, 128 bytes each.
// MN-major (m or n contiguous) it stands as panels of 64 columns: 64 rows of k,
// 128 bytes each, 8 KiB a panel. Both are swizzled by 128 bytes: the 16-byte
// chunk c of row r lies at chunk c ^ (r % 8).
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_WGMMA_H
#define GPTC_COMPILER_TARGETS_NVPTX_WGMMA_H

#include "compiler/kernels/Cores.h"
#include "compiler/targets/nvptx/NvptxBuilder.h"

namespace gptc::nvptx {

/// Depth in k of one wgmma of bf16, of which a tile has kTileK; of FP8, both
/// are twice as many elements in as many bytes.
constexpr int64_t kStepK = 16;
/// Bytes of a tile's row or a panel's row, and of a whole panel.
constexpr int64_t kRowBytes = 128, kPanelBytes = 64 * kRowBytes;

/// The tile of one operand in a stage.
struct OperandTile {
  /// Rows of the product's m or n that the tile covers.
  int64_t rows;
  /// Whether m or n is contiguous, not k.
  bool transposed;

  /// Panels of an MN-major tile; the last may be used in part.
  int64_t panels() const { return llvm::divideCeil(rows, 64); }
  int64_t bytes() const {
    return transposed ? panels() * kPanelBytes : rows * kRowBytes;
  }
  /// Bytes from the tile's first row to its row 64.
  static constexpr int64_t half() { return kPanelBytes; }
};

/// The matrix descriptor of a tile at shared address `address` (an i32 in
/// bytes): start, strides of the canonical layout, 128-byte swizzle.
Value descriptor(NvptxBuilder &e, Value address, const OperandTile &tile);

/// The accumulator of one warpgroup for 64 x n: a struct of n/2 floats a
/// thread. Float 4i + 2h + c of lane l in warp w is row 16w + l/4 + 8h and
/// column 8i + 2(l % 4) + c. Of several such groups of 64 rows one's floats
/// stand behind the other's.
class Accumulator {
public:
  /// Of products of e4m3 if `fp8`, else of bf16; of `groups` times 64 rows.
  Accumulator(NvptxBuilder &e, int64_t n, bool fp8 = false, int64_t groups = 1)
      : e(e), n(n), fp8(fp8), groups(groups) {}

  mlir::Type type();
  Value undefined();
  int64_t size() const { return groups * n / 2; }
  Values elements(Value accumulator);

  /// accumulator (+)= a b over one tile of k, by the whole warpgroup; it
  /// overwrites the accumulator where `accumulate` (an i32) is 0. Returns when
  /// at most `pending` such groups are unfinished: the registers of an
  /// unfinished group must not be touched but by the next.
  Value multiply(Value accumulator, Value descriptorA, bool transposedA,
                 Value descriptorB, bool transposedB, Value accumulate,
                 int64_t pending);
  /// Waits for every group.
  Value finish(Value accumulator);

private:
  Value assemble(llvm::StringRef text, llvm::StringRef constraints,
                 Values operands, Value accumulator);

  NvptxBuilder &e;
  int64_t n;
  bool fp8;
  int64_t groups;
};

/// A straight-line block of products of one warpgroup, their commits and waits.
/// Its results are registers that it defines and values that it holds: what is
/// unfinished behind the block must be held by the one that waits for it, and
/// be touched by nothing between.
class Products {
public:
  explicit Products(NvptxBuilder &e) : e(e) {}
  /// Of codes: the formats of a and b, "e5m2.e4m3". All depths are those of
  /// bf16, which are twice as many elements of FP8; b is K-major.
  Products(NvptxBuilder &e, llvm::StringRef formats) : e(e), formats(formats) {}

  /// Places of results: new floats, or values (f32 or i32) that go through the
  /// block. Before the first product.
  int64_t define(int64_t floats);
  int64_t hold(ValueRange values);

  /// Results from `to`, 64 x n, (+)= a b over `depth` of k. `a` is a descriptor
  /// of a K-major tile of 64 rows, or fragments in registers: four a step, laid
  /// out as an accumulator rounded to pairs of bf16 is, or of codes as
  /// PTX lays out 16 x 32 of them. b is K-major, or
  /// MN-major in panels; a K-major tile of more than 64 of k has panels, too.
  void multiply(int64_t to, int64_t n, ValueRange a, Value b, bool transposedB,
                int64_t depth, bool accumulate);
  void commit();
  /// Until at most `pending` groups are unfinished.
  void wait(int64_t pending);
  /// The results, by place.
  Values emit();

private:
  int64_t input(Value value);

  NvptxBuilder &e;
  llvm::StringRef formats;
  /// Null: defined.
  Values results, inputs;
  std::string text;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_WGMMA_H
