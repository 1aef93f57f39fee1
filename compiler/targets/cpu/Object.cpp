//===- Object.cpp - object files of kernels -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// MLIR lowers all kernels together; LLVM then works on as many modules as there
// are threads, each with its own copy of the packing functions. Kernels are
// written in vectors, so LLVM's own vectorisers stay off.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Object.h"
#include "compiler/kernels/MathExpansion.h"
#include "compiler/targets/cpu/Micro.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "runtime/program.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <thread>

using namespace mlir;

namespace gptc::cpu {

using Machine = std::unique_ptr<llvm::TargetMachine>;

static FailureOr<Machine> makeMachine(Location loc, StringRef cpu) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return emitError(loc) << error;
  std::string features;
  std::string chip = cpu.str();
  if (cpu == "native") {
    chip = llvm::sys::getHostCPUName().str();
    SmallVector<std::string> parts;
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      parts.push_back((feature.second ? "+" : "-") + feature.first().str());
    llvm::sort(parts);
    features = llvm::join(parts, ",");
  }
  // Asked of a processor without a name: LLVM itself prints about unknown ones.
  auto subtargetOf = [&](StringRef name) {
    return std::unique_ptr<llvm::MCSubtargetInfo>(
        target->createMCSubtargetInfo(triple, name, features));
  };
  auto any = subtargetOf("");
  if (!any || !any->isCPUStringValid(chip))
    return emitError(loc) << "unknown CPU '" << cpu
                          << "' for --mcpu; try native or x86-64-v3";
  auto subtarget = subtargetOf(chip);
  if (!subtarget->checkFeatures("+avx2,+fma"))
    return emitError(loc) << "the CPU '" << chip
                          << "' has no AVX2 and FMA, which kernels need; the "
                             "oldest that serves is --mcpu=x86-64-v3";
  return Machine(target->createTargetMachine(
      triple, chip, features, llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Default));
}

FailureOr<Processor> findProcessor(Location loc, StringRef cpu) {
  auto machine = makeMachine(loc, cpu);
  if (failed(machine))
    return failure();
  const llvm::MCSubtargetInfo *subtarget = (*machine)->getMCSubtargetInfo();
  Processor processor{(*machine)->getTargetCPU().str()};
  uint64_t bit = 1;
  for (StringRef name : kProcessorFeatures) {
    if (subtarget->checkFeatures(("+" + name).str()))
      processor.features |= bit;
    bit <<= 1;
  }
  return processor;
}

static LogicalResult lower(ModuleOp module) {
  MLIRContext *context = module.getContext();
  PassManager pm(context, module->getName().getStringRef());
  OpPassManager &function = pm.nest<LLVM::LLVMFuncOp>();
  function.addPass(createExpandMathPass());
  function.addPass(createCSEPass());
  function.addPass(createSCFToControlFlowPass());
  function.addPass(createConvertVectorToLLVMPass());
  function.addPass(createConvertMathToLLVMPass());
  function.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  return pm.run(module);
}

static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

static std::string emitObject(llvm::Module &module,
                              llvm::TargetMachine &machine) {
  SmallVector<char> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return {};
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

/// Copies of the kernels in `count` modules of about equal size; every module
/// gets the private functions.
static std::vector<OwningOpRef<ModuleOp>> divide(ModuleOp module,
                                                 unsigned count) {
  std::vector<OwningOpRef<ModuleOp>> parts;
  std::vector<size_t> sizes(count);
  parts.reserve(count);
  for (unsigned i = 0; i < count; ++i)
    parts.push_back(ModuleOp::create(module.getLoc()));
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (function.getLinkage() == LLVM::Linkage::Internal) {
      for (auto &part : parts)
        part->push_back(function.clone());
      continue;
    }
    size_t size = 0;
    function.walk([&](Operation *) { ++size; });
    unsigned least = llvm::min_element(sizes) - sizes.begin();
    parts[least]->push_back(function.clone());
    sizes[least] += size;
  }
  return parts;
}

FailureOr<std::vector<std::string>>
compileKernels(CpuKernels &kernels, const ObjectOptions &options) {
  ModuleOp module = *kernels.module;
  Location loc = module.getLoc();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  auto machine = makeMachine(loc, options.cpu);
  if (failed(machine))
    return failure();
  if (!(*machine)->getMCSubtargetInfo()->checkFeatures("+avx512f"))
    setAccumulators(module, {4, 1}); // 16 registers of 8 lanes
  if (failed(lower(module)))
    return failure();
  struct Part {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module;
    Machine machine;
    std::string object;
  };
  unsigned count =
      std::clamp<unsigned>(options.threads, 1, kernels.names.size() + 1);
  std::vector<std::unique_ptr<Part>> parts;
  for (auto &divided : divide(module, count)) {
    auto part = std::make_unique<Part>();
    part->module = translateModuleToLLVMIR(*divided, part->context, "kernels");
    auto own = makeMachine(loc, options.cpu);
    if (!part->module || failed(own))
      return failure();
    part->machine = std::move(*own);
    part->module->setTargetTriple(part->machine->getTargetTriple());
    part->module->setDataLayout(part->machine->createDataLayout());
    for (llvm::Function &f : *part->module) {
      if (f.isDeclaration())
        continue;
      f.addFnAttr("target-cpu", part->machine->getTargetCPU());
      f.addFnAttr("target-features", part->machine->getTargetFeatureString());
      f.addFnAttr("prefer-vector-width", "512");
      f.addFnAttr(llvm::Attribute::NoUnwind);
      if (!f.hasInternalLinkage())
        f.setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
    parts.push_back(std::move(part));
  }
  std::vector<std::thread> threads;
  threads.reserve(parts.size());
  for (auto &part : parts)
    threads.emplace_back([&part] {
      optimise(*part->module, *part->machine);
      part->object = emitObject(*part->module, *part->machine);
    });
  for (std::thread &thread : threads)
    thread.join();
  std::vector<std::string> objects;
  for (auto &part : parts) {
    if (part->object.empty())
      return emitError(loc) << "LLVM cannot write an object file";
    objects.push_back(std::move(part->object));
  }
  return objects;
}

FailureOr<std::string>
makeProgramObject(Location loc, StringRef program, ArrayRef<std::string> names,
                  function_ref<void(llvm::Module &)> define) {
  auto machine = makeMachine(loc, "x86-64-v3");
  if (failed(machine))
    return failure();
  llvm::LLVMContext context;
  llvm::Module module("program", context);
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  auto *bytes = llvm::ConstantDataArray::getString(context, program, false);
  auto *data = new llvm::GlobalVariable(module, bytes->getType(), true,
                                        llvm::GlobalValue::ExternalLinkage,
                                        bytes, "gptc_program");
  data->setAlignment(llvm::Align(64));
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
  std::vector<llvm::Constant *> entries;
  for (const std::string &name : names) {
    auto *function = llvm::Function::Create(
        type, llvm::GlobalValue::ExternalLinkage, name, module);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    entries.push_back(function);
  }
  auto *table = llvm::ConstantArray::get(
      llvm::ArrayType::get(pointer, entries.size()), entries);
  new llvm::GlobalVariable(module, table->getType(), true,
                           llvm::GlobalValue::ExternalLinkage, table,
                           "gptc_kernels");
  if (define)
    define(module);
  std::string object = emitObject(module, **machine);
  if (object.empty())
    return emitError(loc) << "LLVM cannot write an object file";
  return object;
}

} // namespace gptc::cpu
