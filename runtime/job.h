//===- job.h - what a launcher says of a rank -------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_JOB_H
#define GPTC_RUNTIME_JOB_H

#include <functional>
#include <optional>
#include <string>

namespace gptc {

/// A process that a launcher has started as one of several ranks.
struct Job {
  unsigned rank = 0, world = 1;
  std::string address; ///< a name, or digits
  int port = 0;
  std::string token;
  unsigned local = 0;                   ///< the rank's number on its host
  std::string worldName = "WORLD_SIZE"; ///< the variable that says the world
  /// It may be a batch script's own process, of which there is one.
  bool isDoubtful = false;
};

/// The value of an environment variable; null without.
using Environment = std::function<const char *(const char *)>;

/// What the environment says of this process; nothing where it is no rank, or
/// the only one. Throws an `Error` for what is missing or no number.
///
/// - torchrun, and by hand: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR,
///   MASTER_PORT. Where torchrun has a store of its own at the port
///   (TORCHELASTIC_USE_AGENT_STORE=True), the next one is taken.
/// - Open MPI: OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK; ranks of one host need
///   no MASTER_ADDR, and none a MASTER_PORT.
/// - Slurm: SLURM_PROCID, SLURM_STEP_NUM_TASKS or SLURM_NTASKS, SLURM_LOCALID;
///   without MASTER_ADDR the ranks meet on the step's first host, without
///   MASTER_PORT at a port that follows from the job's number.
///
/// The token is GPTC_JOB_TOKEN, else the launcher's name of the job, else
/// empty.
std::optional<Job> jobOf(const Environment &environment);

} // namespace gptc

#endif // GPTC_RUNTIME_JOB_H
