//===- start_times.cpp - what a run does before its first step ------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "start_times.h"

#include "error.h"

using namespace gptc;

void StartTimes::done(const std::string &what) {
  Clock::time_point now = Clock::now();
  times.emplace_back(what, std::chrono::duration<double>(now - last).count());
  last = now;
}

double StartTimes::seconds() const {
  double sum = 0;
  for (const auto &[what, time] : times)
    sum += time;
  return sum;
}

std::string StartTimes::text() const {
  std::string text = formatText("start: {:.2f} s", seconds());
  const char *separator = ": ";
  for (const auto &[what, time] : times) {
    text += separator + what + formatText(" {:.2f}", time);
    separator = ", ";
  }
  return text + "\n";
}
