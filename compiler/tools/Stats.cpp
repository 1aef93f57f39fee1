//===- Stats.cpp - gptc stats: what several runs amount to ----------------===//
//
// Part of gptc, under the MIT License.
//
// The protocol of the speedrun: a record is a mean over runs, with a one-sided
// t-test that it is below the target; the leaderboard of optimizers takes a
// z-rule of a fixed deviation instead; two recipes are compared by Welch's
// test.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Stats.h"
#include "compiler/pipeline/Report.h"
#include "compiler/tools/Commands.h"
#include "compiler/tools/Table.h"
#include "llvm/ADT/StringExtras.h"
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

static cl::SubCommand flags("stats", "Say what the logs of several runs amount "
                                     "to: means, deviations, tests");
static cl::list<std::string> logs(cl::Positional, cl::ZeroOrMore,
                                  cl::desc("LOG…"), cl::sub(flags),
                                  cl::cat(flagCategory()));
static cl::list<std::string> against("against", cl::Positional, cl::ZeroOrMore,
                                     cl::desc("LOG…"), cl::value_desc("LOG…"),
                                     cl::sub(flags), cl::cat(flagCategory()));
static cl::opt<double>
    target("target",
           cl::desc("Test whether the mean of the final losses is below it, as "
                    "the speedrun's 3.28"),
           cl::value_desc("loss"), cl::sub(flags), cl::cat(flagCategory()));
static cl::opt<bool> asMarkdown("markdown",
                                cl::desc("A report for a pull request"),
                                cl::sub(flags), cl::cat(flagCategory()));
static cl::opt<bool> asJson("json", cl::desc("All values as one JSON object"),
                            cl::sub(flags), cl::cat(flagCategory()));

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Adds runs that are given as numbers.
static LogicalResult addNumbers(Sample &sample, StringRef path,
                                StringRef text) {
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (auto [i, line] : llvm::enumerate(lines)) {
    llvm::SmallVector<StringRef> words;
    llvm::SplitString(line.split('#').first, words, " \t\r,;");
    if (words.empty())
      continue;
    std::string place = (path + ":" + Twine(i + 1)).str();
    double values[2] = {};
    bool good = words.size() <= 2;
    for (size_t k = 0; good && k < words.size(); ++k)
      good = llvm::to_float(words[k], values[k]) && std::isfinite(values[k]);
    if (!good)
      return report(place +
                    ": a line is a run's final loss and, if known, its "
                    "training time in ms; or give logs of `EXE train --log`");
    sample.names.push_back(place);
    sample.losses.push_back(values[0]);
    if (words.size() == 2)
      sample.milliseconds.push_back(values[1]);
    if (!sample.milliseconds.empty() &&
        sample.milliseconds.size() != sample.losses.size())
      return report(place + ": some runs have a training time and some have "
                            "none: give all or none");
  }
  return success();
}

static LogicalResult addLog(Sample &sample, RunLog log) {
  FailureOr<RunLog::Validation> last = finalValidation(log);
  if (failed(last))
    return failure();
  if (sample.first) {
    std::string why = difference(log, *sample.first);
    if (!why.empty())
      return report(log.path + ":1: " + why +
                    ": a set has runs of one program; the others go behind "
                    "--against");
  }
  if (sample.milliseconds.size() != sample.losses.size())
    return report(sample.names.back() +
                  ": this run has no training time, and a log has: give all or "
                  "none");
  if (const json::Object *run = log.header.getObject("run"))
    if (std::optional<int64_t> seed = run->getInteger("seed")) {
      auto [it, isNew] = sample.seeds.insert({*seed, sample.names.size()});
      bool same = !isNew && sample.losses[it->second] == last->loss;
      if (same && (target.getNumOccurrences() || !against.empty()))
        return report(log.path + ":1: the same run as '" +
                      sample.names[it->second] + "', of seed " + Twine(*seed) +
                      ": a seed gives the same losses each time; train with "
                      "another --seed");
    }
  StringRef device = log.text({"device", "name"});
  if (!device.empty())
    sample.devices.insert(device.str());
  sample.names.push_back(log.path);
  sample.losses.push_back(last->loss);
  sample.milliseconds.push_back(last->milliseconds);
  if (!sample.first || sample.first->header.empty())
    sample.first = std::move(log);
  return success();
}

static FailureOr<Sample> readSample(llvm::ArrayRef<std::string> paths) {
  Sample sample;
  for (const std::string &path : paths) {
    FailureOr<std::string> text = readText(path);
    if (failed(text))
      return failure();
    if (!isLog(*text)) {
      if (failed(addNumbers(sample, path, *text)))
        return failure();
      continue;
    }
    FailureOr<RunLog> log = parseLog(path, *text);
    if (failed(log) || failed(addLog(sample, std::move(*log))))
      return failure();
  }
  if (sample.losses.empty())
    return report(paths.back() + ": holds no run");
  return sample;
}

//===----------------------------------------------------------------------===//
// What they amount to
//===----------------------------------------------------------------------===//

static FailureOr<RunSet> summarizeRuns(llvm::ArrayRef<std::string> paths) {
  FailureOr<Sample> sample = readSample(paths);
  if (failed(sample))
    return failure();
  RunSet result{std::move(*sample), {}, {}};
  result.loss = summarize(result.sample.losses);
  if (!result.sample.milliseconds.empty())
    result.time = summarize(result.sample.milliseconds);
  return result;
}

/// One error where a test is asked for that the runs do not allow.
static LogicalResult checkTestable(const RunSet &result) {
  if (result.loss.n < 2)
    return report(result.sample.names.front() +
                  ": one run has no deviation, and without there is no test: "
                  "give two runs or more, each of another seed");
  return success();
}

static MeanDifference compareMeans(const Summary &first,
                                   const Summary &second) {
  MeanDifference result;
  result.difference = first.mean - second.mean;
  if (first.deviation == 0 && second.deviation == 0)
    result.refusal = "neither set has a deviation";
  else
    result.test = testWelch(first, second);
  return result;
}

static LogicalResult compareSets(Findings &found) {
  const RunSet &a = found.runs, &b = *found.others;
  if (failed(checkTestable(a)) || failed(checkTestable(b)))
    return failure();
  found.loss = compareMeans(a.loss, b.loss);
  if (a.time && b.time)
    found.time = compareMeans(*a.time, *b.time);
  else
    found.time.refusal = "a set has no times";
  std::set<std::string> devices = a.sample.devices;
  devices.insert(b.sample.devices.begin(), b.sample.devices.end());
  if (devices.size() > 1) {
    found.time.test.reset();
    found.time.refusal =
        "times of different devices: " + llvm::join(devices, ", ") +
        "; compare runs of one machine";
  }
  if (!found.loss.test && !found.time.test)
    return report("'" + a.sample.names.front() + "' against '" +
                  b.sample.names.front() + "': no test: of the losses, " +
                  found.loss.refusal + "; of the times, " + found.time.refusal);
  return success();
}

static FailureOr<Findings> findAll() {
  FailureOr<RunSet> runs = summarizeRuns(logs);
  if (failed(runs))
    return failure();
  Findings found;
  found.runs = std::move(*runs);
  auto count = static_cast<double>(found.runs.loss.n);
  if (target.getNumOccurrences()) {
    if (failed(checkTestable(found.runs)))
      return failure();
    if (found.runs.loss.deviation == 0)
      return report(found.runs.sample.names.front() + ": all " +
                    Twine(found.runs.loss.n) + " losses are " +
                    formatText("{:.9g}", found.runs.loss.mean) +
                    ": without a deviation there is no t-test; are these "
                    "copies of one run? Train with other seeds");
    found.belowTarget = testAgainst(found.runs.loss, target);
    found.target = target.getValue();
    found.rule = (target - found.runs.loss.mean) * std::sqrt(count);
  }
  if (against.empty())
    return found;
  FailureOr<RunSet> others = summarizeRuns(against);
  if (failed(others))
    return failure();
  found.others = std::move(*others);
  if (failed(compareSets(found)))
    return failure();
  if (target.getNumOccurrences())
    found.pairRule =
        (found.others->loss.mean - found.runs.loss.mean) /
        std::sqrt(1 / count + 1 / static_cast<double>(found.others->loss.n));
  return found;
}

static int run() {
  if (asMarkdown && asJson) {
    (void)report("--markdown and --json: choose one");
    return 1;
  }
  if (logs.empty()) {
    (void)report(against.empty()
                     ? "no log: gptc stats LOG…; see gptc help stats"
                     : "no log before --against: gptc stats LOG… --against "
                       "LOG…; see gptc help stats");
    return 1;
  }
  FailureOr<Findings> found = findAll();
  if (failed(found))
    return 1;
  if (asJson)
    printStatsJson(*found, llvm::outs());
  else
    printStats(*found, asMarkdown, llvm::outs());
  return 0;
}

static constexpr llvm::StringLiteral kDetails = R"(
A LOG is what `EXE train --log LOG` wrote, of a whole run with --val; or what it
printed, as the speedrun's script prints, with four digits of a loss; or a text
file of numbers: a line a run, its final loss and, if known, its training time
in ms. The logs behind --against are a second set: Welch's test says whether
the first set's mean loss and time are lower.

  gptc stats a*.jsonl --target=3.28
  gptc stats a*.jsonl --against b*.jsonl --markdown > report.md
)";

Command gptc::statsCommand() { return {flags, run, kDetails}; }
