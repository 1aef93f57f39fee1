//===- Recompute.cpp - rows computed where they are read ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Recompute.h"
#include "compiler/kernels/Accepts.h"
#include "compiler/kernels/Cost.h"
#include "compiler/passes/MergePrograms.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <set>

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// What an op of a program costs those that compute it again. A padded row is
/// looked for column by column, which a program that has much else to hold pays
/// for with its registers: more than storing it costs.
enum class Effort { Cheap, Once, TooMuch };

/// Columns up to which a row is nothing beside the one that is stored: one a
/// lane of a warp.
constexpr int64_t kShort = 32;

bool isShort(Operation *op) {
  auto isShort = [](Type type) {
    auto row = dyn_cast<VectorType>(type);
    return !row || row.getNumElements() <= kShort;
  };
  return llvm::all_of(op->getOperandTypes(), isShort) &&
         llvm::all_of(op->getResultTypes(), isShort);
}

Effort effortOf(Operation *op, RowsToRecompute which) {
  if (which == RowsToRecompute::OfNeighbours && isPure(op) && isShort(op))
    return Effort::Cheap;
  if (isa<LoadOp, LoadIndexOp, StoreOp, SpreadOp, SliceOp, NumberOp,
          arith::ConstantOp, arith::AddFOp, arith::SubFOp, arith::MulFOp,
          arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp>(op))
    return Effort::Cheap;
  if (auto round = dyn_cast<RoundOp>(op); round && round.getGrid() == "bf16")
    return Effort::Cheap;
  bool elementwise =
      isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
  return elementwise || isa<MatvecOp>(op) ? Effort::Once : Effort::TooMuch;
}

/// Whether a load is of a row so many rows away from its own.
bool isOfNeighbour(LoadOp load) {
  return load.getDelta() != 0 && isa_and_nonnull<BlockArgument>(load.getRow());
}

bool hasNeighbours(RowsOp kernel) {
  return llvm::any_of(kernel.getBody().front().getOps<LoadOp>(), isOfNeighbour);
}

/// A kernel that stores one row of a buffer of the part, whole, and what its
/// program costs.
struct Maker {
  RowsOp kernel;
  StoreOp store;
  Effort effort = Effort::Cheap;
};

std::optional<Maker> makerOf(RowsOp kernel, RowsToRecompute which) {
  if (which == RowsToRecompute::OfNeighbours && !hasNeighbours(kernel))
    return std::nullopt;
  Maker maker{kernel, {}};
  for (Operation &op : kernel.getBody().front()) {
    maker.effort = std::max(maker.effort, effortOf(&op, which));
    if (auto store = dyn_cast<StoreOp>(op)) {
      if (maker.store)
        return std::nullopt;
      maker.store = store;
    }
  }
  if (!maker.store || maker.effort == Effort::TooMuch ||
      maker.store.getRow() != kernel.getBody().front().getArgument(0))
    return std::nullopt;
  BufferOp root = rootOf(maker.store.getBuffer());
  Window window = Window::of(maker.store.getBuffer());
  if (root.getKind() != "workspace" ||
      !window.sameRows(Window::of(root.getY())) ||
      window.columns != columnsOf(cast<MemRefType>(root.getY().getType())))
    return std::nullopt;
  return maker;
}

int64_t bitsOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
}

/// Bits that a load reads of memory for each row; a row that all rows share
/// stays in a cache.
int64_t bitsOf(LoadOp load) {
  return load.getRow() ? columnsReadOf(load) * bitsOf(load.getBuffer()) : 0;
}

/// Whether the program loads the same stretch of its own row itself.
bool loadsBeside(Block &program, LoadOp load) {
  return llvm::any_of(program.getOps<LoadOp>(), [&](LoadOp other) {
    return rootOf(other.getBuffer()) == rootOf(load.getBuffer()) &&
           loadsOwnRow(other) &&
           Window::of(other.getBuffer()) == Window::of(load.getBuffer());
  });
}

/// Copies the maker's program before a load of its row, which goes.
void inlineInto(Maker maker, LoadOp load) {
  OpBuilder b(load);
  IRMapping map;
  Block &program = maker.kernel.getBody().front();
  map.map(program.getArgument(0), load->getBlock()->getArgument(0));
  for (Operation &op : program)
    if (!isa<StoreOp>(op))
      b.clone(op, map);
  Value row = map.lookup(maker.store.getValue());
  Window from = Window::of(maker.store.getBuffer());
  Window window = Window::of(load.getBuffer());
  if (window.columns != from.columns)
    row = SliceOp::create(b, load.getLoc(), load.getType(), row,
                          uint64_t(window.offset - from.offset));
  load.getY().replaceAllUsesWith(row);
  load.erase();
}

class Recomputation {
public:
  Recomputation(PartOp part, RowsToRecompute which, StringRef pass)
      : part(part), which(which), pass(pass) {}

  void run();

private:
  /// Kernels of the part, null where one is gone, what each touches, and which
  /// of them touch a buffer, in order.
  SmallVector<Operation *> kernels;
  SmallVector<SmallVector<Access>, 0> accesses;
  DenseMap<Operation *, std::set<unsigned>> touching;

  void touch(unsigned k) {
    accesses[k] = accessesOf(kernels[k], k);
    for (const Access &access : accesses[k])
      touching[access.root].insert(k);
  }

  void recompute(Maker maker, unsigned k) {
    BufferOp root = rootOf(maker.store.getBuffer());
    SmallVector<unsigned> readers;
    for (unsigned other : touching[root])
      if (other != k)
        readers.push_back(other);
    if (readers.empty())
      return;
    StringRef name = maker.kernel.getName();
    auto options = remark::RemarkOpts::name("row").category(pass).function(
        part.getSymName());
    Location loc = maker.kernel.getLoc();
    StringRef reason = whyNot(maker, k, readers);
    if (!reason.empty()) {
      remark::missed(loc, options) << remark::add("{0} stores its row", name)
                                   << remark::reason("{0}", reason);
      return;
    }
    for (unsigned reader : readers) {
      remark::passed(loc, options) << remark::add(
          "{0} is computed by {1}", name, nameOf(kernels[reader]));
      Block &program = *programOf(kernels[reader]);
      for (LoadOp load : llvm::to_vector(program.getOps<LoadOp>()))
        if (rootOf(load.getBuffer()) == root)
          inlineInto(maker, load);
      nameAfterAll(kernels[reader], {maker.kernel, kernels[reader]});
      touch(reader);
    }
    for (const Access &access : accesses[k])
      touching[access.root].erase(k);
    touching[root].clear();
    maker.kernel.erase();
    kernels[k] = nullptr;
  }

  StringRef whyNot(Maker maker, unsigned k, ArrayRef<unsigned> readers) {
    BufferOp root = rootOf(maker.store.getBuffer());
    for (unsigned reader : readers)
      if (!readsByRow(maker, reader, root))
        return "not all of its readers are row programs that load their own "
               "row of it";
    if (maker.effort == Effort::Once && readers.size() > 1)
      return "it is dear to compute, and several read it";
    // No kernel writes the indices of rows.
    for (LoadOp load : maker.kernel.getBody().front().getOps<LoadOp>())
      if (isOverwritten(load.getBuffer(), k, readers))
        return "what it is made of is overwritten before all have read it";
    if (!saves(maker, readers))
      return "its readers would read more than it takes to store it";
    return "";
  }

  /// Whether a kernel is a program over the same rows that loads row t of the
  /// buffer for row t, and touches it in no other way.
  bool readsByRow(Maker maker, unsigned reader, BufferOp root) {
    auto rows = dyn_cast<RowsOp>(kernels[reader]);
    if (!rows || rows.getRows() != maker.kernel.getRows())
      return false;
    Window from = Window::of(maker.store.getBuffer());
    return llvm::all_of(accesses[reader], [&](const Access &access) {
      return access.root != root ||
             (!access.write && access.atRow && access.window.sameRows(from));
    });
  }

  /// Whether a kernel behind the maker up to the last reader writes what the
  /// maker loads.
  bool isOverwritten(Value source, unsigned k, ArrayRef<unsigned> readers) {
    Access read{rootOf(source), Window::of(source), k, false, false};
    return llvm::any_of(touching[read.root], [&](unsigned other) {
      return other > k && other <= readers.back() &&
             llvm::any_of(accesses[other], [&](const Access &access) {
               return access.conflicts(read);
             });
    });
  }

  /// Whether every op of a program has a place in an epilogue of n columns.
  static bool fitsEpilogue(RowsOp rows, int64_t n) {
    return llvm::all_of(rows.getBody().front(), [&](Operation &op) {
      return whyNotInEpilogue(&op, n).empty();
    });
  }

  /// Whether a buffer holds a contraction's product of n columns, or what an
  /// epilogue could make of one.
  bool isOfProduct(BufferOp root, int64_t n,
                   llvm::SmallDenseSet<Operation *, 8> &seen) {
    if (!seen.insert(root).second)
      return false;
    SmallVector<RowsOp> makers;
    for (unsigned k : touching[root]) {
      bool writes = llvm::any_of(accesses[k], [&](const Access &a) {
        return a.write && a.root == root;
      });
      auto contract = dyn_cast<ContractOp>(kernels[k]);
      if (writes && contract && int64_t(contract.getN()) == n)
        return true;
      if (auto rows = dyn_cast<RowsOp>(kernels[k]);
          writes && rows && fitsEpilogue(rows, n))
        makers.push_back(rows);
    }
    return llvm::any_of(
        makers, [&](RowsOp rows) { return loadsProduct(rows, n, seen); });
  }

  bool loadsProduct(RowsOp rows, int64_t n,
                    llvm::SmallDenseSet<Operation *, 8> &seen) {
    return llvm::any_of(rows.getBody().front().getOps<LoadOp>(),
                        [&](LoadOp load) {
                          return loadsOwnRow(load) &&
                                 isOfProduct(rootOf(load.getBuffer()), n, seen);
                        });
  }

  /// How often the row goes through memory more if a reader that fuse-epilogues
  /// would move into a contraction stays outside for what it computes: the
  /// product is stored and read. What the reader makes of it is then at hand
  /// where a program that no epilogue takes reads it, and is not stored if
  /// that is all.
  int64_t costOutside(Maker maker, unsigned reader) {
    int64_t n = Window::of(maker.store.getBuffer()).columns;
    auto rows = cast<RowsOp>(kernels[reader]);
    llvm::SmallDenseSet<Operation *, 8> seen;
    if (fitsEpilogue(maker.kernel, n) || !fitsEpilogue(rows, n) ||
        !loadsProduct(rows, n, seen))
      return 0;
    int64_t outside = 0, others = 0;
    for (auto store : rows.getBody().front().getOps<StoreOp>())
      for (unsigned k : touching[rootOf(store.getBuffer())]) {
        auto next = dyn_cast<RowsOp>(kernels[k]);
        if (k == reader)
          continue;
        ++(next && !fitsEpilogue(next, n) ? outside : others);
      }
    return 2 - (outside > 0) - (outside == 1 && others == 0);
  }

  /// Whether the readers would read less for the row than is stored and read
  /// of it now.
  bool saves(Maker maker, ArrayRef<unsigned> readers) {
    int64_t columns = Window::of(maker.store.getBuffer()).columns;
    int64_t row = columns * bitsOf(maker.store.getBuffer());
    int64_t now = row * int64_t(readers.size() + 1), then = 0;
    for (unsigned reader : readers)
      then += row * costOutside(maker, reader);
    for (unsigned reader : readers)
      for (LoadOp load : maker.kernel.getBody().front().getOps<LoadOp>())
        if (!isThere(maker, *programOf(kernels[reader]), load))
          then += bitsOf(load);
    return then < now;
  }

  /// Whether what the maker loads costs a reader nothing. A neighbour's row is
  /// under way for the program of that row.
  bool isThere(Maker maker, Block &reader, LoadOp load) {
    if (loadsOwnRow(load))
      return loadsBeside(reader, load);
    return which == RowsToRecompute::OfNeighbours && isOfNeighbour(load) &&
           (loadsBeside(reader, load) ||
            loadsBeside(maker.kernel.getBody().front(), load));
  }

  PartOp part;
  RowsToRecompute which;
  StringRef pass;
};

} // namespace

void Recomputation::run() {
  for (Operation &op : part.getBody().front())
    if (isKernel(&op)) {
      kernels.push_back(&op);
      accesses.emplace_back();
      touch(kernels.size() - 1);
    }
  for (unsigned k = 0; k < kernels.size(); ++k)
    if (auto rows = dyn_cast<RowsOp>(kernels[k]))
      if (std::optional<Maker> maker = makerOf(rows, which))
        recompute(*maker, k);
  for (Operation &op : llvm::make_early_inc_range(
           llvm::reverse(part.getBody().front().getOperations())))
    if (op.use_empty() &&
        (isa<ViewOp>(op) ||
         (isa<BufferOp>(op) && cast<BufferOp>(op).getKind() == "workspace")))
      op.erase();
}

void gptc::recomputeRows(Operation *root, RowsToRecompute which,
                         StringRef pass) {
  root->walk([&](PartOp part) { Recomputation(part, which, pass).run(); });
}
