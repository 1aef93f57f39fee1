//===- CudaTest.cpp - the runtime on a GPU that is none -------------------===//
//
// Part of gptc, under the MIT License.
//
// The driver is that of test/cuda: it runs the tiny program's kernels on the
// host, so a run on the GPU must be the CPU's to the last bit; and any of its
// calls fails on demand.
//
//===----------------------------------------------------------------------===//

#include "Runs.h"
#include "checkpoint_folder.h"
#include "gradients.h"
#include "instance.h"
#include "profile.h"
#include "sample.h"

#include <cstring>
#include <dlfcn.h>
#include <filesystem>

using namespace gptc;

namespace {

/// What the tests' driver counts.
struct Driver {
  Driver() {
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    EXPECT_NE(library, nullptr) << dlerror();
    auto find = [&](const char *name) { return dlsym(library, name); };
    calls = reinterpret_cast<unsigned long long (*)()>(find("fakeCudaCalls"));
    restart = reinterpret_cast<void (*)()>(find("fakeCudaRestart"));
    live = reinterpret_cast<size_t (*)()>(find("fakeCudaLive"));
  }
  unsigned long long (*calls)();
  void (*restart)();
  size_t (*live)();
};

class Cuda : public Runs {
protected:
  Cuda() { fake.gpu = true; }
  ~Cuda() override { EXPECT_EQ(driver.live(), 0u); }

  Driver driver;
  FakeOptions fake;
};

} // namespace

TEST_F(Cuda, TrainsAsTheCpuDoes) {
  FakeOptions cpu;
  cpu.twoLosses = fake.twoLosses = true;
  ASSERT_EQ(run(cpu, "cpu"), "");
  ASSERT_EQ(run(fake, "gpu"), "");
  EXPECT_EQ(folder.read("gpu"), folder.read("cpu"));
  EXPECT_EQ(values("gpu"), values("cpu"));
  ASSERT_GT(values("gpu").size(), 6u);
}

TEST_F(Cuda, SaysItsShareOfTheSpeedOfLight) {
  ASSERT_EQ(run(fake, "gpu"), "");
  std::istringstream log(folder.read("gpu.log"));
  double last = 0;
  int steps = 0;
  for (std::string line; std::getline(log, line);) {
    nlohmann::json entry = nlohmann::json::parse(line);
    if (!entry.contains("loss"))
      continue;
    ++steps;
    // Two micro-batches of a millisecond each.
    double now = entry["train_time_ms"];
    EXPECT_NEAR(double(entry["speed_of_light"]) * (now - last), 2, 1e-6);
    last = now;
  }
  EXPECT_EQ(steps, 6);
  EXPECT_NE(folder.read("out").find(" speed_of_light:"), std::string::npos);
  FakeOptions cpu;
  ASSERT_EQ(run(cpu, "cpu"), "");
  EXPECT_EQ(folder.read("cpu.log").find("speed_of_light"), std::string::npos);
}

TEST_F(Cuda, TellsTheTimeOfEveryLaunch) {
  ProfileOptions profiled;
  profiled.data = options.data;
  profiled.csv = folder / "t.csv";
  profiled.repeats = 2;
  auto told = [&] {
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    std::string error =
        errorOf([&] { profile(program.view(), profiled, console); });
    std::fclose(console);
    return error;
  };
  ASSERT_EQ(told(), "");
  std::string out = folder.read("out");
  // The driver counts a millisecond for each piece of work: a graph, a launch.
  EXPECT_NE(out.find("micro.early              2     1.000    1.000    1.000 "
                     "        4.000      1.000\n"),
            std::string::npos)
      << out;
  std::string table = folder.read("t.csv");
  EXPECT_NE(table.find(",\"residual\",attention,\"fake.mlir:3\",2,bf16,"
                       "989400000000,0,8,4,1000.000,1000.000,1.0000\n"),
            std::string::npos)
      << table;
  // Any call fails once: one error, nothing left.
  unsigned long long count = 0;
  for (unsigned long long n = 1;; ++n) {
    Setting failure("FAKE_CUDA_FAIL", std::to_string(n));
    driver.restart();
    std::string error = told();
    ASSERT_EQ(driver.live(), 0u) << "call " << n;
    if (error.empty())
      break;
    EXPECT_EQ(error.find("the GPU's driver: "), 0u) << error;
    ++count;
  }
  EXPECT_GT(count, 100u);
}

TEST_F(Cuda, IsNamedInTheHeaderOfALog) {
  ASSERT_EQ(run(fake, "gpu"), "");
  std::istringstream log(folder.read("gpu.log"));
  std::string first;
  std::getline(log, first);
  nlohmann::json header = nlohmann::json::parse(first)["header"];
  EXPECT_FALSE(header["run"].contains("threads"));
  nlohmann::json device = header["device"];
  EXPECT_EQ(device["name"], "Fake GPU");
  EXPECT_EQ(device["memory_bytes"], uint64_t(1) << 40);
  EXPECT_EQ(device["multiprocessors"], 132);
  std::string version = device["driver"];
  EXPECT_NE(version.find("CUDA 13.0"), std::string::npos) << version;
  EXPECT_FALSE(device.contains("processors"));
  EXPECT_TRUE(device.contains("system"));
}

TEST_F(Cuda, ReadsWhatAStepLeftWhenTheNextOneIsUnderWay) {
  Setting log("FAKE_CUDA_LOG", folder / "calls");
  options.validation.clear();
  FakeProgram program(fake);
  std::FILE *console = std::fopen((folder / "out").c_str(), "w");
  EXPECT_EQ(errorOf([&] { train(program.view(), options, console); }), "");
  std::fclose(console);
  std::istringstream calls(folder.read("calls"));
  int ahead = 0, most = 0, waits = 0, filled = 0;
  bool hasBegun = false;
  for (std::string line; std::getline(calls, line);) {
    // Events 0 and 1 are those of the inputs' pinned memory, 2 and 3 the ends
    // of steps.
    bool endsStep = line == "event 2" || line == "event 3";
    ahead += endsStep;
    most = std::max(most, ahead);
    if (line == "wait 2" || line == "wait 3") {
      --ahead;
      ++waits;
    }
    filled += line == "wait 0" || line == "wait 1";
    EXPECT_TRUE(line != "wait for all" || waits == 6) << "in the run";
    hasBegun |= endsStep;
    EXPECT_TRUE(!hasBegun || line.compare(0, 6, "write ") != 0 ||
                line.find("pinned") != std::string::npos)
        << "a step waits for the one before: " << line;
  }
  EXPECT_EQ(most, 2);
  EXPECT_EQ(waits, 6);
  EXPECT_GT(filled, 0) << "no memory of inputs was used twice";
}

TEST_F(Cuda, KeepsEveryUpdateFromHappeningAfterANumberThatIsNone) {
  options.validation.clear();
  for (int64_t step = 1; step < 6; ++step)
    for (bool isLoss : {false, true}) {
      FakeOptions broken = fake;
      (isLoss ? broken.brokenStep : broken.steepStep) = step;
      std::string name = "p" + std::to_string(step) + (isLoss ? "l" : "g");
      std::string error = run(broken, name);
      ASSERT_EQ(error.find("step " + std::to_string(step) + ", micro-batch "),
                0u)
          << error;
      EXPECT_FALSE(std::filesystem::exists(folder / name));
      options.steps = step;
      ASSERT_EQ(run(fake, "good"), "");
      options.steps.reset();
      EXPECT_EQ(folder.read("good"),
                folder.read(name + "-step" + std::to_string(step) +
                            "-params.safetensors"));
      EXPECT_EQ(values(name), values("good"));
    }
}

TEST_F(Cuda, MakesAllGraphsBeforeTheFirstStep) {
  // Making one may wait for the GPU, and a step would be reported late.
  Setting log("FAKE_CUDA_LOG", folder / "calls");
  ASSERT_EQ(run(fake, "p"), "");
  std::string calls = folder.read("calls");
  size_t first = calls.find("\nlaunch "), last = calls.rfind("\nnode ");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(last, std::string::npos);
  EXPECT_LT(last, first);
}

TEST_F(Cuda, FindsDeadMemoryPoisoned) {
  Setting poison("GPTC_POISON", "1");
  FakeProgram program(fake);
  Instance instance(program.view(), 1, 0);
  instance.initialize();
  const Buffer &workspace = *(program.view().buffers().end() - 1);
  ASSERT_EQ(workspace.kind, BufferKind::Workspace);
  std::vector<std::byte> storage;
  float value;
  std::memcpy(&value, instance.read(workspace, storage), sizeof(value));
  EXPECT_NE(value, value);
}

TEST_F(Cuda, EachFailureIsOneErrorAndLeavesNothing) {
  unsigned long long count = 0;
  for (unsigned long long n = 1;; ++n) {
    Setting failure("FAKE_CUDA_FAIL", std::to_string(n));
    driver.restart();
    std::string error = run(fake, "p");
    ASSERT_EQ(driver.live(), 0u) << "call " << n;
    if (error.empty())
      break;
    ++count;
    EXPECT_EQ(error.find("the GPU's driver: cu"), 0u) << error;
    EXPECT_NE(error.find("unknown error (error 999)"), std::string::npos)
        << error;
    EXPECT_EQ(folder.read("p"), "") << "call " << n;
  }
  EXPECT_GT(count, 100u);
  EXPECT_NE(folder.read("p"), "");
}

TEST_F(Cuda, WritesTheCheckpointsThatTheCpuDoes) {
  fake.updateEvery = 3; // gradients wait
  FakeOptions cpu = fake;
  cpu.gpu = false;
  options.checkpointEvery.steps = 1;
  options.keep = 0;
  auto file = [&](const char *of, int step, const char *name) {
    return folder.read(std::string(of) + "/step-0000000" +
                       std::to_string(step) + "/" + name);
  };
  options.checkpoint = folder / "cpu.kept";
  ASSERT_EQ(run(cpu, "cpu"), "");
  options.checkpoint = folder / "gpu.kept";
  ASSERT_EQ(run(fake, "gpu"), "");
  for (int step = 1; step <= 6; ++step)
    for (const StateFile &each : kStateFiles) {
      EXPECT_NE(file("gpu.kept", step, each.name), "");
      EXPECT_EQ(file("gpu.kept", step, each.name),
                file("cpu.kept", step, each.name))
          << each.name << " of step " << step;
    }
  for (int step = 1; step < 6; ++step) {
    options.resume = folder / ("gpu.kept/step-0000000" + std::to_string(step));
    options.checkpoint = folder / ("on" + std::to_string(step));
    ASSERT_EQ(run(fake, "on"), "");
    EXPECT_EQ(folder.read("on"), folder.read("gpu"));
    EXPECT_EQ(values("on").back(), values("gpu").back());
  }
}

TEST_F(Cuda, AFailureLeavesTheCheckpointBeforeIt) {
  options.checkpointEvery.steps = 2;
  unsigned long long count = 0;
  for (unsigned long long n = 1;; n += 7) {
    Setting failure("FAKE_CUDA_FAIL", std::to_string(n));
    options.checkpoint = folder / ("kept" + std::to_string(n));
    driver.restart();
    std::string error = run(fake, "p");
    ASSERT_EQ(driver.live(), 0u) << "call " << n;
    if (std::filesystem::exists(options.checkpoint)) {
      EXPECT_EQ(errorOf([&] { newestCheckpoint(options.checkpoint); }), "");
    }
    if (error.empty())
      break;
    ++count;
    EXPECT_EQ(error.find("the GPU's driver: cu"), 0u) << error;
  }
  EXPECT_GT(count, 20u);
}

TEST_F(Cuda, RefusesMachinesThatDoNotServe) {
  auto message = [&](const char *name, const char *value) {
    Setting setting(name, value);
    return run(fake, "p");
  };
  EXPECT_EQ(message("FAKE_CUDA_DEVICES", "0"),
            "this program runs on a Hopper GPU (H100, H200) with NVIDIA's "
            "driver, and the driver finds no GPU (is CUDA_VISIBLE_DEVICES "
            "set?)");
  EXPECT_EQ(message("FAKE_CUDA_CAPABILITY", "80"),
            "this program's kernels are for Hopper (H100, H200; sm_90a), and "
            "the GPU found is 'Fake GPU' of compute capability 8.0; choose "
            "another one with CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(message("FAKE_CUDA_MEMORY", "1000"),
            "the model's parameters, gradients and states take 1152 bytes of "
            "memory, and the GPU has 1000 available");
  EXPECT_NE(
      message("FAKE_CUDA_MEMORY", "1200")
          .find("for parameters, gradients, states), and the GPU has 1200"),
      std::string::npos);
}

TEST_F(Cuda, DrawsSamples) {
  SampleOptions sampling;
  sampling.length = 5;
  auto drawn = [&](const FakeOptions &fake) {
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    EXPECT_EQ(errorOf([&] { sample(program.view(), sampling, console); }), "");
    std::fclose(console);
    return folder.read("out");
  };
  EXPECT_EQ(drawn(fake), drawn({}));
}
