//===- log.cpp - what a training run tells --------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every line is flushed: a run that is followed or cut short shows all it did.
//
//===----------------------------------------------------------------------===//

#include "log.h"

#include "error.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace gptc;

static constexpr int kBarWidth = 30;

TrainLog::TrainLog(std::FILE *console, bool terminal, const std::string &path,
                   int64_t steps, std::vector<std::string> shownNames,
                   bool twoLosses, const std::string &note, bool goesOn)
    : console(console), terminal(terminal), path(path), steps(steps),
      shownNames(std::move(shownNames)), twoLosses(twoLosses) {
  if (!path.empty()) {
    file = std::fopen(path.c_str(), goesOn ? "ae" : "we");
    if (!file)
      failErrno(path, "cannot write");
  }
  std::fputs(note.c_str(), console);
}

TrainLog::~TrainLog() {
  clearBar();
  if (file)
    std::fclose(file);
}

void TrainLog::appendJson(const std::string &line) {
  if (!file)
    return;
  print(file, "{}\n", line);
  if (std::fflush(file) != 0)
    failErrno(path, "cannot write");
}

void TrainLog::clearBar() {
  if (barShown)
    print(console, "\r\x1b[K");
  barShown = false;
  std::fflush(console);
}

static std::string stamp(int64_t step, int64_t steps) {
  return formatText("step:{}/{}", step, steps);
}

static std::string times(int64_t step, double seconds) {
  return formatText("train_time:{:.0f}ms step_avg:{:.2f}ms", 1e3 * seconds,
                    1e3 * seconds /
                        static_cast<double>(std::max<int64_t>(step, 1)));
}

/// `1h02m`, `3m07s` or `12s`.
static std::string duration(double seconds) {
  auto whole = static_cast<long long>(seconds);
  if (whole >= 3600)
    return formatText("{}h{:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60)
    return formatText("{}m{:02}s", whole / 60, whole % 60);
  return formatText("{}s", whole);
}

void TrainLog::bar(const StepReport &report) {
  auto filled = static_cast<int>(report.step * kBarWidth / steps);
  std::string cells;
  for (int i = 0; i < kBarWidth; ++i)
    cells += i < filled ? "█" : "░";
  double left = report.trainSeconds / static_cast<double>(report.step) *
                static_cast<double>(steps - report.step);
  print(console, "\r{} {}/{}  {} {:.4f}  {:.0f} tokens/s  {} left{}", cells,
        report.step, steps, twoLosses ? "next-token loss" : "loss",
        report.nextTokenLoss.value_or(report.loss),
        static_cast<double>(report.tokens) / report.stepSeconds, duration(left),
        "\x1b[K");
  std::fflush(console);
  barShown = true;
}

void TrainLog::step(const StepReport &report) {
  double tokensPerSecond =
      static_cast<double>(report.tokens) / report.stepSeconds;
  nlohmann::ordered_json json;
  json["step"] = report.step;
  json["loss"] = report.loss;
  if (report.nextTokenLoss)
    json["next_token_loss"] = *report.nextTokenLoss;
  std::string line = stamp(report.step, steps) + " " +
                     times(report.step, report.trainSeconds) +
                     formatText(" loss:{:.4f}", report.loss);
  if (twoLosses && report.nextTokenLoss)
    line += formatText(" next_token_loss:{:.4f}", *report.nextTokenLoss);
  for (size_t i = 0; i < shownNames.size(); ++i) {
    json[shownNames[i]] = report.shown[i];
    line += formatText(" {}:{:.6g}", shownNames[i], report.shown[i]);
  }
  if (report.gradientNorm) {
    json["grad_norm"] = *report.gradientNorm;
    line += formatText(" grad_norm:{:.4g}", *report.gradientNorm);
  }
  json["tokens"] = report.tokens;
  json["tokens_per_second"] = tokensPerSecond;
  json["train_time_ms"] = 1e3 * report.trainSeconds;
  line += formatText(" tokens/s:{:.0f}", tokensPerSecond);
  if (report.speedOfLight) {
    json["speed_of_light"] = *report.speedOfLight;
    line += formatText(" speed_of_light:{:.3f}", *report.speedOfLight);
  }
  line += "\n";
  if (terminal) {
    bar(report);
    lastLine = line;
  } else {
    std::fputs(line.c_str(), console);
    std::fflush(console);
  }
  appendJson(json.dump());
}

void TrainLog::validation(int64_t step, double loss, double trainSeconds) {
  clearBar();
  print(console, "{} val_loss:{:.4f} {}\n", stamp(step, steps), loss,
        times(step, trainSeconds));
  std::fflush(console);
  nlohmann::ordered_json json;
  json["step"] = step;
  json["val_loss"] = loss;
  json["train_time_ms"] = 1e3 * trainSeconds;
  appendJson(json.dump());
}

void TrainLog::finish(uint64_t allocatedBytes) {
  clearBar();
  std::fputs(lastLine.c_str(), console);
  print(console, "peak memory allocated: {} MiB\n",
        (allocatedBytes + (1 << 20) - 1) >> 20);
  std::fflush(console);
}
