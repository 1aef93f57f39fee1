//===- Epilogue.h - a row program on accumulator registers ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A contraction's region, spliced behind its main loop. Each thread owns pairs
// of columns in two rows (Wgmma.h); every op of the region becomes scalars on
// them, every load and store of a tile one access a pair. The columns are taken
// in chunks, op by op, so that the loads of a chunk are in flight together and
// only a chunk's values live beside the accumulator.
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

  /// The program for 64 rows of one warpgroup from `row` (all i32) and the
  /// accumulator's columns from `column`.
  void emit(Value row, Value column, Accumulator &layout, Value accumulator,
            int64_t columns);

private:
  /// Rows of a thread: lane/4 and 8 more; columns of a pair.
  static constexpr int64_t kRows = 2, kPair = 2;
  /// Columns of a chunk, in groups of 8 (one pair a thread and row).
  static constexpr int64_t kChunk = 64, kGroups = kChunk / 8;

  void load(kern::LoadOp op);
  void store(kern::StoreOp op);
  /// The address of the first column of the thread (of the only one) in its row
  /// `r`, or in row 0 without `row`.
  Value rowAddress(Value buffer, Value row, int64_t r);

  Kernel &e;
  kern::ContractOp op;
  Value lane, warp;
  /// Where the current tile and chunk stand: the thread's two rows, the
  /// thread's first column in the tile, and the chunk's offset in columns.
  Value rows[kRows], firstColumn;
  int64_t chunk = 0;
  /// Elements of a row value in the order (group, row, column of the pair);
  /// those of a one-column value in the order of rows.
  llvm::DenseMap<Value, Values> values;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> bases;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H
