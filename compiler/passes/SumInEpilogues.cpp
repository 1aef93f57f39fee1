//===- SumInEpilogues.cpp - sums over a product's rows, where it is made --===//
//
// Part of gptc, under the MIT License.
//
// Idea: log Σ exp of a product's row needs the whole row, so that a kernel
// which goes on with the row reads it twice: once for the sum, once for what
// the sum is needed for. But a sum over windows of columns needs no neighbour:
// whoever has a tile of the product in registers can make it.
// Method: a sum over a row or over each head of it, whose terms are made,
// element by element, of a row that a contraction stores and of other rows of
// the same number that are there before it: the contraction's epilogue computes
// the terms, of values as they are stored, adds up each window of 64 columns,
// which lies in one tile whatever the tile is, and stores these sums; the row
// kernel adds them up, and multiplies by factors that all terms of a sum have.
// No kernel changes places. Where nobody reads the contraction's row any more,
// it is not stored.
// Reason: of a row that no register file holds, the second reading costs what
// the first does, and so do its exponentials, which an epilogue can compute
// beside other products. A window's sum is a sixty-fourth of the row. Shorter
// rows stay in registers from one use to the next; but where the sum is all
// that is made of them, as of attention's δ, the kernel need not read them.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace gptc {
#define GEN_PASS_DEF_SUMINEPILOGUES
#include "compiler/passes/SumInEpilogues.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static int64_t widthOf(Value row) {
  return cast<VectorType>(row.getType()).getDimSize(0);
}

static ContractOp contractOf(StoreOp store) {
  return store ? dyn_cast<ContractOp>(store->getParentOp()) : ContractOp();
}

namespace {

/// A sum's terms: products of `wide`, which the ops make, in their order, of
/// the rows that are loaded. What all terms of a sum are multiplied by is
/// `narrow`.
struct Terms {
  SmallVector<Value> wide, narrow;
  llvm::SetVector<Operation *> ops;
  SmallVector<LoadOp> loads;
  /// The contraction that has them, and what it stores of the loaded rows.
  ContractOp contract;
  llvm::SmallDenseMap<Operation *, StoreOp> stores;
};

} // namespace

/// Adds the factors of x. Those that are one a sum come out of the products
/// that they are in; others stay as they are.
static void split(Value x, int64_t sums, Terms &terms) {
  if (auto spread = x.getDefiningOp<SpreadOp>();
      spread && widthOf(spread.getX()) == sums) {
    terms.narrow.push_back(spread.getX());
    return;
  }
  if (auto product = x.getDefiningOp<arith::MulFOp>()) {
    size_t wide = terms.wide.size(), narrow = terms.narrow.size();
    split(product.getLhs(), sums, terms);
    split(product.getRhs(), sums, terms);
    if (terms.narrow.size() > narrow)
      return;
    terms.wide.truncate(wide);
  }
  terms.wide.push_back(x);
}

/// Finds the ops behind a sum's terms and the rows that they begin with.
static StringRef whyNotTerms(ReduceOp sum, Terms &terms) {
  int64_t n = widthOf(sum.getX()), sums = widthOf(sum.getY());
  if (n % (sums * kSumWindow) || n == kSumWindow)
    return "its columns are not several whole windows";
  split(sum.getX(), sums, terms);
  llvm::SetVector<Operation *> found;
  SmallVector<Operation *> work;
  for (Value x : terms.wide)
    work.push_back(x.getDefiningOp());
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (!op || found.contains(op) || llvm::is_contained(terms.loads, op))
      continue;
    if (auto load = dyn_cast<LoadOp>(op)) {
      if (!loadsOwnRow(load) || widthOf(load.getY()) != n)
        return "its terms are made of another row than the product's";
      terms.loads.push_back(load);
      continue;
    }
    if (!whyNotInEpilogue(op, n).empty())
      return "its terms are not made element by element";
    found.insert(op);
    for (Value operand : op->getOperands())
      if (isa<VectorType>(operand.getType()))
        work.push_back(operand.getDefiningOp());
  }
  if (terms.loads.empty())
    return "its terms are made of no row of a product";
  for (Operation &op : *sum->getBlock())
    if (found.contains(&op))
      terms.ops.insert(&op);
  return {};
}

/// Whether nothing else of the program needs the rows that are loaded.
static bool isAllThatIsMade(ReduceOp sum, const Terms &terms) {
  SmallVector<Operation *> work(terms.loads.begin(), terms.loads.end());
  while (!work.empty())
    for (Operation *user : work.pop_back_val()->getUsers()) {
      if (user == sum)
        continue;
      // The terms, and products with what comes out of them.
      if (!terms.ops.contains(user) && !isa<arith::MulFOp>(user))
        return false;
      work.push_back(user);
    }
  return true;
}

/// Finds the contraction's store that a loaded row comes from.
static StringRef whyNotStored(RowsOp rows, LoadOp load, StoreOp &found) {
  Value buffer = load.getBuffer();
  BufferOp root = rootOf(buffer);
  StoreOp store;
  SmallVector<Value> values{root.getY()};
  while (!values.empty()) {
    Value value = values.pop_back_val();
    for (Operation *user : value.getUsers()) {
      if (auto view = dyn_cast<ViewOp>(user)) {
        values.push_back(view.getY());
        continue;
      }
      if (!writesTo(user, value))
        continue;
      if (store || !isa<StoreOp>(user))
        return "more than one kernel stores the row";
      store = cast<StoreOp>(user);
    }
  }
  ContractOp contract = contractOf(store);
  if (!contract || root.getKind() != "workspace" ||
      contract->getBlock() != rows->getBlock() ||
      !contract->isBeforeInBlock(rows))
    return "no contraction stores the row";
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (!(Window::of(store.getBuffer()) == Window::of(buffer)) ||
      contract.getRows() != int64_t(rows.getRows()) ||
      contract.getTransposedA() || !(element.isF32() || element.isBF16()))
    return "the contraction stores other rows";
  found = store;
  return {};
}

/// Whether the contraction's program would find in a buffer what the row kernel
/// behind it does.
static bool isThereBefore(ContractOp contract, RowsOp rows, Value buffer) {
  BufferOp root = rootOf(buffer);
  if (root.getKind() != "workspace")
    return false;
  Window window = Window::of(buffer);
  for (Operation *op = contract; op != rows; op = op->getNextNode())
    if (isKernel(op))
      for (const Access &access : accessesOf(op, /*number=*/0))
        if (access.write && access.root == root &&
            access.window.overlaps(window))
          return false;
  for (Operation *op : {buffer.getDefiningOp(), root.getOperation()})
    if (op->getBlock() == contract->getBlock() &&
        !op->isBeforeInBlock(contract))
      return false;
  return true;
}

/// The row that an epilogue loads where another program loads one.
static LoadOp sameLoad(ContractOp contract, LoadOp load) {
  for (auto known : contract.getBody().getOps<LoadOp>())
    if (loadsOwnRow(known) && known.getY().getType() == load.getY().getType() &&
        rootOf(known.getBuffer()) == rootOf(load.getBuffer()) &&
        Window::of(known.getBuffer()) == Window::of(load.getBuffer()))
      return known;
  return {};
}

/// Finds the contraction that has, of the rows that terms are made of, one that
/// it stores: the last one, before which the others are there.
static StringRef whyNotThere(RowsOp rows, Terms &terms) {
  StringRef why;
  for (LoadOp load : terms.loads) {
    StoreOp store;
    StringRef reason = whyNotStored(rows, load, store);
    terms.stores[load] = store;
    ContractOp contract = contractOf(store);
    if (!reason.empty())
      why = reason;
    else if (!terms.contract || terms.contract->isBeforeInBlock(contract))
      terms.contract = contract;
  }
  if (!terms.contract)
    return why;
  int64_t n = terms.contract.getN();
  SmallVector<LoadOp> more;
  for (LoadOp load : terms.loads) {
    StoreOp &store = terms.stores[load];
    if (contractOf(store) == terms.contract)
      continue;
    store = {};
    if (!isThereBefore(terms.contract, rows, load.getBuffer()))
      return "a row that its terms are made of is not there before the product";
    if (!sameLoad(terms.contract, load))
      more.push_back(load);
  }
  int64_t tiles =
      llvm::count_if(terms.contract.getBody().getOps<LoadOp>(),
                     [&](LoadOp load) { return widthOf(load.getY()) == n; });
  if (tiles + int64_t(more.size()) > kEpilogueReadsOfSums)
    return "the epilogue would read too many tiles beside a sum";
  return {};
}

/// Whether a buffer is the part's own and nothing but the store touches it.
static bool isUnread(StoreOp store) {
  BufferOp root = rootOf(store.getBuffer());
  SmallVector<Operation *> users(root->getUsers());
  while (!users.empty()) {
    Operation *user = users.pop_back_val();
    if (isa<ViewOp>(user))
      llvm::append_range(users, user->getUsers());
    else if (user != store)
      return false;
  }
  return root.getKind() == "workspace";
}

namespace {

struct SumInEpilogues : gptc::impl::SumInEpiloguesBase<SumInEpilogues> {
  using SumInEpiloguesBase::SumInEpiloguesBase;

  void runOnOperation() override {
    SmallVector<ReduceOp> sums;
    getOperation()->walk([&](ReduceOp op) {
      if (op.getHow() == "add" && isa<RowsOp>(op->getParentOp()))
        sums.push_back(op);
    });
    for (ReduceOp sum : sums)
      run(sum);
  }

  void run(ReduceOp sum) {
    auto rows = cast<RowsOp>(sum->getParentOp());
    bool isLong = widthOf(sum.getX()) >= columns && widthOf(sum.getY()) == 1;
    Terms terms;
    StringRef why = whyNotTerms(sum, terms);
    // Of one short row, which is read once, little would be gained.
    bool readsRows = terms.loads.size() > 1 && isAllThatIsMade(sum, terms);
    if (!isLong && !(why.empty() && readsRows))
      return;
    if (why.empty())
      why = whyNotThere(rows, terms);
    auto options = remark::RemarkOpts::name("sum")
                       .category("sum-in-epilogues")
                       .function(rows.getName());
    if (!why.empty()) {
      remark::missed(sum.getLoc(), options)
          << remark::add("a sum stays where its row is read")
          << remark::reason("{0}", why);
      return;
    }
    remark::passed(sum.getLoc(), options)
        << remark::add("windows of a sum are made in the epilogue of {0}",
                       terms.contract.getName());
    move(sum, terms);
  }

  static void move(ReduceOp sum, Terms &terms) {
    Location loc = sum.getLoc();
    ContractOp contract = terms.contract;
    OpBuilder b(contract);
    int64_t windows = widthOf(sum.getX()) / kSumWindow;
    auto type = VectorType::get({windows}, b.getF32Type());
    Value sums = BufferOp::create(
        b, loc, MemRefType::get({contract.getRows(), windows}, b.getF32Type()),
        b.getStringAttr("sums"), b.getStringAttr("workspace"), StringAttr(),
        IntegerAttr(), ArrayAttr());

    Block &epilogue = contract.getBody().front();
    b.setInsertionPointToEnd(&epilogue);
    IRMapping map;
    for (LoadOp load : terms.loads)
      map.map(load.getY(), rowInEpilogue(b, load, contract, terms));
    for (Operation *op : terms.ops)
      b.clone(*op, map);
    Value x;
    for (Value factor : terms.wide) {
      Value y = map.lookup(factor);
      x = x ? arith::MulFOp::create(b, loc, x, y) : y;
    }
    Value parts = ReduceOp::create(b, loc, type, sum.getHow(), x);
    StoreOp::create(b, loc, parts, sums, epilogue.getArgument(0));

    b.setInsertionPoint(sum);
    Block &program = *sum->getBlock();
    Value result =
        LoadOp::create(b, loc, type, sums, program.getArgument(0), /*delta=*/0);
    if (widthOf(sum.getY()) != windows)
      result =
          ReduceOp::create(b, loc, sum.getY().getType(), sum.getHow(), result);
    for (Value factor : terms.narrow)
      result = arith::MulFOp::create(b, loc, result, factor);
    sum.getY().replaceAllUsesWith(result);
    sum.erase();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program)))
      if (isOpTriviallyDead(&op))
        op.erase();
    llvm::SmallSetVector<Operation *, 2> stores;
    for (LoadOp load : terms.loads)
      if (StoreOp store = terms.stores.lookup(load))
        stores.insert(store);
    for (Operation *store : stores)
      if (isUnread(cast<StoreOp>(store)))
        store->erase();
  }

  /// What a load of the row kernel's has, in the epilogue: what is stored
  /// there, as it is stored, or what is loaded there.
  static Value rowInEpilogue(OpBuilder &b, LoadOp load, ContractOp contract,
                             const Terms &terms) {
    if (StoreOp store = terms.stores.lookup(load)) {
      Value row = store.getValue();
      Type element =
          cast<MemRefType>(store.getBuffer().getType()).getElementType();
      if (element.isBF16())
        row = RoundOp::create(b, load.getLoc(), row.getType(), row,
                              b.getStringAttr("bf16"),
                              /*stored=*/b.getUnitAttr());
      return row;
    }
    if (LoadOp known = sameLoad(contract, load))
      return known.getY();
    return LoadOp::create(b, load.getLoc(), load.getY().getType(),
                          load.getBuffer(), contract.getBody().getArgument(0),
                          /*delta=*/0);
  }
};

} // namespace
