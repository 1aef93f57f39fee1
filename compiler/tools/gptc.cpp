//===- gptc.cpp - the command line of the compiler ------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Compile.h"
#include "compiler/pipeline/Registration.h"
#include "compiler/pipeline/Report.h"
#include "compiler/tools/Commands.h"
#include "compiler/tools/Ops.h"
#include "compiler/tools/PassPages.h"
#include "compiler/tools/Remarks.h"
#include "dialect/Gpt.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace gptc;
namespace cl = llvm::cl;

static constexpr llvm::StringLiteral kVersion =
    "gptc " GPTC_VERSION ", LLVM " LLVM_VERSION_STRING;

static cl::SubCommand compileCommand("compile",
                                     "Compile a model file to an executable");
static cl::SubCommand opsCommand("ops", "List the ops of the language, or "
                                        "tell what there is to say of one");
static cl::SubCommand passesCommand("passes", "List the passes in order, or "
                                              "print the page of one");
static cl::SubCommand helpCommand("help", "What a command does: help COMMAND");
static cl::OptionCategory &category = flagCategory();

cl::OptionCategory &gptc::flagCategory() {
  static cl::OptionCategory category("gptc options");
  return category;
}

static cl::opt<std::string> input(cl::Positional, cl::desc("MODEL"),
                                  cl::Required, cl::sub(compileCommand),
                                  cl::cat(category));
static cl::opt<std::string> folder(cl::Positional, cl::desc("[DIR]"),
                                   cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("Output file; - is stdout"),
                                   cl::value_desc("file"),
                                   cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string> target("target",
                                   cl::desc("cpu (default), or sm_90a: one "
                                            "Hopper GPU (H100, H200)"),
                                   cl::value_desc("target"), cl::init("cpu"),
                                   cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string>
    mcpu("mcpu",
         cl::desc("The processor to compile for, as clang names it "
                  "(default: native, this one)"),
         cl::value_desc("cpu"), cl::init("native"), cl::sub(compileCommand),
         cl::cat(category));
static cl::opt<std::string>
    emit("emit",
         cl::desc("Stop at a phase and write what it holds: model, graph, "
                  "step, kernels, launches, device, or ptx; or bench, with "
                  "--target=sm_90a: make a folder DIR for `gptc-bench DIR`, "
                  "which runs every kernel alone beside the CPU's"),
         cl::value_desc("phase"), cl::sub(compileCommand), cl::cat(category));
static cl::alias compileTo("compile-to", cl::desc("Another name of --emit"),
                           cl::aliasopt(emit), cl::cat(category));
static cl::opt<std::string>
    compileFrom("compile-from",
                cl::desc("The phase that the input is in (default: model)"),
                cl::value_desc("phase"), cl::init("model"),
                cl::sub(compileCommand), cl::cat(category));
static cl::list<std::string>
    set("set", cl::desc("Give a constant of the model another value"),
        cl::value_desc("NAME=VALUE"), cl::sub(compileCommand),
        cl::cat(category));
static cl::list<std::string>
    disabled("disable-pass", cl::desc("Leave an optional pass out"),
             cl::value_desc("pass"), cl::CommaSeparated,
             cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string>
    numerics("numerics",
             cl::desc("What optional passes may do to values: exact (the same "
                      "bits), rounding, approximate (default)"),
             cl::value_desc("class"), cl::init("approximate"),
             cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string> tiles(
    "tiles",
    cl::desc("With --target=sm_90a: a table of contractions' tiles in the "
             "place of the one that gptc is built with"),
    cl::value_desc("file"), cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string>
    saveTemps("save-temps",
              cl::desc("Write what each phase holds into a folder (default: "
                       "OUTPUT.temps)"),
              cl::value_desc("folder"), cl::ValueOptional,
              cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string>
    kernelCache("kernel-cache",
                cl::desc("Keep compiled kernels of the CPU in a folder, and "
                         "take from it what is there (default: the variable "
                         "GPTC_KERNEL_CACHE, else none)"),
                cl::value_desc("folder"), cl::sub(compileCommand),
                cl::cat(category));
static cl::opt<std::string>
    launches("launches",
             cl::desc("With --emit=ptx: write the table that runs the kernels "
                      "(buffers, parts, numbers, launches) as JSON"),
             cl::value_desc("file"), cl::sub(compileCommand),
             cl::cat(category));
static cl::opt<std::string>
    dumpKernel("dump-kernel",
               cl::desc("With --target=sm_90a: write one kernel's op, its PTX "
                        "and the commands that run it alone (default: to "
                        "stdout)"),
               cl::value_desc("name"), cl::sub(compileCommand),
               cl::cat(category));
static cl::opt<std::string> costReport(
    "cost-report",
    cl::desc("With --target=sm_90a: write every launch's operations, bytes "
             "and least time, and their sums a step; a name that ends in .csv "
             "receives CSV, - is stdout (default)"),
    cl::value_desc("file"), cl::ValueOptional, cl::sub(compileCommand),
    cl::cat(category));
static cl::opt<std::string>
    ptxas("ptxas",
          cl::desc("With --target=sm_90a: NVIDIA's assembler (default: of "
                   "CUDA_HOME, PATH or /usr/local/cuda), or none: the driver "
                   "compiles the kernels when the program starts"),
          cl::value_desc("file"), cl::sub(compileCommand), cl::cat(category));
static cl::opt<std::string> opName(cl::Positional, cl::desc("[NAME]"),
                                   cl::sub(opsCommand), cl::cat(category));
static cl::opt<bool> markdown("markdown",
                              cl::desc("The reference of docs/language.md"),
                              cl::sub(opsCommand), cl::cat(category));
static cl::opt<std::string> passName(cl::Positional, cl::desc("[NAME]"),
                                     cl::sub(passesCommand), cl::cat(category));
static cl::opt<bool> verifyEach(
    "verify-each",
    cl::desc("Verify the IR behind each pass, not only where a phase of "
             "kernels or launches ends (default: in builds with assertions)"),
#ifdef NDEBUG
    cl::init(false),
#else
    cl::init(true),
#endif
    cl::Hidden, cl::sub(compileCommand), cl::cat(category));
static cl::opt<bool> verbose("v", cl::desc("Say what runs, and how long"),
                             cl::sub(compileCommand), cl::cat(category));

static int runCompile();
static int runOps();
static int runPasses();

/// What `gptc NAME` can be; `help` never runs: it becomes another's --help.
static llvm::ArrayRef<Command> commands() {
  static const Command all[] = {{compileCommand, runCompile},
                                {opsCommand, runOps},
                                {passesCommand, runPasses},
                                statsCommand(),
                                compareCommand(),
                                plotCommand(),
                                {helpCommand, nullptr}};
  return all;
}

/// The phase that `flag` names; an error with the nearest name if none does.
static llvm::LogicalResult parsePhase(llvm::StringRef flag,
                                      llvm::StringRef name, Phase &phase) {
  if (std::optional<Phase> parsed = phaseNamed(name)) {
    phase = *parsed;
    return llvm::success();
  }
  llvm::SmallVector<llvm::StringRef> names;
  for (const PhaseInfo &info : phases())
    names.push_back(info.name);
  return report("--" + flag + "=" + name + ": no phase has this name" +
                gpt::nearest(name, names) + "; there are " +
                llvm::join(names, ", "));
}

static llvm::LogicalResult parseNumerics(Numerics &result) {
  for (Numerics n :
       {Numerics::Exact, Numerics::Rounding, Numerics::Approximate})
    if (nameOf(n) == numerics) {
      result = n;
      return llvm::success();
    }
  return report("--numerics=" + numerics +
                ": it is exact, rounding or approximate");
}

/// What an architecture of NVIDIA's lacks for the kernels; nothing of a target
/// that is none.
static std::string whatLacks(llvm::StringRef target) {
  llvm::StringRef name = target;
  unsigned number = 0;
  if (!name.consume_front("sm_") || name.consumeInteger(10, number))
    return "";
  std::string needs =
      "; kernels for GPUs use Hopper's wgmma and bulk copies of "
      "tensors";
  if (number < 90)
    return needs + ", and " + target.str() + " has neither";
  if (number == 90)
    return needs + ", for which the same GPU's target is sm_90a";
  return needs + ", and " + target.str() +
         " has no wgmma, but other instructions for products, for which there "
         "are no kernels";
}

/// Copies the command line into `options`: linking resets all flags.
static llvm::LogicalResult readFlags(CompileOptions &options) {
  options.input = input;
  options.output = output;
  options.launches = launches;
  options.ptxas = ptxas;
  if (costReport.getNumOccurrences())
    options.costReport = costReport.empty() ? "-" : costReport.getValue();
  options.cpu = mcpu;
  options.kernelCache =
      kernelCache.getNumOccurrences()
          ? kernelCache
          : llvm::sys::Process::GetEnv("GPTC_KERNEL_CACHE").value_or("");
  options.version = kVersion;
  options.dumpKernel = dumpKernel;
  options.bench = emit == "bench";
  if (!folder.empty() && (!options.bench || !output.empty()))
    return report("'" + folder + "' is one name too many: " +
                  (options.bench ? "the folder is that of -o"
                                 : "the output is that of -o"));
  if (options.bench && output.empty())
    options.output = folder;
  // What has an H100 is not the machine that compiles.
  if (options.bench && !mcpu.getNumOccurrences())
    options.cpu = "x86-64-v3";
  options.verbose = verbose;
  options.verifyEach = verifyEach;
  options.pipeline.target = target;
  options.pipeline.set.assign(set.begin(), set.end());
  options.pipeline.disabled.assign(disabled.begin(), disabled.end());
  options.pipeline.tiles = tiles;
  if (target != "cpu" && target != "sm_90a")
    return report("--target=" + target + ": the targets are cpu and sm_90a" +
                  whatLacks(target));
  if (kernelCache.getNumOccurrences() && target != "cpu" && !options.bench)
    return report("--kernel-cache goes with --target=cpu");
  if (tiles.getNumOccurrences() && target == "cpu")
    return report("--tiles goes with --target=sm_90a");
  if (saveTemps.getNumOccurrences()) {
    options.temporaries = saveTemps;
    if (saveTemps.empty())
      options.temporaries =
          (output.empty() || output == "-" ? "gptc" : options.output) +
          ".temps";
  }
  if (emit == "ptx") {
    if (target != "sm_90a")
      return report("--emit=ptx needs --target=sm_90a");
    options.to = Phase::Device;
  } else if (!emit.empty() && !options.bench &&
             failed(parsePhase("emit", emit, options.to)))
    return llvm::failure();
  return llvm::success(
      succeeded(parsePhase("compile-from", compileFrom, options.from)) &&
      succeeded(parseNumerics(options.pipeline.numerics)));
}

/// What LLVM says of a bad command line, on several lines that each begin with
/// the program's name, as one error. What is wrong with an option's value LLVM
/// prints itself.
static int reportFlags(llvm::StringRef errors) {
  llvm::SmallVector<llvm::StringRef> lines;
  errors.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef &line : lines) {
    line.consume_front("gptc: ");
    line = line.trim();
  }
  (void)report(lines.empty() ? "the command line is wrong: see gptc --help"
                             : llvm::join(lines, " "));
  return 1;
}

static int runPasses() {
  if (!passName.empty())
    return succeeded(describePass(passName)) ? 0 : 1;
  listPasses();
  return 0;
}

static int runOps() {
  if (!opName.empty())
    return succeeded(describeOp(opName)) ? 0 : 1;
  if (markdown)
    printReference();
  else
    listOps();
  return 0;
}

/// LLVM's and MLIR's own options are for those who work on gptc: they stand in
/// --help-hidden.
static void hideForeignOptions() {
  const llvm::StringSet<> shown = {"help", "help-hidden", "version"};
  llvm::SmallVector<cl::SubCommand *> shownIn = {
      &cl::SubCommand::getTopLevel()};
  for (const Command &command : commands())
    shownIn.push_back(&command.flags);
  for (cl::SubCommand *command : shownIn)
    for (auto &entry : cl::getRegisteredOptions(*command)) {
      cl::Option &option = *entry.second;
      bool ours = llvm::any_of(option.Categories, [](cl::OptionCategory *c) {
        return c == &category || c == &remarksCategory();
      });
      if (!ours && !shown.contains(entry.first) &&
          option.getOptionHiddenFlag() == cl::NotHidden)
        option.setHiddenFlag(cl::Hidden);
    }
}

/// `gptc help COMMAND` is `gptc COMMAND --help`; an error if there is no such
/// command.
static llvm::LogicalResult
rewriteHelp(llvm::SmallVectorImpl<const char *> &arguments) {
  if (arguments.size() < 2 || llvm::StringRef(arguments[1]) != "help")
    return llvm::success();
  if (arguments.size() == 2) {
    arguments[1] = "--help";
    return llvm::success();
  }
  llvm::StringRef name = arguments[2];
  llvm::SmallVector<llvm::StringRef> names;
  for (const Command &command : commands())
    names.push_back(command.flags.getName());
  if (!llvm::is_contained(names, name))
    return report("there is no command '" + name + "'" +
                  gpt::nearest(name, names) + "; there are " +
                  llvm::join(names, ", "));
  arguments[1] = arguments[2];
  arguments[2] = "--help";
  arguments.truncate(3);
  return llvm::success();
}

static int runCompile() {
  CompileOptions options;
  if (failed(readFlags(options)))
    return 1;
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  // A user's file is at fault, not an op of ours: the place says enough.
  context.printOpOnDiagnostic(false);
  if (failed(enableRemarks(context)))
    return 1;
  return succeeded(compile(options, context)) ? 0 : 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  registerPasses(); // before the flags that name one
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  mlir::registerAsmPrinterCLOptions();
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << kVersion << ", targets cpu and sm_90a\n";
  });
  hideForeignOptions();
  llvm::SmallVector<const char *> arguments(argv, argv + argc);
  if (failed(rewriteHelp(arguments)))
    return 1;
  for (const Command &command : commands())
    if (arguments.size() > 1 && command.flags.getName() == arguments[1] &&
        !command.details.empty())
      static cl::extrahelp details(command.details);
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  if (!cl::ParseCommandLineOptions(
          static_cast<int>(arguments.size()), arguments.data(),
          "gptc: a model file becomes one executable that trains it\n",
          &stream))
    return reportFlags(errors);
  for (const Command &command : commands())
    if (command.flags && command.run)
      return command.run();
  (void)report("no command: gptc compile MODEL -o EXE, or gptc --help");
  return 1;
}
