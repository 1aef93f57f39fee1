//===- socket_communicator.cpp - hosts of ranks that were launched --------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "socket_communicator.h"

#include "rendezvous.h"
#include "view.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <utility>

using namespace gptc;

static constexpr double kMostSecondsOfBeat = 1;

SocketCommunicator::SocketCommunicator(const Job &job,
                                       std::vector<Socket> sockets,
                                       double timeLimit)
    : Communicator(job.rank, job.world, job.local), job(job), limit(timeLimit) {
  timeval most = {};
  most.tv_sec = time_t(limit);
  most.tv_usec = suseconds_t((limit - double(most.tv_sec)) * 1e6);
  for (size_t i = 0; i < sockets.size(); ++i)
    if (sockets[i]) {
      setsockopt(sockets[i].get(), SOL_SOCKET, SO_SNDTIMEO, &most,
                 sizeof(most));
      peers.emplace_back();
      peers.back().rank = unsigned(i);
      peers.back().socket = std::move(sockets[i]);
    }
  pthread_getcpuclockid(pthread_self(), &ownClock);
  beats = std::thread([this] {
    std::unique_lock<std::mutex> lock(ending);
    std::chrono::duration<double> pause(
        std::min(kMostSecondsOfBeat, limit / 10));
    while (!ended.wait_for(lock, pause, [this] { return isOver; }))
      beat();
  });
}

std::unique_ptr<Communicator> SocketCommunicator::beside() {
  return std::make_unique<SocketCommunicator>(job, connectRanks(job, "").peers,
                                              limit);
}

SocketCommunicator::~SocketCommunicator() {
  {
    std::lock_guard<std::mutex> lock(ending);
    isOver = true;
  }
  ended.notify_all();
  beats.join();
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// Whether all went out. Where it did not, nothing else may follow.
bool SocketCommunicator::send(Peer &peer, Message message, const void *data,
                              uint64_t bytes) {
  Head head{message, 0, bytes};
  std::string all(reinterpret_cast<const char *>(&head), sizeof(head));
  all.append(static_cast<const char *>(data), bytes);
  std::unique_lock<std::mutex> lock(*peer.sending, std::defer_lock);
  if (message != kBeat)
    lock.lock();
  else if (!lock.try_lock())
    return false; // what is being sent says as much
  for (size_t at = 0; at < all.size() && !peer.isBroken;) {
    ssize_t sent = ::send(peer.socket.get(), all.data() + at, all.size() - at,
                          MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    peer.isBroken = sent <= 0;
    at += peer.isBroken ? 0 : size_t(sent);
  }
  return !peer.isBroken;
}

void SocketCommunicator::beat() {
  timespec time = {};
  clock_gettime(ownClock, &time);
  Beat beat{uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec),
            waitsAt};
  for (Peer &peer : peers)
    send(peer, kBeat, &beat, sizeof(beat));
}

/// Takes what has come.
void SocketCommunicator::receive(Peer &peer) {
  char some[1 << 16];
  size_t before = peer.bytes.size();
  while (!peer.isClosed) {
    ssize_t count = recv(peer.socket.get(), some, sizeof(some), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      break;
    if (count <= 0)
      peer.isClosed = true;
    else
      peer.bytes.append(some, size_t(count));
  }
  size_t at = 0;
  Head head;
  while (peer.bytes.size() - at >= sizeof(head)) {
    std::memcpy(&head, peer.bytes.data() + at, sizeof(head));
    if (peer.bytes.size() - at - sizeof(head) < head.size)
      break;
    std::string text = peer.bytes.substr(at + sizeof(head), head.size);
    at += sizeof(head) + head.size;
    if (head.message == kBeat && text.size() == sizeof(Beat))
      std::memcpy(&peer.beat, text.data(), sizeof(Beat));
    else if (head.message == kFailure)
      peer.failure = text;
    else if (head.message == kLeave)
      peer.hasLeft = true;
    else
      peer.queue.push_back(std::move(text));
  }
  // One that sends much lives, though its beats wait.
  if (peer.bytes.size() - at > before)
    peer.since = Clock::now();
  peer.bytes.erase(0, at);
}

//===----------------------------------------------------------------------===//
// The others
//===----------------------------------------------------------------------===//

/// Ends this rank, and tells the others why.
void SocketCommunicator::lose(const std::string &text) {
  if (rank() == 0)
    for (Peer &peer : peers)
      if (!peer.isClosed)
        send(peer, kFailure, text.data(), text.size());
  throw RankError(text);
}

/// Throws if a rank is missed, which is awaited at `where`.
void SocketCommunicator::judge(Peer &peer, bool isAwaited,
                               const std::string &where) {
  if (!peer.failure.empty())
    throw RankError(peer.failure);
  if (peer.hasLeft && !isAwaited)
    return;
  if (peer.isClosed)
    lose(formatText("rank {} has ended; the others wait for it at {}",
                    peer.rank, where));
  Clock::time_point now = Clock::now();
  auto seconds = [&](Clock::time_point then) {
    return std::chrono::duration<double>(now - then).count();
  };
  // Who has not looked for long has missed nothing yet.
  if (peer.beat.processorTime != peer.seenTime || seconds(peer.looked) > 1)
    peer.since = now;
  peer.seenTime = peer.beat.processorTime;
  peer.looked = now;
  if (seconds(peer.since) >= limit)
    lose(formatText(
        "rank {} has done nothing for {:.0f} s; the others wait for it at {}",
        peer.rank, limit, where));
}

/// A rank that takes nothing has ended, or hangs.
void SocketCommunicator::failToSend(Peer &peer, const std::string &where) {
  receive(peer);
  judge(peer, true, where);
  lose(formatText(
      "rank {} takes nothing for {:.0f} s; the others wait for it at {}",
      peer.rank, limit, where));
}

/// Returns when all peers have sent what is next.
void SocketCommunicator::await(const std::string &where) {
  while (true) {
    std::vector<pollfd> waits;
    for (Peer &peer : peers) {
      receive(peer);
      if (!peer.queue.empty())
        continue;
      judge(peer, true, where);
      waits.push_back({peer.socket.get(), POLLIN, 0});
    }
    if (waits.empty())
      return;
    poll(waits.data(), waits.size(), int(1e3 / kLooksPerSecond));
  }
}

void SocketCommunicator::lookAfter(const std::string &what,
                                   uint64_t operation) {
  waitsAt = operation;
  bool allWait = operation != 0 && operation == lastWaitedAt;
  lastWaitedAt = operation;
  for (Peer &peer : peers) {
    receive(peer);
    judge(peer, false, what);
    allWait &= peer.beat.waitsAt == operation;
  }
  Clock::time_point now = Clock::now();
  if (!allWait)
    waitedSince = now;
  // The others hear it from rank 0, which alone hears of all.
  if (rank() == 0 &&
      std::chrono::duration<double>(now - waitedSince).count() >= limit)
    lose(formatText("all ranks have waited for {:.0f} s at {}", limit, what));
}

void SocketCommunicator::leave() {
  for (Peer &peer : peers)
    send(peer, kLeave, "", 0);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// What all ranks give, in their order; of a gather, on rank 0 alone.
std::string SocketCommunicator::exchange(RankOperation operation,
                                         const void *data, uint64_t bytes,
                                         const std::string &what) {
  name(operation, what, place());
  std::string where = nameOf(operation);
  if (rank() == 0)
    return answerAll(operation, data, bytes, where);
  std::string given(reinterpret_cast<const char *>(&operation),
                    sizeof(operation));
  given.append(static_cast<const char *>(data), bytes);
  // One that has ended has said why, perhaps.
  if (!send(peers[0], kOperation, given.data(), given.size()))
    failToSend(peers[0], where);
  await(where);
  std::string all = std::move(peers[0].queue.front());
  peers[0].queue.pop_front();
  bool isAnswered = operation.kind != RankOperation::Gather;
  if (all.size() != (isAnswered ? bytes * world() : 0))
    throw RankError("rank 0 answers another thing than " + where);
  return all;
}

std::string SocketCommunicator::answerAll(const RankOperation &operation,
                                          const void *data, uint64_t bytes,
                                          const std::string &where) {
  await(where);
  std::string all(static_cast<const char *>(data), bytes);
  for (Peer &peer : peers) {
    std::string given = std::move(peer.queue.front());
    peer.queue.pop_front();
    RankOperation other = {};
    given.copy(reinterpret_cast<char *>(&other), sizeof(other));
    try {
      compare(operation, peer.rank, other);
    } catch (const RankError &error) {
      lose(error.what());
    }
    all += given.substr(sizeof(other), bytes);
    all.resize(bytes * (peer.rank + 1));
  }
  // Of a gather only that all has come, so that no rank is ahead by more.
  size_t size = operation.kind == RankOperation::Gather ? 0 : all.size();
  for (Peer &peer : peers)
    if (!send(peer, kAnswer, all.data(), size))
      failToSend(peer, where);
  return all;
}

/// Where each rank's share of what `exchange` returns begins.
static std::vector<const std::byte *> sharesOf(const std::string &all,
                                               unsigned world, uint64_t at) {
  std::vector<const std::byte *> shares(world);
  for (unsigned r = 0; r < world; ++r)
    shares[r] = reinterpret_cast<const std::byte *>(all.data()) +
                r * (all.size() / world) + at;
  return shares;
}

void SocketCommunicator::allReduce(void *data, uint64_t count, Element element,
                                   Reduction reduction,
                                   const std::string &what) {
  checkElement(element, what);
  std::string all =
      exchange({RankOperation::AllReduce, element, reduction, 0, count, {}},
               data, count * elementBytes(element), what);
  sumOf(sharesOf(all, world(), 0), count, element, reduction, data);
}

void SocketCommunicator::reduceScatter(const void *from, void *to,
                                       uint64_t count, Element element,
                                       Reduction reduction,
                                       const std::string &what) {
  checkElement(element, what);
  uint64_t bytes = count * elementBytes(element);
  std::string all =
      exchange({RankOperation::ReduceScatter, element, reduction, 0, count, {}},
               from, bytes * world(), what);
  sumOf(sharesOf(all, world(), rank() * bytes), count, element, reduction, to);
}

void SocketCommunicator::allGather(const void *from, void *to, uint64_t bytes,
                                   const std::string &what) {
  std::string all = exchange(
      {RankOperation::AllGather, Element::F32, Reduction::Sum, 0, bytes, {}},
      from, bytes, what);
  all.copy(static_cast<char *>(to), all.size());
}

/// In pieces, of which nobody holds many copies.
void SocketCommunicator::gather(const void *from, void *to, uint64_t bytes,
                                const std::string &what) {
  constexpr uint64_t most = uint64_t(16) << 20;
  for (uint64_t at = 0; at == 0 || at < bytes; at += most) {
    uint64_t piece = std::min(most, bytes - at);
    std::string all = exchange(
        {RankOperation::Gather, Element::F32, Reduction::Sum, 0, bytes, {}},
        static_cast<const std::byte *>(from) + at, piece, what);
    for (unsigned r = 0; rank() == 0 && r < world(); ++r)
      std::copy_n(all.data() + r * piece, piece,
                  static_cast<char *>(to) + r * bytes + at);
  }
}

void SocketCommunicator::barrier(const std::string &what) {
  exchange({RankOperation::Barrier, Element::F32, Reduction::Sum, 0, 0, {}}, "",
           0, what);
}
