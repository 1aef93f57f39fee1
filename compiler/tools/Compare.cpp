//===- Compare.cpp - gptc compare: which of two programs is faster --------===//
//
// Part of gptc, under the MIT License.
//
// A machine is faster now and slower then, by more than most changes are worth.
// So the programs take turns, A B B A: what drifts evenly is the same for both.
// Each A is a pair with the B beside it, and the logarithms of the pairs'
// ratios have a mean and, by Student's t, its confidence interval.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Compare.h"
#include "compiler/pipeline/Report.h"
#include "compiler/tools/Commands.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include <cmath>

using namespace gptc;
using llvm::failure;
using llvm::FailureOr;
using llvm::LogicalResult;
using llvm::StringRef;
using llvm::success;
using llvm::Twine;
namespace cl = llvm::cl;
namespace json = llvm::json;

static cl::SubCommand flags("compare", "Say which of two training binaries is "
                                       "faster: runs in turns, a ratio and its "
                                       "confidence interval");
static cl::opt<std::string> pathA(cl::Positional, cl::desc("A"), cl::sub(flags),
                                  cl::cat(flagCategory()));
static cl::opt<std::string> pathB(cl::Positional, cl::desc("B"), cl::sub(flags),
                                  cl::cat(flagCategory()));
static cl::list<std::string> arguments(cl::Positional, cl::ZeroOrMore,
                                       cl::desc("-- FLAGS OF `EXE train`…"),
                                       cl::sub(flags), cl::cat(flagCategory()));
static cl::opt<unsigned>
    pairs("pairs",
          cl::desc("How many pairs of runs, an even number (default "
                   "8: 16 runs)"),
          cl::value_desc("N"), cl::init(8), cl::sub(flags),
          cl::cat(flagCategory()));
static cl::opt<unsigned>
    warmUp("warm-up",
           cl::desc("Steps at the beginning of a run that do not count "
                    "(default 1: it touches its memory for the first time)"),
           cl::value_desc("N"), cl::init(1), cl::sub(flags),
           cl::cat(flagCategory()));
static cl::opt<bool> asMarkdown("markdown",
                                cl::desc("A report for a pull request"),
                                cl::sub(flags), cl::cat(flagCategory()));
static cl::opt<bool> asJson("json", cl::desc("All values as one JSON object"),
                            cl::sub(flags), cl::cat(flagCategory()));

static constexpr unsigned kMostPairs = 1000;

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {
/// A file that goes when this does, or when the program is interrupted.
struct TemporaryFile {
  LogicalResult create() {
    if (auto error =
            llvm::sys::fs::createTemporaryFile("gptc-compare", "", path))
      return report("cannot make a temporary file: " + error.message());
    remover.setFile(path);
    llvm::sys::RemoveFileOnSignal(path);
    return success();
  }
  ~TemporaryFile() { llvm::sys::DontRemoveFileOnSignal(path); }
  std::string read() const {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  llvm::SmallString<128> path;
  llvm::FileRemover remover;
};
} // namespace

/// Runs a program. What it says on its standard output is in `out`; where it
/// fails, why is in `why`.
static LogicalResult runProgram(llvm::ArrayRef<std::string> command,
                                std::string &out, std::string &why) {
  TemporaryFile output, errors;
  if (failed(output.create()) || failed(errors.create()))
    return failure();
  llvm::SmallVector<StringRef> words(command.begin(), command.end());
  std::optional<StringRef> streams[] = {StringRef(""), StringRef(output.path),
                                        StringRef(errors.path)};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(command.front(), words, std::nullopt,
                                       streams, 0, 0, &message);
  out = output.read();
  if (code == 0)
    return success();
  std::string told = errors.read();
  why = StringRef(told).trim().rsplit('\n').second.str();
  if (why.empty())
    why = StringRef(told).trim().str();
  if (why.empty())
    why = message.empty() ? "exit code " + std::to_string(code) : message;
  return failure();
}

/// Asks a program what it is.
static LogicalResult readInfo(Contestant &one) {
  const char *mend = ": give what `gptc compile -o EXE` made";
  if (!llvm::sys::fs::exists(one.path))
    return report("'" + one.path + "' does not exist" + mend);
  if (!llvm::sys::fs::can_execute(one.path))
    return report("'" + one.path + "' is no program" + mend);
  std::string path = one.path;
  if (!StringRef(path).contains('/'))
    path = "./" + path;
  one.command = path;
  std::string out, why;
  bool ran = succeeded(runProgram({path, "info", "--json"}, out, why));
  llvm::Expected<json::Value> value = json::parse(out);
  json::Object *info = value ? value->getAsObject() : nullptr;
  if (!ran || !info || !info->getString("fingerprint") ||
      !info->getInteger("steps")) {
    if (!value)
      llvm::consumeError(value.takeError());
    return report("'" + one.path + "' is no training binary" + mend);
  }
  one.model = info->getString("model").value_or("").str();
  one.fingerprint = info->getString("fingerprint")->str();
  one.steps = *info->getInteger("steps");
  if (const json::Object *notes = info->getObject("notes"))
    one.target = notes->getString("target").value_or("").str();
  return success();
}

/// One error for flags that runs in turns cannot have.
static LogicalResult checkArguments() {
  for (const std::string &argument : arguments) {
    StringRef name = StringRef(argument).split('=').first;
    if (name == "--log" || name == "--save")
      return report(name + ": each run has a log of its own here, and leaves "
                           "nothing; take the flag away");
    if (name == "train")
      return report("'train' is not needed: what stands behind -- are flags of "
                    "`EXE train`");
  }
  if (pairs < 2 || pairs % 2 || pairs > kMostPairs)
    return report("--pairs=" + Twine(pairs) +
                  ": A B B A are two pairs: give an even number from 2 to " +
                  Twine(kMostPairs));
  return success();
}

/// One error for programs of which one step is not the other's.
static LogicalResult checkComparable(const Comparison &c) {
  if (c.a.target != c.b.target)
    return report("'" + c.a.path + "' is compiled for " + c.a.target + ", '" +
                  c.b.path + "' for " + c.b.target +
                  ": times of different devices are no comparison");
  bool chosen = llvm::any_of(arguments, [](const std::string &argument) {
    return StringRef(argument).split('=').first == "--steps";
  });
  if (c.a.steps != c.b.steps && !chosen)
    return report("'" + c.a.path + "' has " + Twine(c.a.steps) + " steps, '" +
                  c.b.path + "' " + Twine(c.b.steps) +
                  ": give both the same with --steps=N behind --");
  return success();
}

/// Where the machine is told: `AMD EPYC, 2 threads`.
static std::string deviceOf(const RunLog &log) {
  std::string text = log.text({"device", "name"}).str();
  const json::Object *run = log.header.getObject("run");
  if (std::optional<int64_t> threads =
          run ? run->getInteger("threads") : std::nullopt)
    text += ", " + std::to_string(*threads) +
            (*threads == 1 ? " thread" : " threads");
  return text;
}

/// One error if a run did not do the same work on the same device as the first.
static LogicalResult checkRun(const Comparison &c, const Contestant &one,
                              const RunLog &log) {
  std::string who = "a run of '" + one.path + "'";
  const RunLog &first = c.runs.empty() ? log : c.runs.front().log;
  if (log.endsInsideLine || log.last < log.plannedSteps().value_or(log.last))
    return report(who + " was cut short after step " + Twine(log.last));
  if (log.text({"fingerprint"}) != one.fingerprint)
    return report("'" + one.path +
                  "' is another program than it was at the "
                  "beginning: let it be while it is compared");
  if (log.steps.size() <= warmUp)
    return report(who + " has " + Twine(log.steps.size()) +
                  " steps, of which "
                  "--warm-up=" +
                  Twine(warmUp) +
                  " do not count: give more with --steps=N behind --");
  if (deviceOf(log) != deviceOf(first))
    return report(who + " was on " + deviceOf(log) + ", the first on " +
                  deviceOf(first) +
                  ": times of different devices are no comparison");
  if (log.steps.size() != first.steps.size())
    return report(who + " has " + Twine(log.steps.size()) +
                  " steps, the first " + Twine(first.steps.size()) +
                  ": give both the same with --steps=N behind --");
  for (auto [mine, other] : llvm::zip(log.steps, first.steps))
    if (mine.tokens != other.tokens)
      return report(who + " trains on " + Twine(mine.tokens) +
                    " tokens in step " + Twine(mine.step) + ", the first on " +
                    Twine(other.tokens) +
                    ": compile both with the same sizes of a step");
  return success();
}

/// Trains once; adds the run.
static LogicalResult trainOnce(Comparison &c, const Contestant &one) {
  TemporaryFile file;
  if (failed(file.create()))
    return failure();
  std::vector<std::string> command = {one.command, "train"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::string shown = llvm::join(command, " "), out, why;
  command.insert(command.end(), {"--log", file.path.str().str()});
  std::string number = "run " + std::to_string(c.runs.size() + 1) + " of " +
                       std::to_string(2 * pairs);
  if (failed(runProgram(command, out, why)))
    return report(number + ", `" + shown + "`, failed: " + why);
  FailureOr<RunLog> log = readLog(file.path);
  if (failed(log) || failed(checkRun(c, one, *log)))
    return failure();
  double begin = warmUp ? log->steps[warmUp - 1].milliseconds : 0;
  double spent = (log->steps.back().milliseconds - begin) /
                 static_cast<double>(log->steps.size() - warmUp);
  if (!(spent > 0))
    return report(number + ", `" + shown + "`, tells no time of its steps");
  llvm::errs() << number << ": " << one.path
               << formatText(", {:.4g} ms a step\n", spent);
  c.runs.push_back({&one == &c.a, spent, std::move(*log)});
  return success();
}

//===----------------------------------------------------------------------===//
// The comparison
//===----------------------------------------------------------------------===//

static LogicalResult compareAll(Comparison &c) {
  c.arguments.assign(arguments.begin(), arguments.end());
  c.warmUp = warmUp;
  if (failed(checkArguments()) || failed(readInfo(c.a)) ||
      failed(readInfo(c.b)) || failed(checkComparable(c)))
    return failure();
  for (unsigned block = 0; block < pairs / 2; ++block)
    for (const Contestant *one : {&c.a, &c.b, &c.b, &c.a})
      if (failed(trainOnce(c, *one)))
        return failure();
  c.device = deviceOf(c.runs.front().log);
  std::vector<double> logarithms;
  for (size_t i = 0; i < c.runs.size(); i += 2) {
    const TimedRun &first = c.runs[i], &second = c.runs[i + 1];
    c.pairs.push_back(first.isA ? TimedPair{first.stepMs, second.stepMs}
                                : TimedPair{second.stepMs, first.stepMs});
    logarithms.push_back(std::log(c.pairs.back().ratio()));
  }
  Summary summary = summarize(logarithms);
  if (summary.deviation == 0)
    return report("all " + Twine(pairs) + " pairs have the ratio " +
                  formatText("{:.9g}", c.pairs.front().ratio()) +
                  ": without a deviation there is no confidence interval; "
                  "give more --steps, so that times tell");
  TTest test = testAgainst(summary, 0);
  c.ratio = std::exp(summary.mean);
  c.low = std::exp(summary.mean - test.halfWidth);
  c.high = std::exp(summary.mean + test.halfWidth);
  c.twoSided = test.twoSided;
  return success();
}

static int run() {
  if (asMarkdown && asJson) {
    (void)report("--markdown and --json: choose one");
    return 1;
  }
  if (pathA.empty() || pathB.empty()) {
    (void)report("two training binaries are compared: gptc compare A B -- "
                 "--data GLOB; see gptc help compare");
    return 1;
  }
  Comparison comparison;
  comparison.a.path = pathA;
  comparison.b.path = pathB;
  if (failed(compareAll(comparison)))
    return 1;
  if (asJson)
    printComparisonJson(comparison, llvm::outs());
  else
    printComparison(comparison, asMarkdown, llvm::outs());
  return 0;
}

static constexpr llvm::StringLiteral kDetails = R"(
A and B are what `gptc compile -o EXE` made. Both train with the flags behind --
in turns, A B B A; what is compared is the training time of a step.

  gptc compare ./before ./after -- --data 'train_*.bin' --steps=20
)";

Command gptc::compareCommand() { return {flags, run, kDetails}; }
