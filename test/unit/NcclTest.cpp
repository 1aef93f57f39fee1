//===- NcclTest.cpp - ranks on GPUs that are none -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The driver and NCCL are those of test/cuda: ranks are processes, each with a
// GPU, that really exchange what NCCL is to. Sums are the CPU ranks', so a run
// must be theirs to the last bit; any call fails on demand, on any rank, and
// any operation hangs.
//
//===----------------------------------------------------------------------===//

#include "Runs.h"
#include "end_in_time.h"
#include "run_state.h"
#include "shared_communicator.h"

#include <dlfcn.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

using namespace gptc;

namespace {
class Nccl : public Runs {
protected:
  Nccl() {
    fake.gpu = true;
    options.ranks = 2;
  }

  /// Every rank that has a GPU has given back what it took.
  void expectNothingLeft(const std::string &name) {
    std::istringstream calls(folder.read(name));
    for (std::string line; std::getline(calls, line);)
      if (line.find("alive") != std::string::npos)
        EXPECT_NE(line.find(" 0 alive"), std::string::npos) << line;
  }

  Setting devices{"FAKE_CUDA_DEVICES", "8"};
  /// Of launched ranks; the processes of tests that run at once differ.
  std::string port = std::to_string(20000 + getpid() % 10000);
  FakeOptions fake;
};
} // namespace

TEST_F(Nccl, TrainsAsTheRanksOfTheCpuDo) {
  Setting log("FAKE_CUDA_LOG", folder / "calls");
  for (unsigned world : {2u, 4u}) {
    options.ranks = world;
    FakeOptions cpu;
    cpu.microBatches = fake.microBatches = 4;
    cpu.updateEvery = fake.updateEvery = 2;
    ASSERT_EQ(run(cpu, "cpu"), "");
    ASSERT_EQ(run(fake, "gpu"), "");
    EXPECT_EQ(folder.read("gpu"), folder.read("cpu"));
    EXPECT_EQ(values("gpu"), values("cpu"));
    ASSERT_GT(values("gpu").size(), 6u);
    EXPECT_EQ(device("gpu")["nccl"], "2.28.9");
  }
  expectNothingLeft("calls");
  std::string calls = folder.read("calls");
  EXPECT_NE(calls.find("all-reduce 16 on rank 3"), std::string::npos);
  EXPECT_NE(calls.find("end of NCCL: 0 alive"), std::string::npos);
  EXPECT_EQ(calls.find("abort"), std::string::npos);
}

TEST_F(Nccl, ExchangesBesideTheBackwardWhatTheCpuExchangesBehindIt) {
  FakeOptions cpu;
  cpu.microBatches = fake.microBatches = 4;
  ASSERT_EQ(run(cpu, "cpu"), "");
  cpu.overlaps = fake.overlaps = 2;
  ASSERT_EQ(run(cpu, "beside"), "");
  EXPECT_EQ(folder.read("beside"), folder.read("cpu"));
  EXPECT_EQ(values("beside"), values("cpu"));
  // Whether what no event orders comes late or early; and a wait too few shows.
  Setting late("FAKE_CUDA_LATE", "40");
  auto expect = [&](bool isRight) {
    ASSERT_EQ(run(fake, "gpu"), "");
    EXPECT_EQ(folder.read("gpu") == folder.read("cpu"), isRight);
    EXPECT_EQ(values("gpu") == values("cpu"), isRight);
  };
  auto expectAll = [&](bool isRight) {
    expect(isRight);
    Setting eager("FAKE_CUDA_EAGER", "1");
    expect(isRight);
  };
  expectAll(true);
  Setting fault("FAKE_CUDA_NO_WAITS", "1");
  expectAll(false);
}

TEST_F(Nccl, TracesAStepOfAllRanks) {
  fake.microBatches = 4;
  fake.overlaps = 2;
  options.trace = folder / "trace.json";
  options.traceStep = 2;
  for (bool gpu : {true, false}) {
    fake.gpu = gpu;
    ASSERT_EQ(run(fake, "p"), "");
    nlohmann::json trace = nlohmann::json::parse(folder.read("trace.json"));
    EXPECT_EQ(trace["otherData"]["step"], 2);
    std::vector<double> launches[2], exchanges[2];
    double over[2] = {};
    for (const nlohmann::json &event : trace["traceEvents"]) {
      if (event["ph"] != "X")
        continue;
      unsigned rank = event["pid"];
      ASSERT_LT(rank, 2u);
      EXPECT_GE(event["dur"], 0);
      (event["tid"] == 0 ? launches : exchanges)[rank].push_back(event["ts"]);
      if (event["tid"] == 0)
        continue;
      EXPECT_EQ(event["cat"], "micro.early");
      EXPECT_EQ(event["args"]["bytes"].get<int>(), gpu          ? 68
                                                   : over[rank] ? 4
                                                                : 64);
      over[rank] =
          over[rank] ? over[rank] : double(event["ts"]) + double(event["dur"]);
    }
    for (unsigned rank : {0u, 1u}) {
      // The prologue, five launches of two micro-batches each, the update's.
      EXPECT_EQ(launches[rank].size(), 1u + 2 * 5 + 3);
      EXPECT_TRUE(std::is_sorted(launches[rank].begin(), launches[rank].end()));
      // As one group, or one after the other.
      EXPECT_EQ(exchanges[rank].size(), gpu ? 1u : 2u);
    }
    EXPECT_NEAR(over[0], over[1], 1e-3);
  }
  options.traceStep = 6;
  EXPECT_EQ(run(fake, "p"), "--trace-step 6: the run trains steps 0 to 5");
}

TEST_F(Nccl, WritesTheCheckpointsOfTheCpuAndGoesOn) {
  FakeOptions cpu;
  cpu.microBatches = fake.microBatches = 4;
  cpu.updateEvery = fake.updateEvery = 3;
  cpu.sumsLate = fake.sumsLate = true; // each rank has gradients for itself
  options.checkpointEvery.steps = 1;
  options.keep = 0;
  options.checkpoint = folder / "cpu.kept";
  ASSERT_EQ(run(cpu, "cpu"), "");
  options.checkpoint = folder / "gpu.kept";
  ASSERT_EQ(run(fake, "gpu"), "");
  for (const StateFile &each : kStateFiles)
    for (const char *step : {"/step-00000001/", "/step-00000003/"}) {
      EXPECT_NE(folder.read(std::string("gpu.kept") + step + each.name), "");
      EXPECT_EQ(folder.read(std::string("gpu.kept") + step + each.name),
                folder.read(std::string("cpu.kept") + step + each.name));
    }
  options.resume = folder / "gpu.kept/step-00000004";
  options.checkpoint = folder / "on.kept";
  ASSERT_EQ(run(fake, "on"), "");
  EXPECT_EQ(folder.read("on"), folder.read("gpu"));
}

TEST_F(Nccl, EachFailureIsOneErrorAndLeavesNothing) {
  options.steps = 2;
  options.validation.clear();
  Setting rank("FAKE_NCCL_RANK", "1");
  unsigned count = 0;
  for (unsigned n = 1; n < 100; ++n) {
    Setting log("FAKE_CUDA_LOG", folder / "calls");
    Setting failure("FAKE_NCCL_FAIL", std::to_string(n));
    std::string error = run(fake, "p");
    expectNothingLeft("calls");
    // Before it is a rank, and when it takes leave, it fails nobody.
    if (!error.empty()) {
      ++count;
      EXPECT_EQ(error.find("rank 1: NCCL: nccl"), 0u) << error;
      EXPECT_NE(error.find(": internal error"), std::string::npos) << error;
      EXPECT_FALSE(std::filesystem::exists(folder / "p")) << "call " << n;
    }
    std::filesystem::remove(folder / "p");
    if (error.empty() && count)
      break;
  }
  EXPECT_EQ(count, 8u) << "two groups of two operations";
}

TEST_F(Nccl, EachFailureOfTheDriverIsOneErrorAndLeavesNothing) {
  options.steps = 1;
  options.validation.clear();
  bool ends = false;
  unsigned count = 0;
  // The ranks count on from what this process has called.
  void *driver = dlopen("libcuda.so.1", RTLD_NOW);
  ASSERT_NE(driver, nullptr) << dlerror();
  reinterpret_cast<void (*)()>(dlsym(driver, "fakeCudaRestart"))();
  // Which call is the last follows from how often a rank asks.
  for (unsigned n = 1; n < 400 && !ends; n += n < 60 ? 1 : 7) {
    Setting log("FAKE_CUDA_LOG", folder / "calls");
    Setting failure("FAKE_CUDA_FAIL", std::to_string(n));
    std::string error = run(fake, "p");
    expectNothingLeft("calls");
    ends = error.empty();
    count += !ends;
    EXPECT_TRUE(ends || error.find("the GPU's driver: cu") != std::string::npos)
        << error;
  }
  EXPECT_TRUE(ends);
  EXPECT_GT(count, 60u);
}

TEST_F(Nccl, WhereItCannotStartAllRanksSaySo) {
  for (const char *n : {"1", "2"}) {
    Setting failure("FAKE_NCCL_FAIL", n);
    std::string error = run(fake, "p");
    EXPECT_NE(error.find("NCCL: nccl"), std::string::npos) << error;
    EXPECT_NE(error.find(": internal error"), std::string::npos) << error;
  }
  Setting version("FAKE_NCCL_VERSION", "21706");
  EXPECT_EQ(run(fake, "p"),
            "libnccl.so.2 is NCCL 2.17.6, and 2.18.0 is needed");
}

TEST_F(Nccl, IsTheLibraryThatIsNamed) {
  options.gpu.nccl = folder / "none";
  std::string error = run(fake, "p");
  EXPECT_EQ(error.find("several ranks on GPUs need NCCL, and it cannot be "
                       "opened (" +
                       folder / "none: "),
            0u)
      << error;
  EXPECT_NE(error.find("--nccl PATH or NCCL_HOME"), std::string::npos);
  options.gpu.nccl.clear();
  std::filesystem::create_directory(folder / "lib");
  folder.write("lib/libnccl.so.2", "no library");
  Setting home("NCCL_HOME", folder.path);
  EXPECT_NE(run(fake, "p").find("lib/libnccl.so.2: file too short"),
            std::string::npos);
}

TEST_F(Nccl, RanksShareAGpuOnlyWhenTheyAreTo) {
  Setting one("FAKE_CUDA_DEVICES", "1");
  EXPECT_EQ(run(fake, "p"),
            "ranks 0 and 1 would have one GPU (of 1 that the driver shows "
            "here): start as many ranks as there are GPUs, or let them share "
            "with --share-gpus, which is slow");
  options.gpu.share = true;
  EXPECT_EQ(run(fake, "p"), "");
  EXPECT_EQ(device("p")["ranks_sharing_it"], 2);
  Setting memory("FAKE_CUDA_MEMORY", "2200");
  EXPECT_NE(run(fake, "p").find("each of 2 ranks on the GPU has 1100"),
            std::string::npos);
}

TEST_F(Nccl, ALostRankThatNcclSeesIsSaid) {
  Setting rank("FAKE_NCCL_RANK", "1");
  Setting lost("FAKE_NCCL_ASYNC", "4");
  std::string error = run(fake, "p");
  EXPECT_EQ(error.find("NCCL: nccl"), 0u) << error;
  EXPECT_NE(error.find("remote process exited; at the "), std::string::npos)
      << error;
}

TEST_F(Nccl, LaunchedRanksTrainAsThoseOfTheCpuDo) {
  FakeOptions cpu;
  cpu.updateEvery = fake.updateEvery = 3;
  cpu.sumsLate = fake.sumsLate = true; // each rank has gradients for itself
  options.checkpointEvery.steps = 1;
  options.keep = 0;
  options.checkpoint = folder / "cpu.kept";
  ASSERT_EQ(run(cpu, "cpu"), "");
  options.checkpoint = folder / "gpu.kept";
  options.ranks = 1; // the launcher's
  std::vector<int> pids;
  for (const char *rank : {"0", "1"}) {
    pids.push_back(fork());
    if (pids.back() != 0)
      continue;
    for (auto [name, value] : {std::pair("WORLD_SIZE", "2"),
                               {"RANK", rank},
                               {"LOCAL_RANK", rank},
                               {"MASTER_ADDR", "127.0.0.1"},
                               {"MASTER_PORT", port.c_str()}})
      setenv(name, value, 1);
    std::string error = run(fake, "gpu");
    folder.write(std::string("error") + rank, error);
    _exit(0);
  }
  for (int pid : pids)
    waitpid(pid, nullptr, 0);
  EXPECT_EQ(folder.read("error0") + folder.read("error1"), "");
  EXPECT_EQ(folder.read("gpu"), folder.read("cpu"));
  EXPECT_EQ(values("gpu"), values("cpu"));
  for (const StateFile &each : kStateFiles)
    for (const char *step : {"/step-00000001/", "/step-00000003/"}) {
      EXPECT_NE(folder.read(std::string("gpu.kept") + step + each.name), "");
      EXPECT_EQ(folder.read(std::string("gpu.kept") + step + each.name),
                folder.read(std::string("cpu.kept") + step + each.name));
    }
}

TEST_F(Nccl, AnOperationThatHangsEndsAllRanks) {
  Setting chosen("FAKE_NCCL_RANK", "1");
  Setting hang("FAKE_NCCL_HANG", "5");
  SharedMemory memory(2);
  std::vector<int> pids;
  for (unsigned rank : {0u, 1u}) {
    pids.push_back(fork());
    if (pids.back() != 0)
      continue;
    SharedCommunicator ranks(memory, rank, /*timeLimit=*/1);
    FakeProgram program(fake);
    std::FILE *nowhere = std::fopen("/dev/null", "w");
    std::string error =
        errorOf([&] { trainRank(program.view(), options, nowhere, ranks); });
    folder.write("error" + std::to_string(rank), error);
    _exit(0);
  }
  for (int pid : pids)
    waitpid(pid, nullptr, 0);
  std::string all = "all ranks have waited for 1 s at the mean of 'g' and 1 "
                    "more, step 2";
  std::string first = folder.read("error0"), second = folder.read("error1");
  EXPECT_TRUE(first == all || second == all) << first << "; " << second;
}

TEST(EndInTime, EndsAProcessThatDoesNot) {
  for (bool ends : {false, true}) {
    int pid = fork();
    if (pid == 0) {
      EndInTime limit("it does not end", ends ? 20 : 0.1);
      if (!ends)
        sleep(20);
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), ends ? 0 : kLostRankCode);
  }
}
