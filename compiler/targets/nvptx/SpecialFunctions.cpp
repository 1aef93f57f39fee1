//===- SpecialFunctions.cpp - exp, log, 1/x, roots, FP8 by units ----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/SpecialFunctions.h"
#include "dialect/kern/RoundOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <cmath>

using namespace mlir;

namespace {

/// f32, a scalar or a vector of any shape of one dimension.
struct F32 {
  OpBuilder &b;
  Location loc;
  Type type;

  Value constant(double value) {
    auto element = b.getF32FloatAttr(float(value));
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(vector, Attribute(element)));
    return arith::ConstantOp::create(b, loc, element);
  }
  template <typename OpT> Value op(ValueRange operands) {
    return OpT::create(b, loc, type, operands);
  }
  /// The unit's function of each element.
  Value unit(StringRef function, Value x) {
    auto name = b.getStringAttr("llvm.nvvm." + function + ".approx.ftz.f");
    auto call = [&](Value element) -> Value {
      return LLVM::CallIntrinsicOp::create(b, loc, b.getF32Type(), name,
                                           ValueRange{element})
          .getResults();
    };
    auto vector = dyn_cast<VectorType>(type);
    if (!vector)
      return call(x);
    SmallVector<Value> elements;
    for (int64_t i = 0; i < vector.getDimSize(0); ++i)
      elements.push_back(call(vector::ExtractOp::create(b, loc, x, i)));
    return vector::FromElementsOp::create(b, loc, vector, elements);
  }
};

bool isRowOfF32(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return getElementTypeOrSelf(type).isF32() &&
         (!vector || vector.getRank() == 1);
}

/// e^x = 2^t 2^d, t = x log2 e as f32 and d what it lacks, which is below
/// 2^-17: 2^d is 1 + d ln 2. Beyond the bounds are 0 and infinity.
struct ExpByUnit : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRowOfF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "no row of f32");
    F32 f{rewriter, op.getLoc(), op.getType()};
    constexpr double log2e = 1.44269504088896341;
    constexpr float high = float(log2e);
    llvm::APFloat factor(0.0f);
    if (auto fma = op.getOperand().getDefiningOp<math::FmaOp>();
        fma && matchPattern(fma.getB(), m_ConstantFloat(&factor))) {
      // e^(y c + z) = 2^(y c log2 e + z log2 e): rounded once, as y c + z is.
      Value offset;
      llvm::APFloat number(0.0f);
      if (matchPattern(fma.getC(), m_ConstantFloat(&number)))
        offset = f.constant(number.convertToDouble() * log2e);
      else
        offset = f.op<arith::MulFOp>({fma.getC(), f.constant(log2e)});
      Value t = f.op<math::FmaOp>(
          {fma.getA(), f.constant(factor.convertToDouble() * log2e), offset});
      rewriter.replaceOp(op, f.unit("ex2", t));
      return success();
    }
    Value x = f.op<arith::MaximumFOp>({op.getOperand(), f.constant(-105)});
    x = f.op<arith::MinimumFOp>({x, f.constant(89.5)});
    Value t = f.op<arith::MulFOp>({x, f.constant(high)});
    Value d = f.op<math::FmaOp>(
        {x, f.constant(high), f.op<arith::NegFOp>(ValueRange{t})});
    d = f.op<math::FmaOp>({x, f.constant(log2e - double(high)), d});
    Value rest = f.op<math::FmaOp>({d, f.constant(M_LN2), f.constant(1)});
    rewriter.replaceOp(op, f.op<arith::MulFOp>({f.unit("ex2", t), rest}));
    return success();
  }
};

template <typename OpT>
LogicalResult mayBeApproximate(OpT op, PatternRewriter &rewriter) {
  if (!isRowOfF32(op.getType()))
    return rewriter.notifyMatchFailure(op, "no row of f32");
  if (!bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn))
    return rewriter.notifyMatchFailure(op, "not to be approximate");
  return success();
}

/// A logarithm that may be approximate, of what is a normal number or none: to
/// some 22 bits, or by less than 2^-22 near 1. A factor takes ln 2 in.
struct LogByUnit : OpRewritePattern<math::LogOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::LogOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(mayBeApproximate(op, rewriter)))
      return failure();
    F32 f{rewriter, op.getLoc(), op.getType()};
    Value log2 = f.unit("lg2", op.getOperand());
    llvm::APFloat factor(0.0f);
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (auto fma = dyn_cast<math::FmaOp>(user);
          fma && fma.getA() == op && fma.getC() != op &&
          matchPattern(fma.getB(), m_ConstantFloat(&factor))) {
        OpBuilder::InsertionGuard guard(rewriter);
        rewriter.setInsertionPoint(fma);
        Value scaled = f.constant(factor.convertToDouble() * M_LN2);
        rewriter.replaceOpWithNewOp<math::FmaOp>(fma, log2, scaled, fma.getC());
      }
    rewriter.replaceOp(op, f.op<arith::MulFOp>({log2, f.constant(M_LN2)}));
    return success();
  }
};

struct DivideByUnit : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isRowOfF32(op.getType()))
      return rewriter.notifyMatchFailure(op, "no row of f32");
    F32 f{rewriter, op.getLoc(), op.getType()};
    llvm::APFloat number(0.0f);
    if (matchPattern(op.getRhs(), m_ConstantFloat(&number))) {
      float inverse = 1 / number.convertToFloat();
      if (!std::isnormal(inverse))
        return rewriter.notifyMatchFailure(op, "1/c is no normal number");
      rewriter.replaceOpWithNewOp<arith::MulFOp>(op, op.getLhs(),
                                                 f.constant(inverse));
      return success();
    }
    // A larger one may have a quotient where 1/x is too small to be normal.
    if (!matchPattern(op.getLhs(), m_ConstantFloat(&number)) ||
        std::fabs(number.convertToFloat()) > 1)
      return rewriter.notifyMatchFailure(op, "no constant up to 1");
    Value inverse = f.unit("rcp", op.getRhs());
    if (number.convertToFloat() != 1)
      inverse = f.op<arith::MulFOp>({op.getLhs(), inverse});
    rewriter.replaceOp(op, inverse);
    return success();
  }
};

/// A root that may be approximate, to some 22 bits; of what is no normal number
/// it is 0.
struct SqrtByUnit : OpRewritePattern<math::SqrtOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::SqrtOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(mayBeApproximate(op, rewriter)))
      return failure();
    F32 f{rewriter, op.getLoc(), op.getType()};
    rewriter.replaceOp(op, f.unit("sqrt", op.getOperand()));
    return success();
  }
};

/// A tanh that may be approximate: PTX has it as an instruction, LLVM behind
/// its own tanh.
struct TanhByUnit : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(mayBeApproximate(op, rewriter)))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::TanhOp>(op, op.getOperand(),
                                              LLVM::FastmathFlags::afn);
    return success();
  }
};

/// kern.round to a grid of FP8 there and back by the conversions of pairs; the
/// way back goes over f16, which holds both grids.
struct RoundByConversion : OpRewritePattern<gptc::kern::RoundOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(gptc::kern::RoundOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    StringRef grid = op.getGrid();
    if (!type || type.getRank() != 1 || type.getDimSize(0) % 2 ||
        (grid != "e5m2" && grid != "e4m3"))
      return rewriter.notifyMatchFailure(op, "no pairs of FP8");
    auto pair = VectorType::get({2}, rewriter.getF16Type());
    auto call = [&](const Twine &name, Type result, ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(
                 rewriter, op.getLoc(), result,
                 rewriter.getStringAttr("llvm.nvvm." + name), operands)
          .getResults();
    };
    SmallVector<Value> elements;
    for (int64_t i = 0; i < type.getDimSize(0); i += 2) {
      auto x = [&](int64_t j) -> Value {
        return vector::ExtractOp::create(rewriter, op.getLoc(), op.getX(), j);
      };
      // The first operand becomes the upper half.
      Value codes = call("ff.to." + grid + "x2.rn", rewriter.getI16Type(),
                         {x(i + 1), x(i)});
      Value halves = call(grid + "x2.to.f16x2.rn", pair, {codes});
      Value wide = LLVM::FPExtOp::create(
          rewriter, op.getLoc(), VectorType::get({2}, rewriter.getF32Type()),
          halves);
      for (int64_t j = 0; j < 2; ++j)
        elements.push_back(
            vector::ExtractOp::create(rewriter, op.getLoc(), wide, j));
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, elements);
    return success();
  }
};

struct SpecialFunctions : PassWrapper<SpecialFunctions, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SpecialFunctions)
  StringRef getArgument() const override { return "special-functions"; }
  StringRef getDescription() const override {
    return "exp, log, quotients, roots and roundings to FP8 by their "
           "instructions";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                    vector::VectorDialect>();
  }
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpByUnit, LogByUnit, DivideByUnit, SqrtByUnit, TanhByUnit,
                 RoundByConversion>(&getContext());
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> gptc::nvptx::createSpecialFunctionsPass() {
  return std::make_unique<SpecialFunctions>();
}
