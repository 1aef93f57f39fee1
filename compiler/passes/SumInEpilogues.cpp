//===- SumInEpilogues.cpp - sums over a product's rows, where it is made --===//
//
// Part of gptc, under the MIT License.
//
// Idea: log Σ exp of a product's row needs the whole row, so that a kernel
// which goes on with the row reads it twice: once for the sum, once for what
// the sum is needed for. But a sum over windows of columns needs no neighbour:
// whoever has a tile of the product in registers can make it.
// Method: a sum over a row whose terms are made, element by element, of one row
// that a contraction stores: the contraction's epilogue computes the terms once
// more, of the value as it is stored, adds up each window of 64 columns, which
// lies in one tile whatever the tile is, and stores these sums; the row kernel
// adds them up. No kernel changes places.
// Reason: of a row that no register file holds, the second reading costs what
// the first does, and so do its exponentials, which an epilogue can compute
// beside other products. A window's sum is a sixty-fourth of the row. Shorter
// rows stay in registers from one use to the next.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace gptc {
#define GEN_PASS_DEF_SUMINEPILOGUES
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static int64_t widthOf(Value row) {
  return cast<VectorType>(row.getType()).getDimSize(0);
}

namespace {

/// A sum's terms: the ops that make them, in their order, of one loaded row,
/// and the store of a contraction that it comes from.
struct Terms {
  SmallVector<Operation *> ops;
  LoadOp load;
  StoreOp store;
};

} // namespace

/// Finds the ops behind `x` and the row that they begin with.
static StringRef whyNotTerms(Value x, Terms &terms) {
  int64_t n = widthOf(x);
  if (n % kSumWindow || n == kSumWindow)
    return "its columns are not several whole windows";
  llvm::SetVector<Operation *> found;
  SmallVector<Operation *> work{x.getDefiningOp()};
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (!op || found.contains(op) || op == terms.load)
      continue;
    if (auto load = dyn_cast<LoadOp>(op)) {
      if (terms.load || !loadsOwnRow(load) || widthOf(load.getY()) != n)
        return "its terms are made of more than one row of the product";
      terms.load = load;
      continue;
    }
    if (!whyNotInEpilogue(op, n).empty())
      return "its terms are not made element by element";
    found.insert(op);
    for (Value operand : op->getOperands())
      if (isa<VectorType>(operand.getType()))
        work.push_back(operand.getDefiningOp());
  }
  if (!terms.load)
    return "its terms are made of no row of a product";
  for (Operation &op : *x.getParentBlock())
    if (found.contains(&op))
      terms.ops.push_back(&op);
  return {};
}

/// Finds the contraction's store that the loaded row comes from.
static StringRef whyNotStored(RowsOp rows, Terms &terms) {
  Value buffer = terms.load.getBuffer();
  BufferOp root = rootOf(buffer);
  for (Operation *user : root->getUsers()) {
    if (!writesTo(user, root.getY()))
      continue;
    if (terms.store || !isa<StoreOp>(user))
      return "more than one kernel stores the row";
    terms.store = cast<StoreOp>(user);
  }
  auto contract = terms.store ? dyn_cast<ContractOp>(terms.store->getParentOp())
                              : ContractOp();
  if (!contract || root.getKind() != "workspace" ||
      contract->getBlock() != rows->getBlock() ||
      !contract->isBeforeInBlock(rows))
    return "no contraction stores the row";
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (terms.store.getBuffer() != buffer ||
      contract.getRows() != int64_t(rows.getRows()) ||
      contract.getTransposedA() || !(element.isF32() || element.isBF16()))
    return "the contraction stores other rows";
  return {};
}

namespace {

struct SumInEpilogues : gptc::impl::SumInEpiloguesBase<SumInEpilogues> {
  using SumInEpiloguesBase::SumInEpiloguesBase;

  void runOnOperation() override {
    SmallVector<ReduceOp> sums;
    getOperation()->walk([&](ReduceOp op) {
      if (op.getHow() == "add" && widthOf(op.getY()) == 1 &&
          widthOf(op.getX()) >= columns && isa<RowsOp>(op->getParentOp()))
        sums.push_back(op);
    });
    for (ReduceOp sum : sums)
      run(sum);
  }

  static void run(ReduceOp sum) {
    auto rows = cast<RowsOp>(sum->getParentOp());
    Terms terms;
    StringRef why = whyNotTerms(sum.getX(), terms);
    if (why.empty())
      why = whyNotStored(rows, terms);
    auto options = remark::RemarkOpts::name("sum")
                       .category("sum-in-epilogues")
                       .function(rows.getName());
    if (!why.empty()) {
      remark::missed(sum.getLoc(), options)
          << remark::add("a sum stays where its row is read")
          << remark::reason("{0}", why);
      return;
    }
    auto contract = cast<ContractOp>(terms.store->getParentOp());
    move(sum, contract, terms);
    remark::passed(sum.getLoc(), options) << remark::add(
        "windows of a sum are made in the epilogue of {0}", contract.getName());
  }

  static void move(ReduceOp sum, ContractOp contract, Terms &terms) {
    Location loc = sum.getLoc();
    OpBuilder b(contract);
    int64_t windows = widthOf(sum.getX()) / kSumWindow;
    auto type = VectorType::get({windows}, b.getF32Type());
    Value sums = BufferOp::create(
        b, loc, MemRefType::get({contract.getRows(), windows}, b.getF32Type()),
        b.getStringAttr("sums"), b.getStringAttr("workspace"), StringAttr(),
        IntegerAttr(), ArrayAttr());

    Block &epilogue = contract.getBody().front();
    b.setInsertionPointToEnd(&epilogue);
    Value product = terms.store.getValue();
    Type element =
        cast<MemRefType>(terms.store.getBuffer().getType()).getElementType();
    if (element.isBF16())
      product =
          RoundOp::create(b, loc, product.getType(), product,
                          b.getStringAttr("bf16"), /*stored=*/b.getUnitAttr());
    IRMapping map;
    map.map(terms.load.getY(), product);
    for (Operation *op : terms.ops)
      b.clone(*op, map);
    Value parts =
        ReduceOp::create(b, loc, type, sum.getHow(), map.lookup(sum.getX()));
    StoreOp::create(b, loc, parts, sums, epilogue.getArgument(0));

    b.setInsertionPoint(sum);
    Block &program = *sum->getBlock();
    sum.getXMutable().assign(LoadOp::create(b, loc, type, sums,
                                            program.getArgument(0),
                                            /*delta=*/0));
    for (Operation *op : llvm::reverse(terms.ops))
      if (isOpTriviallyDead(op))
        op->erase();
    if (isOpTriviallyDead(terms.load))
      terms.load.erase();
  }
};

} // namespace
