//===- InlineCalls.cpp - functions of a model become their bodies ---------===//
//
// Part of gptc, under the MIT License.
//
// Every copy of an op has a call-site location, so that an error inside a block
// says which call of it is meant.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/InlineCalls.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/CallOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/FuncOp.h.inc"
#include "dialect/gpt/LetOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

/// Functions that call each other twice double with every one of them.
constexpr size_t kMostOps = 200000;

/// Puts the body in the place of its call; gives the calls that it holds, and
/// adds to the number of ops.
static SmallVector<CallOp> inlineCall(CallOp call, size_t &ops) {
  auto f = call.getCallee().getDefiningOp<FuncOp>();
  Block &body = f.getBody().front();
  OpBuilder b(call);
  SmallVector<Value> arguments(call.getOperands_());
  for (auto [i, byDefault] : llvm::enumerate(f.getDefaults())) {
    auto name = cast<StringAttr>(f.getNames()[f.getShapes().size() + i]);
    Attribute given = lookup(call.getArgs(), name);
    arguments.push_back(
        ExprOp::create(b, call.getLoc(), b.getF64Type(),
                       given ? ValueRange(call.getVars()) : ValueRange(),
                       given ? given : byDefault));
  }
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  SmallVector<CallOp> inner;
  for (Operation &op : body.without_terminator()) {
    Operation *copy = b.clone(op, mapping);
    copy->setLoc(CallSiteLoc::get(op.getLoc(), call.getLoc()));
    if (auto held = dyn_cast<CallOp>(copy))
      inner.push_back(held);
    ++ops;
  }
  for (auto [result, value] :
       llvm::zip(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
  return inner;
}

/// Functions name constants of the model. Sizes of an optimizer that have such
/// names take others before a function's body stands among them.
static void renameSizes(OptimizerOp optimizer) {
  llvm::StringSet<> constants;
  for (auto let : optimizer->getParentOfType<ModelOp>().getOps<LetOp>())
    for (size_t i = 0; i < let.getArgs().size(); i += 2)
      constants.insert(cast<StringAttr>(let.getArgs()[i]));
  llvm::StringMap<Attribute> renamed;
  for (Attribute size : optimizer.getSizes())
    if (auto own = dyn_cast<StringAttr>(size); own && constants.contains(own)) {
      std::string name = own.str();
      do
        name += "_own";
      while (constants.contains(name) || optimizer.ownsName(name));
      renamed[own] = StringAttr::get(optimizer.getContext(), name);
    }
  optimizer->walk([&](Operation *op) {
    substituteNames(op, [&](StringRef s) { return renamed.lookup(s); });
  });
}

LogicalResult gptc::inlineCalls(Operation *root) {
  size_t ops = 0;
  // The checker has excluded circles.
  SmallVector<CallOp> calls(root->getRegion(0).front().getOps<CallOp>());
  if (auto optimizer = dyn_cast<OptimizerOp>(root); optimizer && !calls.empty())
    renameSizes(optimizer);
  while (!calls.empty()) {
    CallOp call = calls.pop_back_val();
    if (ops > kMostOps)
      return call.emitError("the model has more than ")
             << kMostOps << " ops once each call is its function's body: a "
             << "function that calls others twice doubles what they hold";
    calls.append(inlineCall(call, ops));
  }
  return success();
}

LogicalResult gptc::foldNumbers(Operation *op) {
  RewritePatternSet patterns(op->getContext());
  op->getContext()->getOrLoadDialect<GptDialect>()->getCanonicalizationPatterns(
      patterns);
  return applyPatternsGreedily(op, std::move(patterns));
}
