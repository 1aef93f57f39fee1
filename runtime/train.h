//===- train.h - the training run -------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `train`: runs the step table over the data.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_TRAIN_H
#define GPTC_RUNTIME_TRAIN_H

#include "device.h"

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace gptc {

/// How often a run writes a checkpoint: after so many steps, or so much time;
/// with neither when it is told to stop, and at its end.
struct CheckpointEvery {
  int64_t steps = 0;
  double seconds = 0;
};

struct TrainOptions {
  std::string data, validation; ///< patterns; no validation if empty
  std::optional<int64_t> steps; ///< else the model's
  /// Validate before each step that this divides, not as the model says; 0:
  /// only at the end.
  std::optional<int64_t> validateEvery;
  std::vector<std::string> set; ///< NAME=VALUE
  int64_t epochs = 1;
  uint64_t seed = 0;
  std::string parameters, save, log; ///< paths; none if empty
  std::string kept; ///< what names of files that are kept of a step that fails
                    ///< begin with; as `keptStem` says if empty
  /// The folder of the run's checkpoints; none if empty.
  std::string checkpoint;
  CheckpointEvery checkpointEvery;
  int64_t keep = 2;          ///< so many checkpoints; 0: all
  std::string resume;        ///< "auto", or a checkpoint's folder
  std::string trace;         ///< receives the timeline of a step; none if empty
  int64_t traceStep = 1;     ///< of this one, from 0
  bool logHeader = false;    ///< the console's log begins with the header
  bool overfitBatch = false; ///< every step trains on the first micro-batch
  unsigned threads = 1;      ///< of all ranks
  unsigned ranks = 1;        ///< processes of this host to start
  GpuOptions gpu;
};

/// Trains and reports to `console`. Throws an `Error`: before step 0 for too
/// little memory, then for bad data, options or files; later for a loss or a
/// gradient that is not finite (nonfinite.h). Nothing is saved under the name
/// that was asked for then. With checkpoints a signal that asks for an end
/// (stop_signals.h) makes it throw `Stopped` behind a step and its checkpoint.
/// Where the environment says that this is a rank of a job, it is one.
void train(const ProgramView &program, const TrainOptions &options,
           std::FILE *console);

/// The same as one of several ranks; the first writes the files.
void trainRank(const ProgramView &program, const TrainOptions &options,
               std::FILE *console, Communicator &ranks);

} // namespace gptc

#endif // GPTC_RUNTIME_TRAIN_H
