//===- checkpoint_folder.h - the checkpoints of a run -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A run's checkpoints are folders in one, `step-00000012`. Each is made under
// another name and appears under its own when all of it is on the disk; one
// that is given up loses its name first. So what has a name is whole, whenever
// the process, or the machine, ends.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CHECKPOINT_FOLDER_H
#define GPTC_RUNTIME_CHECKPOINT_FOLDER_H

#include "checkpoint.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gptc {

/// The steps of the checkpoints in a folder, ascending; none where there is no
/// folder.
std::vector<int64_t> stepsIn(const std::string &folder);

/// Where the checkpoint of a step is.
std::string checkpointPath(const std::string &folder, int64_t step);

/// The newest whole checkpoint of a folder; none where it holds none. Says on
/// the standard error which damaged ones it passed over, and throws an `Error`
/// that names each where all are.
std::optional<Checkpoint> newestCheckpoint(const std::string &folder);

/// The checkpoint that a path names, verified. Throws an `Error`, with a mend
/// where it is a folder of several.
Checkpoint namedCheckpoint(const std::string &path);

class CheckpointFolder {
public:
  /// Makes the folder, if only its last name is missing, keeps other runs out
  /// of it as long as it lives, and removes what was half written when a run
  /// was killed. Throws an `Error` where it cannot be written, and where
  /// another run is there already. `keep`: so many are kept; 0: all.
  CheckpointFolder(const std::string &path, int64_t keep);
  ~CheckpointFolder();
  CheckpointFolder(const CheckpointFolder &) = delete;
  CheckpointFolder &operator=(const CheckpointFolder &) = delete;

  /// The run goes on from `step` and its checkpoint (0: from none). Throws an
  /// `Error` where there are whole checkpoints of later steps, which it would
  /// write over.
  void begin(int64_t step);

  /// Has `fill` write the files of a checkpoint into a folder, gives that its
  /// name, and removes all but the newest of this run. Throws an `Error`, and
  /// leaves nothing behind, where it fails.
  void add(int64_t step, const std::function<void(const std::string &)> &fill);

  const std::string &path() const { return folder; }

private:
  void lock();
  void removeRest();

  std::string folder;
  int64_t keep; ///< so many; 0: all
  int locked = -1;
  std::vector<int64_t> steps; ///< of this run's checkpoints
};

} // namespace gptc

#endif // GPTC_RUNTIME_CHECKPOINT_FOLDER_H
