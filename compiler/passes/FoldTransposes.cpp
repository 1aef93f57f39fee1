//===- FoldTransposes.cpp - what is transposed is read as it was ----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a product reads its operands in either orientation, so that a matrix
// need not be transposed for it.
// Method: a transposition moves down, from the operands of an op to its result,
// until a product or another transposition takes it up:
//
//   T(T(x))          → x
//   f(T(x), T(y))    → T(f(x, y))         f element by element
//   gram(T(x))       → outer(x, x)
//   linear(T(a), b)  → T(matmul(b, a)), and so on: of the eight products of
//                      transposed operands each is one of the three forms, as
//                      it is or transposed
//   reduce(T(x))     → reduce(x)          of whole matrices
//
// A product that only f reads may be computed transposed as well, since
// (a bᵀ)ᵀ = b aᵀ: so a step of Newton and Schulz, a X + B X, needs no symmetry
// of B. Nothing is done that would leave more transpositions than there were:
// the one that moves has no other reader, or the one that comes out is taken up
// by all of its readers.
// Reason: an optimizer is written once, for wide matrices; tall ones would be
// copied twice for it.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/GramOp.h.inc"
#include "dialect/gpt/LinearOp.h.inc"
#include "dialect/gpt/MatmulOp.h.inc"
#include "dialect/gpt/OuterOp.h.inc"
#include "dialect/gpt/ReduceOp.h.inc"
#include "dialect/gpt/TransposeOp.h.inc"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_FOLDTRANSPOSES
#include "compiler/passes/FoldTransposes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

//===----------------------------------------------------------------------===//
// What a value is
//===----------------------------------------------------------------------===//

/// The op that transposes; null for any other value.
static TransposeOp transposeOf(Value v) {
  auto op = v.getDefiningOp<TransposeOp>();
  if (!op || !isa<RankedTensorType>(v.getType()))
    return {};
  Attribute on = lookup(op.getArgs(), "on");
  return !on || number(on).value_or(0) != 0 ? op : TransposeOp();
}

/// What a transposed value was before; null for any other.
static Value untransposed(Value v) {
  TransposeOp op = transposeOf(v);
  return op ? op.getX() : Value();
}

/// Whether the transposition of v goes once `op` does not read it.
static bool onlyReads(Operation *op, Value v) {
  return llvm::all_of(v.getUsers(),
                      [&](Operation *user) { return user == op; });
}

static Type transposed(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  std::swap(shape[shape.size() - 2], shape.back());
  return tensor.clone(shape);
}

/// Whether a shape has one number for all elements of each matrix of `of`; it
/// has where there are no matrices.
static bool isOfWholeMatrices(Type type, Type of) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  size_t rank = cast<RankedTensorType>(of).getRank();
  for (size_t i = rank - 2; i < shape.size(); ++i)
    if (shape[i] != 1)
      return false;
  return true;
}

namespace {

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

class Folder {
public:
  explicit Folder(IRRewriter &rewriter) : rewriter(rewriter) {}

  /// Whether the op has been replaced by one that reads less transposed.
  bool fold(Operation *op);
  /// Why an op goes on reading a transposed value.
  StringRef whyNot(Operation *op, Value v);

private:
  enum class Operand { Stays, Whole, Transposed, Fill, Product, Fixed };
  Operand kindOf(Operation *op, Value v);
  Value turned(Operation *op, Value v);
  /// Whether all readers of v would take its transposition up.
  bool goes(Value v) {
    unsigned readers = 64; // are looked at
    return goes(v, readers);
  }
  bool goes(Value v, unsigned &readers);
  bool takesUp(Operation *op, Value v, unsigned &readers);
  bool foldElementwise(Operation *op);
  bool foldProduct(Operation *op);
  void replace(Operation *op, Value by);
  void eraseUnread(ValueRange values);
  template <typename OpT> Value product(Operation *op, Value a, Value b) {
    return OpT::create(rewriter, op->getLoc(), op->getResult(0).getType(), a,
                       b);
  }
  /// T(matmul(a, b)), in the place of an op.
  Value transposedProduct(Operation *op, Value a, Value b) {
    Type type = op->getResult(0).getType();
    return transpose(
        op->getLoc(), type,
        MatmulOp::create(rewriter, op->getLoc(), transposed(type), a, b));
  }
  Value transpose(Location loc, Type type, Value x) {
    return TransposeOp::create(rewriter, loc, type, x,
                               rewriter.getArrayAttr({}));
  }

  IRRewriter &rewriter;
};

} // namespace

/// What an operand of an op element by element is to its transposition.
Folder::Operand Folder::kindOf(Operation *op, Value v) {
  Type type = op->getResult(0).getType();
  if (!isa<RankedTensorType>(v.getType()))
    return Operand::Stays; // a number
  if (isOfWholeMatrices(v.getType(), type))
    return Operand::Whole;
  if (dimsOf(v.getType()) != dimsOf(type))
    return Operand::Fixed;
  if (transposeOf(v))
    return Operand::Transposed;
  if (v.getDefiningOp<FillOp>())
    return Operand::Fill;
  if (isa_and_nonnull<LinearOp, OuterOp>(v.getDefiningOp()) && onlyReads(op, v))
    return Operand::Product;
  return Operand::Fixed;
}

/// The operand of the transposed op.
Value Folder::turned(Operation *op, Value v) {
  switch (kindOf(op, v)) {
  case Operand::Transposed:
    return untransposed(v);
  case Operand::Fill: {
    auto fill = v.getDefiningOp<FillOp>();
    return FillOp::create(rewriter, fill.getLoc(), transposed(v.getType()),
                          fill.getVars(), fill.getValue());
  }
  case Operand::Product: {
    // (a bᵀ)ᵀ = b aᵀ and (aᵀ b)ᵀ = bᵀ a.
    Operation *product = v.getDefiningOp();
    Operation *other = rewriter.clone(*product);
    other->setOperands({product->getOperand(1), product->getOperand(0)});
    other->getResult(0).setType(transposed(v.getType()));
    return other->getResult(0);
  }
  default:
    return v;
  }
}

bool Folder::takesUp(Operation *op, Value v, unsigned &readers) {
  if (isa<GramOp>(op) ||
      (op->getNumResults() == 1 && transposeOf(op->getResult(0))))
    return true;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return isOfWholeMatrices(reduce.getY().getType(), v.getType());
  auto isTransposed = [&](unsigned i) {
    return op->getOperand(i) == v || transposeOf(op->getOperand(i));
  };
  if (isa<LinearOp, MatmulOp, OuterOp>(op)) {
    bool a = isTransposed(0), b = isTransposed(1);
    bool turns = isa<LinearOp>(op)   ? a && !b
                 : isa<MatmulOp>(op) ? a && b
                                     : b && !a;
    return !turns || goes(op->getResult(0), readers);
  }
  return isElementwise(op) &&
         dimsOf(v.getType()) == dimsOf(op->getResult(0).getType()) &&
         llvm::all_of(op->getOperands(),
                      [&](Value w) {
                        return w == v || kindOf(op, w) != Operand::Fixed;
                      }) &&
         goes(op->getResult(0), readers);
}

bool Folder::goes(Value v, unsigned &readers) {
  return llvm::all_of(v.getUsers(), [&](Operation *user) {
    if (readers == 0)
      return false;
    --readers;
    return takesUp(user, v, readers);
  });
}

bool Folder::foldElementwise(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return false;
  bool any = false, fewer = false;
  for (Value v : op->getOperands()) {
    Operand kind = kindOf(op, v);
    if (kind == Operand::Fixed)
      return false;
    any |= kind == Operand::Transposed;
    fewer |= kind == Operand::Transposed && onlyReads(op, v);
  }
  if (!any || (!fewer && !goes(op->getResult(0))))
    return false;
  SmallVector<Value> operands;
  for (Value v : op->getOperands())
    operands.push_back(turned(op, v));
  Operation *other = rewriter.clone(*op);
  other->setOperands(operands);
  other->getResult(0).setType(transposed(type));
  replace(op, transpose(op->getLoc(), type, other->getResult(0)));
  return true;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

bool Folder::foldProduct(Operation *op) {
  Value a = op->getOperand(0), b = op->getOperand(1);
  Value ta = untransposed(a), tb = untransposed(b), y;
  if (!ta && !tb)
    return false;
  // What comes out transposed must take the place of another transposition.
  auto mayTurn = [&](Value v) {
    return onlyReads(op, v) || goes(op->getResult(0));
  };
  // Of two transposed operands the second one comes first: what is left is
  // looked at again.
  if (isa<LinearOp>(op)) {
    if (tb)
      y = product<MatmulOp>(op, a, tb);
    else if (mayTurn(a))
      y = transposedProduct(op, b, ta);
  } else if (isa<MatmulOp>(op)) {
    y = tb ? product<LinearOp>(op, a, tb) : product<OuterOp>(op, ta, b);
  } else {
    if (ta)
      y = product<MatmulOp>(op, ta, b);
    else if (mayTurn(b))
      y = transposedProduct(op, tb, a);
  }
  if (y)
    replace(op, y);
  return bool(y);
}

//===----------------------------------------------------------------------===//
// One op
//===----------------------------------------------------------------------===//

void Folder::eraseUnread(ValueRange values) {
  for (Value v : values)
    if (Operation *op = v.getDefiningOp(); op && isOpTriviallyDead(op))
      rewriter.eraseOp(op);
}

void Folder::replace(Operation *op, Value by) {
  auto options = mlir::remark::RemarkOpts::name("untransposed")
                     .category("fold-transposes");
  mlir::remark::passed(op->getLoc(), options) << mlir::remark::add(
      "{0} reads what was transposed as it was", op->getName().stripDialect());
  SmallVector<Value> operands(op->getOperands());
  rewriter.replaceOp(op, by);
  llvm::SmallSetVector<Value, 4> unique(operands.begin(), operands.end());
  eraseUnread(unique.getArrayRef());
}

bool Folder::fold(Operation *op) {
  rewriter.setInsertionPoint(op);
  if (isElementwise(op))
    return foldElementwise(op);
  if (isa<LinearOp, MatmulOp, OuterOp>(op) &&
      isa<RankedTensorType>(op->getResult(0).getType()))
    return foldProduct(op);
  Value x = op->getNumOperands() ? untransposed(op->getOperand(0)) : Value();
  if (!x)
    return false;
  if (transposeOf(op->getNumResults() ? op->getResult(0) : Value()))
    return replace(op, x), true;
  if (isa<GramOp>(op))
    return replace(op, product<OuterOp>(op, x, x)), true;
  if (auto reduce = dyn_cast<ReduceOp>(op);
      reduce && isOfWholeMatrices(reduce.getY().getType(), x.getType()))
    return replace(op, ReduceOp::create(rewriter, op->getLoc(),
                                        reduce.getY().getType(), x,
                                        reduce.getDims())),
           true;
  return false;
}

StringRef Folder::whyNot(Operation *op, Value v) {
  if (isa<LinearOp, MatmulOp, OuterOp>(op))
    return "the product would come out transposed, and others read its operand "
           "transposed too";
  if (!isElementwise(op))
    return "it is no product and does not work element by element";
  for (Value operand : op->getOperands())
    if (kindOf(op, operand) == Operand::Fixed)
      return "another of its operands is not transposed";
  return "others read its operands transposed too";
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct FoldTransposes : gptc::impl::FoldTransposesBase<FoldTransposes> {
  using FoldTransposesBase::FoldTransposesBase;

  void runOnOperation() override {
    llvm::SetVector<Block *> blocks;
    getOperation()->walk([&](TransposeOp op) {
      if (transposeOf(op.getY()))
        blocks.insert(op->getBlock());
    });
    for (Block *block : blocks)
      run(*block);
  }

  /// Every step moves a transposition further down, or takes one away.
  void run(Block &block) {
    IRRewriter rewriter(block.getParentOp()->getContext());
    Folder folder(rewriter);
    bool changed = true;
    while (changed) {
      changed = false;
      for (Operation &op : llvm::make_early_inc_range(block))
        changed |= folder.fold(&op);
    }
    auto options = mlir::remark::RemarkOpts::name("transposed")
                       .category("fold-transposes");
    for (auto op : block.getOps<TransposeOp>())
      for (Operation *user : op.getY().getUsers())
        mlir::remark::missed(user->getLoc(), options)
            << mlir::remark::add("{0} reads a transposed copy",
                                 user->getName().stripDialect())
            << mlir::remark::reason("{0}", folder.whyNot(user, op.getY()));
  }
};

} // namespace
