//===- Machine.cpp - how LLVM makes object files --------------------------===//
//
// Part of gptc, under the MIT License.
//
// What an object file follows from, beside the function: the processor, the
// passes and their options. All of it stands in this file, in Object.cpp and in
// MathExpansion.cpp, and digests of the three in the name of each object, so
// that a cache never serves one that was made in another way.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Machine.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>

using namespace mlir;

namespace gptc::cpu {

/// Of these files: CMakeLists.txt finds it.
StringRef wayOfMaking() { return GPTC_WAY_OF_MAKING; }

FailureOr<Machine> makeMachine(Location loc, StringRef cpu) {
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

/// Kernels are written in vectors, in loops of the form that they need, and
/// call nothing that could be inlined. LLVM's own O2 takes eight times as long
/// and beside this unrolls loops, which Micro.cpp does where it pays.
static constexpr StringLiteral kPasses =
    "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,"
    "simplifycfg,loop-mssa(loop-rotate,licm),simplifycfg)";

void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, kPasses));
  passes.run(module, modules);
}

std::string emitObject(llvm::Module &module, llvm::TargetMachine &machine) {
  SmallVector<char> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return {};
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

} // namespace gptc::cpu
