//===- join_ranks.cpp - a rank that a launcher has started ----------------===//
//
// Part of gptc, under the MIT License.
//
// Ranks of the CPU share memory: rank 0 makes it and says at the rendezvous
// where it is. Ranks on GPUs keep the rendezvous' connections. Nobody watches
// over the ranks but themselves: each ends when it misses another.
//
//===----------------------------------------------------------------------===//

#include "ranks.h"
#include "rendezvous.h"
#include "shared_communicator.h"
#include "socket_communicator.h"

#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace gptc;

/// A rank that has come needs hardly any time to say that it shares the memory.
static constexpr int kAnswerSeconds = 15;

namespace {
/// The standard streams go nowhere as long as it lives.
class Silence {
public:
  Silence() {
    std::fflush(nullptr);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 2; ++i) {
      kept[i] = dup(1 + i);
      dup2(null, 1 + i);
    }
    close(null);
  }
  ~Silence() {
    std::fflush(nullptr);
    for (int i = 0; i < 2; ++i) {
      dup2(kept[i], 1 + i);
      close(kept[i]);
    }
  }
  Silence(const Silence &) = delete;
  Silence &operator=(const Silence &) = delete;

private:
  int kept[2];
};
} // namespace

/// What tells this host, and its run, from all others.
static std::string hostOf() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

static bool say(const Socket &socket) {
  return send(socket.get(), "y", 1, MSG_NOSIGNAL) == 1;
}

/// Whether the other one has said so.
static bool hears(const Socket &socket) {
  timeval most = {};
  most.tv_sec = kAnswerSeconds;
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
  char answer = 0;
  return recv(socket.get(), &answer, 1, MSG_WAITALL) == 1;
}

/// The memory of the job's ranks, once all are there. Each says to rank 0
/// whether it has found it, and so whether it is on the same host.
static std::unique_ptr<SharedMemory> shareMemory(const Job &job) {
  if (job.rank == 0) {
    auto memory = std::make_unique<SharedMemory>(job.world);
    Meeting meeting = connectRanks(job, hostOf() + " " + memory->path());
    for (unsigned r = 1; r < job.world; ++r)
      if (!hears(meeting.peers[r]))
        fail("rank {} does not share the memory of rank 0: ranks of the CPU "
             "target are processes of one host",
             r);
    for (unsigned r = 1; r < job.world; ++r)
      say(meeting.peers[r]);
    return memory;
  }
  Meeting meeting = connectRanks(job, "");
  const std::string &told = meeting.message;
  size_t space = told.find(' ');
  if (space == std::string::npos || told.substr(0, space) != hostOf())
    fail("it is not on the host of rank 0: ranks of the CPU target are "
         "processes of one host");
  auto memory =
      std::make_unique<SharedMemory>(told.substr(space + 1), job.world);
  if (!say(meeting.peers[0]) || !hears(meeting.peers[0]))
    throw RankError("rank 0 has ended at the start, and says why");
  return memory;
}

static void runAs(Communicator &ranks,
                  const std::function<void(Communicator &)> &work) {
  ranks.barrier("the start"); // from here on each has what they share
  std::unique_ptr<Silence> silence;
  if (ranks.rank() != 0)
    silence = std::make_unique<Silence>();
  workAs(ranks, work);
}

static void runJob(const Job &job, Transport transport,
                   const std::function<void(Communicator &)> &work) {
  if (transport == Transport::Sockets) {
    SocketCommunicator ranks(job, connectRanks(job, "").peers);
    return runAs(ranks, work);
  }
  std::unique_ptr<SharedMemory> memory = shareMemory(job);
  SharedCommunicator ranks(*memory, job.rank);
  runAs(ranks, work);
}

void gptc::joinRanks(const Job &job, Transport transport,
                     const std::function<void(Communicator &)> &work) {
  if (job.rank == 0)
    return runJob(job, transport, work);
  std::string prefix = formatText("rank {}: ", job.rank);
  try {
    runJob(job, transport, work);
  } catch (const RankError &error) {
    throw RankError(prefix + error.what());
  } catch (const Error &error) {
    throw Error(prefix + error.what());
  }
}
