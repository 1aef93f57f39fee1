//===- CompareReport.cpp - gptc compare: its reports ----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Compare.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace gptc;
namespace json = llvm::json;

/// The first step whose loss two runs do not share; 0 if they share all.
static int64_t firstApart(const RunLog &one, const RunLog &other) {
  for (size_t i = 0; i < one.steps.size(); ++i)
    if (one.steps[i].loss != other.steps[i].loss)
      return one.steps[i].step;
  return 0;
}

static const RunLog &firstLog(const Comparison &c, bool ofA) {
  for (const TimedRun &run : c.runs)
    if (run.isA == ofA)
      return run.log;
  llvm_unreachable("both have run");
}

/// Whether the two compute the same, as far as their losses tell.
static std::string lossSentence(const Comparison &c) {
  for (bool ofA : {true, false})
    for (const TimedRun &run : c.runs)
      if (int64_t step =
              run.isA == ofA ? firstApart(run.log, firstLog(c, ofA)) : 0)
        return std::string("losses: the runs of ") + (ofA ? "A" : "B") +
               " differ among themselves, from step " + std::to_string(step) +
               " on";
  const RunLog &a = firstLog(c, true), &b = firstLog(c, false);
  int64_t step = firstApart(a, b);
  if (!step)
    return "losses: the same bits in all steps of all runs";
  return "losses: they differ from step " + std::to_string(step) + " on; in " +
         formatText("the last step A has {:.6g}, B {:.6g}", a.steps.back().loss,
                    b.steps.back().loss);
}

static std::string verdict(const Comparison &c) {
  if (c.low <= 1 && c.high >= 1)
    return "no difference is shown: the interval holds 1";
  double percent = 100 * std::fabs(c.ratio - 1);
  return formatText("B takes {:.2g} % {} time a step than A", percent,
                    c.ratio < 1 ? "less" : "more");
}

static std::vector<std::string> sentences(const Comparison &c) {
  return {formatText("B / A = {:.4f}, 95 % confidence interval {:.4f} to "
                     "{:.4f} (Student's t over {} pairs), two-sided p = {:.3g}",
                     c.ratio, c.low, c.high, c.pairs.size(), c.twoSided),
          verdict(c), lossSentence(c)};
}

/// What was done.
static std::vector<std::string> protocol(const Comparison &c) {
  auto program = [](const char *name, const Contestant &one) {
    return std::string(name) + ": " + one.path + ", " + one.model +
           ", fingerprint " + one.fingerprint;
  };
  size_t steps = c.runs.front().log.steps.size();
  std::string counted =
      std::to_string(c.runs.size()) + " runs in the order A B B A, each of " +
      std::to_string(steps) + (steps == 1 ? " step" : " steps");
  if (c.warmUp)
    counted +=
        ", of which the first " +
        (c.warmUp == 1 ? "does not" : std::to_string(c.warmUp) + " do not") +
        " count";
  std::vector<std::string> lines = {
      program("A", c.a), program("B", c.b), counted,
      "flags: " + llvm::join(c.arguments, " "), "device: " + c.device};
  if (c.a.fingerprint == c.b.fingerprint)
    lines.push_back("A and B are the same program: what differs is noise");
  return lines;
}

void gptc::printComparison(const Comparison &c, bool markdown,
                           llvm::raw_ostream &os) {
  const char *bullet = markdown ? "- " : "";
  auto list = [&](const std::vector<std::string> &lines) {
    for (const std::string &line : lines)
      os << bullet << line << "\n";
  };
  if (!markdown) {
    list(protocol(c));
    os << "\n";
  }
  Table table;
  table.row({"", "A, ms a step", "B, ms a step", "B / A"});
  double a = 0, b = 0;
  for (size_t i = 0; i < c.pairs.size(); ++i) {
    const TimedPair &pair = c.pairs[i];
    a += pair.a / static_cast<double>(c.pairs.size());
    b += pair.b / static_cast<double>(c.pairs.size());
    table.row({"pair " + std::to_string(i + 1), formatText("{:.4f}", pair.a),
               formatText("{:.4f}", pair.b),
               formatText("{:.4f}", pair.ratio())});
  }
  table.row({"mean", formatText("{:.4f}", a), formatText("{:.4f}", b),
             formatText("{:.4f}", c.ratio)});
  if (markdown) {
    list(sentences(c));
    os << "\n<details><summary>The runs</summary>\n\n";
    list(protocol(c));
    os << "\n";
    table.print(os, true);
    os << "\n</details>\n";
    return;
  }
  table.print(os, false);
  os << "\n";
  list(sentences(c));
}

void gptc::printComparisonJson(const Comparison &c, llvm::raw_ostream &os) {
  auto program = [](const Contestant &one) {
    return json::Object{{"path", one.path},
                        {"model", one.model},
                        {"fingerprint", one.fingerprint},
                        {"target", one.target}};
  };
  json::Array runs, pairs;
  for (const TimedRun &run : c.runs)
    runs.push_back(json::Object{{"program", run.isA ? "A" : "B"},
                                {"step_ms", run.stepMs},
                                {"last_loss", run.log.steps.back().loss}});
  for (const TimedPair &pair : c.pairs)
    pairs.push_back(json::Object{
        {"a_ms", pair.a}, {"b_ms", pair.b}, {"ratio", pair.ratio()}});
  json::Object object{
      {"a", program(c.a)},
      {"b", program(c.b)},
      {"arguments", json::Array(c.arguments)},
      {"device", c.device},
      {"steps", static_cast<int64_t>(c.runs.front().log.steps.size())},
      {"warm_up", static_cast<int64_t>(c.warmUp)},
      {"runs", std::move(runs)},
      {"pairs", std::move(pairs)},
      {"ratio", c.ratio},
      {"interval_95", json::Array{c.low, c.high}},
      {"p_two_sided", c.twoSided},
      {"same_losses", lossSentence(c).find("same bits") != std::string::npos}};
  os << llvm::formatv("{0:2}", json::Value(std::move(object))) << "\n";
}
