//===- Ptx.cpp - kernels to PTX text --------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// lower-to-nvvm, then MLIR's conversions to the llvm dialect, LLVM's passes
// and its NVPTX back end, all in this process.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/MathExpansion.h"
#include "compiler/targets/nvptx/NvptxPasses.h"
#include "compiler/targets/nvptx/Optimize.h"
#include "compiler/targets/nvptx/SpecialFunctions.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

extern "C" {
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static std::unique_ptr<llvm::TargetMachine> makeTargetMachine() {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, "sm_90a", "+ptx86", llvm::TargetOptions(), std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// What makes llvm functions of the kernels.
static void addConversions(OpPassManager &passes) {
  passes.addPass(createSpecialFunctionsPass());
  passes.addPass(createExpandMathPass());
  // Before there are blocks: its driver tries to merge every two of them.
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createSCFToControlFlowPass());
  // LLVM merges blocks again, and faster.
  GreedyRewriteConfig asTheyAre;
  asTheyAre.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  passes.addPass(createCanonicalizerPass(asTheyAre));
  passes.addPass(createCSEPass());
  passes.addPass(createConvertNVVMToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

/// The kernels in the llvm dialect, in a module of their own; null after an
/// error. The parts stay as they are.
static OwningOpRef<ModuleOp> lowerKernels(ModuleOp module, Program &program,
                                          TimingScope *timing,
                                          bool verifyEach) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  if (failed(applyPassManagerCLOptions(passes)))
    return {};
  if (timing)
    passes.enableTiming(*timing);
  passes.enableVerifier(verifyEach);
  passes.addPass(createLowerToNvvmPass(program));
  addConversions(passes.nest<ModuleOp>());
  LogicalResult done = passes.run(module);
  auto kernels = module.lookupSymbol<ModuleOp>(kKernelsModule);
  if (!kernels)
    return {};
  kernels->remove();
  OwningOpRef<ModuleOp> owned(kernels);
  if (failed(done) || (!verifyEach && failed(verify(kernels))))
    return {};
  return owned;
}

FailureOr<Program> gptc::nvptx::compile(ModuleOp module, TimingScope *timing,
                                        bool verifyEach) {
  MLIRContext *context = module.getContext();
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  context->appendDialectRegistry(registry);

  Program program;
  OwningOpRef<ModuleOp> kernels =
      lowerKernels(module, program, timing, verifyEach);
  if (!kernels)
    return failure();

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(*kernels, llvmContext, "kernels");
  std::unique_ptr<llvm::TargetMachine> machine = makeTargetMachine();
  if (!translated || !machine)
    return module.emitError("LLVM has no NVPTX target or refuses the kernels");
  translated->setTargetTriple(machine->getTargetTriple());
  translated->setDataLayout(machine->createDataLayout());
  optimize(*translated, *machine);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  llvm::legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, os, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return module.emitError("LLVM cannot write PTX");
  emission.run(*translated);
  program.ptx = text.str().str();
  return program;
}
