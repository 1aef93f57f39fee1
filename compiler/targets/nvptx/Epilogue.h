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
// of bf16 would be 4 bytes and half a sector: it goes through shared memory
// (Staging.h), or, where it cannot be stored from there, the quad transposes
// four groups by shuffles and each lane stores 16 bytes, eight columns of a
// group. Rows of a buffer that do not begin where such accesses must are
// accessed an element at a time.
//
// A chunk of 64 columns is a window of the contract on sums, and a quad has its
// rows: each thread adds its own columns, then the quad's four their sums.
//
// A tile may reach beyond the product. A warpgroup whose 64 rows are all there
// runs the program without guards on rows; the others run a second copy. Which
// columns are there is known but for the last tile of a row, so that only the
// chunk of columns that n cuts has a second copy for that tile. In the guarded
// copies loads stay inside by clamping, and stores are left out.
//
// In attention's backward a tile is a head, of which a program needs all
// columns (EpilogueHeads.cpp): a quad has its rows, the sums are as above, and
// a thread has both columns of each pair that a rotation turns.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H
#define GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H

#include "compiler/targets/nvptx/Staging.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/Kern.h"
#include "llvm/ADT/DenseMap.h"

namespace gptc::kern {
class AttentionBackwardOp;
class ContractOp;
class LoadOp;
class ReduceOp;
class RotateOp;
class StoreOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// Emits an error at the first op of the region that an epilogue cannot serve.
mlir::LogicalResult verifyEpilogue(kern::ContractOp op);
mlir::LogicalResult verifyEpilogue(kern::AttentionBackwardOp op);

/// Tiles that the region loads and stores.
int64_t tilesOf(kern::ContractOp op);

class Epilogue {
public:
  /// `m` (an i32) is the product's rows, or null if no tile reaches beyond
  /// them. Without `staging`, quads transpose what they load and store.
  Epilogue(Kernel &e, kern::ContractOp op, Value m, Staging *staging = nullptr);

  /// Of the program that attention's backward has; `m` are its positions.
  Epilogue(Kernel &e, kern::AttentionBackwardOp op, Value m);

  /// The accumulators' rows lane/4 and 8 more are rows 2 (lane/4) and the next
  /// of each 16. Without staging.
  void interleaveRows() { interleaved = true; }

  /// Of several products one below the other: what follows is in one that ends
  /// at the row `end`.
  void endAt(Value end) { m = end; }

  /// Of a symmetric product whose first row is `first`, for the next tile, from
  /// `column` on: what is stored is mirrored if `below` (the diagonal).
  void mirrorTo(Value first, Value column, Value below) {
    mirrored = {first, column, below};
  }

  /// Brings what the program will load of the tile into the L2; the arguments
  /// are those of `emit`.
  void prefetch(Value row, Value column, int64_t columns);
  /// Asks for what copies bring, of a tile whose first group of 64 rows begins
  /// at `row`.
  void request(Value row, Value column);
  /// The program for 64 rows of one warpgroup from `row` (all i32) and the
  /// columns from `column`; `elements` are the thread's, as an Accumulator
  /// orders them. Rows and columns beyond the product's are left alone. They
  /// are the tile's `group`th 64 rows of this warpgroup.
  void emit(Value row, Value column, ValueRange elements, int64_t columns,
            int64_t group = 0);

  /// Brings the whole rows that `emitHead` will load into the L2.
  void prefetchHead(Value row, Value head, unsigned gradient);
  /// The gradient of queries (0), keys (1) or values (2).
  struct Gradient {
    unsigned number;
    Values elements;
  };
  /// What the program stores of some gradients, one after the other, for 64
  /// rows of one warpgroup from `row` and the head of this number.
  void emitHead(Value row, Value head, llvm::ArrayRef<Gradient> gradients);

private:
  /// Rows of a thread: lane/4 and 8 more; columns of a pair.
  static constexpr int64_t kRows = 2, kPair = 2;
  static constexpr int64_t kQuad = 4;

  /// One access of a thread to its row of the chunk: its first column, which
  /// is `offset` past a base, and how many columns.
  struct Access {
    Value base;
    int64_t offset, columns;
  };
  /// Whether a value has one column, or one of the head, for all others.
  bool isNarrow(Value rowValue);
  /// The program's ops that only what is made of a gradient needs.
  llvm::SmallVector<mlir::Operation *> opsOf(unsigned gradient);
  void setRows(Value row);
  /// With the columns of a load, which of a rotation's table are others.
  void inPart(kern::LoadOp load, llvm::function_ref<void()> body);
  void reduceHead(kern::ReduceOp op);
  void rotate(kern::RotateOp op);

  /// The accesses to a row of a buffer in the order of columns.
  llvm::SmallVector<Access> accesses(Value buffer);
  Value place(Value buffer, Value row, int64_t r, const Access &access);

  /// Brings the line of one element into the L2.
  void prefetch(Value buffer, Value row, Value column);
  /// The program on all columns of the tile.
  void tile(Value column, ValueRange elements, int64_t columns);
  /// The program on a chunk, and on a part of it.
  void program(ValueRange product);
  void part(ValueRange product);
  void run(llvm::ArrayRef<mlir::Operation *> ops);
  /// The thread's elements of a chunk as they stand in memory, row by row, and
  /// their conversion.
  Values fetch(kern::LoadOp op);
  /// Of 16 bytes of bf16 an access: pairs of columns, as f32, in the order
  /// (group, row).
  Values pairsOf(kern::LoadOp op, ValueRange fetched);
  void load(kern::LoadOp op, ValueRange fetched);
  void store(kern::StoreOp op);
  /// What is stored of the chunk, to where its mirror is.
  void mirror(kern::StoreOp op);
  Value pairOf(Value low, Value high);
  /// Adds what the chunk has of a window of columns; at its end there is a sum.
  void addWindow(kern::ReduceOp op);
  /// The lanes of a window, of all columns or some more of them, and their sum
  /// in each of the thread's rows.
  void addToLanes(Values &lanes, ValueRange elements);
  Values sumOfLanes(ValueRange lanes);
  /// Where the base of accesses lies in row `r` of a buffer, or in row 0
  /// without `row`; without `base` the row's first column.
  Value address(Value buffer, Value row, int64_t r, Value base);

  Kernel &e;
  mlir::Block &body;
  /// Columns of the program's rows, and of a head if it is attention's.
  int64_t n, head = 0;
  Staging *staging = nullptr;
  bool interleaved = false;
  Value m, lane, warp;
  /// Where the current tile and chunk stand: the thread's two rows, the first
  /// columns of its pairs and of its octets, the number of the tile's first
  /// window, the first of the 64 rows and of the warp's, the chunk's offset in
  /// columns.
  Value rows[kRows], pairColumn, octetColumn, window, firstRow, warpRow;
  Value headNumber;
  /// Where the tile's mirror stands; `below` is null where there are none.
  struct {
    Value first, column, below;
  } mirrored;
  int64_t chunk = 0, group = 0;
  /// Columns of a tile that the product has in every tile.
  int64_t everywhere = std::numeric_limits<int64_t>::max();
  /// Groups of 8 columns in a chunk (one pair a thread and row).
  int64_t groups = 0;
  /// In a guarded copy: whether each row is there (else null; `rows` are then
  /// clamped), and whether columns of the chunk may be missing.
  Value inside[kRows];
  bool ragged = false;
  /// Elements of a row value in the order (group, row, column of the pair);
  /// those of a one-column value in the order of rows.
  llvm::DenseMap<Value, Values> values;
  llvm::DenseMap<std::tuple<Value, int64_t, Value>, Value> addresses;
  /// The lanes of windows (RowEmitter.h) that the thread adds up.
  llvm::DenseMap<mlir::Operation *, Values> sums;
  /// What has been fetched for the current chunk, and for all of the tile.
  llvm::DenseMap<mlir::Operation *, Values> fetched, same;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_EPILOGUE_H
