//===- PrintSchedules.cpp - every scheduled number of every step ----------===//
//
// Part of gptc, under the MIT License.
//
// For the reader of a recipe and for the test that compares it with another
// implementation: what the numbers of the program will be.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Constants.h"
#include "compiler/passes/Evaluate.h"
#include "compiler/passes/Passes.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/RecipeOp.h.inc"
#include "dialect/gpt/ScheduleOp.h.inc"
#include "dialect/gpt/YarnOp.h.inc"
#include "llvm/Support/JSON.h"

namespace gptc {
#define GEN_PASS_DEF_PRINTSCHEDULES
#include "compiler/passes/PrintSchedules.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {
struct PrintSchedules : gptc::impl::PrintSchedulesBase<PrintSchedules> {
  using PrintSchedulesBase::PrintSchedulesBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      if (failed(gptc::applySettings(model, set)))
        return signalPassFailure();
      gptc::Evaluator evaluator(model);
      for (int64_t step = 0; step <= evaluator.steps(); ++step)
        print(model, evaluator, step);
    }
  }

  void print(ModelOp model, gptc::Evaluator &evaluator, int64_t step) {
    llvm::json::Object line{{"step", step}};
    for (auto schedule : model.getOps<ScheduleOp>())
      for (auto [v, name] :
           llvm::zip(schedule.getValues(), schedule.getNames()))
        line[cast<StringAttr>(name).getValue()] = evaluator.valueAt(v, step);
    for (auto recipe : model.getOps<RecipeOp>())
      line["T"] = evaluator.valueAt(lookup(recipe.getArgs(), "T"),
                                    recipe.getVars(), step);
    for (auto yarn : model.getOps<YarnOp>()) {
      line[cast<StringAttr>(yarn.getNames()[0]).getValue()] =
          llvm::json::Array(evaluator.frequenciesAt(yarn, step));
      line[cast<StringAttr>(yarn.getNames()[1]).getValue()] =
          evaluator.scaleAt(yarn, step);
    }
    llvm::outs() << llvm::json::Value(std::move(line)) << "\n";
  }
};
} // namespace
