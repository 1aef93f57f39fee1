//===- MathExpansion.cpp - functions in plain arithmetic ------------------===//
//
// Part of gptc, under the MIT License.
//
// Each function is reduced to a small interval, where a polynomial serves, and
// scaled back through the bits of the exponent. No step relies on a fused
// multiply-add: the reductions subtract a constant in parts whose products with
// the integer multiple are exact.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/MathExpansion.h"
#include "dialect/kern/RoundOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace gptc {
namespace {

/// Arithmetic on values of one shape (a scalar or a vector).
struct Shaped {
  OpBuilder &b;
  Location loc;
  Value like;

  Type shaped(Type element) const {
    if (auto vector = dyn_cast<VectorType>(like.getType()))
      return vector.clone(element);
    return element;
  }
  template <typename OpT> Value op(Value x, Value y) const {
    return OpT::create(b, loc, x, y);
  }
  Value constant(Type element, Attribute value) const {
    Type type = shaped(element);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(b, loc,
                                       DenseElementsAttr::get(vector, value));
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(value));
  }
  Value f(double value) const {
    return constant(b.getF32Type(), b.getF32FloatAttr(float(value)));
  }
  Value d(double value) const {
    return constant(b.getF64Type(), b.getF64FloatAttr(value));
  }
  Value i(int64_t value) const {
    return constant(b.getI32Type(), b.getI32IntegerAttr(int32_t(value)));
  }
  Value add(Value x, Value y) const { return op<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) const { return op<arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) const { return op<arith::MulFOp>(x, y); }
  Value iadd(Value x, Value y) const { return op<arith::AddIOp>(x, y); }
  Value iand(Value x, Value y) const { return op<arith::AndIOp>(x, y); }
  Value ior(Value x, Value y) const { return op<arith::OrIOp>(x, y); }
  Value shl(Value x, int64_t n) const { return op<arith::ShLIOp>(x, i(n)); }
  Value shr(Value x, int64_t n) const { return op<arith::ShRSIOp>(x, i(n)); }
  Value bits(Value x) const {
    return arith::BitcastOp::create(b, loc, shaped(b.getI32Type()), x);
  }
  Value real(Value x) const {
    return arith::BitcastOp::create(b, loc, shaped(b.getF32Type()), x);
  }
  Value compare(arith::CmpFPredicate how, Value x, Value y) const {
    return arith::CmpFOp::create(b, loc, how, x, y);
  }
  Value choose(Value condition, Value yes, Value no) const {
    return arith::SelectOp::create(b, loc, condition, yes, no);
  }
  /// x where it lies in [low, high], else the nearer bound; NaN stays.
  Value clamp(Value x, Value low, Value high) const {
    x = choose(compare(arith::CmpFPredicate::OLT, x, low), low, x);
    return choose(compare(arith::CmpFPredicate::OGT, x, high), high, x);
  }
  /// c0 + x (c1 + x (…)).
  Value polynomial(Value x, ArrayRef<double> c, bool f64 = false) const {
    auto k = [&](double v) { return f64 ? d(v) : f(v); };
    Value y = k(c.back());
    for (double v : llvm::reverse(c.drop_back()))
      y = add(mul(y, x), k(v));
    return y;
  }
};

/// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2. The two halves of n
/// scale one after the other, so that results below the smallest normal number
/// and infinity come out right.
Value expandExp(const Shaped &s, Value x) {
  Value c = s.clamp(x, s.f(-105), s.f(89.5));
  // Adding 1.5 2^23 rounds to an integer, which the low bits then hold.
  Value shifted = s.add(s.mul(c, s.f(1.44269504088896341)), s.f(12582912));
  Value n = s.sub(shifted, s.f(12582912));
  Value k = s.op<arith::SubIOp>(s.bits(shifted), s.i(0x4b400000));
  Value r = s.sub(c, s.mul(n, s.f(0.693359375)));
  r = s.sub(r, s.mul(n, s.f(-2.12194440e-4)));
  Value tail =
      s.polynomial(r, {0.5, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3,
                       1.3981999507e-3, 1.9875691500e-4});
  Value y = s.add(s.add(s.mul(tail, s.mul(r, r)), r), s.f(1));
  Value half = s.shr(k, 1), rest = s.op<arith::SubIOp>(k, half);
  auto power = [&](Value n) { return s.real(s.shl(s.iadd(n, s.i(127)), 23)); };
  return s.mul(s.mul(y, power(half)), power(rest));
}

/// log x = e ln 2 + log m, m in [√½, √2); log(1 + f) = f - f²/2 + s (f²/2 + R)
/// with s = f / (2 + f) and R a polynomial in s².
Value expandLog(const Shaped &s, Value x) {
  Value tiny = s.compare(arith::CmpFPredicate::OLT, x, s.f(1.17549435e-38));
  Value scaled = s.choose(tiny, s.mul(x, s.f(33554432)), x);
  Value e0 = s.choose(tiny, s.i(-25), s.i(0));
  // Bits counted from √½, so that the exponent of m's interval is the integer.
  Value shifted = s.iadd(s.bits(scaled), s.i(0x3f800000 - 0x3f3504f3));
  Value e = s.iadd(s.op<arith::SubIOp>(s.shr(shifted, 23), s.i(127)), e0);
  Value m = s.real(s.iadd(s.iand(shifted, s.i(0x007fffff)), s.i(0x3f3504f3)));
  Value n = arith::SIToFPOp::create(s.b, s.loc, s.shaped(s.b.getF32Type()), e);
  Value f = s.sub(m, s.f(1));
  Value q = s.op<arith::DivFOp>(f, s.add(s.f(2), f));
  Value z = s.mul(q, q);
  Value r = s.mul(z, s.polynomial(z, {0.66666662693, 0.40000972152,
                                      0.28498786688, 0.24279078841}));
  Value h = s.mul(s.mul(f, f), s.f(0.5));
  Value low = s.add(s.mul(q, s.add(h, r)), s.mul(n, s.f(9.0580006145e-6)));
  Value y = s.add(s.sub(f, s.sub(h, low)), s.mul(n, s.f(6.9313812256e-1)));
  double infinity = std::numeric_limits<double>::infinity();
  y = s.choose(s.compare(arith::CmpFPredicate::OEQ, x, s.f(infinity)),
               s.f(infinity), y);
  y = s.choose(s.compare(arith::CmpFPredicate::OEQ, x, s.f(0)), s.f(-infinity),
               y);
  return s.choose(s.compare(arith::CmpFPredicate::UGE, x, s.f(0)),
                  s.choose(s.compare(arith::CmpFPredicate::UNO, x, x), x, y),
                  s.f(std::numeric_limits<double>::quiet_NaN()));
}

/// tanh x = 1 - 2 / (e^2x + 1), where e^2x may be infinity.
Value expandTanh(const Shaped &s, Value x) {
  Value e = expandExp(s, s.add(x, x));
  return s.sub(s.f(1), s.op<arith::DivFOp>(s.f(2), s.add(e, s.f(1))));
}

/// sin or cos of f64: x = n π/2 + r in three parts of π/2, the first two of 33
/// bits, so that their products with n < 2^20 are exact; Taylor polynomials on
/// |r| <= π/4.
Value expandSinCos(const Shaped &s, Value x, bool cosine) {
  Value magic = s.d(6755399441055744); // 1.5 2^52
  Value shifted = s.add(s.mul(x, s.d(6.36619772367581382433e-01)), magic);
  Value n = s.sub(shifted, magic);
  Value r = s.sub(x, s.mul(n, s.d(1.57079632673412561417e+00)));
  r = s.sub(r, s.mul(n, s.d(6.07710050630396597660e-11)));
  r = s.sub(r, s.mul(n, s.d(2.02226624879595063154e-21)));
  Value z = s.mul(r, r);
  Value sine =
      s.polynomial(z,
                   {-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880,
                    -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000},
                   true);
  sine = s.add(r, s.mul(s.mul(r, z), sine));
  Value cos =
      s.polynomial(z,
                   {1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800,
                    1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000},
                   true);
  cos = s.add(s.sub(s.d(1), s.mul(z, s.d(0.5))), s.mul(s.mul(z, z), cos));
  Type i64 = s.shaped(s.b.getI64Type());
  auto number = [&](int64_t v) {
    return s.constant(s.b.getI64Type(), s.b.getI64IntegerAttr(v));
  };
  Value k = arith::BitcastOp::create(s.b, s.loc, i64, shifted);
  if (cosine) // cos x = sin(x + π/2)
    k = s.iadd(k, number(1));
  auto bit = [&](int64_t mask) -> Value {
    return arith::CmpIOp::create(s.b, s.loc, arith::CmpIPredicate::ne,
                                 s.iand(k, number(mask)), number(0));
  };
  Value y = s.choose(bit(1), cos, sine);
  return s.choose(bit(2), s.sub(s.d(0), y), y);
}

/// To a grid with `mantissa` bits, subnormal below 2^lowest, at most `largest`:
/// adding 1.5 2^(e + 23 - mantissa), e the exponent of x, rounds to its grid.
Value expandGrid(const Shaped &s, Value x, int64_t mantissa, int64_t lowest,
                 double largest) {
  Value c = s.clamp(x, s.f(-largest), s.f(largest));
  Value exponent = s.iand(s.bits(c), s.i(0x7f800000));
  exponent = s.op<arith::MaxUIOp>(exponent, s.i((lowest + 127) << 23));
  Value magic = s.real(
      s.ior(s.iadd(exponent, s.i((23 - mantissa) << 23)), s.i(0x00400000)));
  Value y = s.sub(s.add(c, magic), magic);
  return s.choose(s.compare(arith::CmpFPredicate::OEQ, y, s.f(0)),
                  s.mul(c, s.f(0)), y); // keeps the sign of zero
}

Value expandBf16(const Shaped &s, Value x) {
  Value u = s.bits(
      s.clamp(x, s.f(-3.3895313892515355e38), s.f(3.3895313892515355e38)));
  Value odd = s.iand(s.shr(u, 16), s.i(1));
  Value up = s.iadd(s.iadd(u, s.i(0x7fff)), odd);
  Value y = s.real(s.iand(up, s.i(int32_t(0xffff0000))));
  return s.choose(s.compare(arith::CmpFPredicate::UNO, x, x), x, y);
}

Value expandBf16Truncated(const Shaped &s, Value x) {
  Value y = s.real(s.iand(s.bits(x), s.i(int32_t(0xffff0000))));
  return s.choose(s.compare(arith::CmpFPredicate::UNO, x, x), x, y);
}

template <typename OpT> struct Expand : OpRewritePattern<OpT> {
  using Body = Value (*)(const Shaped &, Value);
  Expand(MLIRContext *context, Body f32, Body f64 = nullptr)
      : OpRewritePattern<OpT>(context), f32(f32), f64(f64) {}

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getOperand();
    Shaped s{rewriter, op.getLoc(), x};
    bool isF32 = getElementTypeOrSelf(x).isF32();
    if (!isF32 && !(f64 && getElementTypeOrSelf(x).isF64()))
      return rewriter.notifyMatchFailure(op, "no expansion for this type");
    if (isF32 && !f32) { // by way of f64
      Type wide = s.shaped(rewriter.getF64Type());
      Value y = f64(s, arith::ExtFOp::create(rewriter, op.getLoc(), wide, x));
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, x.getType(), y);
      return success();
    }
    rewriter.replaceOp(op, (isF32 ? f32 : f64)(s, x));
    return success();
  }
  Body f32, f64;
};

struct ExpandRound : OpRewritePattern<kern::RoundOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(kern::RoundOp op,
                                PatternRewriter &rewriter) const override {
    Shaped s{rewriter, op.getLoc(), op.getX()};
    if (op.getGrid() == "e4m3")
      rewriter.replaceOp(op, expandGrid(s, op.getX(), 3, -6, 448));
    else if (op.getGrid() == "e5m2")
      rewriter.replaceOp(op, expandGrid(s, op.getX(), 2, -14, 57344));
    else if (op.getGrid() == "bf16")
      rewriter.replaceOp(op, expandBf16(s, op.getX()));
    else if (op.getGrid() == "bf16_truncated")
      rewriter.replaceOp(op, expandBf16Truncated(s, op.getX()));
    else
      return rewriter.notifyMatchFailure(op, "unknown grid");
    return success();
  }
};

struct ExpandMath : PassWrapper<ExpandMath, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)
  StringRef getArgument() const override { return "expand-math"; }
  StringRef getDescription() const override {
    return "exp, log, tanh, rsqrt, sin, cos and roundings in plain arithmetic";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect>();
  }
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<Expand<math::ExpOp>>(context, expandExp);
    patterns.add<Expand<math::LogOp>>(context, expandLog);
    patterns.add<Expand<math::TanhOp>>(context, expandTanh);
    patterns.add<Expand<math::RsqrtOp>>(
        context, [](const Shaped &s, Value x) -> Value {
          Value root = math::SqrtOp::create(s.b, s.loc, x);
          return s.op<arith::DivFOp>(s.f(1), root);
        });
    patterns.add<Expand<math::SinOp>>(
        context, nullptr,
        [](const Shaped &s, Value x) { return expandSinCos(s, x, false); });
    patterns.add<Expand<math::CosOp>>(
        context, nullptr,
        [](const Shaped &s, Value x) { return expandSinCos(s, x, true); });
    patterns.add<ExpandRound>(context);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createExpandMathPass() {
  return std::make_unique<ExpandMath>();
}

} // namespace gptc
