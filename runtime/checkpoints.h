//===- checkpoints.h - a run that writes checkpoints ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Between two steps the state is copied off the device; a thread puts together
// what the ranks have copied, and writes it, while the next steps run. A
// checkpoint that cannot be written is said and does not end the run, which has
// more to lose than the checkpoint; the next one that is due is tried again,
// and the last one must succeed.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CHECKPOINTS_H
#define GPTC_RUNTIME_CHECKPOINTS_H

#include "checkpoint_folder.h"
#include "stop_signals.h"
#include "train.h"

#include <chrono>
#include <future>
#include <optional>

namespace gptc {

/// The checkpoint that `--resume` asks for: rank 0 chooses, all ranks have the
/// same. None where none is asked for, or `auto` finds none.
std::optional<Checkpoint> chooseCheckpoint(const TrainOptions &options,
                                           Communicator &ranks);

/// Every rank has one; rank 0 writes. What is due and when the run stops is
/// agreed upon, so that no rank goes a step further than the others.
class Checkpoints {
public:
  /// `first`: the step that the run begins with. The signals that ask for an
  /// end are noted from here on. Throws an `Error` as `CheckpointFolder` does.
  Checkpoints(const TrainOptions &options, RunIdentity identity, int64_t first,
              const Instance &instance, Communicator &ranks);
  ~Checkpoints();

  /// All ranks call it once a step: what each of them was asked for. Throws
  /// what kept a copy from being put together: that ends the run.
  void consult();

  /// Whether one is to be written behind the first `step` steps.
  bool isDue(int64_t step) const;
  /// The signal that some rank was asked to stop with; 0 for none.
  int stopSignal() const { return stop; }

  /// Copies the state, which is then written while the run goes on. Waits for
  /// the one before, if that is still being written.
  void save(const RunPosition &position);

  /// Waits until the last one is written, and throws what kept it from that.
  /// All ranks call it.
  void finish();

  /// What the run has waited for, as a line; empty if nothing was written.
  std::string report() const;

private:
  using Clock = std::chrono::steady_clock;
  void wait();
  void write(const RunPosition &position);

  const TrainOptions &options;
  RunIdentity identity;
  Communicator &ranks;
  std::unique_ptr<Communicator> beside; ///< of the threads that write
  RunState state;
  std::optional<CheckpointFolder> folder; ///< on rank 0
  StopRequest request;
  Clock::time_point last; ///< when one was begun
  int64_t count = 0;      ///< that were begun
  double copySeconds = 0, waitSeconds = 0;
  bool isTime = false;
  int stop = 0;
  std::future<void> writing;
  std::exception_ptr failure; ///< of the last one
};

} // namespace gptc

#endif // GPTC_RUNTIME_CHECKPOINTS_H
