//===- MergePrograms.cpp - several row programs as one --------------------===//
//
// Part of gptc, under the MIT License.
//
// A first walk over the programs decides for every load whether it is a value
// that was stored before, or which stretch of memory it reads together with
// other loads; a second one copies the ops. Two walks, because the first load
// of a stretch must know the last one's columns.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/MergePrograms.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/FinishOp.h.inc"
#include "dialect/kern/LoadIndexOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SliceOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

StringRef gptc::whyNotByRow(const KernelGraph::Group &a,
                            const KernelGraph::Group &b) {
  bool more = false;
  auto otherRows = [&](const Access &x, const Access &y) {
    if (!x.conflicts(y))
      return false;
    if (!x.atRow || !y.atRow || !x.window.sameRows(y.window))
      return true;
    const Access &first = x.kernel < y.kernel ? x : y;
    const Access &second = x.kernel < y.kernel ? y : x;
    more |= !second.write && !first.window.contains(second.window);
    return false;
  };
  if (KernelGraph::anyPair(a, b, otherRows))
    return "one reads other rows of what the other stores";
  return more ? "one reads more columns than the other stores" : "";
}

namespace {

/// A stretch of a buffer's row that one load reads for all its users.
struct Read {
  BufferOp root;
  Window window;
  Value index; ///< any of the merged program; null: none
  bool byRow;  ///< row t + delta; else at the index, or the row of all rows
  int64_t delta;
  SmallVector<LoadOp> loads;
  size_t place; ///< how many stores of the buffer stand before the first load
  Value value;
};

/// Makes one kernel of a group: the first member's op takes the programs of
/// all, in order. Loads of what an earlier program stored become its value;
/// rows that several programs load are loaded once, overlapping stretches as
/// one. The others are erased. `run` gives the merged kernel.
class Merger {
public:
  explicit Merger(ArrayRef<Operation *> members) : members(members) {}

  Operation *run() {
    for (Operation *member : members)
      for (Operation &op : *programOf(member))
        plan(op);
    Operation *merged = members.front();
    for (Operation *member : members) {
      b.setInsertionPointToEnd(programOf(merged));
      map.map(programOf(member)->getArgument(0),
              programOf(merged)->getArgument(0));
      for (Operation &op : llvm::make_early_inc_range(*programOf(member)))
        emit(op, member == merged);
    }
    if (members.size() > 1) {
      nameAfterAll(merged, members);
      for (Operation *member : members.drop_front())
        member->erase();
    }
    return merged;
  }

private:
  ArrayRef<Operation *> members;
  OpBuilder b{members.front()->getContext()};
  IRMapping map;
  /// By buffer, for a program can hold thousands of each.
  DenseMap<Operation *, SmallVector<StoreOp, 1>> stores;
  DenseMap<Operation *, SmallVector<unsigned, 1>> readsOf; ///< in `reads`
  SmallVector<Read> reads;
  DenseMap<Operation *, SmallVector<LoadIndexOp, 1>> indices; ///< one of each
  DenseMap<Operation *, StoreOp> forwarded;
  DenseMap<Operation *, unsigned> readOf;
  DenseMap<Value, Value> sameIndex;

  void plan(Operation &op) {
    if (auto load = dyn_cast<LoadOp>(op))
      return planLoad(load);
    if (auto index = dyn_cast<LoadIndexOp>(op))
      return planIndex(index);
    if (auto store = dyn_cast<StoreOp>(op))
      stores[rootOf(store.getBuffer())].push_back(store);
  }

  /// An equal index that is loaded already stands for this one.
  void planIndex(LoadIndexOp index) {
    if (index.getRow() != index->getBlock()->getArgument(0))
      return;
    SmallVector<LoadIndexOp, 1> &known = indices[rootOf(index.getBuffer())];
    for (LoadIndexOp other : known)
      if (Window::of(other.getBuffer()) == Window::of(index.getBuffer()) &&
          other.getDelta() == index.getDelta()) {
        sameIndex[index.getY()] = other.getY();
        return;
      }
    known.push_back(index);
  }

  void planLoad(LoadOp load) {
    BufferOp root = rootOf(load.getBuffer());
    Window window = Window::of(load.getBuffer());
    ArrayRef<StoreOp> before = stores[root];
    // What a program stores and loads is its own row (whyNotByRow, and
    // verify-kernels of one alone).
    for (StoreOp store : llvm::reverse(before)) {
      Window stored = Window::of(store.getBuffer());
      if (!stored.overlaps(window))
        continue;
      if (stored.contains(window)) {
        forwarded[load] = store;
        return;
      }
      break;
    }
    Value row = load.getRow();
    bool byRow = loadsOwnRow(load) || row == load->getBlock()->getArgument(0);
    Value index = byRow ? Value() : row;
    if (Value same = sameIndex.lookup(index))
      index = same;
    for (unsigned i : readsOf[root]) {
      Read &read = reads[i];
      if (storedSince(before.drop_front(read.place), window) ||
          read.byRow != byRow || read.index != index ||
          read.delta != int64_t(load.getDelta()))
        continue;
      // An epilogue has no columns but its own: it loads whole tiles.
      bool stretches = byRow && isa<RowsOp>(members.front());
      bool joins = stretches ? read.window.sameRows(window) &&
                                   read.window.overlaps(window)
                             : read.window == window;
      if (!joins)
        continue;
      read.window = read.window.hull(window);
      read.loads.push_back(load);
      readOf[load] = i;
      return;
    }
    readOf[load] = reads.size();
    readsOf[root].push_back(reads.size());
    reads.push_back({root,
                     window,
                     index,
                     byRow,
                     int64_t(load.getDelta()),
                     {load},
                     before.size(),
                     Value()});
  }

  /// Whether one of the stores into the window's buffer touches it.
  static bool storedSince(ArrayRef<StoreOp> stores, const Window &window) {
    return llvm::any_of(stores, [&](StoreOp store) {
      return Window::of(store.getBuffer()).overlaps(window);
    });
  }

  void emit(Operation &op, bool inPlace) {
    if (auto load = dyn_cast<LoadOp>(op)) {
      if (inPlace)
        b.setInsertionPoint(load);
      Value value = valueOf(load);
      map.map(load.getY(), value);
      if (inPlace) {
        load.getY().replaceAllUsesWith(value);
        load.erase();
      }
      return;
    }
    if (auto index = dyn_cast<LoadIndexOp>(op))
      if (Value same = sameIndex.lookup(index.getY()))
        return map.map(index.getY(), map.lookupOrDefault(same));
    if (!inPlace)
      b.clone(op, map);
  }

  Value valueOf(LoadOp load) {
    if (StoreOp store = forwarded.lookup(load))
      return slice(load, map.lookupOrDefault(store.getValue()),
                   Window::of(store.getBuffer()));
    Read &read = reads[readOf.lookup(load)];
    if (!read.value)
      read.value = LoadOp::create(
          b, load.getLoc(), rowType(read.window.columns), bufferOf(read),
          map.lookupOrDefault(load.getRow()), read.delta);
    return slice(load, read.value, read.window);
  }

  VectorType rowType(int64_t columns) {
    return VectorType::get({columns}, b.getF32Type());
  }

  Value slice(LoadOp load, Value value, const Window &from) {
    Window window = Window::of(load.getBuffer());
    if (window.columns == from.columns)
      return value;
    return SliceOp::create(b, load.getLoc(), rowType(window.columns), value,
                           uint64_t(window.offset - from.offset));
  }

  /// A buffer value with the read's window: a load's own, or a new view.
  Value bufferOf(Read &read) {
    for (LoadOp load : read.loads)
      if (Window::of(load.getBuffer()) == read.window)
        return load.getBuffer();
    Value whole = read.root.getY();
    if (Window::of(whole) == read.window)
      return whole;
    OpBuilder::InsertionGuard guard(b);
    // Before all kernels: views stand there.
    Operation *kernel = members.front();
    Block *block = kernel->getBlock();
    b.setInsertionPoint(
        &*llvm::find_if(*block, [](Operation &op) { return isKernel(&op); }));
    auto type = MemRefType::get(
        {read.window.rows, read.window.columns},
        cast<MemRefType>(whole.getType()).getElementType(),
        StridedLayoutAttr::get(b.getContext(), read.window.offset,
                               {read.window.stride, 1}));
    return ViewOp::create(b, read.loads.front().getLoc(), type, whole);
  }
};

/// Drops ops of a program whose results nobody uses.
void eraseUnused(Block &program) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(program.getOperations())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Stores that the same program overwrites before anything loads them.
void eraseOverwritten(Block &program) {
  // Backwards, with what comes later of each buffer at hand.
  DenseMap<Operation *, SmallVector<Operation *, 2>> later;
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(program.getOperations()))) {
    if (auto load = dyn_cast<LoadOp>(op))
      later[rootOf(load.getBuffer())].push_back(load);
    auto store = dyn_cast<StoreOp>(op);
    if (!store)
      continue;
    SmallVector<Operation *, 2> &list = later[rootOf(store.getBuffer())];
    Window window = Window::of(store.getBuffer());
    // The next op decides that reads the stretch or overwrites it.
    auto decides = llvm::find_if(llvm::reverse(list), [&](Operation *next) {
      if (auto load = dyn_cast<LoadOp>(next))
        return Window::of(load.getBuffer()).overlaps(window);
      auto other = cast<StoreOp>(next);
      return other.getRow() == store.getRow() &&
             Window::of(other.getBuffer()).contains(window);
    });
    if (decides != list.rend() && isa<StoreOp>(*decides))
      store.erase();
    else
      list.push_back(store);
  }
}

/// One round: erases stores into the workspace that no kernel of the part
/// reads, and kernels that store nothing. Gives whether there were any.
bool eraseUnread(PartOp part) {
  DenseMap<Operation *, SmallVector<Window>> reads;
  SmallVector<Operation *> kernels;
  for (Operation &op : part.getBody().front()) {
    if (!isKernel(&op))
      continue;
    kernels.push_back(&op);
    for (const Access &access : accessesOf(&op, 0))
      if (!access.write)
        reads[access.root].push_back(access.window);
  }
  auto unread = [&](Value buffer) {
    BufferOp root = rootOf(buffer);
    Window window = Window::of(buffer);
    return root.getKind() == "workspace" &&
           llvm::none_of(reads[root],
                         [&](const Window &w) { return w.overlaps(window); });
  };
  bool changed = false;
  for (Operation *kernel : kernels) {
    if (auto finish = dyn_cast<FinishOp>(kernel);
        finish && llvm::all_of(finish.getTargets(), unread)) {
      finish.erase();
      changed = true;
      continue;
    }
    Block *program = programOf(kernel);
    if (!program)
      continue;
    for (Operation &op : llvm::make_early_inc_range(*program)) {
      Value target;
      if (auto store = dyn_cast<StoreOp>(op))
        target = store.getBuffer();
      else if (auto partial = dyn_cast<PartialOp>(op))
        target = partial.getPartials();
      if (!target || !unread(target))
        continue;
      op.erase();
      changed = true;
    }
    eraseUnused(*program);
    if (!program->empty())
      continue;
    kernel->erase();
    changed = true;
  }
  return changed;
}

} // namespace

void gptc::nameAfterAll(Operation *merged, ArrayRef<Operation *> members) {
  constexpr size_t kLongestName = 48;
  SmallVector<StringRef> names;
  SmallVector<Location> places;
  StringRef place;
  for (Operation *member : members) {
    StringRef ops;
    std::tie(ops, place) = nameOf(member).split('.');
    for (StringRef op : llvm::split(ops, '+'))
      if (!llvm::is_contained(names, op))
        names.push_back(op);
  }
  // The last one's place first.
  for (Operation *member : llvm::reverse(members))
    places.push_back(member->getLoc());
  std::string name = llvm::join(names, "+");
  // Too long: the first ones, and how many more.
  for (size_t n = names.size() - 1; name.size() > kLongestName && n > 0; --n)
    name = llvm::join(ArrayRef(names).take_front(n), "+") + "+" +
           std::to_string(names.size() - n) + "_more";
  if (!place.empty())
    name += "." + place.str();
  Builder b(merged->getContext());
  merged->setAttr("name", b.getStringAttr(name));
  merged->setLoc(b.getFusedLoc(places));
}

void gptc::applyGroups(PartOp part, KernelGraph &graph) {
  Block &block = part.getBody().front();
  IRRewriter rewriter(part.getContext());
  for (unsigned g : graph.order()) {
    SmallVector<Operation *> members;
    for (unsigned k : graph.group(g).members)
      members.push_back(graph.kernels()[k]);
    // Also a kernel of its own, which may load a row twice.
    Operation *kernel =
        programOf(members.front()) ? Merger(members).run() : members.front();
    kernel->moveBefore(&block, block.end());
    if (Block *program = programOf(kernel)) {
      eraseOverwritten(*program);
      // A backward program repeats what the forward one beside it made.
      DominanceInfo dominance(kernel);
      eliminateCommonSubExpressions(rewriter, dominance, kernel);
    }
  }
  while (eraseUnread(part))
    ;
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(block.getOperations())))
    if (isa<ViewOp>(op) ? op.use_empty()
                        : isa<BufferOp>(op) && op.use_empty() &&
                              cast<BufferOp>(op).getKind() == "workspace")
      op.erase();
}
