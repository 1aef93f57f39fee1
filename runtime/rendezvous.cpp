//===- rendezvous.cpp - how started ranks find each other -----------------===//
//
// Part of gptc, under the MIT License.
//
// Rank 0 serves all connections at once, so one that says nothing holds up
// nobody. It sends each a fresh number; the answer is a digest of number and
// token, the rank and the world, all of fixed size. Then it sends a status and
// a text: the message, or what is wrong.
//
//===----------------------------------------------------------------------===//

#include "rendezvous.h"

#include "error.h"
#include "sha256.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace gptc;
using Clock = std::chrono::steady_clock;

//===----------------------------------------------------------------------===//
// Connections
//===----------------------------------------------------------------------===//

namespace {

constexpr size_t kNonce = 16, kDigest = 64, kLongest = 4096;

/// What a rank says of itself.
struct Hello {
  char magic[8];
  char digest[kDigest];
  uint32_t rank, world;
};
constexpr char kMagic[9] = "gptcjob1";

/// What rank 0 answers, before a text of `size` bytes.
struct Answer {
  uint32_t good, size;
};

class Addresses {
public:
  explicit Addresses(const Job &job) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    int code = getaddrinfo(job.address.c_str(),
                           std::to_string(job.port).c_str(), &hints, &first);
    if (code != 0)
      fail("MASTER_ADDR={}: {}", job.address, gai_strerror(code));
  }
  ~Addresses() { freeaddrinfo(first); }
  Addresses(const Addresses &) = delete;
  Addresses &operator=(const Addresses &) = delete;

  addrinfo *first = nullptr;
};

/// A rank 0 has until then for all.
class Deadline {
public:
  explicit Deadline(double seconds)
      : end(Clock::now() + std::chrono::milliseconds(int64_t(1e3 * seconds))) {}
  int milliseconds() const {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - Clock::now());
    return int(std::max<int64_t>(0, left.count()));
  }
  bool isOver() const { return milliseconds() == 0; }

private:
  Clock::time_point end;
};

} // namespace

static std::string placeOf(const Job &job) {
  return formatText("{}:{}", job.address, job.port);
}

/// Whether all bytes came or went before the deadline.
static bool receive(int file, void *to, size_t size, const Deadline &deadline) {
  for (size_t at = 0; at < size;) {
    pollfd wait = {file, POLLIN, 0};
    if (poll(&wait, 1, deadline.milliseconds()) <= 0)
      return false;
    ssize_t count = recv(file, static_cast<char *>(to) + at, size - at, 0);
    if (count <= 0)
      return false;
    at += size_t(count);
  }
  return true;
}

static bool send(int file, const void *from, size_t size) {
  return ::send(file, from, size, MSG_NOSIGNAL) == ssize_t(size);
}

static std::string digestOf(const std::string &nonce, const Job &job) {
  return sha256(nonce + job.token);
}

//===----------------------------------------------------------------------===//
// Rank 0
//===----------------------------------------------------------------------===//

namespace {

/// Someone who has connected.
struct Peer {
  Socket socket;
  std::string nonce;
  char bytes[sizeof(Hello)]; ///< of its hello, so far
  size_t received = 0;
};

class Server {
public:
  Server(const Job &job, double seconds)
      : job(job), deadline(seconds), seconds(seconds), ranks(job.world) {}
  void listen();
  void gather();
  void answer(bool good, const std::string &text);
  std::vector<Socket> takeRanks() { return std::move(ranks); }

private:
  void accept();
  bool hear(Peer &peer);
  void enter(Peer &peer, const Hello &hello);

  const Job &job;
  Deadline deadline;
  double seconds;
  Socket listener;
  std::vector<Peer> peers;
  std::vector<Socket> ranks; ///< by rank, as they come
  unsigned come = 1;
};

} // namespace

void Server::listen() {
  Addresses addresses(job);
  for (addrinfo *at = addresses.first; at; at = at->ai_next) {
    Socket made(socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int yes = 1;
    setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (made && bind(made.get(), at->ai_addr, at->ai_addrlen) == 0 &&
        ::listen(made.get(), SOMAXCONN) == 0) {
      listener = std::move(made);
      return;
    }
  }
  failErrno(placeOf(job), "rank 0 cannot listen");
}

void Server::accept() {
  Socket made(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string nonce(kNonce, '\0');
  if (!made || getrandom(nonce.data(), kNonce, 0) != ssize_t(kNonce) ||
      !send(made.get(), nonce.data(), kNonce))
    return;
  peers.emplace_back();
  peers.back().socket = std::move(made);
  peers.back().nonce = std::move(nonce);
}

/// Takes what has come; whether more is expected.
bool Server::hear(Peer &peer) {
  ssize_t count = recv(peer.socket.get(), peer.bytes + peer.received,
                       sizeof(Hello) - peer.received, MSG_DONTWAIT);
  if (count <= 0)
    return count < 0 && errno == EAGAIN;
  peer.received += size_t(count);
  if (peer.received < sizeof(Hello))
    return true;
  Hello hello;
  std::memcpy(&hello, peer.bytes, sizeof(hello));
  if (std::memcmp(hello.magic, kMagic, sizeof(hello.magic)) == 0 &&
      digestOf(peer.nonce, job) == std::string(hello.digest, kDigest))
    enter(peer, hello);
  return false;
}

void Server::enter(Peer &peer, const Hello &hello) {
  if (hello.world != job.world)
    fail("rank 0 is one of {} ranks, rank {} one of {}", job.world, hello.rank,
         hello.world);
  if (hello.rank == 0 || hello.rank >= job.world || ranks[hello.rank])
    fail("two processes say that they are rank {}", hello.rank);
  ranks[hello.rank] = std::move(peer.socket);
  ++come;
}

void Server::gather() {
  while (come < job.world) {
    std::vector<pollfd> waits{{listener.get(), POLLIN, 0}};
    for (const Peer &peer : peers)
      waits.push_back({peer.socket.get(), POLLIN, 0});
    poll(waits.data(), waits.size(), deadline.milliseconds());
    if (deadline.isOver()) {
      unsigned missing = 1;
      while (ranks[missing])
        ++missing;
      fail("rank {} has not come to {} within {:.0f} s", missing, placeOf(job),
           seconds);
    }
    std::vector<Peer> kept;
    for (size_t i = 0; i < peers.size(); ++i)
      if (!waits[i + 1].revents || hear(peers[i]))
        kept.push_back(std::move(peers[i]));
    peers = std::move(kept);
    if (waits[0].revents)
      accept();
  }
}

void Server::answer(bool good, const std::string &text) {
  Answer head{good, uint32_t(std::min(text.size(), kLongest))};
  std::string bytes(reinterpret_cast<const char *>(&head), sizeof(head));
  bytes += text.substr(0, head.size);
  for (const Socket &rank : ranks)
    if (rank)
      send(rank.get(), bytes.data(), bytes.size());
}

//===----------------------------------------------------------------------===//
// The others
//===----------------------------------------------------------------------===//

static Socket connectTo(const Job &job, const Deadline &deadline) {
  Addresses addresses(job);
  while (true) {
    for (addrinfo *at = addresses.first; at; at = at->ai_next) {
      Socket made(socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (made && connect(made.get(), at->ai_addr, at->ai_addrlen) == 0)
        return made;
    }
    if (deadline.isOver())
      return Socket();
    usleep(50000); // rank 0 may be later
  }
}

static Meeting join(const Job &job, double seconds) {
  // Rank 0 says who has not come, before the others give it up.
  Deadline deadline(seconds + 5);
  Socket socket = connectTo(job, deadline);
  std::string nonce(kNonce, '\0');
  Hello hello = {};
  std::memcpy(hello.magic, kMagic, sizeof(hello.magic));
  hello.rank = job.rank;
  hello.world = job.world;
  Answer answer = {};
  std::string text;
  bool well = socket && receive(socket.get(), nonce.data(), kNonce, deadline);
  if (well) {
    std::memcpy(hello.digest, digestOf(nonce, job).data(), kDigest);
    well = send(socket.get(), &hello, sizeof(hello)) &&
           receive(socket.get(), &answer, sizeof(answer), deadline);
    if (!well && !deadline.isOver())
      fail("{}: rank 0 sends rank {} away: it has ended, or the job's token "
           "(GPTC_JOB_TOKEN) differs",
           placeOf(job), job.rank);
  }
  if (well && answer.size <= kLongest) {
    text.resize(answer.size);
    well = receive(socket.get(), text.data(), text.size(), deadline);
  }
  if (!well)
    fail("{}: rank 0 does not answer rank {}", placeOf(job), job.rank);
  if (!answer.good)
    throw Error(text);
  Meeting meeting{text, {}};
  meeting.peers.push_back(std::move(socket));
  return meeting;
}

Meeting gptc::connectRanks(const Job &job, const std::string &message,
                           double seconds) {
  if (job.rank != 0)
    return join(job, seconds);
  Server server(job, seconds);
  server.listen();
  try {
    server.gather();
  } catch (const Error &error) {
    server.answer(false, error.what());
    throw;
  }
  server.answer(true, message);
  return {message, server.takeRanks()};
}

std::string gptc::meetRanks(const Job &job, const std::string &message,
                            double seconds) {
  return connectRanks(job, message, seconds).message;
}
