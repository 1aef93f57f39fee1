//===- start_times.h - what a run does before its first step ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_START_TIMES_H
#define GPTC_RUNTIME_START_TIMES_H

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace gptc {

/// Takes the time of one thing after the other, from when it is made.
class StartTimes {
public:
  /// What was done since the last call.
  void done(const std::string &what);

  double seconds() const;
  /// What was done, and the seconds that it took.
  const std::vector<std::pair<std::string, double>> &all() const {
    return times;
  }
  /// `start: 1.23 s: device 0.80, data 0.31, parameters 0.12`, as a line.
  std::string text() const;

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  std::vector<std::pair<std::string, double>> times;
};

} // namespace gptc

#endif // GPTC_RUNTIME_START_TIMES_H
