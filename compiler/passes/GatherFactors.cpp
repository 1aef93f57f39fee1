//===- GatherFactors.cpp - what is the same for all columns, once a row ---===//
//
// Part of gptc, under the MIT License.
//
// Idea: a chain of derivatives multiplies each column of a row by factors that
// are the same for all columns (constants, weights, scales, a seed): x a b c is
// x (a b c), of which a row needs a b c once. And what an exponential is taken
// of is often a column times a constant plus what is the same for all.
// Method: a product is taken apart as far as its factors are products; if two
// factors or more are the same for all columns, it becomes the product of the
// others by one. The argument of an exponential becomes one fused
// multiplication and addition, which a target may lower together with the
// exponential. Guards: what is gathered of constants is a normal number; a
// product of two rows that is read elsewhere too is not computed again. What
// single columns hold is not asked: that their product is a number of f32 is
// the pass's contract (docs/passes/gather-factors.md says why).
// Reason: the loss of a large vocabulary is bound by instructions. Of short
// rows a lane has few columns, and computes for itself what is the same for
// all.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Affine.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/SpreadOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <cmath>
#include <optional>

namespace gptc {
#define GEN_PASS_DEF_GATHERFACTORS
#include "compiler/passes/GatherFactors.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

static bool isSame(Value x) { return constantOf(x) || singleOf(x); }

static bool isNormal(double x) { return std::isnormal(float(x)); }

namespace {

/// The product of rows, of a constant and of single columns.
struct Product {
  SmallVector<Value> rows, singles;
  double constant = 1;
  int64_t gathered = 0; ///< factors that are the same for all columns

  void multiply(Value x, bool mayCompute) {
    if (auto c = constantOf(x)) {
      constant *= *c;
      ++gathered;
    } else if (Value single = singleOf(x)) {
      singles.push_back(single);
      ++gathered;
    } else if (auto neg = x.getDefiningOp<arith::NegFOp>()) {
      constant = -constant;
      multiply(neg.getOperand(), mayCompute && x.hasOneUse());
    } else if (auto div = x.getDefiningOp<arith::DivFOp>();
               div && constantOf(div.getRhs())) {
      constant /= *constantOf(div.getRhs());
      ++gathered;
      multiply(div.getLhs(), mayCompute && x.hasOneUse());
    } else if (auto mul = x.getDefiningOp<arith::MulFOp>();
               mul && ((mayCompute && x.hasOneUse()) || isSame(mul.getLhs()) ||
                       isSame(mul.getRhs()))) {
      for (Value factor : mul->getOperands())
        multiply(factor, mayCompute && x.hasOneUse());
    } else {
      rows.push_back(x);
    }
  }
};

/// Rewrites the program of a kernel.
class Gatherer {
public:
  Gatherer(Block &program, int64_t columns)
      : program(program), columns(columns), b(program.getParentOp()) {}

  /// Gives how many ops are less.
  int64_t run() {
    int64_t before = count();
    for (Operation &op : llvm::make_early_inc_range(program)) {
      if (op.getNumResults() != 1 || widthOfF32(op.getResult(0)) < columns)
        continue;
      b.setInsertionPoint(&op);
      loc = op.getLoc();
      if (auto exp = dyn_cast<math::ExpOp>(op))
        gather(exp);
      else if (isa<arith::MulFOp, arith::DivFOp>(op))
        gatherProduct(op.getResult(0));
    }
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(program.getOperations())))
      if (isOpTriviallyDead(&op))
        op.erase();
    return before - count();
  }

private:
  /// Ops that compute rows.
  int64_t count() {
    return llvm::count_if(program, [&](Operation &op) {
      return op.getNumResults() == 1 &&
             widthOfF32(op.getResult(0)) >= columns &&
             isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) &&
             !isa<arith::ConstantOp>(op);
    });
  }
  Value constant(Type type, double value) {
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(cast<VectorType>(type), float(value)));
  }
  Value product(Value x, Value y) {
    return x ? arith::MulFOp::create(b, loc, x, y) : y;
  }

  void gather(math::ExpOp exp) {
    Affine x(exp.getOperand());
    if (x.isPlain || !isNormal(x.factor) || !std::isfinite(float(x.constant)))
      return;
    Type type = exp.getType();
    Value offset = x.offset(b, loc);
    offset = offset ? SpreadOp::create(b, loc, type, offset)
                    : constant(type, x.constant);
    Operation *old = exp.getOperand().getDefiningOp();
    exp.getOperandMutable().assign(
        math::FmaOp::create(b, loc, x.row, constant(type, x.factor), offset));
    erase(old);
  }

  void gatherProduct(Value old) {
    Product all;
    Operation *op = old.getDefiningOp();
    if (auto div = dyn_cast<arith::DivFOp>(op)) {
      if (!constantOf(div.getRhs()))
        return;
      all.constant = 1 / *constantOf(div.getRhs());
      ++all.gathered;
      all.multiply(div.getLhs(), /*mayCompute=*/true);
    } else {
      for (Value factor : op->getOperands())
        all.multiply(factor, /*mayCompute=*/true);
    }
    if (all.gathered < 2 || all.rows.empty() || !isNormal(all.constant))
      return;
    Value result, single;
    for (Value row : all.rows)
      result = product(result, row);
    for (Value factor : all.singles)
      single = product(single, factor);
    Type type = old.getType(), one = VectorType::get({1}, b.getF32Type());
    if (single && float(all.constant) != 1)
      single = product(single, constant(one, all.constant));
    if (single)
      result = product(result, SpreadOp::create(b, loc, type, single));
    else if (float(all.constant) != 1)
      result = product(result, constant(type, all.constant));
    old.replaceAllUsesWith(result);
    erase(op);
  }

  /// What is read elsewhere too is known by its uses: those that are left.
  void erase(Operation *op) {
    if (!op || !isOpTriviallyDead(op))
      return;
    SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands)
      erase(operand.getDefiningOp());
  }

  Block &program;
  int64_t columns;
  OpBuilder b;
  Location loc = b.getUnknownLoc();
};

struct GatherFactors : gptc::impl::GatherFactorsBase<GatherFactors> {
  using GatherFactorsBase::GatherFactorsBase;

  void runOnOperation() override {
    SmallVector<Operation *> kernels;
    getOperation()->walk([&](Operation *op) {
      if (programOf(op))
        kernels.push_back(op);
    });
    for (Operation *kernel : kernels) {
      int64_t less = Gatherer(*programOf(kernel), columns).run();
      if (less > 0)
        remark::passed(kernel->getLoc(), remark::RemarkOpts::name("factors")
                                             .category("gather-factors")
                                             .function(nameOf(kernel)))
            << remark::add("a column takes {0} operations less", less);
    }
  }
};

} // namespace
