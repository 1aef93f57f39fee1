//===- Object.cpp - object files of kernels -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// MLIR lowers all kernels together; LLVM then works on one function a module,
// so that threads share the work well, equal kernels are compiled once, and
// what another compilation has left in a cache serves this one. Kernels are
// written in vectors, so LLVM's own vectorisers stay off.
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
#include "llvm/Bitcode/BitcodeWriter.h"
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
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::string key; ///< a digest of all that the object follows from
  std::string object, error;
  size_t size = 0;
  bool found = false; ///< in the cache
};
} // namespace

/// Each function in a module of its own, with declarations of those that it
/// calls: the kernels in order, then what they call of private functions.
static std::vector<OwningOpRef<ModuleOp>> divide(ModuleOp module) {
  SymbolTable symbols(module);
  llvm::SetVector<LLVM::LLVMFuncOp> functions;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function.getLinkage() != LLVM::Linkage::Internal)
      functions.insert(function);
  std::vector<OwningOpRef<ModuleOp>> units;
  for (unsigned i = 0; i < functions.size(); ++i) {
    LLVM::LLVMFuncOp function = functions[i];
    llvm::SetVector<LLVM::LLVMFuncOp> called;
    function.walk([&](LLVM::CallOp call) {
      if (std::optional<StringRef> name = call.getCallee())
        called.insert(symbols.lookup<LLVM::LLVMFuncOp>(*name));
    });
    OwningOpRef<ModuleOp> unit = ModuleOp::create(module.getLoc());
    auto add = [&](Operation *copy) {
      cast<LLVM::LLVMFuncOp>(copy).setLinkage(LLVM::Linkage::External);
      unit->push_back(copy);
    };
    for (LLVM::LLVMFuncOp callee : called)
      add(callee->cloneWithoutRegions());
    add(function->clone());
    functions.insert(called.begin(), called.end());
    units.push_back(std::move(unit));
  }
  return units;
}

/// The module in LLVM's IR, as the machine compiles it. A kernel gets a name
/// that follows from what it does.
static std::unique_ptr<Unit> translate(ModuleOp module, bool isKernel,
                                       llvm::TargetMachine &machine) {
  auto unit = std::make_unique<Unit>();
  unit->module = translateModuleToLLVMIR(module, unit->context, "kernels");
  if (!unit->module)
    return nullptr;
  unit->module->setTargetTriple(machine.getTargetTriple());
  unit->module->setDataLayout(machine.createDataLayout());
  llvm::Function *function = nullptr;
  for (llvm::Function &f : *unit->module) {
    f.setVisibility(llvm::GlobalValue::HiddenVisibility);
    if (f.isDeclaration())
      continue;
    function = &f;
    f.addFnAttr("target-cpu", machine.getTargetCPU());
    f.addFnAttr("target-features", machine.getTargetFeatureString());
    f.addFnAttr("prefer-vector-width", "512");
    f.addFnAttr(llvm::Attribute::NoUnwind);
  }
  if (isKernel)
    function->setName("gptc_kernel");
  SmallVector<char> bitcode;
  llvm::raw_svector_ostream os(bitcode);
  llvm::WriteBitcodeToFile(*unit->module, os);
  os << LLVM_VERSION_STRING << wayOfMaking();
  unit->size = bitcode.size();
  unit->key = llvm::toHex(
      llvm::SHA256::hash(llvm::arrayRefFromStringRef(os.str())), true);
  if (isKernel)
    function->setName("gptc_kernel_" + unit->key);
  return unit;
}

/// Compiles units until none is left, those first that come first in `order`.
static void work(std::vector<std::unique_ptr<Unit>> &units,
                 ArrayRef<unsigned> order, std::atomic<unsigned> &next,
                 llvm::TargetMachine &machine, llvm::FileCache &cache) {
  for (unsigned i; (i = next++) < order.size();) {
    Unit &unit = *units[order[i]];
    auto compile = [&] {
      optimise(*unit.module, machine);
      return emitObject(*unit.module, machine);
    };
    if (!cache.isValid()) {
      unit.object = compile();
      continue;
    }
    llvm::Expected<llvm::AddStreamFn> make =
        cache(order[i], unit.key, "kernels");
    if (!make) {
      unit.error = llvm::toString(make.takeError());
      continue;
    }
    unit.found = !*make;
    if (unit.found)
      continue;
    auto stream = (*make)(order[i], "kernels");
    if (!stream) {
      unit.error = llvm::toString(stream.takeError());
      continue;
    }
    *(*stream)->OS << compile();
    if (llvm::Error error = (*stream)->commit())
      unit.error = llvm::toString(std::move(error));
  }
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

  std::vector<std::unique_ptr<Unit>> units;
  llvm::StringMap<unsigned> known;
  for (auto [i, divided] : llvm::enumerate(divide(module))) {
    bool isKernel = i < kernels.names.size();
    std::unique_ptr<Unit> unit = translate(*divided, isKernel, **machine);
    if (!unit)
      return failure();
    if (isKernel)
      kernels.names[i] = "gptc_kernel_" + unit->key;
    if (known.try_emplace(unit->key, units.size()).second)
      units.push_back(std::move(unit));
  }
  // The largest first, so that no thread is left with one at the end.
  SmallVector<unsigned> order =
      llvm::to_vector(llvm::seq(unsigned(units.size())));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(units[b]->size, a) < std::pair(units[a]->size, b);
  });
  llvm::FileCache cache;
  if (!options.cache.empty())
    cache = llvm::cantFail(llvm::localCache(
        "kernel cache", "gptc", options.cache,
        [&](unsigned i, const Twine &, std::unique_ptr<llvm::MemoryBuffer> x) {
          units[i]->object = x->getBuffer().str();
        }));

  std::atomic<unsigned> next = 0;
  std::vector<Machine> machines;
  std::vector<std::thread> threads;
  unsigned count = std::clamp<unsigned>(options.threads, 1, units.size() + 1);
  for (unsigned i = 0; i < count; ++i)
    machines.push_back(std::move(*makeMachine(loc, options.cpu)));
  for (Machine &own : machines)
    threads.emplace_back([&] { work(units, order, next, *own, cache); });
  for (std::thread &thread : threads)
    thread.join();

  std::vector<std::string> objects;
  for (auto &unit : units) {
    if (!unit->error.empty())
      return emitError(UnknownLoc::get(module.getContext()))
             << "cannot keep kernels in '" << options.cache
             << "': " << unit->error;
    if (unit->object.empty())
      return emitError(loc) << "LLVM cannot write an object file";
    objects.push_back(std::move(unit->object));
  }
  if (cache.isValid())
    llvm::pruneCache(options.cache, llvm::CachePruningPolicy());
  if (options.verbose)
    llvm::errs() << "kernels: " << units.size() << " functions, "
                 << llvm::count_if(units, [](auto &u) { return u->found; })
                 << " of them from the cache\n";
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
