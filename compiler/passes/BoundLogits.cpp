//===- BoundLogits.cpp - attention whose scores are bounded ---------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: attention keeps the maximum of a query's scores so that no exponential
// is too large and their sum is not 0. Where queries and keys are normed the
// scores are bounded by the product of their norms (Cauchy and Schwarz), and
// the exponentials need no maximum:
//
//   log Σ exp(z)  =  log Σ exp(z − m) + m.
//
// Method: what the squares of a head's columns add up to at the most, seen
// through norms, rotations and selections, and through memory: what is known
// does not follow from which kernels were merged. Their product's root, rounded
// up to a power of two, so that kernels which differ little are one, is written
// at the op. Guards: buffers of the part that row programs alone store, heads
// that stand where heads are read. How far scores may go is the target's to
// say: it knows the scale when it runs.
// Reason: beside the products, the maximum and what it rescales are most of a
// block's instructions.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/KernRow.h"
#include "dialect/kern/AttentionOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

namespace gptc {
#define GEN_PASS_DEF_BOUNDLOGITS
#include "compiler/passes/BoundLogits.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::kern;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// What a rounding to bf16, or to what holds more, makes of a square at most.
static constexpr double kRounded = 1.01;
/// Ops that are seen through.
static constexpr int kDepth = 16;

static int64_t columnsOfRow(Value x) {
  return cast<VectorType>(x.getType()).getDimSize(0);
}

static std::optional<double> constantOf(Value x) {
  llvm::APFloat number(0.0f);
  if (!matchPattern(x, m_ConstantFloat(&number)))
    return std::nullopt;
  return number.convertToDouble();
}

/// The operand beside a constant, and the constant.
template <typename OpT>
static std::optional<std::pair<Value, double>> besideConstant(Value x) {
  auto op = x.getDefiningOp<OpT>();
  if (!op)
    return std::nullopt;
  for (unsigned i = 0; i < 2; ++i)
    if (auto c = constantOf(op->getOperand(i)))
      return {{op->getOperand(1 - i), *c}};
  return std::nullopt;
}

/// Of y = 1/√(mean Σ x² + ε), ε ≥ 0: the columns of a group and 1/mean, which
/// the squares of y x do not exceed.
static std::optional<std::pair<int64_t, double>> normOf(Value y, Value x) {
  auto quotient = y.getDefiningOp<arith::DivFOp>();
  if (!quotient || constantOf(quotient.getLhs()) != 1.0)
    return std::nullopt;
  auto root = quotient.getRhs().getDefiningOp<math::SqrtOp>();
  auto sum =
      root ? besideConstant<arith::AddFOp>(root.getOperand()) : std::nullopt;
  if (!sum || !(sum->second >= 0))
    return std::nullopt;
  auto mean = besideConstant<arith::MulFOp>(sum->first);
  if (!mean || !(mean->second > 0))
    return std::nullopt;
  auto reduce = mean->first.getDefiningOp<ReduceOp>();
  if (!reduce || reduce.getHow() != "add")
    return std::nullopt;
  auto square = reduce.getX().getDefiningOp<arith::MulFOp>();
  if (!square || square.getLhs() != x || square.getRhs() != x)
    return std::nullopt;
  return {{columnsOfRow(x) / columnsOfRow(y), 1 / mean->second}};
}

/// Every store into a buffer of the part or of the run; none if something else
/// writes there, or if its elements hold less than bf16.
static SmallVector<StoreOp> storesOf(Value buffer) {
  BufferOp root = rootOf(buffer);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (!root || (root.getKind() != "workspace" && root.getKind() != "derived") ||
      !(element.isBF16() || element.isF32()))
    return {};
  SmallVector<StoreOp> stores;
  SmallVector<Value> views{root.getY()};
  while (!views.empty()) {
    Value view = views.pop_back_val();
    for (Operation *user : view.getUsers()) {
      if (auto further = dyn_cast<ViewOp>(user)) {
        views.push_back(further.getY());
        continue;
      }
      if (!gptc::writesTo(user, view))
        continue;
      auto store = dyn_cast<StoreOp>(user);
      if (!store)
        return {};
      stores.push_back(store);
    }
  }
  return stores;
}

/// The angles whose cosines (sines, the second result) a value is, or the
/// programs that store what is loaded, each once; seen through a rounding.
static SmallVector<Operation *> anglesOf(Value x, unsigned result) {
  SmallVector<Value> values{x};
  if (auto load = x.getDefiningOp<LoadOp>()) {
    values.clear();
    for (StoreOp store : storesOf(load.getBuffer())) {
      if (store.getBuffer().getType() != load.getBuffer().getType())
        return {};
      values.push_back(store.getValue());
    }
  }
  SmallVector<Operation *> angles;
  for (Value value : values) {
    if (auto round = value.getDefiningOp<RoundOp>();
        round && round.getGrid() == "bf16")
      value = round.getX();
    auto op = value.getDefiningOp<AnglesOp>();
    if (!op || value != op->getResult(result))
      return {};
    angles.push_back(op);
  }
  llvm::sort(angles);
  return angles;
}

/// Whether cos² + sin² is 1, but for roundings: of one angle, of one row.
static bool areOfOneAngle(Value cos, Value sin) {
  SmallVector<Operation *> angles = anglesOf(cos, 0);
  auto one = cos.getDefiningOp<LoadOp>(), other = sin.getDefiningOp<LoadOp>();
  return !angles.empty() && angles == anglesOf(sin, 1) &&
         bool(one) == bool(other) &&
         (!one || (one.getRow() == other.getRow() &&
                   one.getDelta() == other.getDelta()));
}

/// Whether a view's heads of `head` columns stand where the buffer's do.
static bool isOfHeads(Value buffer, int64_t head) {
  auto type = cast<MemRefType>(buffer.getType());
  return offsetOf(type) % head == 0 && rowStrideOf(type) % head == 0 &&
         columnsOf(type) % head == 0;
}

static double squaresOf(Value x, int64_t head, int depth);

/// What the squares of a head in memory add up to at most.
static double squaresIn(Value buffer, int64_t head, int depth = kDepth) {
  SmallVector<StoreOp> stores = storesOf(buffer);
  if (stores.empty() || !isOfHeads(buffer, head))
    return kInfinity;
  double most = 0;
  for (StoreOp store : stores) {
    if (!isOfHeads(store.getBuffer(), head))
      return kInfinity;
    most = std::max(most, squaresOf(store.getValue(), head, depth - 1));
  }
  return kRounded * most;
}

/// What the squares of any `head` columns from a multiple of it on add up to at
/// most, NaN aside.
static double squaresOf(Value x, int64_t head, int depth) {
  Operation *op = x.getDefiningOp();
  if (!op || depth <= 0)
    return kInfinity;
  auto of = [&](Value y) { return squaresOf(y, head, depth - 1); };
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([&](arith::MulFOp) {
        for (unsigned i = 0; i < 2; ++i) {
          Value by = op->getOperand(i), y = op->getOperand(1 - i);
          if (auto c = constantOf(by))
            return *c * *c * of(y);
          auto spread = by.getDefiningOp<SpreadOp>();
          auto norm = spread ? normOf(spread.getX(), y) : std::nullopt;
          if (!norm)
            continue;
          auto [columns, squares] = *norm;
          int64_t parts = head / columns;
          if (head % columns == 0)
            return squares * double(parts);
          if (columns % head == 0)
            return squares;
        }
        return kInfinity;
      })
      .Case([&](RotateOp o) {
        bool keeps = head % int64_t(o.getHead()) == 0 &&
                     areOfOneAngle(o.getCos(), o.getSin());
        return keeps ? kRounded * of(o.getX()) : kInfinity;
      })
      .Case([&](arith::SelectOp o) {
        return of(o.getTrueValue()) + of(o.getFalseValue());
      })
      .Case([&](LoadOp o) {
        return columnsOfRow(x) % head ? kInfinity
                                      : squaresIn(o.getBuffer(), head, depth);
      })
      .Case([&](RoundOp o) {
        return o.getGrid() == "bf16" ? kRounded * of(o.getX()) : kInfinity;
      })
      .Default([](Operation *) { return kInfinity; });
}

namespace {

struct BoundLogits : gptc::impl::BoundLogitsBase<BoundLogits> {
  using BoundLogitsBase::BoundLogitsBase;

  void runOnOperation() override {
    getOperation()->walk([](AttentionOp op) { run(op); });
  }

  static void run(AttentionOp op) {
    auto options = remark::RemarkOpts::name("maximum")
                       .category("bound-logits")
                       .function(op.getName());
    int64_t head = op.getHead();
    double queries = squaresIn(op.getQ(), head);
    double keys = squaresIn(op.getK(), head);
    double bound = std::sqrt(queries * keys);
    // Much less than what a target might take.
    if (!(bound < 1 << 20)) {
      StringRef reason = "no bound of its keys is known";
      if (std::isinf(queries))
        reason = "no bound of its queries is known";
      remark::missed(op.getLoc(), options)
          << remark::add("the maximum of a query's scores is kept")
          << remark::reason("{0}", reason);
      return;
    }
    auto rounded = int64_t(llvm::PowerOf2Ceil(uint64_t(std::ceil(bound))));
    remark::passed(op.getLoc(), options)
        << remark::add("scores are at most {0} times the scale: no maximum of "
                       "them need be kept",
                       rounded);
    op.setBound(rounded);
  }
};

} // namespace
