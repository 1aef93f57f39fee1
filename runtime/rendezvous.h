//===- rendezvous.h - how started ranks find each other ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A job is W processes that a launcher has started, torchrun for one. Rank 0
// listens at the job's address, and at no other; the rest connect, prove that
// they know the job's token, say who they are, and are told what rank 0 has to
// say. What follows is the communicator's, which may keep the connections.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RENDEZVOUS_H
#define GPTC_RUNTIME_RENDEZVOUS_H

#include "job.h"
#include "socket.h"

#include <string>
#include <vector>

namespace gptc {

constexpr double kRendezvousSeconds = 60;

/// Returns on all ranks what rank 0 gives as `message`, once all are there.
/// Throws an `Error` on each where the address does not serve, a rank does not
/// come within `seconds`, two say that they are one, or their worlds differ.
/// Strangers are sent away and do no harm.
std::string meetRanks(const Job &job, const std::string &message,
                      double seconds = kRendezvousSeconds);

/// What all ranks are told, and the connections: of rank 0 those to all others
/// by their rank, of another the one to rank 0.
struct Meeting {
  std::string message;
  std::vector<Socket> peers;
};
Meeting connectRanks(const Job &job, const std::string &message,
                     double seconds = kRendezvousSeconds);

} // namespace gptc

#endif // GPTC_RUNTIME_RENDEZVOUS_H
