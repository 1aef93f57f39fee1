//===- Compile.cpp - from a model file to what was asked for --------------===//
//
// Part of gptc, under the MIT License.
//
// One pass manager a phase, so that the module can be shown between phases and
// each phase is timed as a whole. What a file is at fault for shows in the
// phases that the verifier follows pass by pass; behind them there are many
// more ops, none of them a user's, and a phase is verified at its end.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Compile.h"
#include "compiler/pipeline/BenchProgram.h"
#include "compiler/pipeline/CpuProgram.h"
#include "compiler/pipeline/Describe.h"
#include "compiler/pipeline/Diagnostics.h"
#include "compiler/pipeline/GpuProgram.h"
#include "compiler/pipeline/InputPhase.h"
#include "compiler/pipeline/Report.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace gptc;
using llvm::failed;
using llvm::failure;
using llvm::LogicalResult;
using llvm::success;

namespace {

struct Compilation {
  const CompileOptions &options;
  mlir::MLIRContext &context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Origin origin = {};

  LogicalResult open(llvm::SourceMgr &sources);
  LogicalResult
  runPasses(llvm::StringRef name, mlir::TimingScope &timing, bool verifyEach,
            llvm::function_ref<LogicalResult(mlir::PassManager &)> add);
  LogicalResult runPhases(mlir::TimingScope &timing);
  LogicalResult finish(mlir::TimingScope &timing);
  LogicalResult writeModule(mlir::ModuleOp shown);
  LogicalResult
  writeProgram(llvm::function_ref<LogicalResult(llvm::StringRef path)> link);
  LogicalResult writePtx(GpuProgram &program);
  LogicalResult writeCosts();
  LogicalResult finishForCpu(mlir::TimingScope &timing);
  LogicalResult finishForGpu(mlir::TimingScope &timing);
  LogicalResult finishBench(GpuProgram &program);
  std::string benchCommand() const;
  LogicalResult saveTemporary(Phase phase, mlir::ModuleOp shown);
  Notes notes();
  std::string outputPath() const {
    return options.output.empty() ? "-" : options.output;
  }
};

} // namespace

LogicalResult Compilation::open(llvm::SourceMgr &sources) {
  std::string error;
  if (llvm::sys::fs::is_directory(options.input))
    return report("'" + options.input +
                  "' is a folder; a model file is needed");
  auto buffer = mlir::openInputFile(options.input, &error);
  if (!buffer)
    return report(error);
  if (buffer->getBuffer().contains('\0'))
    return report("'" + options.input + "' is no text; a model file is needed");
  auto hash =
      llvm::SHA256::hash(llvm::arrayRefFromStringRef(buffer->getBuffer()));
  std::string name = llvm::sys::path::filename(options.input).str();
  // As sha256sum shows it.
  origin.file = name + ", SHA-256 " + llvm::toHex(hash, /*LowerCase=*/true);
  origin.sources.emplace_back(name, buffer->getBuffer().str());
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return success();
}

/// The texts of the other files that the model's ops stand in.
static void
addBases(mlir::ModuleOp module, llvm::StringRef input,
         std::vector<std::pair<std::string, std::string>> &sources) {
  llvm::StringSet<> known = {input};
  module.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    auto place = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>();
    llvm::StringRef path = place ? place.getFilename().getValue() : input;
    if (!known.insert(path).second)
      return;
    if (auto buffer = llvm::MemoryBuffer::getFile(path))
      sources.emplace_back(llvm::sys::path::filename(path).str(),
                           (*buffer)->getBuffer().str());
  });
}

LogicalResult Compilation::saveTemporary(Phase phase, mlir::ModuleOp shown) {
  if (options.temporaries.empty())
    return success();
  if (auto error = llvm::sys::fs::create_directories(options.temporaries))
    return report("cannot make the folder '" + options.temporaries +
                  "': " + error.message());
  llvm::StringRef stem =
      options.input == "-" ? "model" : llvm::sys::path::stem(options.input);
  llvm::SmallString<128> path(options.temporaries);
  llvm::sys::path::append(path, stem + "." + nameOf(phase) + ".mlir");
  return writeText(path, [&](llvm::raw_ostream &os) { shown.print(os); });
}

LogicalResult Compilation::runPasses(
    llvm::StringRef name, mlir::TimingScope &timing, bool verifyEach,
    llvm::function_ref<LogicalResult(mlir::PassManager &)> add) {
  mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName(),
                            mlir::OpPassManager::Nesting::Implicit);
  if (failed(mlir::applyPassManagerCLOptions(manager)) || failed(add(manager)))
    return failure();
  mlir::TimingScope scope = timing.nest(name);
  manager.enableTiming(scope);
  manager.enableVerifier(verifyEach);
  auto start = std::chrono::steady_clock::now();
  if (failed(manager.run(*module)) ||
      (!verifyEach && failed(mlir::verify(*module))))
    return failure();
  if (options.verbose) {
    std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    llvm::errs() << llvm::formatv("{0}: {1:F1} ms: ", name, spent.count());
    manager.printAsTextualPipeline(llvm::errs());
    llvm::errs() << "\n";
  }
  return success();
}

LogicalResult Compilation::runPhases(mlir::TimingScope &timing) {
  // An input of a later phase is held to what that phase leaves. The passes of
  // the phase `model` run on every model file: they only read it in.
  if (failed(checkInputPhase(*module, options.from, options.input)))
    return failure();
  if (options.from > Phase::Model &&
      failed(runPasses("input", timing, true, [&](mlir::PassManager &manager) {
        return addVerifier(manager, options.from);
      })))
    return failure();
  for (const PhaseInfo &info : phases()) {
    bool made = info.phase > options.from ||
                (info.phase == Phase::Model && options.from == Phase::Model);
    if (!made || info.phase > options.to || info.phase >= Phase::Device)
      continue;
    bool verifyEach = options.verifyEach || info.phase < Phase::Kernels;
    if (failed(runPasses(info.name, timing, verifyEach,
                         [&](mlir::PassManager &manager) {
                           return addPasses(manager, info.phase,
                                            options.pipeline);
                         })) ||
        failed(saveTemporary(info.phase, *module)))
      return failure();
    if (info.phase == Phase::Model)
      addBases(*module, options.input, origin.sources);
  }
  return success();
}

LogicalResult Compilation::writeModule(mlir::ModuleOp shown) {
  return writeText(outputPath(),
                   [&](llvm::raw_ostream &os) { shown.print(os); });
}

/// What `info` tells of the compilation: nothing that another run of the same
/// command would say differently.
Notes Compilation::notes() {
  std::vector<std::string> passes;
  for (const PassEntry &entry : pipeline())
    if (runs(entry, options.pipeline))
      passes.push_back(entry.pass.str());
  return {{"compiler", options.version},
          {"target", options.pipeline.target},
          {"passes", llvm::join(passes, " ")},
          {"set", llvm::join(options.pipeline.set, " ")}};
}

LogicalResult Compilation::writeProgram(
    llvm::function_ref<LogicalResult(llvm::StringRef path)> link) {
  if (options.output != "-")
    return link(options.output);
  if (llvm::sys::Process::StandardOutIsDisplayed())
    return report("an executable does not go to a terminal: give -o FILE");
  // The linker writes files: one in the temporary folder, then its bytes.
  llvm::SmallString<128> path;
  if (auto error = llvm::sys::fs::createTemporaryFile("gptc", "", path))
    return report("cannot make a temporary file: " + error.message());
  llvm::FileRemover remover(path);
  if (failed(link(path)))
    return failure();
  auto bytes = llvm::MemoryBuffer::getFile(path);
  if (!bytes)
    return report("cannot read '" + path + "': " + bytes.getError().message());
  llvm::outs() << (*bytes)->getBuffer();
  return success();
}

/// The kernels of all parts as PTX, and the table that runs them where
/// --launches or --save-temps ask for it.
LogicalResult Compilation::writePtx(GpuProgram &program) {
  std::vector<std::string> tables;
  if (!options.launches.empty())
    tables.push_back(options.launches);
  if (!options.temporaries.empty())
    tables.push_back(options.temporaries + "/launches.json");
  if (!tables.empty()) {
    llvm::FailureOr<std::string> table = program.describe();
    if (failed(table))
      return failure();
    for (const std::string &path : tables)
      if (failed(writeText(path, [&](llvm::raw_ostream &os) { os << *table; })))
        return failure();
  }
  return writeText(outputPath(),
                   [&](llvm::raw_ostream &os) { os << program.kernels().ptx; });
}

LogicalResult Compilation::finishForCpu(mlir::TimingScope &timing) {
  mlir::TimingScope deviceScope = timing.nest("device");
  llvm::FailureOr<CpuProgram> program = CpuProgram::create(*module);
  if (failed(program) ||
      failed(saveTemporary(Phase::Device, program->module())))
    return failure();
  deviceScope.stop();
  if (options.to == Phase::Device)
    return writeModule(program->module());
  mlir::TimingScope programScope = timing.nest("program");
  if (llvm::StringRef folder = options.kernelCache; !folder.empty()) {
    auto error = llvm::sys::fs::create_directories(folder);
    if (!error)
      error = llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write);
    if (error)
      return report("cannot keep kernels in '" + folder +
                    "': " + error.message());
  }
  return writeProgram([&](llvm::StringRef path) {
    cpu::ObjectOptions object;
    object.cpu = options.cpu;
    object.cache = options.kernelCache;
    object.verbose = options.verbose;
    return program->link(object, path, notes(), origin);
  });
}

/// The command that makes the folder for `gptc-bench` of this one's program.
std::string Compilation::benchCommand() const {
  std::string command = "gptc compile " + options.input + " --target=sm_90a";
  for (const std::string &set : options.pipeline.set)
    command += " --set " + set;
  if (!options.pipeline.disabled.empty())
    command += " --disable-pass=" + llvm::join(options.pipeline.disabled, ",");
  return command + " --emit=bench DIR";
}

LogicalResult Compilation::finishBench(GpuProgram &program) {
  BenchParts bench;
  bench.ptxas = options.ptxas;
  bench.reference.cpu = options.cpu;
  bench.reference.cache = options.kernelCache;
  bench.reference.verbose = options.verbose;
  bench.notes = notes();
  bench.origin = origin;
  return writeBench(program, *module, options.output, bench);
}

LogicalResult Compilation::finishForGpu(mlir::TimingScope &timing) {
  mlir::TimingScope deviceScope = timing.nest("device");
  llvm::FailureOr<GpuProgram> program =
      GpuProgram::create(*module, deviceScope, options.verifyEach);
  if (failed(program))
    return failure();
  deviceScope.stop();
  if (!options.dumpKernel.empty()) {
    llvm::FailureOr<std::string> dump =
        dumpKernel(*program, *module, options.dumpKernel, benchCommand());
    return failed(dump) ? failure()
                        : writeText(outputPath(), [&](llvm::raw_ostream &os) {
                            os << *dump;
                          });
  }
  if (options.to == Phase::Device)
    return writePtx(*program);
  if (options.bench)
    return finishBench(*program);
  mlir::TimingScope programScope = timing.nest("program");
  return writeProgram([&](llvm::StringRef path) {
    return program->link(options.ptxas, path, notes(), origin, options.verbose);
  });
}

LogicalResult Compilation::writeCosts() {
  llvm::FailureOr<std::string> report = describeCosts(
      *module, llvm::StringRef(options.costReport).ends_with(".csv"));
  return failed(report)
             ? failure()
             : writeText(options.costReport,
                         [&](llvm::raw_ostream &os) { os << *report; });
}

LogicalResult Compilation::finish(mlir::TimingScope &timing) {
  if (!options.costReport.empty() && failed(writeCosts()))
    return failure();
  if (!options.costReport.empty() && options.output.empty())
    return success(); // the report is all that was asked for
  if (options.to < Phase::Device)
    return writeModule(*module);
  return options.pipeline.target == "sm_90a" ? finishForGpu(timing)
                                             : finishForCpu(timing);
}

LogicalResult gptc::compile(const CompileOptions &options,
                            mlir::MLIRContext &context) {
  if (failed(checkDisabled(options.pipeline)))
    return failure();
  if (options.from > options.to)
    return report("cannot go from the phase '" + nameOf(options.from) +
                  "' back to '" + nameOf(options.to) + "'");
  if (options.from >= Phase::Device)
    return report("--compile-from takes a phase before 'device'");
  if (!options.ptxas.empty() &&
      (options.pipeline.target != "sm_90a" || options.to != Phase::Program))
    return report("--ptxas goes with --target=sm_90a and an executable");
  if (!options.launches.empty() &&
      (options.pipeline.target != "sm_90a" || options.to != Phase::Device))
    return report("--launches goes with --target=sm_90a --emit=ptx");
  if (options.bench && options.pipeline.target != "sm_90a")
    return report("--emit=bench needs --target=sm_90a");
  if (options.bench && (options.output.empty() || options.output == "-"))
    return report("where to? --emit=bench takes the name of a folder: "
                  "gptc compile MODEL --target=sm_90a --emit=bench DIR");
  if (options.bench && llvm::sys::fs::is_regular_file(options.output))
    return report("cannot make the folder '" + options.output +
                  "': there is a file of this name");
  if (!options.dumpKernel.empty() &&
      (options.pipeline.target != "sm_90a" || options.to != Phase::Program ||
       options.bench))
    return report("--dump-kernel goes with --target=sm_90a, and with no "
                  "--emit");
  if (!options.costReport.empty() &&
      (options.pipeline.target != "sm_90a" || options.to < Phase::Launches))
    return report("--cost-report goes with --target=sm_90a and a phase from "
                  "'launches' on");

  llvm::SourceMgr sources;
  Compilation compilation{options, context, {}};
  if (failed(compilation.open(sources)))
    return failure();
  if (options.to == Phase::Program && options.output.empty() &&
      options.costReport.empty() && options.dumpKernel.empty())
    return report("where to? Give the executable a name with -o FILE, or stop "
                  "earlier with --emit=PHASE");

  Diagnostics diagnostics(sources, &context,
                          options.verbose || options.from != Phase::Model);
  mlir::DefaultTimingManager timingManager;
  mlir::applyDefaultTimingManagerCLOptions(timingManager);
  mlir::TimingScope timing = timingManager.getRootScope();

  compilation.module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  return llvm::success(compilation.module &&
                       succeeded(compilation.runPhases(timing)) &&
                       succeeded(compilation.finish(timing)));
}
