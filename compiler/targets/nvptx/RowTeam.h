//===- RowTeam.h - a row program by the lanes of a team ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A team, one warp, a quarter of it or a whole block, computes a row. Lane l of
// it owns every lanes-th chunk of up to eight columns from chunk l on: the
// accesses of a warp are adjacent, and eight lanes hold a window of a row's
// sum. Where a lane has few chunks they stay in its registers from one use to
// the next, so that a row is read once; longer rows are walked in loops and
// read again, from the caches.
//
// A program in which heads need nothing of each other (RowHeads.cpp) is shared
// out by 256 columns of a row, each a warp's work: a lane has one chunk, and
// all that it needs of others are shuffles. Else, what lanes need of each other
// (the sums of windows, a row that is read at
// other columns) goes through shuffles and shared memory. All lanes walk the
// same way: a lane beyond the row computes on the row's first columns and keeps
// the result to itself.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_ROWTEAM_H
#define GPTC_COMPILER_TARGETS_NVPTX_ROWTEAM_H

#include "compiler/kernels/RowEmitter.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/Kern.h"

namespace gptc::kern {
class PadOp;
class RandomOp;
class ReduceOp;
class RowsOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// The block's teams of lanes, each of which has rows of its own.
struct RowTeams {
  int64_t lanes, count;
  /// The thread's lane in its team, and its team's number; i64.
  mlir::Value lane, index;
  /// Columns of the rows of a program that is shared out by heads, 0 of others,
  /// and which part of them is the team's; i64.
  int64_t columns = 0;
  mlir::Value part = {};
  /// Whether lanes are few, so that each may hold all that it loads of a row.
  bool holdsAll = false;
  /// Whether the block is one of a cluster that shares a window.
  bool sharesWindow = false;
  /// Whether the team has a row; null: each has. A warp's teams walk the same
  /// way, and one without a row computes another's and stores nothing.
  mlir::Value hasRow = {};
  /// Columns of the rows of a program that takes any; i64, null of others.
  mlir::Value width = {};

  static constexpr int64_t kWarp = 32;
  /// Whether lanes meet in their warp.
  bool isInWarp() const { return lanes <= kWarp; }
  /// Whether a warp has several rows.
  bool isPart() const { return lanes < kWarp; }
};

/// Columns of the rows of a program in which heads need nothing of each other;
/// 0 if it is another one.
int64_t columnsByHeads(kern::RowsOp op);

/// The attribute of a program that takes rows of any width, and the pass over a
/// module that gives it to small ones which differ in nothing else.
constexpr llvm::StringLiteral kAnyWidth = "any_width";
void joinWidths(mlir::ModuleOp module);

class RowTeam : public RowEmitter {
public:
  static constexpr int64_t kColumns = 8;
  /// Columns of a part of a row that is shared out by heads.
  static constexpr int64_t kPart = 32 * kColumns;

  /// `e` and `k` build the same function; `shared` is where the block's shared
  /// memory begins.
  RowTeam(Kernel &e, NvptxBuilder &k, const RowTeams &team, Value shared,
          kern::RowsOp op);

  /// The most columns that a row of the program has, or reads of a longer one.
  static int64_t widestOf(kern::RowsOp op);
  /// Whether a row of the program is so much that few lanes which hold it all,
  /// and read it once, are better than many which read it again; and no more
  /// than they have registers for.
  static bool loadsMuch(kern::RowsOp op, int64_t lanes);
  /// Whether so many lanes have registers for all that is loaded of a row.
  static bool fits(kern::RowsOp op, int64_t lanes);

  /// Bytes of shared memory that the program took.
  int64_t sharedBytes() const { return bytes; }

  /// Column sums of short rows: the team's row is the `at`-th of a window (an
  /// i64), and its terms of each sum are kept side by side, by a cluster in its
  /// first block.
  void keepTerms(Value at) { inWindow = at; }
  /// Adds the terms of `rows` rows up, in their order, into the window
  /// `window` (both i64); by a whole block, the first, after a barrier.
  void sumTerms(Value window, Value rows, Value thread);

protected:
  Value numberOf(Value number) override { return e.number(k, number); }
  Value streamOf(kern::RandomOp op) override;
  RowAddress addressOf(Value buffer, Value row, bool check) override;
  Value read(Value buffer, Value pointer, const Chunk &chunk) override;
  void write(mlir::Operation *op, Value pointer, const Chunk &chunk,
             Value value) override;
  void keep(Value value, Value buffer, const Chunk &chunk) override;
  Value fetch(Value buffer, const Chunk &chunk) override;
  void forColumns(int64_t low, int64_t high, int64_t width,
                  llvm::function_ref<void(Value)> body,
                  llvm::function_ref<void(Value)> ahead = nullptr) override;
  void reduceRow(kern::ReduceOp op) override;
  std::optional<Chunk> ownRow(int64_t columns) override;
  Value rowBuffer(int64_t count, int64_t bytes) override;
  void begin(llvm::ArrayRef<mlir::Operation *> ops) override;
  void sync() override;
  /// Of a few columns each lane has one; or, where lanes are few, two.
  int64_t widest(int64_t columns) const override {
    return columns <= team.lanes * (team.isPart() ? 2 : 1) ? 1 : kColumns;
  }
  bool cutsAtPads() const override { return false; }
  void beginPad(kern::PadOp op) override;
  Value padChunk(kern::PadOp op, const Chunk &chunk) override;
  bool holdsHeads() const override { return bool(own); }
  Value groupOf(const Chunk &chunk, int64_t times) override;
  Value partnerOf(kern::RotateOp op, Value x, Value at,
                  const Chunk &chunk) override;
  Value anglesAt(kern::RotateOp op, Value at) override;

private:
  /// What is known of a column that lanes differ in: it is a multiple of
  /// `multiple`, from `first` on and before `end`, and the lane's own if
  /// `guard` (null: always) holds.
  struct Place {
    Value guard;
    int64_t multiple = 1;
    int64_t first = 0, end = std::numeric_limits<int64_t>::max();
  };
  Value place(int64_t low, int64_t high, int64_t width, Value turn,
              bool mayPass);
  /// A lane's turns over the rows that a program loads: of all, the most of
  /// one, and how many rows take several.
  struct Loads {
    int64_t turns = 0, most = 1, wide = 0;
  };
  static Loads loadsOf(kern::RowsOp op, int64_t lanes);
  /// The place of an unrolled turn: the same value each time it is asked for.
  Value turnOf(int64_t low, int64_t high, int64_t width, int64_t turn);
  int64_t multipleOf(Value column);
  int64_t alignmentOf(const Chunk &chunk, int64_t step, int64_t bytes);
  int64_t alignmentOf(Value buffer, const Chunk &chunk);
  void guarded(const Chunk &chunk, llvm::function_ref<void()> body);
  /// The sum of a window, in each of its eight lanes; terms are the lane's.
  Value sumWindow(Value terms, bool maximum);
  void reduceInLanes(kern::ReduceOp op, int64_t size, int64_t width);
  // RowWidths.cpp: rows of any width.
  Value isThere(const Chunk &chunk, int64_t i);
  Value readAny(mlir::Type element, Value pointer, const Chunk &chunk);
  void writeAny(Value value, mlir::Type element, Value pointer,
                const Chunk &chunk);
  void reduceAny(kern::ReduceOp op);
  /// The sum over the lane's head.
  void reduceHead(kern::ReduceOp op);
  /// Issues the loads of whole rows, and of angles, together.
  void loadHeads(llvm::ArrayRef<mlir::Operation *> ops);
  Chunk ownChunk() const { return {own, 0, 0, team.columns, kColumns}; }
  Value allocate(int64_t bytesOfTeam, bool ofBlock);

  Kernel &e;
  NvptxBuilder &warp; ///< what `k` is here
  const RowTeams &team;
  Value shared, inWindow;
  Value own;   ///< the first column of the lane, where heads are apart
  Value first; ///< and of a row of any width
  llvm::DenseMap<int64_t, Value> groups; ///< its group, by columns of a group
  /// Where its angles stand, by columns of a head and heads of a group.
  llvm::DenseMap<std::pair<int64_t, int64_t>, Value> angles;
  mlir::Operation *setup; ///< behind it, addresses of shared memory are made
  int64_t bytes = 0, unrolled = 1;
  llvm::DenseMap<Value, Place> places;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Value> turns;
  llvm::DenseMap<Value, Value> rowCounts;
  /// What a launch says of stores that may be left out.
  llvm::DenseMap<mlir::Operation *, Value> absences;
  llvm::DenseMap<mlir::Operation *, Value> padded; ///< with zeros around it
  /// Terms of each kern.partial: one row of them a row of the window.
  llvm::MapVector<mlir::Operation *, Value> terms;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_ROWTEAM_H
