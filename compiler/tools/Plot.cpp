//===- Plot.cpp - gptc plot: the loss curves of runs ----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Report.h"
#include "compiler/tools/Commands.h"
#include "compiler/tools/Curves.h"
#include "compiler/tools/RunLog.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace gptc;
using llvm::failure;
using llvm::FailureOr;
using llvm::LogicalResult;
using llvm::StringRef;
using llvm::success;
using llvm::Twine;
namespace cl = llvm::cl;

static cl::SubCommand flags("plot",
                            "Draw the loss curves of runs, from their logs");
static cl::list<std::string> logs(cl::Positional, cl::ZeroOrMore,
                                  cl::desc("LOG…"), cl::sub(flags),
                                  cl::cat(flagCategory()));
static cl::opt<std::string> output("o",
                                   cl::desc("The SVG to write; - is stdout"),
                                   cl::value_desc("file"), cl::sub(flags),
                                   cl::cat(flagCategory()));
static cl::opt<std::string>
    against("x",
            cl::desc("Draw against the step (default) or the time of training"),
            cl::value_desc("step|time"), cl::init("step"), cl::sub(flags),
            cl::cat(flagCategory()));
static cl::opt<int64_t>
    firstStep("from",
              cl::desc("Leave out what comes before this step: a first fall "
                       "makes all that follows look flat"),
              cl::value_desc("step"), cl::init(0), cl::sub(flags),
              cl::cat(flagCategory()));
static cl::opt<std::string> title("title", cl::desc("What stands above"),
                                  cl::value_desc("text"), cl::sub(flags),
                                  cl::cat(flagCategory()));

static constexpr size_t kLongestName = 48;

/// A name that the key has room for.
static std::string shortened(StringRef name) {
  if (name.size() <= kLongestName)
    return name.str();
  size_t half = kLongestName / 2;
  return (name.take_front(half) + "…" + name.take_back(half)).str();
}

/// What runs are called: their files without folders and endings, or, where
/// these are not enough, as they were given.
static std::vector<std::string> namesOf(const std::vector<RunLog> &runs) {
  std::vector<std::string> names;
  llvm::StringSet<> known;
  bool differ = true;
  for (const RunLog &run : runs) {
    names.push_back(llvm::sys::path::stem(run.path).str());
    differ &= known.insert(names.back()).second;
  }
  for (size_t i = 0; i < runs.size(); ++i)
    names[i] = shortened(differ ? names[i] : runs[i].path);
  return names;
}

/// Of ms the unit that has the longest run in it: its name and how many ms.
static std::pair<const char *, double>
timeUnit(const std::vector<RunLog> &runs) {
  double longest = 0;
  for (const RunLog &run : runs) {
    if (!run.steps.empty())
      longest = std::max(longest, run.steps.back().milliseconds);
    if (!run.validations.empty())
      longest = std::max(longest, run.validations.back().milliseconds);
  }
  if (longest < 1e3)
    return {"ms", 1};
  if (longest < 600e3)
    return {"s", 1e3};
  return longest < 3 * 3600e3 ? std::pair("min", 60e3) : std::pair("h", 3600e3);
}

static FailureOr<Curve> curveOf(const RunLog &run, const std::string &name,
                                bool byTime, double unit, bool nextTokens) {
  Curve curve;
  curve.name = name;
  auto add = [&](std::vector<Point> &points, int64_t step, double ms,
                 double loss) {
    if (step >= firstStep)
      points.push_back({byTime ? ms / unit : static_cast<double>(step), loss});
  };
  for (const RunLog::Step &step : run.steps)
    add(curve.training, step.step, step.milliseconds,
        nextTokens ? *step.nextTokenLoss : step.loss);
  for (const RunLog::Validation &v : run.validations)
    add(curve.validation, v.step, v.milliseconds, v.loss);
  if (curve.training.empty() && curve.validation.empty())
    return report(run.path + ": nothing comes after step " + Twine(firstStep) +
                  ": the log ends at step " + Twine(run.last) +
                  "; give a smaller --from");
  return curve;
}

/// The models of the runs, each once.
static std::string modelsOf(const std::vector<RunLog> &runs) {
  std::vector<std::string> models;
  for (const RunLog &run : runs) {
    std::string model = run.text({"model"}).str();
    if (!model.empty() && !llvm::is_contained(models, model))
      models.push_back(model);
  }
  return models.size() > 3 ? "" : llvm::join(models, ", ");
}

static FailureOr<Picture> makePicture(const std::vector<RunLog> &runs) {
  bool byTime = against == "time";
  auto [unit, length] = timeUnit(runs);
  // That of the next tokens is what validation measures; where one run does not
  // tell it, all show what they train.
  bool nextTokens = true, asItIs = false;
  for (const RunLog &run : runs) {
    for (const RunLog::Step &step : run.steps)
      nextTokens &= step.nextTokenLoss.has_value();
    asItIs |= run.text({"losses"}).contains("as the graph gives it");
  }
  Picture picture;
  std::string models = modelsOf(runs);
  std::string what = byTime ? "loss against time" : "loss against step";
  picture.title = !title.empty()   ? title.getValue()
                  : models.empty() ? what
                                   : models + ": " + what;
  picture.xLabel =
      byTime ? std::string("training time, ") + unit : std::string("step");
  picture.wholeX = !byTime;
  picture.yLabel =
      asItIs ? "loss, as the graph gives it" : "loss, nats a token";
  picture.trainingLabel =
      nextTokens ? "training loss of the next tokens" : "training loss";
  std::vector<std::string> names = namesOf(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    FailureOr<Curve> curve =
        curveOf(runs[i], names[i], byTime, length, nextTokens);
    if (failed(curve))
      return failure();
    picture.curves.push_back(std::move(*curve));
  }
  return picture;
}

static LogicalResult checkFlags() {
  if (logs.empty())
    return report("no log: gptc plot LOG… -o FILE.svg; see gptc help plot");
  if (output.empty())
    return report("where to? Give the picture a name with -o FILE.svg");
  if (against != "step" && against != "time")
    return report("--x=" + against + ": it is step or time");
  if (logs.size() > kMostCurves)
    return report(Twine(logs.size()) + " logs: one can tell " +
                  Twine(kMostCurves) +
                  " curves apart at most; `gptc stats` sums up more");
  return success();
}

static LogicalResult draw() {
  if (failed(checkFlags()))
    return failure();
  std::vector<RunLog> runs;
  for (const std::string &path : logs) {
    FailureOr<RunLog> run = readLog(path);
    if (failed(run))
      return failure();
    if (run->endsInsideLine)
      llvm::errs() << "gptc: warning: " << path << ":" << run->lines
                   << ": the log ends in the middle of a line; what stands "
                      "before is drawn\n";
    runs.push_back(std::move(*run));
  }
  FailureOr<Picture> picture = makePicture(runs);
  if (failed(picture))
    return failure();
  return writeText(output,
                   [&](llvm::raw_ostream &os) { writeSvg(*picture, os); });
}

static int run() { return succeeded(draw()) ? 0 : 1; }

static constexpr llvm::StringLiteral kDetails = R"(
A LOG is what `EXE train --log LOG` writes; it may be of a run that goes on. Each
run has a colour: thin lines are training losses, thick ones with dots
validations.

  gptc plot a.jsonl b.jsonl -o curves.svg --from=100
)";

Command gptc::plotCommand() { return {flags, run, kDetails}; }
