//===- RowEmitter.h - row programs by column chunks -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Emits a row program for one row. The work is led by what is stored: a loop
// over columns asks each stored value for a chunk of adjacent columns, and the
// chunk of a value is made of chunks of its operands. What a chunk cannot see
// (a sum over the row, a value that is read at other columns and costs much) is
// made beforehand, in order, as a scalar or in a small buffer.
//
// Sums over columns: windows of 64; in a window lane l of 16 adds the columns
// l, l + 16, l + 32, l + 48, and the lanes are added by halves; windows in
// ascending order. Neither chunk widths nor fusion change this.
//
// An index meets one column of a row. In long rows the chunks that are stored
// have two copies: in the one for chunks that no index meets, `kern.column_is`
// is false.
//
// Loads of a buffer that the same program stores are kept in a buffer first,
// unless each chunk is read just before it is overwritten.
//
// A target derives from this class and says how memory is addressed and, where
// several lanes work on one row, how they share its columns.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_ROWEMITTER_H
#define GPTC_COMPILER_KERNELS_ROWEMITTER_H

#include "compiler/kernels/KernelBuilder.h"
#include "dialect/Kern.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <map>

namespace gptc::kern {
class AnglesOp;
class ConcatOp;
class LoadOp;
class MatvecOp;
class OuterOp;
class PadOp;
class RandomOp;
class ReduceOp;
class RotateOp;
class SpreadOp;
} // namespace gptc::kern

namespace gptc {

/// `width` adjacent columns from base + shift on, which lie in [low, high).
struct Chunk {
  mlir::Value base;
  int64_t shift, low, high, width;

  Chunk moved(int64_t by) const {
    return {base, shift + by, low + by, high + by, width};
  }
};

/// Whether two views of a buffer hold some element at different columns.
bool crosses(mlir::MemRefType a, mlir::MemRefType b);
/// Whether each column of the result is of the operands' same column.
bool isElementwise(mlir::Operation *op);

/// A row of a buffer; `inside` is null where no row index can be outside.
struct RowAddress {
  mlir::Value pointer, inside;
};

class RowEmitter {
public:
  using Value = mlir::Value;

  RowEmitter(KernelBuilder &k) : k(k) {}
  virtual ~RowEmitter() = default;

  /// Emits the program for row `index` at the builder's place.
  mlir::LogicalResult emitRow(mlir::Block &program, Value index);

  static constexpr int64_t kLanes = 16;

protected:
  /// A number of the step, f64.
  virtual Value numberOf(Value number) = 0;
  /// The stream of a random number, an i32: the only thing that tells the
  /// programs of many parameters apart.
  virtual Value streamOf(kern::RandomOp op);
  /// Row `row` (null: the only one) of a buffer; checked against the
  /// buffer's rows where `check` is set.
  virtual RowAddress addressOf(Value buffer, Value row, bool check) = 0;
  /// The chunk of a buffer's row that begins at `pointer`, as f32.
  virtual Value read(Value buffer, Value pointer, const Chunk &chunk);
  /// Stores a chunk by a kern.store, or adds it to the sum of the row's window
  /// by a kern.partial.
  virtual void write(mlir::Operation *op, Value pointer, const Chunk &chunk,
                     Value value) = 0;
  /// Keeps a chunk in a row buffer.
  virtual void keep(Value value, Value buffer, const Chunk &chunk);
  /// The chunk of a row buffer.
  virtual Value fetch(Value buffer, const Chunk &chunk);
  /// A chunk of the program's second argument (a contraction's product).
  virtual Value productChunk(const Chunk &chunk);
  /// A loop over columns [low, high) in steps of `width`. Several steps'
  /// columns may be given to `ahead`, if there is one, before the first one's
  /// to `body`.
  virtual void forColumns(int64_t low, int64_t high, int64_t width,
                          llvm::function_ref<void(Value)> body,
                          llvm::function_ref<void(Value)> ahead = nullptr);
  /// Loops over all columns for values that are `columns` wide.
  virtual void
  forChunks(int64_t columns, mlir::ValueRange values,
            llvm::function_ref<void(const Chunk &)> body,
            llvm::function_ref<void(const Chunk &)> ahead = nullptr);
  /// Sums, or takes the maximum, over the columns of each group.
  virtual void reduceRow(kern::ReduceOp op);
  /// A buffer of `count` numbers of `bytes` bytes for a row.
  virtual Value rowBuffer(int64_t count, int64_t bytes = 4) {
    return k.stack(count * bytes);
  }
  /// Before the ops between two rounds of stores, so that loads may go ahead.
  virtual void begin(llvm::ArrayRef<mlir::Operation *> ops) {}
  /// Makes what lanes wrote visible to all lanes of the row.
  virtual void sync() {}
  /// The only chunk of a row that whoever emits the program has, if that is so:
  /// it is asked for nothing else, and keeps what it has loaded.
  virtual std::optional<Chunk> ownRow(int64_t columns) { return std::nullopt; }
  /// The most columns of a chunk, a power of two, of rows of so many.
  virtual int64_t widest(int64_t columns) const { return kLanes; }
  /// Whether a chunk of a padded row is all inside or all outside of what it
  /// pads, so that loops over it are cut there; else `padChunk` makes it,
  /// behind `beginPad`.
  virtual bool cutsAtPads() const { return true; }
  /// Whether who has a chunk has what it needs of its head, too: sums by heads
  /// at the chunk's `groupOf`, and the chunk of the columns that it turns with.
  virtual bool holdsHeads() const { return false; }
  /// Of rows with a column for each `times` of the chunk's, the chunk's column.
  virtual Value groupOf(const Chunk &chunk, int64_t times) {
    return k.div(columnOf(chunk), times);
  }
  /// The chunk from column `at` on, half a head from the chunk `own`.
  virtual Value partnerOf(kern::RotateOp op, Value own, Value at,
                          const Chunk &chunk);
  /// Where the angles of a chunk from column `at` on stand in their row: those
  /// of both halves of a head are the same.
  virtual Value anglesAt(kern::RotateOp op, Value at);
  virtual void beginPad(kern::PadOp op);
  virtual Value padChunk(kern::PadOp op, const Chunk &chunk);

  KernelBuilder &k;
  Value row; ///< the row's index

  Value columnOf(const Chunk &c) { return k.add(c.base, c.shift); }
  static int64_t widthOf(Value v);

  /// What limits chunks of a value: they must not cross a cut, and, where
  /// `grain` is not 0, must be aligned to a power of two that divides it.
  struct Limits {
    int64_t grain = 0;
    llvm::SmallVector<int64_t> cuts;
  };
  Limits limitsOf(Value v);
  void forLimits(int64_t columns, const Limits &limits,
                 llvm::function_ref<void(const Chunk &)> body,
                 llvm::function_ref<void(const Chunk &)> ahead = nullptr);

  /// Chunks made by `body` are known in it alone: for bodies of loops.
  void inScope(llvm::function_ref<void()> body);

  // For targets that reduce in their own way.
  Value chunkOf(Value v, const Chunk &c);
  Value chunkAt(Value v, Value column, int64_t width);
  /// The chunk of a value is this one, wherever it is asked for from here on.
  void know(Value v, const Chunk &c, Value made) { chunks[keyOf(v, c)] = made; }
  void materialise(Value v);
  void prepare(Value v);
  /// Folds `count` columns from base + shift on, at most a window.
  Value window(Value x, Value base, int64_t shift, int64_t count, int64_t width,
               bool maximum);
  llvm::DenseMap<Value, Value> single;   ///< rows of one column
  llvm::DenseMap<Value, Value> buffered; ///< rows that are kept

private:
  mlir::LogicalResult check(mlir::Block &program);
  bool overwritten(kern::LoadOp load);
  void emitStores(llvm::ArrayRef<mlir::Operation *> stores);
  /// What the elementwise ops behind `v` compare the own column with, and what
  /// they load.
  void gatherMeetings(Value v, llvm::SetVector<mlir::Operation *> &meetings,
                      llvm::SetVector<mlir::Operation *> &loads,
                      llvm::DenseSet<Value> &seen);
  /// Whether one of these comparisons holds for a column of the chunk; an i1.
  Value meets(llvm::ArrayRef<mlir::Operation *> meetings, const Chunk &c);

  /// Whether any column may be asked for, at little cost.
  bool direct(Value v, int budget = 3);
  Value scalarOf(Value v);
  Value elementAt(Value v, Value column);
  Value makeChunk(mlir::Operation *op, Value v, const Chunk &c);

  mlir::Operation *cloneOver(mlir::Operation *op, const Chunk &c);

  // RowColumns.cpp: ops that move columns.
  Value loadChunk(kern::LoadOp op, const Chunk &c);
  Value spreadChunk(kern::SpreadOp op, const Chunk &c);
  Value rotateChunk(kern::RotateOp op, const Chunk &c);
  Value outerChunk(kern::OuterOp op, const Chunk &c);
  Value matvecChunk(kern::MatvecOp op, const Chunk &c);
  Value anglesChunk(kern::AnglesOp op, bool cosine, const Chunk &c);
  Value randomChunk(kern::RandomOp op, const Chunk &c);
  Value concatChunk(kern::ConcatOp op, const Chunk &c);
  void multiplyMatrix(kern::MatvecOp op);
  void gatherLimits(Value v, Limits &limits,
                    llvm::DenseMap<Value, Limits> &known);

  /// Columns of a row from which on a chunk is seldom met by an index.
  static constexpr int64_t kSeldom = 1024;

  mlir::Block *program = nullptr;
  /// The chunk being stored, where none of these comparisons holds.
  struct {
    const Chunk *chunk = nullptr;
    llvm::ArrayRef<mlir::Operation *> by;
  } unmet;
  int64_t rows = 0; ///< that the program runs over
  size_t phaseCount = 0;
  llvm::DenseSet<Value> prepared;
  llvm::DenseMap<Value, Value> scalars; ///< index values
  llvm::DenseMap<mlir::Operation *, RowAddress> addresses;
  llvm::DenseMap<mlir::Operation *, Value> frequencies;
  using Key = std::tuple<void *, void *, int64_t, int64_t>;
  static Key keyOf(Value v, const Chunk &c) {
    return {v.getAsOpaquePointer(), c.base.getAsOpaquePointer(), c.shift,
            c.width};
  }
  std::map<Key, Value> chunks; ///< of the loop body being emitted
};

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_ROWEMITTER_H
