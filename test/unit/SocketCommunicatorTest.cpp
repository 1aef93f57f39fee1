//===- SocketCommunicatorTest.cpp - hosts of launched ranks ---------------===//
//
// Part of gptc, under the MIT License.
//
// Ranks are processes, connected as a rendezvous leaves them.
//
//===----------------------------------------------------------------------===//

#include "RankProcesses.h"
#include "shared_communicator.h"
#include "socket_communicator.h"

#include <csignal>
#include <gtest/gtest.h>
#include <numeric>
#include <sys/socket.h>
#include <sys/wait.h>

using namespace gptc;
using namespace gptc::test;

/// Runs `work` as `world` processes. What each leaves: its message, "" if it
/// went well, "lost" if it was ended.
static std::vector<std::string>
runEach(unsigned world, const std::function<void(Communicator &)> &work,
        double timeLimit = 20) {
  SharedMemory left(world);
  std::vector<Socket> first(world), others(world);
  for (unsigned rank = 1; rank < world; ++rank) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      fail("a test cannot connect");
    first[rank] = Socket(pair[0]);
    others[rank] = Socket(pair[1]);
  }
  std::vector<int> pids;
  for (unsigned rank = 0; rank < world; ++rank) {
    int pid = fork();
    if (pid == 0) {
      try {
        std::vector<Socket> own;
        if (rank == 0)
          own = std::move(first);
        else
          own.push_back(std::move(others[rank]));
        first.clear(); // or a connection would outlive its rank
        others.clear();
        Job job;
        job.rank = job.local = rank;
        job.world = world;
        SocketCommunicator ranks(job, std::move(own), timeLimit);
        work(ranks);
        ranks.leave();
      } catch (const std::exception &error) {
        std::strncpy(left.rank(rank).message, error.what(), 2047);
      }
      _exit(0);
    }
    pids.push_back(pid);
  }
  first.clear();
  others.clear();
  return messagesOf(pids, left, /*pause=*/2000000);
}

TEST(SocketCommunicator, SumsAndGathersAsMemoryDoes) {
  for (unsigned world : {2u, 3u, 8u})
    for (uint64_t count : {0, 1, 31, 40000})
      expectWell(runEach(world, [&](Communicator &ranks) {
        std::vector<float> data(count * world), sums, own(count);
        for (uint64_t i = 0; i < data.size(); ++i) {
          double sum = 0;
          for (unsigned r = 0; r < world; ++r)
            sum += double((float(r) + 0.1f) / float(1 + i % 17));
          sums.push_back(float(sum / world));
          data[i] = (float(ranks.rank()) + 0.1f) / float(1 + i % 17);
        }
        std::vector<float> all = data;
        ranks.allReduce(all.data(), all.size(), Element::F32, Reduction::Mean,
                        "x");
        check(all == sums, "another mean");
        ranks.reduceScatter(data.data(), own.data(), count, Element::F32,
                            Reduction::Mean, "y");
        ranks.allGather(own.data(), all.data(), count * sizeof(float), "z");
        check(all == sums, "another mean of shares");
        // Nobody but rank 0 needs a place for it.
        bool isFirst = ranks.rank() == 0;
        std::vector<float> gathered(isFirst ? count * world : 0);
        ranks.gather(own.data(), isFirst ? gathered.data() : nullptr,
                     count * sizeof(float), "w");
        check(!isFirst || gathered == sums, "other shares on rank 0");
        ranks.barrier("the end");
      }));
}

TEST(SocketCommunicator, ARankThatDiesEndsAll) {
  std::vector<std::string> messages = runEach(3, [&](Communicator &ranks) {
    ranks.enter("step 7");
    ranks.barrier("the begin");
    if (ranks.rank() == 1)
      raise(SIGKILL);
    ranks.barrier("the end");
  });
  std::string missed = "rank 1 has ended; the others wait for it at the end, "
                       "step 7";
  EXPECT_EQ(messages, (std::vector<std::string>{missed, "lost", missed}));
  messages = runEach(3, [&](Communicator &ranks) {
    ranks.barrier("the begin");
    if (ranks.rank() == 0)
      raise(SIGKILL);
    ranks.barrier("the end");
  });
  missed = "rank 0 has ended; the others wait for it at the end";
  EXPECT_EQ(messages, (std::vector<std::string>{"lost", missed, missed}));
}

TEST(SocketCommunicator, ARankThatStopsEndsAllWithinTheLimit) {
  std::vector<std::string> messages = runEach(
      3,
      [&](Communicator &ranks) {
        ranks.barrier("the begin");
        if (ranks.rank() == 2)
          raise(SIGSTOP);
        ranks.barrier("the end");
      },
      1);
  std::string missed =
      "rank 2 has done nothing for 1 s; the others wait for it at the end";
  EXPECT_EQ(messages, (std::vector<std::string>{missed, missed, "lost"}));
}

TEST(SocketCommunicator, ARankThatComputesMayBeSlow) {
  expectWell(runEach(
      2,
      [&](Communicator &ranks) {
        if (ranks.rank() == 1)
          for (auto start = std::chrono::steady_clock::now();
               std::chrono::steady_clock::now() - start <
               std::chrono::seconds(2);)
            continue;
        ranks.barrier("the end");
      },
      1));
}

TEST(SocketCommunicator, RanksThatDisagreeEndAll) {
  for (const std::string &message : runEach(3, [&](Communicator &ranks) {
         float value = 0;
         ranks.enter("step 1");
         if (ranks.rank() == 2)
           ranks.barrier("the end");
         else
           ranks.allReduce(&value, 1, Element::F32, Reduction::Sum, "a");
       }))
    EXPECT_EQ(message, "the ranks disagree: rank 0 is at a, step 1 (all-reduce "
                       "of 1 F32), rank 2 at the end, step 1 (barrier)");
}

/// Looks after the others for some seconds, as one that waits for its GPU does.
static void lookFor(Communicator &ranks, uint64_t operation, int looks) {
  for (int look = 0; look < looks; ++look) {
    ranks.lookAfter("the mean of 'w'", operation);
    usleep(100000);
  }
}

TEST(SocketCommunicator,
     WhoWaitsElsewhereMissesOneThatDiesButNotOneThatIsDone) {
  for (bool isWell : {false, true}) {
    std::vector<std::string> messages = runEach(2, [&](Communicator &ranks) {
      ranks.barrier("the begin");
      if (ranks.rank() == 1 && isWell)
        return;
      if (ranks.rank() == 1)
        raise(SIGKILL);
      lookFor(ranks, 0, 5);
    });
    EXPECT_EQ(messages[0],
              isWell ? ""
                     : "rank 1 has ended; the others wait for it at the mean "
                       "of 'w'");
  }
}

TEST(SocketCommunicator, WhatAllWaitForElsewhereEnds) {
  for (const std::string &message : runEach(
           3,
           [&](Communicator &ranks) {
             ranks.barrier("the begin");
             lookFor(ranks, 7, 25);
           },
           1))
    EXPECT_EQ(message, "all ranks have waited for 1 s at the mean of 'w'");
  // One that is elsewhere may take its time.
  expectWell(runEach(
      2,
      [&](Communicator &ranks) {
        ranks.barrier("the begin");
        for (uint64_t i = 0; i < 15; ++i)
          lookFor(ranks, ranks.rank() == 0 ? 7 : 10 + i, 1);
      },
      1));
}
