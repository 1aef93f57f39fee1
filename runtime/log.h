//===- log.h - what a training run tells ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One line a step in the form that speedrunners' scripts parse, or a progress
// bar on a terminal; beside it, if wanted, a JSONL file of the same values in
// full precision.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_LOG_H
#define GPTC_RUNTIME_LOG_H

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace gptc {

/// One finished training step.
struct StepReport {
  int64_t step;                       ///< steps done, this one included
  double loss;                        ///< that is trained, a token
  std::vector<double> shown;          ///< the numbers that the program shows
  std::optional<double> gradientNorm; ///< of `loss`
  int64_t tokens;                     ///< of the step
  double stepSeconds;                 ///< of the step
  double trainSeconds; ///< of all steps so far, without validation
  std::optional<double>
      nextTokenLoss; ///< a token, comparable with validation's
  /// On a GPU: the share of `stepSeconds` that its products would take at their
  /// peaks.
  std::optional<double> speedOfLight;
};

class TrainLog {
public:
  /// Writes to `console`, as a progress bar if `terminal`; and to the file
  /// `path` unless that is empty. `steps` is the run's length, `shownNames`
  /// belong to `StepReport::shown`. With `twoLosses` the console shows the loss
  /// of the next tokens beside the loss that is trained. It begins with `note`.
  /// With `goesOn` the file has the log of an earlier part of the run.
  TrainLog(std::FILE *console, bool terminal, const std::string &path,
           int64_t steps, std::vector<std::string> shownNames, bool twoLosses,
           const std::string &note = "", bool goesOn = false);
  ~TrainLog();
  TrainLog(const TrainLog &) = delete;
  TrainLog &operator=(const TrainLog &) = delete;

  /// The first line of the file: what is run; or of what goes on (header.h).
  void header(const std::string &json) { appendJson(json); }
  void step(const StepReport &report);
  /// Validation before step `step`, after `trainSeconds` of training.
  void validation(int64_t step, double loss, double trainSeconds);
  void finish(uint64_t allocatedBytes);

private:
  void bar(const StepReport &report);
  void clearBar();
  void appendJson(const std::string &line);

  std::FILE *console;
  bool terminal;
  std::string path;
  std::FILE *file = nullptr;
  int64_t steps;
  std::vector<std::string> shownNames;
  bool twoLosses;
  bool barShown = false;
  std::string lastLine; ///< the last step's, on a terminal shown at the end
};

} // namespace gptc

#endif // GPTC_RUNTIME_LOG_H
