//===- CommunicatorTest.cpp - ranks of one host ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// Ranks are processes: each test forks them, and a rank that does not do what
// the test expects ends with an error, which the parent reports.
//
//===----------------------------------------------------------------------===//

#include "RankProcesses.h"
#include "ranks.h"
#include "shared_communicator.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gptc;
using namespace gptc::test;

/// Whatever differs between ranks, and no short binary number.
static float valueOf(unsigned rank, uint64_t i) {
  return (float(rank) + 0.1f) / (1 + float(i % 17));
}

/// The sum as it is documented: in the order of the ranks, rounded once.
static float sumOf(unsigned world, uint64_t i, Reduction reduction) {
  double sum = 0;
  for (unsigned r = 0; r < world; ++r)
    sum += double(valueOf(r, i));
  return float(reduction == Reduction::Mean ? sum / world : sum);
}

static std::vector<float> valuesOf(unsigned rank, uint64_t count) {
  std::vector<float> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i)
    values.push_back(valueOf(rank, i));
  return values;
}

/// Runs `work` as `world` processes over one memory with small slots and a
/// short time limit. What each leaves: its message, "" if it went well, "lost"
/// if it was ended.
static std::vector<std::string>
runEach(unsigned world, const std::function<void(SharedCommunicator &)> &work,
        double timeLimit = 1) {
  SharedMemory memory(world, 1024);
  std::vector<int> pids;
  for (unsigned rank = 0; rank < world; ++rank) {
    int pid = fork();
    if (pid == 0) {
      try {
        SharedCommunicator ranks(memory, rank, timeLimit);
        work(ranks);
        _exit(0);
      } catch (const std::exception &error) {
        std::strncpy(memory.rank(rank).message, error.what(), 2047);
        _exit(1);
      }
    }
    pids.push_back(pid);
  }
  return messagesOf(pids, memory, /*pause=*/100000);
}

TEST(Communicator, AllReducesInTheOrderOfRanks) {
  for (unsigned world = 1; world <= 8; ++world)
    for (uint64_t count : {0, 1, 3, 255, 256, 257, 1000})
      expectWell(runEach(world, [&](SharedCommunicator &ranks) {
        for (Reduction reduction : {Reduction::Sum, Reduction::Mean}) {
          std::vector<float> data = valuesOf(ranks.rank(), count);
          ranks.allReduce(data.data(), count, Element::F32, reduction, "x");
          for (uint64_t i = 0; i < count; ++i)
            check(data[i] == sumOf(world, i, reduction), "another sum");
        }
      }));
}

TEST(Communicator, TheMeanOfEqualValuesIsTheValue) {
  for (unsigned world : {2u, 3u, 5u, 7u, 8u})
    expectWell(runEach(world, [&](SharedCommunicator &ranks) {
      std::vector<float> data = valuesOf(3, 100), same = data;
      ranks.allReduce(data.data(), 100, Element::F32, Reduction::Mean, "x");
      check(data == same, "a mean of equal values is another");
    }));
}

TEST(Communicator, ReduceScatterThenAllGatherIsAllReduce) {
  for (unsigned world = 1; world <= 8; ++world)
    for (uint64_t count : {0, 1, 31, 33, 300})
      expectWell(runEach(world, [&](SharedCommunicator &ranks) {
        std::vector<float> data = valuesOf(ranks.rank(), count * world);
        float *own = data.data() + ranks.rank() * count;
        ranks.reduceScatter(data.data(), own, count, Element::F32,
                            Reduction::Mean, "x");
        ranks.allGather(own, data.data(), count * sizeof(float), "x");
        for (uint64_t i = 0; i < count * world; ++i)
          check(data[i] == sumOf(world, i, Reduction::Mean), "another sum");
      }));
}

TEST(Communicator, AGatherIsForTheFirstRankAlone) {
  for (unsigned world : {1u, 2u, 5u})
    for (uint64_t count : {0, 1, 300})
      expectWell(runEach(world, [&](SharedCommunicator &ranks) {
        std::vector<float> own = valuesOf(ranks.rank(), count), all, wanted;
        for (unsigned r = 0; r < world; ++r) {
          std::vector<float> other = valuesOf(r, count);
          wanted.insert(wanted.end(), other.begin(), other.end());
        }
        if (ranks.rank() == 0)
          all.resize(wanted.size());
        ranks.gather(own.data(), ranks.rank() == 0 ? all.data() : nullptr,
                     count * sizeof(float), "x");
        check(ranks.rank() != 0 || all == wanted, "other values");
      }));
}

TEST(Communicator, SumsDoublesAndRefusesWhatItDoesNotSum) {
  expectWell(runEach(3, [&](SharedCommunicator &ranks) {
    double value = 0.1 * (ranks.rank() + 1);
    ranks.allReduce(&value, 1, Element::F64, Reduction::Sum, "x");
    check(value == 0.1 * 1 + 0.1 * 2 + 0.1 * 3, "another sum");
  }));
  for (const std::string &message : runEach(2, [&](SharedCommunicator &ranks) {
         int32_t value = 1;
         ranks.allReduce(&value, 1, Element::I32, Reduction::Sum, "x");
       }))
    EXPECT_EQ(message, "x: ranks of the CPU sum F32 and F64, not I32");
}

TEST(Communicator, ManyOperationsOneAfterTheOther) {
  expectWell(runEach(4, [&](SharedCommunicator &ranks) {
    for (int i = 0; i < 500; ++i) {
      ranks.enter("step " + std::to_string(i));
      float value = float(ranks.rank() + i);
      ranks.allReduce(&value, 1, Element::F32, Reduction::Sum, "x");
      check(value == float(6 + 4 * i), "another sum");
      ranks.barrier("the end");
    }
  }));
}

TEST(Communicator, ARankThatDiesEndsAll) {
  for (unsigned world : {2u, 4u}) {
    std::vector<std::string> messages =
        runEach(world, [&](SharedCommunicator &ranks) {
          ranks.enter("step 7");
          ranks.barrier("the begin");
          if (ranks.rank() == 1)
            raise(SIGKILL);
          float value = 0;
          ranks.allReduce(&value, 1, Element::F32, Reduction::Mean,
                          "the mean of 'w'");
        });
    for (unsigned rank = 0; rank < world; ++rank)
      EXPECT_EQ(messages[rank],
                rank == 1 ? "lost"
                          : "rank 1 has ended; the others wait for it at the "
                            "mean of 'w', step 7");
  }
}

TEST(Communicator, ARankThatStopsEndsAllWithinTheLimit) {
  auto start = std::chrono::steady_clock::now();
  std::vector<std::string> messages =
      runEach(2, [&](SharedCommunicator &ranks) {
        ranks.enter("step 2");
        if (ranks.rank() == 1)
          raise(SIGSTOP);
        ranks.barrier("the end");
      });
  EXPECT_EQ(messages[0], "rank 1 has done nothing for 1 s; the others wait for "
                         "it at the end, step 2");
  EXPECT_EQ(messages[1], "lost");
  std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  EXPECT_LT(taken.count(), 15);
}

TEST(Communicator, ARankThatComputesMayBeSlow) {
  expectWell(runEach(
      2,
      [&](SharedCommunicator &ranks) {
        auto start = std::chrono::steady_clock::now();
        std::chrono::duration<double> taken{};
        volatile double work = 1;
        while (ranks.rank() == 1 && taken.count() < 1.5) {
          for (int i = 0; i < 1000; ++i)
            work = work * 1.000001;
          taken = std::chrono::steady_clock::now() - start;
        }
        ranks.barrier("the end");
      },
      0.5));
}

TEST(Communicator, RanksThatDisagreeEndAll) {
  struct Case {
    std::function<void(SharedCommunicator &)> odd;
    const char *message;
  };
  std::vector<float> data(10);
  const Case cases[] = {
      {[&](SharedCommunicator &ranks) {
         ranks.allReduce(data.data(), 9, Element::F32, Reduction::Sum, "a");
       },
       "rank 2 at a, step 1 (all-reduce of 9 F32)"},
      {[&](SharedCommunicator &ranks) {
         ranks.allReduce(data.data(), 10, Element::F32, Reduction::Sum, "b");
       },
       "rank 2 at b, step 1 (all-reduce of 10 F32)"},
      {[&](SharedCommunicator &ranks) { ranks.barrier("the end"); },
       "rank 2 at the end, step 1 (barrier)"},
      {[&](SharedCommunicator &ranks) {
         ranks.enter("step 2");
         ranks.allReduce(data.data(), 10, Element::F32, Reduction::Sum, "a");
       },
       "rank 2 at a, step 2 (all-reduce of 10 F32)"},
  };
  for (const Case &it : cases)
    for (const std::string &message :
         runEach(3, [&](SharedCommunicator &ranks) {
           ranks.enter("step 1");
           if (ranks.rank() == 2)
             it.odd(ranks);
           else
             ranks.allReduce(data.data(), 10, Element::F32, Reduction::Sum,
                             "a");
         }))
      EXPECT_EQ(message, "the ranks disagree: rank 0 is at a, step 1 "
                         "(all-reduce of 10 F32), " +
                             std::string(it.message));
}

/// Looks after the others for some 2 s, as one that waits for its GPU does.
static void lookFor(Communicator &ranks, uint64_t operation) {
  for (int look = 0; look < 20; ++look) {
    ranks.lookAfter("the mean of 'w'", operation);
    usleep(100000);
  }
}

TEST(Communicator, WhoWaitsElsewhereMissesOneThatDiesButNotOneThatIsDone) {
  for (bool isWell : {false, true}) {
    std::vector<std::string> messages =
        runEach(2, [&](SharedCommunicator &ranks) {
          ranks.barrier("the begin");
          if (ranks.rank() == 1 && isWell)
            return ranks.leave();
          if (ranks.rank() == 1)
            raise(SIGKILL);
          lookFor(ranks, 0);
        });
    EXPECT_EQ(messages[0],
              isWell ? ""
                     : "rank 1 has ended; the others wait for it at the mean "
                       "of 'w'");
  }
}

TEST(Communicator, WhoWaitsElsewhereMissesOneThatIsStopped) {
  std::vector<std::string> messages =
      runEach(2, [&](SharedCommunicator &ranks) {
        ranks.barrier("the begin");
        if (ranks.rank() == 1)
          raise(SIGSTOP);
        lookFor(ranks, 7);
      });
  EXPECT_EQ(messages[0], "rank 1 has done nothing for 1 s; the others wait for "
                         "it at the mean of 'w'");
}

TEST(Communicator, WhatAllWaitForElsewhereEnds) {
  for (const std::string &message : runEach(2, [&](SharedCommunicator &ranks) {
         ranks.barrier("the begin");
         lookFor(ranks, 7);
       }))
    EXPECT_TRUE(message == "all ranks have waited for 1 s at the mean of 'w'" ||
                message.find("has ended") != std::string::npos)
        << message;
  // One that is elsewhere may take its time.
  expectWell(runEach(2, [&](SharedCommunicator &ranks) {
    ranks.barrier("the begin");
    for (uint64_t i = 0; i < 15; ++i) {
      ranks.lookAfter("x", ranks.rank() == 0 ? 7 : i);
      usleep(100000);
    }
    ranks.leave();
  }));
}

TEST(Ranks, GatherInTheOrderOfMicroBatches) {
  for (unsigned world : {1u, 2u, 3u, 8u})
    for (int64_t count : {0, 1, 5, 8})
      expectWell(runEach(world, [&](SharedCommunicator &ranks) {
        std::vector<double> own, all;
        for (int64_t i = ranks.rank(); i < count; i += world)
          own.push_back(double(i) + 0.5);
        for (int64_t i = 0; i < count; ++i)
          all.push_back(double(i) + 0.5);
        check(inOrder(ranks, own, count, "x") == all, "another order");
      }));
}

TEST(Ranks, AgreeOrNameWhatDiffers) {
  auto facts = [](unsigned rank) {
    return Facts{{"steps", "6"},
                 {"data", rank == 1 ? "0123" : "4567"},
                 {"seed", rank == 1 ? "0" : "1"}};
  };
  for (const std::string &message : runEach(3, [&](SharedCommunicator &ranks) {
         agree(ranks, facts(ranks.rank()));
       }))
    EXPECT_EQ(message, "the ranks are of unlike runs: rank 0 has data 4567, "
                       "rank 1 has data 0123");
  expectWell(
      runEach(3, [&](SharedCommunicator &ranks) { agree(ranks, facts(1)); }));
}

//===----------------------------------------------------------------------===//
// Processes of a run
//===----------------------------------------------------------------------===//

static std::string failureOf(unsigned world,
                             const std::function<void(Communicator &)> &work) {
  try {
    runRanks(world, work);
  } catch (const RankError &error) {
    return std::string("lost: ") + error.what();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST(RunRanks, AllEndWell) {
  EXPECT_EQ(failureOf(8,
                      [](Communicator &ranks) {
                        float value = 1;
                        ranks.allReduce(&value, 1, Element::F32, Reduction::Sum,
                                        "x");
                        check(value == 8, "another sum");
                      }),
            "");
}

TEST(RunRanks, TheRootIsReported) {
  auto meet = [](Communicator &ranks) {
    ranks.enter("step 3");
    ranks.barrier("the begin");
  };
  EXPECT_EQ(failureOf(4,
                      [&](Communicator &ranks) {
                        meet(ranks);
                        if (ranks.rank() == 2)
                          fail("the loss is not finite");
                        ranks.barrier("the end");
                      }),
            "rank 2: the loss is not finite");
  EXPECT_EQ(failureOf(4,
                      [&](Communicator &ranks) {
                        meet(ranks);
                        if (ranks.rank() == 3)
                          raise(SIGKILL);
                        ranks.barrier("the end");
                      }),
            "lost: rank 3 was ended by signal 9 (Killed) in step 3");
  EXPECT_EQ(failureOf(3,
                      [&](Communicator &ranks) {
                        meet(ranks);
                        if (ranks.rank() == 1)
                          _exit(7);
                        ranks.barrier("the end");
                      }),
            "lost: rank 1 has ended; the others wait for it at the end, "
            "step 3");
}

TEST(RunRanks, WhatAllFindIsSaidOnce) {
  EXPECT_EQ(failureOf(3,
                      [](Communicator &ranks) {
                        // Slow ones are waited for.
                        usleep(ranks.rank() * 300000);
                        fail("x.bin: no such file");
                      }),
            "x.bin: no such file");
}

TEST(RunRanks, ARankThatComputesOnIsEnded) {
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(failureOf(2,
                      [](Communicator &ranks) {
                        ranks.barrier("the begin");
                        if (ranks.rank() == 1)
                          fail("no");
                        while (true)
                          usleep(1000);
                      }),
            "rank 1: no");
  std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  EXPECT_LT(taken.count(), 20);
}

/// Not one that only waits for someone to hear that it has ended.
static bool lives(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  size_t name = text.rfind(')');
  return name != std::string::npos && text[name + 2] != 'Z';
}

TEST(RunRanks, NoRankOutlivesItsParent) {
  for (int signal : {SIGTERM, SIGKILL}) {
    SharedMemory seen(3);
    int parent = fork();
    if (parent == 0) {
      runRanks(3, [&](Communicator &ranks) {
        seen.rank(ranks.rank()).pid = getpid();
        while (true)
          usleep(1000);
      });
      _exit(0);
    }
    for (unsigned rank = 0; rank < 3; ++rank)
      while (seen.rank(rank).pid == 0)
        usleep(1000);
    kill(parent, signal);
    int status = 0;
    waitpid(parent, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    for (unsigned rank = 0; rank < 3; ++rank) {
      int look = 0;
      while (lives(seen.rank(rank).pid) && ++look < 5000)
        usleep(1000);
      EXPECT_LT(look, 5000) << "rank " << rank << " lives on";
    }
  }
}

TEST(RunRanks, WhatTheCallerIgnoresEndsNothing) {
  int parent = fork();
  if (parent == 0) {
    signal(SIGHUP, SIG_IGN);
    std::string failure = failureOf(2, [&](Communicator &ranks) {
      ranks.barrier("the begin");
      if (ranks.rank() == 0)
        kill(getppid(), SIGHUP);
      usleep(200000);
    });
    _exit(failure.empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(parent, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
