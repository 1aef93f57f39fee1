//===- StatsReport.cpp - gptc stats: its reports --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Stats.h"
#include "compiler/tools/Table.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace gptc;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Text and Markdown
//===----------------------------------------------------------------------===//

/// `runs: 5 of nanogpt, fingerprint …, 1825 steps, seeds 0 to 4, on …`.
static std::string describe(StringRef title, const RunSet &result) {
  const Sample &sample = result.sample;
  std::string text = (title + ": " + Twine(result.loss.n) +
                      (result.loss.n == 1 ? " run" : " runs"))
                         .str();
  if (!sample.first || sample.first->header.empty())
    return text;
  const RunLog &log = *sample.first;
  text += " of " + log.text({"model"}).str() + ", fingerprint " +
          log.text({"fingerprint"}).str();
  if (std::string given = log.given(); !given.empty())
    text += ", " + given;
  if (std::optional<int64_t> steps = log.plannedSteps())
    text += ", " + std::to_string(*steps) + " steps";
  if (!sample.seeds.empty()) {
    std::vector<std::string> seeds;
    seeds.reserve(sample.seeds.size());
    for (auto &[seed, run] : sample.seeds)
      seeds.push_back(std::to_string(seed));
    text +=
        (seeds.size() == 1 ? ", seed " : ", seeds ") + llvm::join(seeds, " ");
  }
  for (const std::string &device : sample.devices)
    text += (&device == &*sample.devices.begin() ? ", on " : " and ") + device;
  return text;
}

static std::string deviationOf(const Summary &s, double scale,
                               fmt::format_string<double> format) {
  return s.n < 2 ? "-" : formatText(format, scale * s.deviation);
}

/// The rows of a set: its losses, and its times in seconds.
static void addRows(Table &table, const std::string &title,
                    const RunSet &result) {
  auto row = [&](const char *what, const Summary &s, double scale,
                 fmt::format_string<double> format) {
    table.row(
        {title + what, std::to_string(s.n), formatText(format, scale * s.mean),
         deviationOf(s, scale, format), formatText(format, scale * s.least),
         formatText(format, scale * s.most)});
  };
  row("final loss", result.loss, 1, "{:.5f}");
  if (result.time)
    row("training time, s", *result.time, 1e-3, "{:.3f}");
}

static std::string verdict(double p) {
  return p < kSignificance ? formatText("shown at p < {:g}", kSignificance)
                           : formatText("not shown at p < {:g}", kSignificance);
}

/// Times of several machines have a mean that says nothing.
static void warnOfDevices(std::vector<std::string> &lines,
                          const RunSet &result) {
  if (result.sample.devices.size() > 1)
    lines.push_back("the times are of different devices: " +
                    llvm::join(result.sample.devices, ", "));
}

/// What the tests say, a sentence each.
static std::vector<std::string> sentences(const Findings &found) {
  std::vector<std::string> lines;
  warnOfDevices(lines, found.runs);
  if (found.others)
    warnOfDevices(lines, *found.others);
  if (const std::optional<TTest> &test = found.belowTarget)
    lines.push_back(
        formatText(
            "mean loss below {:g}: t({:g}) = {:.3f}, one-sided p = {:.4g}: ",
            found.target, test->degrees, test->t, test->below) +
        verdict(test->below));
  auto rule = [&](const char *what, double value) {
    const char *holds = value >= kRuleMargin ? "holds" : "does not hold";
    lines.push_back(formatText(
        "z-rule, {} = {:.5f} >= {:g}: {} (z = {:.2f} with sigma = {:g})", what,
        value, kRuleMargin, holds, value / kRuleDeviation, kRuleDeviation));
  };
  if (found.rule)
    rule("(target - mean) sqrt(n)", *found.rule);
  if (!found.others)
    return lines;
  auto compare = [&](const std::string &what, const MeanDifference &c,
                     double scale, const char *unit) {
    if (!c.test) {
      lines.push_back(what + ": no test: " + c.refusal);
      return;
    }
    lines.push_back(what +
                    formatText(": {:+.3g} ± {:.2g}{} (95 %); lower: Welch's "
                               "t({:.1f}) = {:.3f}, one-sided p = {:.4g}: ",
                               scale * c.difference, scale * c.test->halfWidth,
                               unit, c.test->degrees, c.test->t,
                               c.test->below) +
                    verdict(c.test->below));
  };
  compare("mean loss minus the others'", found.loss, 1, "");
  compare("mean time minus the others'", found.time, 1e-3, " s");
  if (found.pairRule)
    rule("(others' mean - mean) / sqrt(1/n + 1/n)", *found.pairRule);
  return lines;
}

static void printText(const Findings &found, llvm::raw_ostream &os) {
  os << describe("runs", found.runs) << "\n";
  if (found.others)
    os << describe("against", *found.others) << "\n";
  os << "\n";
  Table table;
  table.row({"", "n", "mean", "deviation", "least", "most"});
  addRows(table, found.others ? "runs: " : "", found.runs);
  if (found.others)
    addRows(table, "against: ", *found.others);
  table.print(os, false);
  std::vector<std::string> lines = sentences(found);
  if (!lines.empty())
    os << "\n" << llvm::join(lines, "\n") << "\n";
}

static void printMarkdown(const Findings &found, llvm::raw_ostream &os) {
  Table table;
  table.row({"", "Runs", "Time μ, s", "Time σ", "Loss μ", "Loss σ",
             "p (loss < target)"});
  auto row = [&](const char *name, const RunSet &r,
                 const std::optional<TTest> &test) {
    table.row({name, std::to_string(r.loss.n),
               r.time ? formatText("{:.3f}", 1e-3 * r.time->mean) : "-",
               r.time ? deviationOf(*r.time, 1e-3, "{:.3f}") : "-",
               formatText("{:.5f}", r.loss.mean),
               deviationOf(r.loss, 1, "{:.5f}"),
               test ? formatText("{:.4g}", test->below) : "-"});
  };
  row("runs", found.runs, found.belowTarget);
  if (found.others)
    row("against", *found.others, std::nullopt);
  table.print(os, true);
  os << "\n";
  for (const std::string &line : sentences(found))
    os << "- " << line << "\n";
  auto list = [&](const char *title, const RunSet &r) {
    os << "\n<details><summary>" << describe(title, r) << "</summary>\n\n```\n";
    for (size_t i = 0; i < r.sample.names.size(); ++i) {
      os << r.sample.names[i] << formatText(" {:.6f}", r.sample.losses[i]);
      if (r.time)
        os << formatText(" {:.3f} s", 1e-3 * r.sample.milliseconds[i]);
      os << "\n";
    }
    os << "```\n\n</details>\n";
  };
  list("runs", found.runs);
  if (found.others)
    list("against", *found.others);
}

void gptc::printStats(const Findings &found, bool markdown,
                      llvm::raw_ostream &os) {
  if (markdown)
    printMarkdown(found, os);
  else
    printText(found, os);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static json::Value toJson(const Summary &s) {
  json::Object object{{"n", static_cast<int64_t>(s.n)},
                      {"mean", s.mean},
                      {"least", s.least},
                      {"most", s.most}};
  if (s.n > 1)
    object["deviation"] = s.deviation;
  return object;
}

static json::Value toJson(const RunSet &result) {
  json::Object object{{"runs", json::Array(result.sample.names)},
                      {"losses", json::Array(result.sample.losses)},
                      {"loss", toJson(result.loss)},
                      {"devices", json::Array(result.sample.devices)}};
  if (result.time) {
    object["times_ms"] = json::Array(result.sample.milliseconds);
    object["train_time_ms"] = toJson(*result.time);
  }
  if (result.sample.first && !result.sample.first->header.empty()) {
    object["model"] = result.sample.first->text({"model"});
    object["fingerprint"] = result.sample.first->text({"fingerprint"});
  }
  return object;
}

static json::Object toJson(const TTest &test) {
  return json::Object{{"t", test.t},
                      {"degrees_of_freedom", test.degrees},
                      {"p_one_sided", test.below},
                      {"p_two_sided", test.twoSided},
                      {"half_width_95", test.halfWidth}};
}

static json::Value toJson(const MeanDifference &c) {
  if (!c.test)
    return json::Object{{"no_test", c.refusal}};
  json::Object object = toJson(*c.test);
  object["difference"] = c.difference;
  return object;
}

static json::Value ruleJson(double value) {
  double z = value / kRuleDeviation;
  return json::Object{{"value", value},
                      {"holds", value >= kRuleMargin},
                      {"z", z},
                      {"p_one_sided", normalTail(z)}};
}

void gptc::printStatsJson(const Findings &found, llvm::raw_ostream &os) {
  json::Object object{{"runs", toJson(found.runs)}};
  if (found.belowTarget) {
    object["below_target"] = toJson(*found.belowTarget);
    object["below_target"].getAsObject()->insert({"target", found.target});
  }
  if (found.rule)
    object["z_rule"] = ruleJson(*found.rule);
  if (found.others) {
    object["against"] = toJson(*found.others);
    object["welch"] = json::Object{{"loss", toJson(found.loss)},
                                   {"train_time_ms", toJson(found.time)}};
  }
  if (found.pairRule)
    object["z_rule_of_two_sets"] = ruleJson(*found.pairRule);
  os << llvm::formatv("{0:2}", json::Value(std::move(object))) << "\n";
}
