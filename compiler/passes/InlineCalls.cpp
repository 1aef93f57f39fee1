//===- InlineCalls.cpp - functions of a model become their bodies ---------===//
//
// Part of gptc, under the MIT License.
//
// Every copy of an op has a call-site location, so that an error inside a block
// says which call of it is meant.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/InlineCalls.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

static void inlineCall(CallOp call) {
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
  for (Operation &op : body.without_terminator())
    b.clone(op, mapping)->setLoc(CallSiteLoc::get(op.getLoc(), call.getLoc()));
  for (auto [result, value] :
       llvm::zip(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
}

void gptc::inlineCalls(GraphOp graph) {
  // A body brings the calls that it holds; the checker has excluded circles.
  for (bool found = true; found;) {
    found = false;
    for (CallOp call :
         llvm::make_early_inc_range(graph.getBody().front().getOps<CallOp>())) {
      inlineCall(call);
      found = true;
    }
  }
}

LogicalResult gptc::foldNumbers(Operation *op) {
  RewritePatternSet patterns(op->getContext());
  op->getContext()->getOrLoadDialect<GptDialect>()->getCanonicalizationPatterns(
      patterns);
  return applyPatternsGreedily(op, std::move(patterns));
}
