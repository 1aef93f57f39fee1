//===- Object.cpp - object files of kernels -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Equal kernels are compiled once, and what another compilation has left in a
// cache serves this one: a kernel is known by its text as it was emitted,
// before anything is lowered. MLIR lowers all others together; LLVM then works
// on one function a module, so that threads share the work well.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Object.h"
#include "compiler/kernels/MathExpansion.h"
#include "compiler/targets/cpu/Machine.h"
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
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Caching.h"
#include "llvm/Support/SHA256.h"
#include <atomic>
#include <thread>

using namespace mlir;

namespace gptc::cpu {

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

namespace {
/// One function on its way to an object file.
struct Unit {
  LLVM::LLVMFuncOp function;
  std::string key; ///< a digest of all that the object follows from
  bool isKernel;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  llvm::AddStreamFn keep; ///< in the cache; null: it is there, or there is none
  std::string object, error;
  size_t size = 0;
};
} // namespace

static SetVector<LLVM::LLVMFuncOp> calledBy(LLVM::LLVMFuncOp function,
                                            SymbolTable &symbols) {
  SetVector<LLVM::LLVMFuncOp> called;
  function.walk([&](LLVM::CallOp call) {
    if (std::optional<StringRef> name = call.getCallee())
      called.insert(symbols.lookup<LLVM::LLVMFuncOp>(*name));
  });
  return called;
}

/// The kernels in order, then what they call of private functions.
static SmallVector<LLVM::LLVMFuncOp> functionsOf(ModuleOp module,
                                                 SymbolTable &symbols) {
  SetVector<LLVM::LLVMFuncOp> functions;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function.getLinkage() != LLVM::Linkage::Internal)
      functions.insert(function);
  for (unsigned i = 0; i < functions.size(); ++i)
    functions.insert_range(calledBy(functions[i], symbols));
  return functions.takeVector();
}

/// A digest of a function before it is lowered, whatever its name if it is a
/// kernel, and of all else that its object follows from.
static std::string keyOf(LLVM::LLVMFuncOp function, bool isKernel,
                         const llvm::TargetMachine &machine) {
  StringAttr name = function.getSymNameAttr();
  if (isKernel)
    function.setSymName("gptc_kernel");
  std::string text;
  llvm::raw_string_ostream os(text);
  // All of it, whatever a user wants to see of IR.
  function->print(os, OpPrintingFlags()
                          .useLocalScope()
                          .printGenericOpForm()
                          .assumeVerified()
                          .enableDebugInfo(false)
                          .elideLargeElementsAttrs(INT64_MAX)
                          .skipRegions(false));
  function.setSymNameAttr(name);
  for (StringRef word :
       {machine.getTargetCPU(), machine.getTargetFeatureString(),
        StringRef(LLVM_VERSION_STRING), wayOfMaking()})
    os << '\0' << word;
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)),
                     true);
}

/// The function in a module of its own, with declarations of those that it
/// calls.
static OwningOpRef<ModuleOp> alone(LLVM::LLVMFuncOp function,
                                   SymbolTable &symbols) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(function.getLoc());
  auto add = [&](Operation *copy) {
    cast<LLVM::LLVMFuncOp>(copy).setLinkage(LLVM::Linkage::External);
    module->push_back(copy);
  };
  for (LLVM::LLVMFuncOp callee : calledBy(function, symbols))
    add(callee->cloneWithoutRegions());
  add(function->clone());
  return module;
}

/// Gives the unit its module in LLVM's IR, as the machine compiles it. A kernel
/// gets a name that follows from what it does.
static LogicalResult translate(Unit &unit, SymbolTable &symbols,
                               llvm::TargetMachine &machine) {
  OwningOpRef<ModuleOp> module = alone(unit.function, symbols);
  unit.module = translateModuleToLLVMIR(*module, unit.context, "kernels");
  if (!unit.module)
    return failure();
  unit.module->setTargetTriple(machine.getTargetTriple());
  unit.module->setDataLayout(machine.createDataLayout());
  for (llvm::Function &f : *unit.module) {
    f.setVisibility(llvm::GlobalValue::HiddenVisibility);
    if (f.isDeclaration())
      continue;
    f.addFnAttr("target-cpu", machine.getTargetCPU());
    f.addFnAttr("target-features", machine.getTargetFeatureString());
    f.addFnAttr("prefer-vector-width", "512");
    f.addFnAttr(llvm::Attribute::NoUnwind);
    unit.size = f.getInstructionCount();
    if (unit.isKernel)
      f.setName("gptc_kernel_" + unit.key);
  }
  return success();
}

/// Compiles units until none is left, those first that come first in `order`.
static void work(std::vector<std::unique_ptr<Unit>> &units,
                 ArrayRef<unsigned> order, std::atomic<unsigned> &next,
                 llvm::TargetMachine &machine) {
  for (unsigned i; (i = next++) < order.size();) {
    Unit &unit = *units[order[i]];
    optimise(*unit.module, machine);
    std::string object = emitObject(*unit.module, machine);
    if (!unit.keep) {
      unit.object = std::move(object);
      continue;
    }
    auto stream = unit.keep(order[i], "kernels");
    if (!stream) {
      unit.error = llvm::toString(stream.takeError());
      continue;
    }
    *(*stream)->OS << object;
    if (llvm::Error error = (*stream)->commit())
      unit.error = llvm::toString(std::move(error));
  }
}

/// Lowers and compiles what no cache had; all other functions of the module
/// are declarations.
static LogicalResult compile(ModuleOp module, SymbolTable &symbols,
                             std::vector<std::unique_ptr<Unit>> &units,
                             ArrayRef<unsigned> absent,
                             const ObjectOptions &options) {
  std::vector<Machine> machines;
  unsigned count = std::clamp<unsigned>(options.threads, 1, absent.size() + 1);
  for (unsigned i = 0; i < count; ++i) {
    auto machine = makeMachine(module.getLoc(), options.cpu);
    if (failed(machine))
      return failure();
    machines.push_back(std::move(*machine));
  }
  if (failed(lower(module)))
    return failure();
  for (unsigned i : absent)
    if (failed(translate(*units[i], symbols, *machines.front())))
      return failure();
  // The largest first, so that no thread is left with one at the end.
  SmallVector<unsigned> order(absent);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(units[b]->size, a) < std::pair(units[a]->size, b);
  });
  std::atomic<unsigned> next = 0;
  std::vector<std::thread> threads;
  for (Machine &own : machines)
    threads.emplace_back([&] { work(units, order, next, *own); });
  for (std::thread &thread : threads)
    thread.join();
  return success();
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

  std::vector<std::unique_ptr<Unit>> units;
  llvm::FileCache cache;
  if (!options.cache.empty())
    cache = llvm::cantFail(llvm::localCache(
        "kernel cache", "gptc", options.cache,
        [&](unsigned i, const Twine &, std::unique_ptr<llvm::MemoryBuffer> x) {
          units[i]->object = x->getBuffer().str();
        }));
  auto cannotKeep = [&](StringRef error) {
    return emitError(UnknownLoc::get(module.getContext()))
           << "cannot keep kernels in '" << options.cache << "': " << error;
  };

  SymbolTable symbols(module);
  llvm::StringSet<> known;
  SmallVector<unsigned> absent;
  for (auto [i, function] : llvm::enumerate(functionsOf(module, symbols))) {
    bool isKernel = i < kernels.names.size();
    std::string key = keyOf(function, isKernel, **machine);
    if (isKernel)
      kernels.names[i] = "gptc_kernel_" + key;
    bool found = !known.insert(key).second;
    if (!found) {
      unsigned number = units.size();
      units.push_back(std::make_unique<Unit>());
      Unit &unit = *units.back();
      unit.function = function;
      unit.key = std::move(key);
      unit.isKernel = isKernel;
      if (cache.isValid()) {
        auto keep = cache(number, unit.key, "kernels");
        if (!keep)
          return cannotKeep(llvm::toString(keep.takeError()));
        unit.keep = std::move(*keep);
        found = !unit.keep;
      }
      if (!found)
        absent.push_back(number);
    }
    if (found) { // no need to lower it
      function.eraseBody();
      function.setLinkage(LLVM::Linkage::External);
    }
  }
  if (!absent.empty() &&
      failed(compile(module, symbols, units, absent, options)))
    return failure();

  std::vector<std::string> objects;
  for (auto &unit : units) {
    if (!unit->error.empty())
      return cannotKeep(unit->error);
    if (unit->object.empty())
      return emitError(loc) << "LLVM cannot write an object file";
    objects.push_back(std::move(unit->object));
  }
  if (cache.isValid())
    llvm::pruneCache(options.cache, llvm::CachePruningPolicy());
  if (options.verbose)
    llvm::errs() << "kernels: " << units.size() << " functions, "
                 << units.size() - absent.size() << " of them from the cache\n";
  return objects;
}

FailureOr<std::string>
makeProgramObject(Location loc, StringRef program, ArrayRef<std::string> names,
                  function_ref<void(llvm::Module &)> define, StringRef prefix) {
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
                                        bytes, prefix + "program");
  data->setAlignment(llvm::Align(64));
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
  std::vector<llvm::Constant *> entries;
  for (const std::string &name : names) {
    // Equal kernels have one name.
    auto *function = cast<llvm::Function>(
        module.getOrInsertFunction(name, type).getCallee());
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    entries.push_back(function);
  }
  auto *table = llvm::ConstantArray::get(
      llvm::ArrayType::get(pointer, entries.size()), entries);
  new llvm::GlobalVariable(module, table->getType(), true,
                           llvm::GlobalValue::ExternalLinkage, table,
                           prefix + "kernels");
  if (define)
    define(module);
  std::string object = emitObject(module, **machine);
  if (object.empty())
    return emitError(loc) << "LLVM cannot write an object file";
  return object;
}

} // namespace gptc::cpu
