//===- rendezvous.h - how started ranks find each other ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A job is W processes that a launcher has started, torchrun for one. Rank 0
// listens at the job's address, and at no other; the rest connect, prove that
// they know the job's token, say who they are, and are told what rank 0 has to
// say. What follows is the communicator's; no connection stays.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RENDEZVOUS_H
#define GPTC_RUNTIME_RENDEZVOUS_H

#include <functional>
#include <optional>
#include <string>

namespace gptc {

struct Job {
  unsigned rank = 0, world = 1;
  std::string address; ///< a name, or digits
  int port = 0;
  std::string token;
};

/// The value of an environment variable; null without.
using Environment = std::function<const char *(const char *)>;

/// What RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say; nothing where there
/// is no WORLD_SIZE, or where it is 1. The token is GPTC_JOB_TOKEN, else
/// TORCHELASTIC_RUN_ID, else empty. Where torchrun has a store of its own at
/// the port (TORCHELASTIC_USE_AGENT_STORE=True), the next one is taken. Throws
/// an `Error` for what is missing or no number.
std::optional<Job> jobOf(const Environment &environment);

constexpr double kRendezvousSeconds = 60;

/// Returns on all ranks what rank 0 gives as `message`, once all are there.
/// Throws an `Error` on each where the address does not serve, a rank does not
/// come within `seconds`, two say that they are one, or their worlds differ.
/// Strangers are sent away and do no harm.
std::string meetRanks(const Job &job, const std::string &message,
                      double seconds = kRendezvousSeconds);

} // namespace gptc

#endif // GPTC_RUNTIME_RENDEZVOUS_H
