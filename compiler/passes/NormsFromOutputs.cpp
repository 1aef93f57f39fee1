//===- NormsFromOutputs.cpp - a norm's backward without its input ---------===//
//
// Part of gptc, under the MIT License.
//
// Idea: with n = x/s, s = √(mean Σ x² + ε), a norm's backward is
//
//   dx = (dn − n mean Σ n dn)/s,
//
// and where attention reads q = R n, R a rotation, and dn = Rᵀ dq:
//
//   Σ n dn = Σ q dq,   dx = Rᵀ (dq − q mean Σ q dq)/s.
//
// Attention's backward has the gradient's own rows of q at hand, and takes s
// from the program that norms, so that x is neither read nor kept.
// Method: of each operand of an attention, the store that made it, the norm and
// the rotation before that; in the program of its gradient a load of the same
// x, all of whose uses are those of the norm's backward. x becomes n s: a sum
// of products takes s once a head, and so does what a head's columns are
// multiplied with. Guards: x and the tables are as they were; where a rotation
// stands between, its tables are cosines and sines of one angle; no model that
// rounds to bf16 itself, for what it follows takes x. Programs that norm alike
// store the same roots.
// Reason: behind form-row-kernels a norm and a rotation are one program.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Gates.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Norms.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <set>

namespace gptc {
#define GEN_PASS_DEF_NORMSFROMOUTPUTS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Whether two loads read the same columns of the same row.
static bool areEqual(LoadOp a, LoadOp b) {
  return rootOf(a.getBuffer()) == rootOf(b.getBuffer()) &&
         Window::of(a.getBuffer()) == Window::of(b.getBuffer()) &&
         loadsOwnRow(a) && a.getRow() && loadsOwnRow(b) && b.getRow();
}

static bool areEqual(Value a, Value b) {
  auto one = a.getDefiningOp<LoadOp>(), other = b.getDefiningOp<LoadOp>();
  return one && other && areEqual(one, other);
}

namespace {

/// What attention reads: a row that was normed, and turned if there is a
/// rotation.
struct Normed {
  RowsOp rows;
  LoadOp x;
  Norm norm;
  RotateOp turn;
};

/// A norm's backward in the program of a gradient.
struct Backward {
  AttentionBackwardOp attention;
  unsigned gradient;
  Normed made;
  LoadOp x;
  Value dn;                        ///< of which the norm's backward is
  RotateOp turn;                   ///< back, that makes it of the gradient
  math::SqrtOp root;               ///< made anew
  SmallVector<ReduceOp> sums;      ///< of n dn
  SmallVector<arith::MulFOp> away; ///< n times a number a head

  Value operand() {
    return ValueRange{attention.getQ(), attention.getK(),
                      attention.getV()}[gradient];
  }
  Value of() { return attention.getProgram()->getArgument(1 + gradient); }
};

struct NormsFromOutputs : gptc::impl::NormsFromOutputsBase<NormsFromOutputs> {
  using NormsFromOutputsBase::NormsFromOutputsBase;

  void runOnOperation() override {
    SmallVector<Backward> found;
    getOperation()->walk([&](PartOp part) { find(part, found); });
    Roots roots = storeRoots(getOperation(), found);
    for (Backward &backward : found)
      rewrite(backward, roots.lookup(backward.made.norm.root));
  }

  static void find(PartOp part, SmallVectorImpl<Backward> &found) {
    KernelGraph graph(part);
    for (auto [k, kernel] : llvm::enumerate(graph.kernels())) {
      auto op = dyn_cast<AttentionBackwardOp>(kernel);
      for (unsigned gradient = 0; op && op.getProgram() && gradient < 3;
           ++gradient) {
        Backward backward{op, gradient, {}, {}, {}, {}, {}, {}, {}};
        if (!findMade(backward) || !findInput(backward))
          continue;
        StringRef reason = whyNot(part, k, graph, backward);
        auto options = remark::RemarkOpts::name("norm")
                           .category("norms-from-outputs")
                           .function(part.getSymName());
        StringRef norm = backward.made.rows.getName();
        if (reason.empty()) {
          remark::passed(op.getLoc(), options) << remark::add(
              "{0} starts from what {1} made", op.getName(), norm);
          found.push_back(backward);
        } else {
          remark::missed(op.getLoc(), options)
              << remark::add("{0} starts from what {1} loads", op.getName(),
                             norm)
              << remark::reason("{0}", reason);
        }
      }
    }
  }

  /// Whether a row program norms, and turns, what an operand holds.
  static bool findMade(Backward &backward) {
    SmallVector<StoreOp> stores = storesOf(backward.operand());
    if (stores.size() != 1)
      return false;
    StoreOp store = stores.front();
    Normed &made = backward.made;
    made.rows = dyn_cast<RowsOp>(store->getParentOp());
    if (!made.rows || made.rows->getBlock() != backward.attention->getBlock() ||
        !(Window::of(store.getBuffer()) == Window::of(backward.operand())) ||
        store.getRow() != made.rows.getBody().front().getArgument(0))
      return false;
    Value n = store.getValue();
    made.turn = n.getDefiningOp<RotateOp>();
    auto product =
        (made.turn ? made.turn.getX() : n).getDefiningOp<arith::MulFOp>();
    for (unsigned i = 0; product && i < 2; ++i) {
      auto spread = product->getOperand(i).getDefiningOp<SpreadOp>();
      auto x = product->getOperand(1 - i).getDefiningOp<LoadOp>();
      if (!spread || !x || !loadsOwnRow(x) || !x.getRow())
        continue;
      auto norm = normOf(spread.getX(), x);
      if (norm && norm->columns == int64_t(backward.attention.getHead())) {
        made.x = x;
        made.norm = *norm;
        return true;
      }
    }
    return false;
  }

  /// Whether the program of a gradient loads what was normed.
  static bool findInput(Backward &backward) {
    for (auto load : backward.attention.getProgram()->getOps<LoadOp>())
      if (areEqual(load, backward.made.x) && isOf(load, backward))
        backward.x = load;
    return bool(backward.x);
  }

  /// Whether a sum over products of a row and of what the gradient is turned
  /// back into is taken, or of the gradient itself.
  static bool isOf(LoadOp load, Backward &backward) {
    for (Operation *user : load->getUsers()) {
      auto product = dyn_cast<arith::MulFOp>(user);
      if (!product || product.getLhs() == product.getRhs())
        continue;
      Value other =
          product.getLhs() == load.getY() ? product.getRhs() : product.getLhs();
      auto turn = other.getDefiningOp<RotateOp>();
      if ((turn ? turn.getX() : other) != backward.of())
        continue;
      backward.dn = other;
      backward.turn = turn;
      return true;
    }
    return false;
  }

  static StringRef whyNot(PartOp part, unsigned k, KernelGraph &graph,
                          Backward &backward) {
    if (roundsItself(part))
      return "the model says itself where it rounds to bf16";
    RotateOp back = backward.turn, forth = backward.made.turn;
    if (bool(back) != bool(forth))
      return "the gradient is not turned back by what turned";
    if (back && (back.getHead() != forth.getHead() ||
                 back.getGroup() != forth.getGroup() ||
                 back.getNeighbours() != forth.getNeighbours() ||
                 back.getInverse() == forth.getInverse() ||
                 !areEqual(back.getCos(), forth.getCos()) ||
                 !areEqual(back.getSin(), forth.getSin())))
      return "the gradient is not turned back by what turned";
    if (back && !areOfOneAngle(back.getCos(), back.getSin()))
      return "it is not known that the rotation keeps lengths";
    if (!findUses(backward))
      return "what was normed has another use";
    if (isWrittenBehind(backward.made.rows, k, graph, backward.x.getBuffer()))
      return "what was normed is overwritten";
    return "";
  }

  /// Whether a part rounds to bf16 what is not stored so.
  static bool roundsItself(PartOp part) {
    return part
        ->walk([](RoundOp round) {
          return round.getGrid() == "bf16" && !round.getStored()
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Whether all uses of what was normed are those of its norm's backward.
  static bool findUses(Backward &backward) {
    const Norm &norm = backward.made.norm;
    Value x = backward.x.getY();
    for (Operation *user : llvm::make_early_inc_range(x.getUsers())) {
      auto product = dyn_cast<arith::MulFOp>(user);
      if (!product || !product->hasOneUse())
        return false;
      Value other = product.getLhs() == x ? product.getRhs() : product.getLhs();
      Operation *next = *product->user_begin();
      auto sum = dyn_cast<ReduceOp>(next);
      if (other == x) {
        // Σ x², of which the root is made again.
        backward.root = rootOver(sum, x, norm);
        if (!backward.root)
          return false;
      } else if (other == backward.dn) {
        if (!sum || sum.getHow() != "add" ||
            widthOf(sum.getY()) * norm.columns != widthOf(x))
          return false;
        backward.sums.push_back(sum);
      } else {
        auto spread = other.getDefiningOp<SpreadOp>();
        if (!spread || !isa<arith::SubFOp, arith::AddFOp>(next) ||
            !llvm::is_contained(next->getOperands(), backward.dn))
          return false;
        backward.away.push_back(product);
      }
    }
    return backward.root && !backward.sums.empty() && !backward.away.empty();
  }

  /// The root over a sum of squares, if it is a norm's and nothing between is
  /// used otherwise.
  static math::SqrtOp rootOver(ReduceOp sum, Value x, const Norm &norm) {
    Operation *op = sum;
    while (op && !isa<math::SqrtOp>(op))
      op = op->hasOneUse() && isa<ReduceOp, arith::MulFOp, arith::AddFOp>(op)
               ? *op->user_begin()
               : nullptr;
    if (!op)
      return {};
    for (Operation *user : op->getUsers()) {
      auto quotient = dyn_cast<arith::DivFOp>(user);
      auto again = quotient ? normOf(quotient, x) : std::nullopt;
      if (again && again->mean == norm.mean && again->epsilon == norm.epsilon &&
          again->columns == norm.columns)
        return again->root;
    }
    return {};
  }

  /// Whether a kernel from the one that norms up to the kth writes what is
  /// under a view.
  static bool isWrittenBehind(RowsOp from, unsigned k, KernelGraph &graph,
                              Value buffer) {
    BufferOp root = kern::rootOf(buffer);
    Window window = Window::of(buffer);
    unsigned first =
        unsigned(llvm::find(graph.kernels(), from) - graph.kernels().begin());
    return llvm::any_of(graph.kernelsOf(root), [&](unsigned other) {
      return other >= first && other <= k &&
             llvm::any_of(
                 graph.group(other).accesses[root], [&](const Access &access) {
                   return access.write && access.window.overlaps(window);
                 });
    });
  }

  /// Where the roots stand that a program stores, by their op.
  using Roots = llvm::DenseMap<Operation *, Value>;

  /// Lets the programs that norm store the roots that are asked for; and those
  /// that are like one of them, as validation's are, the same ones, so that
  /// they stay one kernel.
  static Roots storeRoots(Operation *top, ArrayRef<Backward> found) {
    // Before any of them is another one: which roots, by their ops' numbers.
    SmallVector<std::pair<RowsOp, std::set<int64_t>>> asked;
    top->walk([&](RowsOp op) {
      std::set<int64_t> numbers;
      for (const Backward &backward : found)
        if (areAlike(op, backward.made.rows))
          numbers.insert(numberOf(backward.made.norm.root));
      if (!numbers.empty())
        asked.push_back({op, numbers});
    });
    Roots roots;
    for (auto &[op, numbers] : asked)
      for (int64_t number : numbers) {
        Operation *root = &*std::next(op.getBody().front().begin(), number);
        roots[root] = rootsOf(op, root->getResult(0));
      }
    return roots;
  }

  static int64_t numberOf(Operation *op) {
    return std::distance(op->getBlock()->begin(), op->getIterator());
  }

  /// Whether two programs do the same, on rows that stand alike in buffers.
  static bool areAlike(RowsOp a, RowsOp b) {
    if (a == b)
      return true;
    Block &one = a.getBody().front(), &other = b.getBody().front();
    if (one.getOperations().size() != other.getOperations().size())
      return false;
    IRMapping known;
    known.map(one.getArguments(), other.getArguments());
    return llvm::all_of(llvm::zip_equal(one, other), [&](auto ops) {
      auto &[x, y] = ops;
      bool alike = x.getName() == y.getName() &&
                   x.getResultTypes() == y.getResultTypes() &&
                   x.getNumOperands() == y.getNumOperands() &&
                   x.getPropertiesAsAttribute() == y.getPropertiesAsAttribute();
      for (unsigned i = 0; alike && i < x.getNumOperands(); ++i)
        alike = standAlike(x.getOperand(i), y.getOperand(i), known);
      known.map(x.getResults(), y.getResults());
      return alike;
    });
  }

  /// Whether operands are the same value, or buffers whose rows have the same
  /// columns, elements and distances.
  static bool standAlike(Value x, Value y, const IRMapping &known) {
    auto one = dyn_cast<MemRefType>(x.getType());
    auto other = dyn_cast<MemRefType>(y.getType());
    if (!one || !other)
      return known.lookupOrDefault(x) == y;
    return one.getElementType() == other.getElementType() &&
           columnsOf(one) == columnsOf(other) &&
           rowStrideOf(one) == rowStrideOf(other) &&
           offsetOf(one) == offsetOf(other);
  }

  /// A buffer of the roots, which the program that norms stores.
  static Value rootsOf(RowsOp rows, Value root) {
    // Where a graph of the part's kernels has it, in front of them all.
    OpBuilder b(&*llvm::find_if(*rows->getBlock(),
                                [](Operation &op) { return isKernel(&op); }));
    Location loc = rows.getLoc();
    auto type = MemRefType::get({int64_t(rows.getRows()), widthOf(root)},
                                b.getF32Type());
    auto buffer = BufferOp::create(b, loc, type, rows.getNameAttr(),
                                   b.getStringAttr("workspace"), StringAttr(),
                                   IntegerAttr(), ArrayAttr());
    Block &program = rows.getBody().front();
    OpBuilder end = OpBuilder::atBlockEnd(&program);
    StoreOp::create(end, loc, root, buffer.getY(), program.getArgument(0));
    return buffer.getY();
  }

  /// With the roots where a program stores them.
  static void rewrite(Backward &backward, Value stored) {
    Location loc = backward.x.getLoc();
    Block &program = *backward.attention.getProgram();
    OpBuilder b(backward.x);
    Value t = program.getArgument(0), gradient = backward.of();
    Value q = LoadOp::create(b, loc, backward.x.getY().getType(),
                             backward.operand(), t, /*delta=*/0);
    Value s = LoadOp::create(b, loc, backward.root.getType(), stored, t,
                             /*delta=*/0);
    backward.root.replaceAllUsesWith(s);
    // Σ x dn = s Σ q dq
    for (ReduceOp sum : backward.sums) {
      b.setInsertionPoint(sum);
      Value product = arith::MulFOp::create(b, loc, gradient, q);
      Value total = ReduceOp::create(b, loc, sum.getType(), "add", product);
      sum.replaceAllUsesWith(Value(arith::MulFOp::create(b, loc, total, s)));
    }
    // dn − x w = Rᵀ (dq − q w s)
    for (arith::MulFOp product : backward.away) {
      Operation *next = *product->user_begin();
      auto spread = (product.getLhs() == backward.x.getY() ? product.getRhs()
                                                           : product.getLhs())
                        .getDefiningOp<SpreadOp>();
      b.setInsertionPoint(next);
      Value w = spread.getX();
      if (w.getType() != s.getType())
        w = SpreadOp::create(b, loc, s.getType(), w);
      w = arith::MulFOp::create(b, loc, w, s);
      w = SpreadOp::create(b, loc, q.getType(), w);
      IRMapping mapping;
      mapping.map(backward.dn, gradient);
      mapping.map(product.getResult(), arith::MulFOp::create(b, loc, q, w));
      Value rest = b.clone(*next, mapping)->getResult(0);
      if (RotateOp turn = backward.turn)
        rest = RotateOp::create(
            b, loc, rest, turn.getCos(), turn.getSin(), int64_t(turn.getHead()),
            int64_t(turn.getGroup()), turn.getNeighbours(), turn.getInverse());
      next->getResult(0).replaceAllUsesWith(rest);
    }
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(program.getOperations())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
