//===- ResolveBase.cpp - variants become whole models ---------------------===//
//
// Part of gptc, under the MIT License.
//
// A variant says what differs from the model of another file. This pass gives
// it the rest (dialect/Base.cpp has the rules), so that no other pass knows
// that there were two files; every op keeps its place in its own.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/gpt/ModelOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_RESOLVEBASE
#include "compiler/passes/ResolveBase.h.inc"
} // namespace gptc

using namespace gptc::gpt;

namespace {
struct ResolveBase : gptc::impl::ResolveBaseBase<ResolveBase> {
  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      if (failed(resolveBases(model)))
        return signalPassFailure();
  }
};
} // namespace
