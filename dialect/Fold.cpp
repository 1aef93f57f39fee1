//===- Fold.cpp - folding and canonical forms of the gpt dialect ----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptContract.h"
#include "dialect/GptDialect.h"
#include "dialect/GptStructure.h"
#include "dialect/GptTensor.h"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/NumbersOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace gptc::gpt;

//===----------------------------------------------------------------------===//
// Ops that do nothing
//===----------------------------------------------------------------------===//

/// A rounding whose `on` is 0 is its operand.
static OpFoldResult foldRounding(Value x, ArrayAttr args) {
  Attribute on = lookup(args, "on");
  return on && number(on) == 0.0 ? OpFoldResult(x) : OpFoldResult();
}

OpFoldResult RoundOp::fold(FoldAdaptor) {
  return foldRounding(getX(), getArgs());
}
OpFoldResult RoundGradientOp::fold(FoldAdaptor) {
  return foldRounding(getX(), getArgs());
}

/// Where `on` is 0 it is its operand; that it is 1 need not be said.
OpFoldResult TransposeOp::fold(FoldAdaptor) {
  Attribute on = lookup(getArgs(), "on");
  auto value = on ? number(on) : std::nullopt;
  if (!value)
    return {};
  if (*value == 0)
    return getX();
  setArgsAttr(ArrayAttr::get(getContext(), {}));
  return getY();
}

/// Keys that move by no token stay.
OpFoldResult KeyOffsetOp::fold(FoldAdaptor) {
  Attribute by = lookup(getArgs(), "by");
  return by && number(by) == 0.0 ? OpFoldResult(getX()) : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Rotary embeddings read a table, one for all layers of a pairing
//===----------------------------------------------------------------------===//

namespace {
struct RotaryByTable : OpRewritePattern<RotaryOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RotaryOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getY().getType());
    if (!type || !type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "has no sizes yet");
    if (!op.getFreqs().getDefiningOp<YarnOp>())
      return rewriter.notifyMatchFailure(op, "has no constant frequencies");
    auto numberOr = [&](StringRef name, int64_t otherwise) {
      Attribute e = lookup(op.getArgs(), name);
      return e ? integer(e) : std::optional<int64_t>(otherwise);
    };
    auto group = numberOr("group", 1), neighbours = numberOr("neighbours", 0);
    if (!group || !neighbours)
      return rewriter.notifyMatchFailure(op, "group or pairing is no constant");
    int64_t rows = type.getDimSize(0), half = type.getDimSize(2) / 2;
    auto table =
        RankedTensorType::get({rows, *group * half}, rewriter.getBF16Type());
    auto cosSin = RotaryTableOp::create(rewriter, op.getLoc(), table, table,
                                        op.getFreqs(), rows, half, *group);
    rewriter.replaceOpWithNewOp<RotateOp>(
        op, type, op.getX(), cosSin.getCos(), cosSin.getSin(),
        rewriter.getI64IntegerAttr(*group),
        *neighbours ? rewriter.getUnitAttr() : UnitAttr(),
        /*inverse=*/UnitAttr());
    return success();
  }
};
} // namespace

void RotaryOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<RotaryByTable>(context);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {
/// Every number of a call becomes an operand, in the function's order, defaults
/// filled in: the form that the inliner wants.
struct NumbersOfCall : OpRewritePattern<CallOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CallOp call,
                                PatternRewriter &rewriter) const override {
    auto f = call.getCallee().getDefiningOp<FuncOp>();
    if (!f || call.getVars().size() == f.getDefaults().size())
      return rewriter.notifyMatchFailure(
          call, "no function, or all numbers are operands");
    SmallVector<Value> vars;
    SmallVector<Attribute> args;
    for (auto [i, byDefault] : llvm::enumerate(f.getDefaults())) {
      auto name = cast<StringAttr>(f.getNames()[f.getShapes().size() + i]);
      Attribute given = lookup(call.getArgs(), name);
      vars.push_back(
          ExprOp::create(rewriter, call.getLoc(), rewriter.getF64Type(),
                         given ? ValueRange(call.getVars()) : ValueRange(),
                         given ? given : byDefault));
      args.append({name, rewriter.getStringAttr("_" + Twine(i))});
    }
    rewriter.modifyOpInPlace(call, [&] {
      call.getVarsMutable().assign(vars);
      call.setArgsAttr(rewriter.getArrayAttr(args));
    });
    return success();
  }
};

/// The expression of a number operand, if it may join the one that reads it:
/// numbers that read each other twice would else grow without end. A constant
/// always may, a larger one while both are small; what does not stays a number
/// of its own.
ExprOp foldable(Value v, bool isSmall) {
  constexpr size_t kLargest = 64; // terms
  auto e = v.getDefiningOp<ExprOp>();
  return e && countTerms(e.getValue(), kLargest) <= (isSmall ? kLargest : 1)
             ? e
             : ExprOp();
}

/// A number operand that is an expression joins the expression that reads it.
template <class OpT> struct FoldNumbers : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    bool isSmall = termsOf(op) <= kLargestReader;
    if (llvm::none_of(op.getVars(),
                      [&](Value v) { return bool(foldable(v, isSmall)); }))
      return rewriter.notifyMatchFailure(
          op, "no operand is an expression that may join");
    SmallVector<Value> vars;
    auto place = [&](Value v) {
      unsigned n = llvm::find(vars, v) - vars.begin();
      if (n == vars.size())
        vars.push_back(v);
      return rewriter.getStringAttr("_" + Twine(n));
    };
    auto bind = [&](StringRef leaf) -> Attribute {
      auto n = operandIndex(leaf);
      if (!n)
        return {};
      Value v = op.getVars()[*n];
      ExprOp e = foldable(v, isSmall);
      if (!e)
        return place(v);
      return substitute(e.getValue(), [&](StringRef inner) {
        auto m = operandIndex(inner);
        return m ? Attribute(place(e.getVars()[*m])) : Attribute();
      });
    };
    rewriter.modifyOpInPlace(op, [&] {
      for (StringRef name : kExpressions)
        if (Attribute a = op->getAttr(name))
          op->setAttr(name, replaced(a, name == "args", bind));
      op.getVarsMutable().assign(vars);
    });
    return success();
  }

private:
  static constexpr size_t kLargestReader = 256; // terms
  static constexpr StringLiteral kExpressions[] = {"args",  "value",  "values",
                                                   "index", "factor", "by"};
  static size_t termsOf(OpT op) {
    size_t terms = 0;
    for (StringRef name : kExpressions)
      if (Attribute a = op->getAttr(name)) {
        auto list = dyn_cast<ArrayAttr>(a);
        for (Attribute e : list ? list.getValue() : ArrayRef(a))
          terms += countTerms(e, kLargestReader);
      }
    return terms;
  }

  /// `named`: a list that alternates names and expressions.
  static Attribute replaced(Attribute a, bool named, Bind bind) {
    auto list = dyn_cast<ArrayAttr>(a);
    if (!list)
      return substitute(a, bind);
    SmallVector<Attribute> all;
    for (auto [i, e] : llvm::enumerate(list))
      all.push_back(named && i % 2 == 0 ? e : substitute(e, bind));
    return ArrayAttr::get(a.getContext(), all);
  }
};
} // namespace

void GptDialect::getCanonicalizationPatterns(
    RewritePatternSet &patterns) const {
  patterns
      .add<NumbersOfCall, FoldNumbers<ExprOp>, FoldNumbers<YieldOp>,
           FoldNumbers<RowOp>, FoldNumbers<ScaleOp>, FoldNumbers<OffsetOp>,
           FoldNumbers<FillOp>, FoldNumbers<NumbersOp>, FoldNumbers<ClampOp>,
           FoldNumbers<ClampBackwardOp>, FoldNumbers<RotaryOp>,
           FoldNumbers<KeyOffsetOp>, FoldNumbers<AttentionOp>,
           FoldNumbers<AttentionSavingOp>, FoldNumbers<AttentionBackwardOp>,
           FoldNumbers<CrossEntropyOp>, FoldNumbers<CrossEntropyBackwardOp>,
           FoldNumbers<YarnOp>, FoldNumbers<RecipeOp>, FoldNumbers<ParamOp>,
           FoldNumbers<PackOp>>(getContext());
}
