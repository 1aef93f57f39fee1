//===- SliceRows.cpp - large buffers a slice of rows at a time ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a head's logits are the largest thing that a step makes, and no row of
// them needs another: made, used and forgotten a slice of the rows at a time,
// they take the memory of one slice.
// Method: the kernels that touch a workspace buffer above the limit, and those
// that share another such buffer with them, run once a slice, one after the
// other, if each either computes rows or sums over them in a contraction. The
// buffers that only they touch have the rows of a slice; of all others they see
// a slice by a view. A sum over rows is added up slice after slice in f32: in
// its target, where that is what its epilogue does, else in a buffer that its
// epilogue, run with the last slice, adds to the product.
// Reason: as a pass on kernels it knows neither heads nor losses. Slices are as
// large as the limit allows, for each costs a sum's target once more.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/kernels/Cores.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadIndexOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/NumberOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace gptc {
#define GEN_PASS_DEF_SLICEROWS
#include "compiler/passes/SliceRows.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static MemRefType typeOf(Value buffer) {
  return cast<MemRefType>(buffer.getType());
}

static int64_t bytesOf(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// A contraction that sums over the rows of `rows` rows, and makes others.
static bool sumsOver(Operation *kernel, int64_t rows) {
  auto contract = dyn_cast<ContractOp>(kernel);
  return contract && contract.getBatch() == 1 &&
         int64_t(contract.getK()) == rows && int64_t(contract.getM()) != rows;
}

/// Whether an epilogue's only store adds to its f32 target what is the product
/// times something: then products can be added one after the other.
static bool addsUp(ContractOp op) {
  Block &program = op.getBody().front();
  auto stores = llvm::to_vector(program.getOps<StoreOp>());
  if (stores.size() != 1 ||
      !typeOf(stores[0].getBuffer()).getElementType().isF32())
    return false;
  auto sum = stores[0].getValue().getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  BufferOp root = rootOf(stores[0].getBuffer());
  for (unsigned side : {0, 1}) {
    auto old = sum->getOperand(side).getDefiningOp<LoadOp>();
    if (!old || old.getBuffer() != stores[0].getBuffer() || !loadsOwnRow(old))
      continue;
    bool isOnly = llvm::all_of(program.getOps<LoadOp>(), [&](LoadOp load) {
      return load == old || rootOf(load.getBuffer()) != root;
    });
    // A factor that depends on the product would be no factor.
    Value term = sum->getOperand(1 - side), product = program.getArgument(1);
    while (auto mul = term.getDefiningOp<arith::MulFOp>()) {
      auto isFactor = [](Value v) {
        Operation *op = v.getDefiningOp();
        if (auto spread = dyn_cast_or_null<SpreadOp>(op))
          op = spread.getX().getDefiningOp();
        return isa_and_nonnull<arith::ConstantOp, NumberOp, LoadOp>(op);
      };
      if (isFactor(mul.getRhs()))
        term = mul.getLhs();
      else if (isFactor(mul.getLhs()))
        term = mul.getRhs();
      else
        return false;
    }
    return isOnly && term == product;
  }
  return false;
}

namespace {

/// What is sliced together: kernels in order and the buffers that ask for it.
struct Chain {
  llvm::SetVector<Operation *> wide;
  SmallVector<unsigned> kernels;
  int64_t rows = 0;
};

/// How kernels of a chain touch a buffer.
struct Use {
  bool writesRows = false, readsRows = false, readsOthers = false, sums = false,
       partial = false;
};

/// The rows [first, first + count) of a chain.
struct Slice {
  int64_t first, count;
  bool isLast;
};

} // namespace

//===----------------------------------------------------------------------===//
// What can be sliced
//===----------------------------------------------------------------------===//

/// Notes how a program that runs for each of the chain's rows touches buffers.
static StringRef whyNotProgram(Block &program, int64_t rows,
                               llvm::MapVector<Operation *, Use> &uses) {
  Value t = program.getArgument(0);
  auto own = [&](Value buffer) { return rowsOf(typeOf(buffer)) == rows; };
  auto ahead = [&](Value buffer, Value row, int64_t delta) -> StringRef {
    Use &use = uses[rootOf(buffer)];
    if (row != t) { // of all rows, or named by an index
      use.readsOthers = true;
      return "";
    }
    if (delta < 0)
      return "a kernel reads rows before its own";
    if (!own(buffer))
      return "a kernel reads rows of a buffer that has others";
    (delta ? use.readsOthers : use.readsRows) = true;
    return "";
  };
  for (Operation &op : program) {
    StringRef why;
    if (auto load = dyn_cast<LoadOp>(op)) {
      why = ahead(load.getBuffer(), load.getRow(), load.getDelta());
    } else if (auto index = dyn_cast<LoadIndexOp>(op)) {
      why = ahead(index.getBuffer(), index.getRow(), index.getDelta());
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      if (store.getRow() != t || !own(store.getBuffer()))
        return "a kernel stores other rows";
      uses[rootOf(store.getBuffer())].writesRows = true;
    } else if (auto partial = dyn_cast<PartialOp>(op)) {
      int64_t windows = llvm::divideCeil(rows, kSumWindow);
      if (partial.getRow() != t ||
          rowsOf(typeOf(partial.getPartials())) != windows)
        return "a kernel sums other rows";
      uses[rootOf(partial.getPartials())].partial = true;
    } else if (llvm::is_contained(op.getOperands(), t)) {
      return "a kernel computes with a row's number";
    }
    if (!why.empty())
      return why;
  }
  return "";
}

/// Of a contraction whose k are the chain's rows.
static StringRef whyNotSum(ContractOp op,
                           llvm::MapVector<Operation *, Use> &uses) {
  for (auto [buffer, byRows] : {std::pair(op.getA(), op.getTransposedA()),
                                std::pair(op.getB(), op.getTransposedB())}) {
    Use &use = uses[rootOf(buffer)];
    (byRows ? use.readsRows : use.readsOthers) = true;
  }
  Block &program = op.getBody().front();
  llvm::SmallPtrSet<Operation *, 2> stored;
  for (auto store : program.getOps<StoreOp>()) {
    stored.insert(rootOf(store.getBuffer()));
    uses[rootOf(store.getBuffer())].sums = true;
  }
  int tiles = 0;
  for (auto load : program.getOps<LoadOp>()) {
    if (!stored.contains(rootOf(load.getBuffer())))
      uses[rootOf(load.getBuffer())].readsOthers = true;
    tiles += columnsOf(typeOf(load.getBuffer())) == int64_t(op.getN());
  }
  if (!addsUp(op) && tiles >= kEpilogueReads)
    return "an epilogue has no room for what the slices before have summed";
  return "";
}

static StringRef whyNot(const Chain &chain, KernelGraph &graph) {
  if (chain.rows <= kTileM)
    return "its rows are one tile";
  llvm::MapVector<Operation *, Use> uses;
  for (unsigned k : chain.kernels) {
    Operation *kernel = graph.kernels()[k];
    StringRef why;
    if (sumsOver(kernel, chain.rows)) {
      why = whyNotSum(cast<ContractOp>(kernel), uses);
    } else if (auto contract = dyn_cast<ContractOp>(kernel)) {
      if (contract.getBatch() != 1 || contract.getTransposedA() ||
          int64_t(contract.getM()) != chain.rows)
        return "a contraction has other rows";
      uses[rootOf(contract.getA())].readsRows = true;
      uses[rootOf(contract.getB())].readsOthers = true;
      why = whyNotProgram(contract.getBody().front(), chain.rows, uses);
    } else if (auto rows = dyn_cast<RowsOp>(kernel);
               rows && int64_t(rows.getRows()) == chain.rows) {
      why = whyNotProgram(rows.getBody().front(), chain.rows, uses);
    } else {
      return "a kernel is neither over its rows nor a sum over them";
    }
    if (!why.empty())
      return why;
  }
  for (auto &[root, use] : uses) {
    bool isWide = chain.wide.contains(root);
    bool isWritten = use.writesRows || use.sums || use.partial;
    if ((isWritten && use.readsOthers) || (isWide && use.readsOthers))
      return "a kernel reads other rows than it has";
    if ((use.sums || use.partial) &&
        use.writesRows + use.readsRows + use.sums + use.partial > 1)
      return "a sum over rows is read as a row";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Slicing
//===----------------------------------------------------------------------===//

namespace {

class Slicer {
public:
  Slicer(Block &block, const Chain &chain, int64_t rowsOfSlice)
      : block(block), chain(chain), rowsOfSlice(rowsOfSlice),
        b(OpBuilder::atBlockEnd(&block)) {}

  /// A buffer that no kernel outside the chain touches has a slice's rows.
  void shrink(BufferOp root) {
    auto type = typeOf(root.getY());
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = rowsOfSlice;
    OpBuilder at(root);
    shrunk[root] = BufferOp::create(
        at, root.getLoc(), MemRefType::get(shape, type.getElementType()),
        root.getNameAttr(), root.getKindAttr(), StringAttr(), IntegerAttr(),
        ArrayAttr());
  }

  void run(ArrayRef<Operation *> kernels) {
    for (int64_t first = 0; first < chain.rows; first += rowsOfSlice) {
      int64_t count = std::min(rowsOfSlice, chain.rows - first);
      Slice slice{first, count, first + count == chain.rows};
      for (Operation *kernel : kernels)
        emit(kernel, slice);
    }
    for (Operation *kernel : kernels)
      kernel->erase();
    for (auto &[old, fresh] : shrunk)
      eraseUnused(cast<BufferOp>(old));
  }

private:
  static void eraseUnused(BufferOp root) {
    for (Operation *user : llvm::make_early_inc_range(root->getUsers()))
      user->erase(); // views that the kernels had
    root.erase();
  }

  Value view(Value buffer, ArrayRef<int64_t> shape, int64_t offset) {
    auto type = typeOf(buffer);
    BufferOp root = rootOf(buffer);
    if (auto it = shrunk.find(root); it != shrunk.end())
      root = it->second;
    auto strides = type.getStridesAndOffset().first;
    auto result = MemRefType::get(shape, type.getElementType());
    if (offset != 0 || result.getStridesAndOffset().first != strides)
      result = MemRefType::get(
          shape, type.getElementType(),
          StridedLayoutAttr::get(b.getContext(), offset, ArrayRef(strides)));
    if (result == root.getY().getType())
      return root.getY();
    Value &known = views[{root, result}];
    if (!known)
      known = ViewOp::create(b, root.getLoc(), result, root.getY());
    return known;
  }

  /// Rows of a buffer; of one that is shrunk, from its first on.
  Value rows(Value buffer, int64_t first, int64_t count) {
    auto type = typeOf(buffer);
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = count;
    if (shrunk.contains(rootOf(buffer)))
      first = 0;
    return view(buffer, shape, offsetOf(type) + first * rowStrideOf(type));
  }

  Value columns(Value buffer, const Slice &slice) {
    auto type = typeOf(buffer);
    return view(buffer, {type.getDimSize(0), slice.count},
                offsetOf(type) + slice.first);
  }

  void sliceProgram(Block &program, const Slice &slice) {
    Value t = program.getArgument(0);
    // Rows ahead of a slice's last are there up to the end of all.
    auto ahead = [&](Value buffer, Value row, int64_t delta) {
      if (row != t)
        return buffer;
      int64_t end = std::min(slice.first + slice.count + delta, chain.rows);
      return rows(buffer, slice.first, end - slice.first);
    };
    for (Operation &op : program) {
      if (auto load = dyn_cast<LoadOp>(op))
        load.getBufferMutable().assign(
            ahead(load.getBuffer(), load.getRow(), load.getDelta()));
      else if (auto index = dyn_cast<LoadIndexOp>(op))
        index.getBufferMutable().assign(
            ahead(index.getBuffer(), index.getRow(), index.getDelta()));
      else if (auto store = dyn_cast<StoreOp>(op))
        store.getBufferMutable().assign(
            rows(store.getBuffer(), slice.first, slice.count));
      else if (auto partial = dyn_cast<PartialOp>(op))
        partial.getPartialsMutable().assign(
            rows(partial.getPartials(), slice.first / kSumWindow,
                 llvm::divideCeil(slice.count, kSumWindow)));
    }
  }

  void emit(Operation *kernel, const Slice &slice) {
    b.setInsertionPointToEnd(&block);
    // Views stand before what uses them.
    Operation *copy = kernel->clone();
    if (auto rowsOp = dyn_cast<RowsOp>(copy)) {
      rowsOp.setRows(slice.count);
      sliceProgram(rowsOp.getBody().front(), slice);
    } else if (auto contract = cast<ContractOp>(copy);
               sumsOver(kernel, chain.rows)) {
      contract.setK(slice.count);
      for (auto [operand, byRows] :
           {std::pair(&contract.getAMutable(), contract.getTransposedA()),
            std::pair(&contract.getBMutable(), contract.getTransposedB())})
        operand->assign(byRows ? rows(operand->get(), slice.first, slice.count)
                               : columns(operand->get(), slice));
      if (!addsUp(contract))
        sumSlices(kernel, contract, slice);
    } else {
      contract.setM(slice.count);
      contract.getAMutable().assign(
          rows(contract.getA(), slice.first, slice.count));
      sliceProgram(contract.getBody().front(), slice);
    }
    b.insert(copy);
  }

  /// The epilogue of all slices but the last one stores their sum, that of the
  /// last one has it in its product.
  void sumSlices(Operation *kernel, ContractOp copy, const Slice &slice) {
    auto type = MemRefType::get({int64_t(copy.getM()), int64_t(copy.getN())},
                                b.getF32Type());
    Location loc = copy.getLoc();
    Value &sum = sums[kernel];
    if (!sum)
      sum = BufferOp::create(b, loc, type, b.getStringAttr("slices"),
                             b.getStringAttr("workspace"), StringAttr(),
                             IntegerAttr(), ArrayAttr());
    Block &program = copy.getBody().front();
    Value t = program.getArgument(0), product = program.getArgument(1);
    if (!slice.isLast)
      while (!program.empty())
        program.back().erase();
    OpBuilder inner = OpBuilder::atBlockBegin(&program);
    Value total = product;
    if (slice.first > 0) {
      Value before = LoadOp::create(inner, loc, product.getType(), sum, t,
                                    /*delta=*/0);
      total = arith::AddFOp::create(inner, loc, before, product);
      product.replaceAllUsesExcept(total, total.getDefiningOp());
    }
    if (!slice.isLast)
      StoreOp::create(inner, loc, total, sum, t);
  }

  Block &block;
  const Chain &chain;
  int64_t rowsOfSlice;
  OpBuilder b;
  llvm::MapVector<Operation *, BufferOp> shrunk;
  DenseMap<std::pair<Operation *, Type>, Value> views;
  DenseMap<Operation *, Value> sums;
};

struct SliceRows : gptc::impl::SliceRowsBase<SliceRows> {
  using SliceRowsBase::SliceRowsBase;

  void runOnOperation() override {
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  void run(PartOp part) {
    llvm::SetVector<Operation *> wide;
    for (auto buffer : part.getBody().getOps<BufferOp>())
      if (auto type = typeOf(buffer.getY());
          buffer.getKind() == "workspace" && bytesOf(type) > limit)
        wide.insert(buffer);
    // A chain that cannot run at one time leaves the order as it was.
    while (!wide.empty()) {
      KernelGraph graph(part);
      SmallVector<Chain> chains = chainsOf(wide, graph);
      Chain *refused = nullptr;
      for (Chain &chain : chains) {
        StringRef why = whyNot(chain, graph);
        if (why.empty())
          why = gather(chain, graph);
        if (why.empty())
          continue;
        remarkOn(part, chain, why, 0, 0);
        refused = &chain;
        break;
      }
      if (!refused)
        return slice(part, chains, graph);
      wide.set_subtract(refused->wide);
    }
  }

  /// Kernels that share a wide buffer are of one chain.
  static SmallVector<Chain> chainsOf(const llvm::SetVector<Operation *> &wide,
                                     KernelGraph &graph) {
    SmallVector<Chain> chains;
    for (Operation *buffer : wide) {
      Chain merged;
      merged.wide.insert(buffer);
      auto kernels = graph.kernelsOf(cast<BufferOp>(buffer));
      llvm::SetVector<unsigned> all(kernels.begin(), kernels.end());
      llvm::erase_if(chains, [&](Chain &other) {
        if (llvm::none_of(other.kernels,
                          [&](unsigned k) { return all.contains(k); }))
          return false;
        all.insert(other.kernels.begin(), other.kernels.end());
        merged.wide.insert(other.wide.begin(), other.wide.end());
        return true;
      });
      merged.kernels = llvm::to_vector(all);
      llvm::sort(merged.kernels);
      merged.rows = rowsOf(typeOf(cast<BufferOp>(buffer).getY()));
      if (!merged.kernels.empty())
        chains.push_back(std::move(merged));
    }
    return chains;
  }

  /// Makes one group of a chain's kernels; gives why it cannot.
  static StringRef gather(const Chain &chain, KernelGraph &graph) {
    unsigned first = chain.kernels.front();
    for (unsigned k : ArrayRef(chain.kernels).drop_front()) {
      if (!graph.canMerge(graph.groupOf(first), graph.groupOf(k)))
        return "another kernel has to run between them";
      graph.merge(graph.groupOf(first), graph.groupOf(k));
    }
    return "";
  }

  /// Whole tiles; of equal slices a few more than needed rather than others.
  int64_t rowsOfSlice(const Chain &chain) const {
    int64_t bytes = 0;
    for (Operation *buffer : chain.wide)
      bytes = std::max(bytes, bytesOf(typeOf(cast<BufferOp>(buffer).getY())));
    int64_t tiles = llvm::divideCeil(chain.rows, kTileM);
    int64_t most = std::max<int64_t>(limit / (bytes / chain.rows) / kTileM, 1);
    int64_t least = llvm::divideCeil(tiles, most);
    for (int64_t slices = least; slices < 2 * least; ++slices)
      if (chain.rows % (slices * kTileM) == 0)
        return chain.rows / slices;
    return int64_t(llvm::divideCeil(tiles, least)) * kTileM;
  }

  void slice(PartOp part, ArrayRef<Chain> chains, KernelGraph &graph) {
    Block &block = part.getBody().front();
    DenseMap<unsigned, const Chain *> chainOf;
    for (const Chain &chain : chains)
      chainOf[graph.groupOf(chain.kernels.front())] = &chain;
    for (unsigned g : graph.order()) {
      SmallVector<Operation *> members;
      for (unsigned k : graph.group(g).members)
        members.push_back(graph.kernels()[k]);
      const Chain *chain = chainOf.lookup(g);
      if (!chain) {
        for (Operation *kernel : members)
          kernel->moveBefore(&block, block.end());
        continue;
      }
      int64_t count = rowsOfSlice(*chain);
      remarkOn(part, *chain, "", count, members.size());
      Slicer slicer(block, *chain, count);
      for (const auto &[root, accesses] : graph.group(g).accesses)
        if (isOfSlices(cast<BufferOp>(root), *chain, graph))
          slicer.shrink(cast<BufferOp>(root));
      slicer.run(members);
    }
  }

  /// Whether a buffer holds nothing but rows that the chain's kernels hand on.
  static bool isOfSlices(BufferOp root, const Chain &chain,
                         KernelGraph &graph) {
    auto type = typeOf(root.getY());
    if (root.getKind() != "workspace" || rowsOf(type) != chain.rows ||
        !llvm::all_of(graph.kernelsOf(root), [&](unsigned k) {
          return llvm::is_contained(chain.kernels, k);
        }))
      return false;
    Window whole = Window::of(root.getY());
    for (unsigned k : graph.kernelsOf(root)) {
      Operation *kernel = graph.kernels()[k];
      for (const Access &access : accessesOf(kernel, k)) {
        if (access.root != root)
          continue;
        if (!access.window.sameRows(whole) ||
            !(access.atRow || isa<ContractOp>(kernel)))
          return false;
      }
    }
    return true;
  }

  static void remarkOn(PartOp part, const Chain &chain, StringRef why,
                       int64_t rows, size_t kernels) {
    auto first = cast<BufferOp>(chain.wide.front());
    auto options = remark::RemarkOpts::name("slices")
                       .category("slice-rows")
                       .function(part.getSymName());
    if (why.empty())
      remark::passed(first.getLoc(), options)
          << remark::add("{0} is made a slice of rows at a time",
                         first.getName())
          << remark::metric("rows", rows) << remark::metric("kernels", kernels)
          << remark::metric("bytes",
                            bytesOf(typeOf(first.getY())) / chain.rows * rows);
    else
      remark::missed(first.getLoc(), options)
          << remark::add("{0} stays whole", first.getName())
          << remark::reason("{0}", why)
          << remark::metric("bytes", bytesOf(typeOf(first.getY())));
  }
};

} // namespace
