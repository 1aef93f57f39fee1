//===- RendezvousTest.cpp - ranks that a launcher started -----------------===//
//
// Part of gptc, under the MIT License.
//
// Ranks are threads here: they share nothing but the address.
//
//===----------------------------------------------------------------------===//

#include "rendezvous.h"
#include "ranks.h"
#include "shared_communicator.h"

#include <arpa/inet.h>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace gptc;

/// A listener of the test's own, and a port that was free.
static int listenAnywhere(int &port) {
  int file = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  if (bind(file, reinterpret_cast<sockaddr *>(&at), size) != 0 ||
      listen(file, 1) != 0)
    fail("a test cannot listen");
  getsockname(file, reinterpret_cast<sockaddr *>(&at), &size);
  port = ntohs(at.sin_port);
  return file;
}

static Job jobAt(int port, unsigned rank, unsigned world) {
  return {rank, world, "127.0.0.1", port, "secret", rank};
}

static int freePort() {
  int port = 0;
  close(listenAnywhere(port));
  return port;
}

/// What each job's rank is told, or its error.
static std::vector<std::string> meetAll(const std::vector<Job> &jobs,
                                        double seconds = 20) {
  std::vector<std::string> told(jobs.size());
  std::vector<std::thread> threads;
  threads.reserve(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i)
    threads.emplace_back([&, i] {
      try {
        told[i] = meetRanks(jobs[i], "from rank 0", seconds);
      } catch (const Error &error) {
        told[i] = std::string("error: ") + error.what();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  return told;
}

TEST(Rendezvous, AllHearRankZero) {
  for (unsigned world : {2u, 8u}) {
    int port = freePort();
    std::vector<Job> jobs;
    for (unsigned rank = world; rank-- > 0;)
      jobs.push_back(jobAt(port, rank, world));
    for (const std::string &text : meetAll(jobs))
      EXPECT_EQ(text, "from rank 0");
  }
}

TEST(Rendezvous, ARankThatNeverComesIsNamed) {
  int port = freePort();
  std::vector<std::string> told =
      meetAll({jobAt(port, 0, 3), jobAt(port, 1, 3)}, 1);
  std::string wanted =
      "error: rank 2 has not come to 127.0.0.1:" + std::to_string(port) +
      " within 1 s";
  EXPECT_EQ(told[0], wanted);
  EXPECT_EQ(told[1], wanted);
}

TEST(Rendezvous, OneOfAnotherWorldOrTwiceEndsAll) {
  int port = freePort();
  for (const std::string &text :
       meetAll({jobAt(port, 0, 2), jobAt(port, 1, 4)}))
    EXPECT_TRUE(text == "error: rank 0 is one of 2 ranks, rank 1 one of 4" ||
                text.find("sends rank 1 away") != std::string::npos)
        << text;
  port = freePort();
  std::vector<std::string> told =
      meetAll({jobAt(port, 0, 3), jobAt(port, 1, 3), jobAt(port, 1, 3)});
  EXPECT_EQ(told[0], "error: two processes say that they are rank 1");
}

TEST(Rendezvous, StrangersDoNoHarm) {
  int port = freePort();
  std::vector<int> strangers;
  std::thread knocking([&] {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(uint16_t(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 40 && strangers.size() < 3; ++i) {
      int file = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(file, reinterpret_cast<sockaddr *>(&at), sizeof(at)) == 0) {
        // One says nothing, one says something else, one leaves at once.
        std::string noise(strangers.size() == 1 ? 200 : 0, 'x');
        if (strangers.size() < 2)
          send(file, noise.data(), noise.size(), MSG_NOSIGNAL);
        else
          shutdown(file, SHUT_RDWR);
        strangers.push_back(file);
      } else {
        close(file);
        usleep(50000);
      }
    }
  });
  Job wrong = jobAt(port, 1, 2);
  wrong.token = "guess";
  std::vector<std::string> told(3);
  std::thread first([&] { told[0] = meetAll({jobAt(port, 0, 2)})[0]; });
  knocking.join();
  EXPECT_EQ(strangers.size(), 3u);
  told[1] = meetAll({wrong})[0];
  told[2] = meetAll({jobAt(port, 1, 2)})[0];
  first.join();
  EXPECT_EQ(told[0], "from rank 0");
  EXPECT_NE(told[1].find("the job's token (GPTC_JOB_TOKEN) differs"),
            std::string::npos)
      << told[1];
  EXPECT_EQ(told[2], "from rank 0");
  for (int file : strangers)
    close(file);
}

TEST(Rendezvous, APortInUseIsSaid) {
  int port = 0;
  int file = listenAnywhere(port);
  EXPECT_EQ(meetAll({jobAt(port, 0, 2)})[0],
            "error: 127.0.0.1:" + std::to_string(port) +
                ": rank 0 cannot listen: Address already in use");
  close(file);
}

/// What ranks that were started one by one leave, each in a process.
static std::vector<std::string>
joinAll(unsigned world, Transport transport,
        const std::function<void(Communicator &)> &work) {
  SharedMemory left(world);
  int port = freePort();
  std::vector<int> pids;
  for (unsigned rank = 0; rank < world; ++rank) {
    pids.push_back(fork());
    if (pids.back() != 0)
      continue;
    const char *message = "well";
    std::string error;
    try {
      joinRanks(jobAt(port, rank, world), transport, work);
    } catch (const std::exception &caught) {
      error = caught.what();
      message = error.c_str();
    }
    std::strncpy(left.rank(rank).message, message, 2047);
    _exit(0);
  }
  std::vector<std::string> messages;
  for (unsigned rank = 0; rank < world; ++rank) {
    waitpid(pids[rank], nullptr, 0);
    messages.emplace_back(left.rank(rank).message);
  }
  return messages;
}

static constexpr Transport kTransports[] = {Transport::Memory,
                                            Transport::Sockets};

TEST(Rendezvous, StartedRanksWorkTogether) {
  for (Transport transport : kTransports)
    for (const std::string &message :
         joinAll(4, transport, [](Communicator &ranks) {
           float value = float(ranks.rank());
           ranks.allReduce(&value, 1, Element::F32, Reduction::Sum, "x");
           if (value != 6)
             fail("another sum");
         }))
      EXPECT_EQ(message, "well");
}

TEST(Rendezvous, AStartedRankThatFailsSaysSoAndEndsTheOthers) {
  for (Transport transport : kTransports) {
    std::vector<std::string> messages =
        joinAll(3, transport, [](Communicator &ranks) {
          ranks.enter("step 4");
          if (ranks.rank() == 1)
            fail("the loss is not finite");
          ranks.barrier("the losses");
        });
    std::string missed =
        "rank 1 has ended; the others wait for it at the losses, step 4";
    EXPECT_EQ(messages[0], missed);
    EXPECT_EQ(messages[1], "rank 1: the loss is not finite");
    EXPECT_EQ(messages[2], "rank 2: " + missed);
  }
}

TEST(Rendezvous, AThreadBesideNeedsNoOrder) {
  static constexpr uint64_t kBytes = 3 << 20; // more than goes at once
  for (Transport transport : kTransports)
    for (const std::string &message :
         joinAll(3, transport, [](Communicator &ranks) {
           std::unique_ptr<Communicator> beside = ranks.beside();
           std::string own(kBytes, char('a' + ranks.rank()));
           std::string all(ranks.rank() == 0 ? 3 * kBytes : 0, '?');
           auto gather = [&] {
             beside->gather(own.data(), all.data(), kBytes, "the state");
           };
           std::thread thread;
           if (ranks.rank() != 0)
             thread = std::thread(gather);
           ranks.barrier("the next step");
           if (ranks.rank() == 0) // later than what the others wait for
             thread = std::thread(gather);
           ranks.barrier("the step after it");
           thread.join();
           for (unsigned r = 0; ranks.rank() == 0 && r < 3; ++r)
             if (all.find_first_not_of(char('a' + r), r * kBytes) <
                 (r + 1) * kBytes)
               fail("another state");
         }))
      EXPECT_EQ(message, "well");
}

TEST(Rendezvous, AThreadBesideMissesARankThatEnds) {
  for (Transport transport : kTransports) {
    std::vector<std::string> messages =
        joinAll(2, transport, [](Communicator &ranks) {
          std::unique_ptr<Communicator> beside = ranks.beside();
          if (ranks.rank() == 1)
            fail("its disk is full");
          beside->enter("the checkpoint of step 4");
          beside->gather("x", nullptr, 1, "the state");
        });
    EXPECT_EQ(messages[0], "rank 1 has ended; the others wait for it at the "
                           "state, the checkpoint of step 4");
    EXPECT_EQ(messages[1], "rank 1: its disk is full");
  }
}
