//===- Optimize.cpp - LLVM's passes over kernels --------------------------===//
//
// Part of gptc, under the MIT License.
//
// LLVM's O3 is made for programs: it inlines, looks for vectors, takes
// variables out of memory, asks what a call can do. Kernels call nothing, say
// themselves what is wide and hold nothing in memory of their own. These are
// those of O3's passes, in its order, that change what is written of a kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Optimize.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ConstraintElimination.h"
#include "llvm/Transforms/Scalar/CorrelatedValuePropagation.h"
#include "llvm/Transforms/Scalar/DivRemPairs.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/InferAlignment.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Scalar/Reassociate.h"
#include "llvm/Transforms/Scalar/SCCP.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Scalar/SpeculativeExecution.h"
#include "llvm/Transforms/Vectorize/VectorCombine.h"

using namespace llvm;

static constexpr int kLevel = 3;

static LICMPass hoist(bool speculate) {
  LICMOptions options;
  options.AllowSpeculation = speculate;
  return LICMPass(options);
}

/// Before loops have their last form: what is known to be constant or equal.
static void addScalarPasses(FunctionPassManager &passes) {
  auto ofRanges = SimplifyCFGOptions().convertSwitchRangeToICmp(true);
  passes.addPass(SimplifyCFGPass());
  passes.addPass(EarlyCSEPass());
  passes.addPass(SCCPPass());
  passes.addPass(InstCombinePass());
  passes.addPass(SimplifyCFGPass(ofRanges));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(SpeculativeExecutionPass(/*OnlyIfDivergentTarget=*/true));
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(InstCombinePass());
  passes.addPass(ReassociatePass());
  passes.addPass(ConstraintEliminationPass());
}

static void addLoopPasses(FunctionPassManager &passes) {
  LoopPassManager rotate, simplify;
  rotate.addPass(hoist(/*speculate=*/false));
  rotate.addPass(LoopRotatePass());
  rotate.addPass(hoist(/*speculate=*/true));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(rotate),
                                                 /*UseMemorySSA=*/true));
  passes.addPass(
      SimplifyCFGPass(SimplifyCFGOptions().convertSwitchRangeToICmp(true)));
  passes.addPass(InstCombinePass());
  simplify.addPass(IndVarSimplifyPass());
  simplify.addPass(LoopFullUnrollPass(kLevel));
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(simplify)));
}

/// Once loops of a few turns are none: what several turns repeat.
static void addLatePasses(FunctionPassManager &passes) {
  auto both = SimplifyCFGOptions()
                  .convertSwitchRangeToICmp(true)
                  .convertSwitchToArithmetic(true)
                  .hoistCommonInsts(true)
                  .sinkCommonInsts(true);
  passes.addPass(VectorCombinePass(/*TryEarlyFoldsOnly=*/true));
  passes.addPass(GVNPass());
  passes.addPass(InstCombinePass());
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(createFunctionToLoopPassAdaptor(hoist(/*speculate=*/true),
                                                 /*UseMemorySSA=*/true));
  passes.addPass(SimplifyCFGPass(both));
  passes.addPass(InstCombinePass());
  passes.addPass(InferAlignmentPass());
  passes.addPass(SimplifyCFGPass(SimplifyCFGOptions(both)
                                     .forwardSwitchCondToPhi(true)
                                     .convertSwitchToLookupTable(true)
                                     .needCanonicalLoops(false)));
  passes.addPass(VectorCombinePass());
  passes.addPass(LoopUnrollPass(LoopUnrollOptions(kLevel)));
  passes.addPass(InstCombinePass());
  passes.addPass(DivRemPairsPass());
}

void gptc::nvptx::optimize(Module &module, TargetMachine &machine) {
  PassBuilder builder(&machine);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graph;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  // The target's own: what a thread's and a block's numbers can be.
  ModulePassManager passes;
  builder.invokePipelineStartEPCallbacks(passes, OptimizationLevel::O3);
  FunctionPassManager of;
  addScalarPasses(of);
  addLoopPasses(of);
  addLatePasses(of);
  passes.addPass(createModuleToFunctionPassAdaptor(std::move(of),
                                                   /*EagerlyInvalidate=*/true));
  passes.run(module, modules);
}
