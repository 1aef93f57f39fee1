//===- socket_communicator.h - hosts of ranks that were launched *- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the hosts of launched ranks say to each other, over the connections of
// their rendezvous: each to rank 0, which hears all, compares, and answers all.
// It is for few bytes (losses, what is agreed on, who is there), and works the
// same on one host and on many. Sums are those of `SharedCommunicator`.
//
// Each rank sends a beat now and then: how much processor time its own thread
// has used. A rank that waits misses one whose connection has closed, and one
// of which it hears nothing new for all of the time limit. Rank 0 tells the
// others what it misses, before it ends.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SOCKET_COMMUNICATOR_H
#define GPTC_RUNTIME_SOCKET_COMMUNICATOR_H

#include "job.h"
#include "rank_operation.h"
#include "socket.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gptc {

class SocketCommunicator : public Communicator {
public:
  static constexpr double kTimeLimit = 20;

  /// `sockets`: as `connectRanks` leaves them. `timeLimit`: seconds.
  SocketCommunicator(const Job &job, std::vector<Socket> sockets,
                     double timeLimit = kTimeLimit);
  ~SocketCommunicator() override;

  void allReduce(void *data, uint64_t count, Element element,
                 Reduction reduction, const std::string &what) override;
  void reduceScatter(const void *from, void *to, uint64_t count,
                     Element element, Reduction reduction,
                     const std::string &what) override;
  void allGather(const void *from, void *to, uint64_t bytes,
                 const std::string &what) override;
  void gather(const void *from, void *to, uint64_t bytes,
              const std::string &what) override;
  void barrier(const std::string &what) override;
  void lookAfter(const std::string &what, uint64_t operation) override;
  void leave() override;
  std::unique_ptr<Communicator> beside() override;

private:
  using Clock = std::chrono::steady_clock;

  enum Message : uint32_t { kOperation, kAnswer, kBeat, kFailure, kLeave };
  struct Head {
    uint32_t message, padding;
    uint64_t size;
  };
  struct Beat {
    uint64_t processorTime, waitsAt;
  };
  struct Peer {
    unsigned rank;
    Socket socket;
    /// Held by the thread that sends to it.
    std::unique_ptr<std::mutex> sending = std::make_unique<std::mutex>();
    std::string bytes;             ///< received, of no whole message yet
    std::deque<std::string> queue; ///< operations, or answers
    Beat beat = {};
    std::string failure; ///< that it has told of
    bool isClosed = false, hasLeft = false;
    bool isBroken = false; ///< it has not taken all; of who holds `sending`
    // How it has been seen.
    uint64_t seenTime = 0;
    Clock::time_point since, looked;
  };

  std::string exchange(RankOperation operation, const void *data,
                       uint64_t bytes, const std::string &what);
  std::string answerAll(const RankOperation &operation, const void *data,
                        uint64_t bytes, const std::string &where);
  void await(const std::string &where);
  void receive(Peer &peer);
  void judge(Peer &peer, bool isAwaited, const std::string &where);
  [[noreturn]] void lose(const std::string &text);
  [[noreturn]] void failToSend(Peer &peer, const std::string &where);
  bool send(Peer &peer, Message message, const void *data, uint64_t bytes);
  void beat();

  Job job;
  double limit;
  std::vector<Peer> peers;
  uint64_t lastWaitedAt = 0;
  Clock::time_point waitedSince;

  // What the thread that sends beats shares with the rank's own.
  clockid_t ownClock = 0;
  std::atomic<uint64_t> waitsAt{0};
  std::mutex ending;
  std::condition_variable ended;
  bool isOver = false;
  std::thread beats;
};

} // namespace gptc

#endif // GPTC_RUNTIME_SOCKET_COMMUNICATOR_H
