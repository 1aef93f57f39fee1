//===- RunLog.h - the logs of training runs ---------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What `EXE train --log` writes: a JSON object a line, first what was run
// (runtime/header.h), then steps and validations in their order. Or what it
// prints, `step:N/M val_loss:… train_time:…ms`, which is how the speedrun's
// script logs too: losses to four digits, behind any other text.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_RUNLOG_H
#define GPTC_COMPILER_TOOLS_RUNLOG_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/LogicalResult.h"
#include <optional>
#include <string>
#include <vector>

namespace gptc {

struct RunLog {
  struct Step {
    int64_t step; ///< steps done, this one included
    double loss;
    std::optional<double> nextTokenLoss;
    int64_t tokens;
    double milliseconds; ///< of training, up to its end
  };
  struct Validation {
    int64_t step; ///< before which it stands
    double loss;
    double milliseconds; ///< of training before it
  };

  std::string path;
  /// What was run; empty if the log begins without.
  llvm::json::Object header;
  std::vector<Step> steps;
  std::vector<Validation> validations;
  std::optional<int64_t> planned; ///< steps, as printed lines tell
  int64_t last = 0;               ///< the last step of any line
  size_t lines = 0;
  /// Its last line has no end: the run was stopped while it wrote. That line is
  /// left out.
  bool endsInsideLine = false;

  /// A text of the header: `{"run", "val"}`; empty if it has none.
  llvm::StringRef text(llvm::ArrayRef<llvm::StringRef> path) const;
  /// The run's length, if the header tells it.
  std::optional<int64_t> plannedSteps() const;
  /// The constants that the run was given: `--set muon_lr=0.03`.
  std::string given() const;
};

/// Whether a text is a log of either form.
bool isLog(llvm::StringRef text);

/// Reads a log. One error, with the line, for what is none.
llvm::FailureOr<RunLog> readLog(llvm::StringRef path);
/// The same of a text that stands in `path`.
llvm::FailureOr<RunLog> parseLog(llvm::StringRef path, llvm::StringRef text);

/// The last validation, of a run that came to its end. One error else.
llvm::FailureOr<RunLog::Validation> finalValidation(const RunLog &log);

/// Why two runs are none of one experiment, from "is a run of" on; empty if
/// they are: the same program, steps and settings, but for what may differ (the
/// seed, threads and where data lie).
std::string difference(const RunLog &log, const RunLog &first);

/// A file's whole text. One error if it cannot be read.
llvm::FailureOr<std::string> readText(llvm::StringRef path);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_RUNLOG_H
