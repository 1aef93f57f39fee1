//===- Epilogue.h - a row program on accumulator registers ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A contraction's region, spliced behind its main loop. Each thread owns pairs
// of columns in two rows (Wgmma.h); every op of the region becomes scalars on
// them. The columns are taken in chunks, op by op, so that the loads of a chunk
// are in flight together and only a chunk's values live beside the accumulator.
//
// Four neighbouring lanes, a quad, own eight columns of each group. A pair of
// f32 is an access of 8 bytes, the quad's together a whole sector of 32. A pair
// of bf16 would be 4 bytes and half a sector, so the quad transposes four
// groups by shuffles and each lane accesses 16 bytes, eight columns of a group.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H
#define GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H

#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "llvm/ADT/DenseMap.h"

namespace gptc::nvptx {

/// Emits an error at the first op of the region that an epilogue cannot serve.
mlir::LogicalResult verifyEpilogue(kern::ContractOp op);

class Epilogue {
public:
  Epilogue(Kernel &e, kern::ContractOp op);

  /// Brings what the program will load of the tile into the L2; the arguments
  /// are those of `emit`.
  void prefetch(Value row, Value column, int64_t columns);
  /// The program for 64 rows of one warpgroup from `row` (all i32) and the
  /// columns from `column`; `elements` are the thread's, as an Accumulator
  /// orders them. Columns beyond the product's are left alone.
  void emit(Value row, Value column, ValueRange elements, int64_t columns);

private:
  /// Rows of a thread: lane/4 and 8 more; columns of a pair.
  static constexpr int64_t kRows = 2, kPair = 2;
  static constexpr int64_t kQuad = 4;

  void program(ValueRange product);
  /// The thread's elements of a chunk as they stand in memory, row by row, and
  /// their conversion.
  Values fetch(kern::LoadOp op);
  void load(kern::LoadOp op, ValueRange fetched);
  void store(kern::StoreOp op);
  /// Where the thread's columns of the tile begin in its row `r` of a buffer,
  /// or in row 0 without `row`: its pair's, or with `octets` its eight columns
  /// of every four groups. The only column of a narrow buffer.
  Value address(Value buffer, Value row, int64_t r, bool octets);
  /// The quad's transposition: element j of lane q becomes element q of lane j.
  void transpose(llvm::MutableArrayRef<Value> four);

  Kernel &e;
  kern::ContractOp op;
  Value lane, warp;
  /// Where the current tile and chunk stand: the thread's two rows, the first
  /// columns of its pairs and of its octets, the chunk's offset in columns.
  Value rows[kRows], pairColumn, octetColumn;
  int64_t chunk = 0;
  /// Groups of 8 columns in a chunk (one pair a thread and row).
  int64_t groups = 0;
  /// Elements of a row value in the order (group, row, column of the pair);
  /// those of a one-column value in the order of rows.
  llvm::DenseMap<Value, Values> values;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> addresses;
  /// What has been fetched for the current chunk.
  llvm::DenseMap<mlir::Operation *, Values> fetched;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H
