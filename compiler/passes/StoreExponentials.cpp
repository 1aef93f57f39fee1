//===- StoreExponentials.cpp - exp(x) in the place of what x is of --------===//
//
// Part of gptc, under the MIT License.
//
// Idea: of a row z that a contraction stores, a loss needs y(z), what a soft
// cap makes of it, and exponentials of y. The epilogue that sums e = exp(α y +
// β) has computed both. Of e, in z's place, its readers have
//
//   y = (ln e − β)/α,   exp(α y + δ) = e exp(δ − β),
//
// one logarithm of each column and one exponential of each row, instead of
// all that makes y and an exponential.
// Method: the exponential of a sum that an epilogue makes of the row as it is
// stored in bf16; in each reader the same y, found op by op, through which all
// that it needs of the row must go. What is summed is what is stored.
// Guards: the exponent's bounds are known and both ends are normal numbers of
// bf16; they are at least kLeast apart, so that e, of which 8 bits are kept,
// tells the exponent to within 2^-8 and y to within 2^-12 of its range; nothing
// is rounded on the way, for e would not give that back.
// Reason: a unit of a GPU takes eight cycles for a function of a warp's
// columns. Three of them and a conversion bound a loss; one does not. The bytes
// are the same.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/Affine.h"
#include "compiler/passes/Intervals.h"
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
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

namespace gptc {
#define GEN_PASS_DEF_STOREEXPONENTIALS
#include "compiler/passes/StoreExponentials.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// exp(±80) are normal numbers of f32, and of bf16, which has its range.
static constexpr double kMost = 80;
/// How far an exponent's bounds must be apart.
static constexpr double kLeast = 16;

namespace {

/// An epilogue's exponential of what it stores.
struct Made {
  StoreOp store;
  RoundOp stored; ///< the row as it is stored
  math::ExpOp exp;
  llvm::SetVector<Operation *> ops; ///< between the two
};

/// A row program that loads the row.
struct Reader {
  LoadOp load;
  SmallVector<Value> ys;
  SmallVector<math::ExpOp> exps; ///< of multiples of y by the same factor
};

} // namespace

//===----------------------------------------------------------------------===//
// What an epilogue makes of the row
//===----------------------------------------------------------------------===//

/// The exponential of a stored row that an epilogue sums, if there is one.
static std::optional<Made> madeOf(StoreOp store) {
  auto isSum = [](Operation *user) { return isa<ReduceOp>(user); };
  for (Operation *user : store.getValue().getUsers()) {
    auto stored = dyn_cast<RoundOp>(user);
    if (!stored || !stored.getStored())
      continue;
    for (auto exp : store->getBlock()->getOps<math::ExpOp>())
      if (stored->isBeforeInBlock(exp) && llvm::any_of(exp->getUsers(), isSum))
        return Made{store, stored, exp, {}};
  }
  return std::nullopt;
}

/// Finds the ops between the row and its exponential.
static StringRef whyNotMade(Made &made) {
  auto element =
      cast<MemRefType>(made.store.getBuffer().getType()).getElementType();
  if (!element.isBF16() || made.stored.getGrid() != "bf16")
    return "the row is not stored in bf16";
  SmallVector<Value> work{made.exp.getOperand()};
  while (!work.empty()) {
    Value x = work.pop_back_val();
    if (x == made.stored.getY() || constantOf(x))
      continue;
    Operation *op = x.getDefiningOp();
    if (!op || !isOfOneColumn(op))
      return "the exponent is made of more than the row";
    if (isa<RoundOp>(op))
      return "a rounding stands between the row and its exponential";
    if (made.ops.insert(op))
      work.append(op->operand_begin(), op->operand_end());
  }
  auto isOfExponent = [&](Operation *user) {
    return user == made.exp || made.ops.contains(user);
  };
  auto isAlone = [&](Operation *op) {
    return llvm::all_of(op->getUsers(), isOfExponent);
  };
  if (!isAlone(made.stored) || !llvm::all_of(made.ops, isAlone))
    return "the epilogue needs more of the row than one exponential";
  return {};
}

/// Whether e tells the exponent.
static StringRef whyNotTold(Made &made) {
  Interval bounds = intervalOf(made.exp.getOperand());
  if (!(bounds.low >= -kMost && bounds.high <= kMost))
    return "the exponential may leave the normal numbers of bf16";
  if (bounds.high - bounds.low < kLeast)
    return "the exponent's bounds are too near each other";
  return {};
}

//===----------------------------------------------------------------------===//
// What readers make of it
//===----------------------------------------------------------------------===//

/// Whether two ops compute the same, where `same` says so of two operands.
static bool areAlike(Operation *a, Operation *b,
                     function_ref<bool(Value, Value)> same) {
  return a->getName() == b->getName() &&
         a->getResultTypes() == b->getResultTypes() &&
         a->getAttrDictionary() == b->getAttrDictionary() &&
         llvm::all_of_zip(a->getOperands(), b->getOperands(), same);
}

/// Finds y in a program that loads the row, and the exponentials of it.
static StringRef whyNotReader(Made &made, const Affine &exponent,
                              Reader &reader) {
  // What stands in the epilogue for a value of the program.
  DenseMap<Value, Value> twins{{reader.load.getY(), made.stored.getY()}};
  for (Operation &op : *reader.load->getBlock()) {
    if (llvm::none_of(op.getOperands(),
                      [&](Value x) { return twins.contains(x); }))
      continue;
    // What is made of y is made of e as well.
    if (llvm::all_of(op.getOperands(), [&](Value x) {
          return !twins.contains(x) || twins[x] == exponent.row;
        }))
      continue;
    auto *twin = llvm::find_if(made.ops, [&](Operation *other) {
      return areAlike(&op, other, [&](Value x, Value y) {
        Value twin = twins.lookup(x);
        return twin ? twin == y
                    : constantOf(x) && constantOf(x) == constantOf(y);
      });
    });
    if (twin == made.ops.end())
      return "a reader needs more of the row than its exponentials are of";
    twins[op.getResult(0)] = (*twin)->getResult(0);
    if ((*twin)->getResult(0) == exponent.row)
      reader.ys.push_back(op.getResult(0));
  }
  for (auto exp : reader.load->getBlock()->getOps<math::ExpOp>()) {
    Affine own(exp.getOperand());
    if (llvm::is_contained(reader.ys, own.row) && own.factor == exponent.factor)
      reader.exps.push_back(exp);
  }
  return {};
}

/// Finds all readers of the row.
static StringRef whyNotRead(Made &made, const Affine &exponent,
                            SmallVectorImpl<Reader> &readers) {
  auto contract = dyn_cast<ContractOp>(made.store->getParentOp());
  BufferOp root = rootOf(made.store.getBuffer());
  if (!contract || root.getKind() != "workspace")
    return "the row is not one that a contraction hands on";
  for (Operation *user : root->getUsers()) {
    if (user == made.store)
      continue;
    auto load = dyn_cast<LoadOp>(user);
    auto rows = load ? dyn_cast<RowsOp>(load->getParentOp()) : RowsOp();
    if (!rows || !loadsOwnRow(load) || load.getDelta() != 0 ||
        made.store.getBuffer() != root.getY())
      return "more than programs of its own rows touches the row";
    readers.push_back({load, {}, {}});
    StringRef why = whyNotReader(made, exponent, readers.back());
    if (!why.empty())
      return why;
  }
  if (llvm::all_of(readers, [](Reader &r) { return r.exps.empty(); }))
    return "no reader takes exponentials of it";
  return {};
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

namespace {

struct StoreExponentials
    : gptc::impl::StoreExponentialsBase<StoreExponentials> {
  using StoreExponentialsBase::StoreExponentialsBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return;
    SmallVector<StoreOp> stores;
    getOperation()->walk([&](StoreOp op) { stores.push_back(op); });
    for (StoreOp store : stores)
      if (std::optional<Made> made = madeOf(store))
        run(*made);
  }

  static void run(Made &made) {
    Affine exponent(made.exp.getOperand());
    SmallVector<Reader> readers;
    StringRef why = whyNotMade(made);
    if (why.empty())
      why = whyNotTold(made);
    if (why.empty())
      why = whyNotRead(made, exponent, readers);
    auto options = remark::RemarkOpts::name("exponentials")
                       .category("store-exponentials")
                       .function(gptc::nameOf(made.store->getParentOp()));
    Location loc = made.store.getLoc();
    if (!why.empty()) {
      remark::missed(loc, options)
          << remark::add("a row is stored, not its exponentials")
          << remark::reason("{0}", why);
      return;
    }
    BufferOp root = rootOf(made.store.getBuffer());
    llvm::SetVector<Block *> programs;
    for (Reader &reader : readers) {
      programs.insert(reader.load->getBlock());
      rewrite(reader, exponent);
    }
    for (Block *program : programs)
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*program)))
        if (isOpTriviallyDead(&op))
          op.erase();
    rewrite(made);
    remark::passed(loc, options) << remark::add(
        "exponentials are stored in the place of {0}", root.getName());
  }

  /// The exponential is of the row that is not rounded, and is stored.
  static void rewrite(Made &made) {
    OpBuilder b(made.exp->getContext());
    b.setInsertionPointAfter(made.exp);
    Location loc = made.store.getLoc();
    Value e = made.exp.getResult();
    auto store =
        StoreOp::create(b, loc, e, made.store.getBuffer(), made.store.getRow());
    auto stored = RoundOp::create(b, loc, e.getType(), e,
                                  b.getStringAttr("bf16"), b.getUnitAttr());
    e.replaceUsesWithIf(stored.getY(), [&](OpOperand &use) {
      return use.getOwner() != store && use.getOwner() != stored;
    });
    made.stored.getY().replaceAllUsesWith(made.stored.getX());
    made.stored.erase();
    made.store.erase();
  }

  /// What is loaded is e.
  static void rewrite(Reader &reader, const Affine &exponent) {
    OpBuilder b(reader.load->getContext());
    b.setInsertionPointAfter(reader.load);
    Location loc = reader.load.getLoc();
    Value e = reader.load.getY();
    Type type = e.getType();
    auto constant = [&](double value) {
      return arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(cast<VectorType>(type), float(value)));
    };
    // It is a normal number, or none.
    Value log = math::LogOp::create(b, loc, e, arith::FastMathFlags::afn);
    Value factor = constant(1 / exponent.factor);
    Value offset = constant(-exponent.constant / exponent.factor);
    Value y = math::FmaOp::create(b, loc, log, factor, offset);

    auto one = VectorType::get({1}, b.getF32Type());
    for (math::ExpOp exp : reader.exps) {
      b.setInsertionPoint(exp);
      Affine own(exp.getOperand());
      own.constant -= exponent.constant;
      Value rest = own.offset(b, loc);
      if (rest)
        rest = SpreadOp::create(b, loc, type,
                                math::ExpOp::create(b, loc, one, rest));
      else
        rest = constant(std::exp(own.constant));
      exp.getResult().replaceAllUsesWith(
          arith::MulFOp::create(b, loc, e, rest));
      exp.erase();
    }
    for (Value old : reader.ys)
      old.replaceAllUsesWith(y);
  }
};

} // namespace
