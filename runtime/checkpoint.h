//===- checkpoint.h - a run's state in a folder -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A checkpoint is a folder: the state's safetensors (run_state.h), and
// `checkpoint.json`, which says whose they are, how far the run was, and the
// size and digest of each file, its own too. Whatever was cut off or flipped
// since it was written is found before anything is taken from it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CHECKPOINT_H
#define GPTC_RUNTIME_CHECKPOINT_H

#include "error.h"
#include "run_state.h"

#include <nlohmann/json.hpp>
#include <string>

namespace gptc {

constexpr char kManifest[] = "checkpoint.json";

/// A checkpoint that is not what was written: `--resume auto` takes the one
/// before.
class DamagedCheckpoint : public Error {
public:
  using Error::Error;
};

/// How far a run is, and what it has read so far.
struct RunPosition {
  int64_t step = 0; ///< steps that are done
  double trainSeconds = 0;
  std::string data;     ///< a digest of what these steps have read
  std::string shard;    ///< of the next step; empty if there is none
  int64_t document = 0; ///< in that shard
};

/// What a run must share with the one that goes on from its checkpoint.
struct RunIdentity {
  nlohmann::ordered_json program; ///< as `describeProgram` has it
  std::string fingerprint;        ///< with what was set
  std::string set;                ///< "adam_lr=0.004"; empty if nothing was
  uint64_t seed = 0;
  bool overfitBatch = false;
};

class Checkpoint {
public:
  /// Reads what the folder `path` says of itself. Throws a `DamagedCheckpoint`
  /// for what is none.
  explicit Checkpoint(const std::string &path);

  /// Reads all files and throws a `DamagedCheckpoint` that names the first
  /// which is not as it was written.
  void verify() const;

  /// Throws an `Error` where this run is of another program, seed, or data,
  /// with what differs.
  void checkIdentity(const RunIdentity &own) const;

  const std::string &path() const { return folder; }
  const RunPosition &position() const { return where; }
  /// Follows from all that it holds.
  const std::string &digest() const { return ownDigest; }

private:
  std::string folder;
  nlohmann::ordered_json manifest;
  RunPosition where;
  std::string ownDigest;
};

/// Writes the files of a checkpoint into the folder `path`, and waits until
/// they are on the disk. Throws an `Error` on failure. Rank 0 calls it.
void writeCheckpoint(const std::string &path, const RunState &state,
                     const RunPosition &position, const RunIdentity &identity,
                     unsigned ranks);

} // namespace gptc

#endif // GPTC_RUNTIME_CHECKPOINT_H
