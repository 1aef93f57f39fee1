//===- CheckpointTest.cpp - runs that go on -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A run of the tiny program is cut in two at every step and compared with one
// that was not; checkpoints are damaged bit by bit; the state of ranks with
// shares is put together and taken apart again.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"
#include "Files.h"
#include "ProgramBuilder.h"
#include "checkpoint_folder.h"
#include "checkpoints.h"
#include "digest.h"
#include "log_resume.h"
#include "ranks.h"
#include "safetensors.h"
#include "train.h"

#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <thread>

using namespace gptc;
namespace fs = std::filesystem;

namespace {
class Checkpointing : public testing::Test {
protected:
  Checkpointing() {
    std::vector<uint16_t> tokens;
    for (int i = 0; i < 4000; ++i)
      tokens.push_back(uint16_t(i % 7 == 0 ? 0 : (i * i + i / 5) % 15 + 1));
    options.data = folder.write("train.bin", shardBytes(tokens));
    tokens.resize(21);
    options.validation = folder.write("val.bin", shardBytes(tokens));
    options.validateEvery = 1;
    options.checkpointEvery.steps = 1;
    options.keep = 0;
    fake.updateEvery = 3; // gradients wait
    fake.microBatches = 4;
  }

  /// A run whose files are called after `name`; its error.
  std::string run(const std::string &name) {
    options.checkpoint = folder / (name + ".kept");
    options.save = folder / (name + ".saved");
    options.log = folder / (name + ".log");
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    std::string error =
        errorOf([&] { train(program.view(), options, console); });
    std::fclose(console);
    return error;
  }

  std::string kept(const std::string &name, int64_t step) {
    return checkpointPath(folder / (name + ".kept"), step);
  }

  std::string file(const std::string &name, int64_t step,
                   const std::string &which) {
    return folder.read(name + ".kept/step-0000000" + std::to_string(step) +
                       "/" + which);
  }

  /// What a log says of steps, without times.
  std::vector<std::string> values(const std::string &name) {
    std::istringstream text(folder.read(name + ".log"));
    std::vector<std::string> all;
    for (std::string line; std::getline(text, line);) {
      nlohmann::json entry = nlohmann::json::parse(line);
      for (const char *time : {"train_time_ms", "tokens_per_second"})
        entry.erase(time);
      if (entry.contains("step"))
        all.push_back(entry.dump());
    }
    return all;
  }

  Folder folder;
  TrainOptions options;
  FakeOptions fake;
};
} // namespace

TEST_F(Checkpointing, GoesOnWithTheSameBits) {
  for (bool sumsLate : {false, true})
    for (unsigned ranks : {1u, 2u}) {
      fake.sumsLate = sumsLate;
      options.ranks = ranks;
      options.resume.clear();
      std::string whole =
          "whole" + std::to_string(ranks) + (sumsLate ? "late" : "");
      ASSERT_EQ(run(whole), "");
      for (int64_t step = 1; step < 6; ++step) {
        std::string name = whole + std::to_string(step);
        fs::copy(folder / (whole + ".log"), folder / (name + ".log"));
        options.resume = kept(whole, step);
        ASSERT_EQ(run(name), "");
        EXPECT_EQ(values(name), values(whole));
        EXPECT_EQ(folder.read(name + ".saved"), folder.read(whole + ".saved"));
        for (int64_t later = step + 1; later <= 6; ++later)
          for (const StateFile &each : kStateFiles)
            EXPECT_EQ(file(name, later, each.name),
                      file(whole, later, each.name))
                << each.name << " of step " << later << " on from " << step;
      }
    }
}

TEST_F(Checkpointing, WhatRanksHaveForThemselvesBecomesTheMean) {
  fake.sumsLate = true;
  ASSERT_EQ(run("one"), "");
  options.ranks = 2;
  ASSERT_EQ(run("two"), "");
  TensorFile there(kept("two", 1) + "/gradients.safetensors");
  ASSERT_NE(there.find("g.ranks"), nullptr);
  EXPECT_EQ(there.find("g.ranks")->shape, (std::vector<int64_t>{2, 16}));
  EXPECT_EQ(there.find("g"), nullptr);
  TensorFile after(kept("two", 3) + "/gradients.safetensors");
  EXPECT_TRUE(after.tensors().empty()); // consumed
  for (unsigned ranks : {1u, 4u}) {
    std::string name = "on" + std::to_string(ranks);
    options.ranks = ranks;
    options.resume = kept("two", 2);
    ASSERT_EQ(run(name), "");
    TensorFile got(folder / (name + ".saved")), wanted(folder / "one.saved");
    for (int v = 0; v < 16; ++v) {
      float a, b;
      std::memcpy(&a, got.find("w")->data + 4 * v, 4);
      std::memcpy(&b, wanted.find("w")->data + 4 * v, 4);
      EXPECT_NEAR(a, b, 1e-6f * std::max(1.0f, std::abs(b)));
    }
  }
}

TEST_F(Checkpointing, EveryBitThatFlipsIsFound) {
  ASSERT_EQ(run("run"), "");
  std::string path = kept("run", 4);
  Checkpoint(path).verify();
  int64_t tried = 0;
  for (const char *name : {"parameters.safetensors", "optimizer.safetensors",
                           "gradients.safetensors", kManifest}) {
    std::string full = path + "/" + name;
    std::string bytes = file("run", 4, name);
    auto isDamaged = [&](const std::string &changed) {
      std::ofstream(full, std::ios::binary) << changed;
      ++tried;
      try {
        Checkpoint(path).verify();
      } catch (const DamagedCheckpoint &error) {
        return std::string(error.what()).find(full) == 0;
      }
      return false;
    };
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = char(changed[at] ^ (1 << at % 8));
      ASSERT_TRUE(isDamaged(changed)) << name << ", byte " << at;
    }
    size_t whole = bytes.size() - (name == kManifest); // its last line's end
    for (size_t size = 0; size < whole; ++size)
      ASSERT_TRUE(isDamaged(bytes.substr(0, size))) << name << ", " << size;
    fs::remove(full);
    EXPECT_THROW(Checkpoint(path).verify(), DamagedCheckpoint) << name;
    std::ofstream(full, std::ios::binary) << bytes;
  }
  Checkpoint(path).verify();
  EXPECT_GT(tried, 2000);
}

TEST_F(Checkpointing, WhatIsNoManifestIsRefused) {
  ASSERT_EQ(run("run"), "");
  std::string path = kept("run", 4), name = path + "/" + kManifest;
  auto said = [&](nlohmann::ordered_json manifest) {
    manifest.erase("xxh3_128");
    std::string text = manifest.dump();
    manifest["xxh3_128"] = digestBytes(text.data(), text.size()).text();
    std::ofstream(name) << manifest;
    return errorOf([&] { Checkpoint(path).verify(); });
  };
  auto whole = nlohmann::ordered_json::parse(file("run", 4, kManifest));
  EXPECT_EQ(said(whole), "");
  auto without = [&](const char *key) {
    nlohmann::ordered_json changed = whole;
    changed.erase(key);
    return said(changed);
  };
  for (const char *key : {"step", "data", "train_seconds", "files"})
    EXPECT_NE(without(key).find("the file is damaged"), std::string::npos)
        << key;
  whole["format"] = "gptc checkpoint 9";
  EXPECT_EQ(said(whole),
            name + ": is of the format \"gptc checkpoint 9\", 'gptc checkpoint "
                   "1' was expected: another gptc wrote it");
  whole = nullptr;
  std::ofstream(name) << whole;
  EXPECT_EQ(errorOf([&] { Checkpoint(path).verify(); }),
            name + ": the file is damaged: it is no whole JSON object");
}

TEST_F(Checkpointing, OfAnotherRunIsRefused) {
  ASSERT_EQ(run("run"), "");
  options.resume = kept("run", 4);
  auto begins = [&](const std::string &text) {
    std::string error = run("on");
    EXPECT_EQ(error.find(options.resume + text), 0u) << error;
  };
  fake.fingerprint = 7;
  begins(": is the checkpoint of another program: its kernels or schedules are "
         "others; go on with the program that wrote it, or begin with what it "
         "has learnt: --params " +
         options.resume + "/parameters.safetensors");
  fake.vocabularySize = 18;
  begins(": is the checkpoint of another program: constant 'V' is 16 there and "
         "18 here; ");
  fake.vocabularySize = 16;
  fake.fingerprint = FakeOptions().fingerprint;
  options.set = {"rate=0.5"};
  begins(": its run had nothing set, this one has --set rate=0.5: ");
  options.set.clear();
  options.overfitBatch = true;
  begins(": its run was not with --overfit-batch");
  options.overfitBatch = false;
  options.parameters = kept("run", 4) + "/parameters.safetensors";
  EXPECT_EQ(run("on").find("--params "), 0u);
  options.resume.clear(); // what was learnt is a parameter file
  EXPECT_EQ(run("on"), "");
}

TEST_F(Checkpointing, MoreDataAndStepsMayFollow) {
  ASSERT_EQ(run("whole"), "");
  options.steps = 3;
  ASSERT_EQ(run("run"), "");
  options.steps.reset();
  fs::copy(folder / "train.bin", folder / "train2.bin");
  options.data = folder / "train*.bin";
  options.resume = "auto";
  ASSERT_EQ(run("run"), "");
  EXPECT_EQ(folder.read("run.saved"), folder.read("whole.saved"));
}

TEST_F(Checkpointing, ARunOfSetConstantsGoesOn) {
  options.set = {"rate=0.5"};
  ASSERT_EQ(run("whole"), "");
  options.resume = kept("whole", 2);
  fs::copy(folder / "whole.log", folder / "on.log");
  ASSERT_EQ(run("on"), "");
  EXPECT_EQ(values("on"), values("whole"));
  options.set.clear();
  options.resume.clear();
  ASSERT_EQ(run("plain"), "");
  options.resume = kept("plain", 2);
  std::string error = run("on"); // its log is that of other settings
  EXPECT_NE(error.find("is the checkpoint of a later step"), std::string::npos)
      << error;
  options.checkpoint.clear();
  FakeProgram program(fake);
  error = errorOf([&] { train(program.view(), options, stderr); });
  EXPECT_NE(error.find("on.log: is the log of another program or other "
                       "settings (fingerprint "),
            std::string::npos)
      << error;
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

TEST(CheckpointFolder, KeepsTheNewestAndRemovesWhatIsHalfWritten) {
  Folder folder;
  std::string path = folder / "kept";
  auto names = [&] {
    std::string all;
    for (int64_t step : stepsIn(path))
      all += std::to_string(step) + " ";
    return all;
  };
  auto fill = [](const std::string &to) { std::ofstream(to + "/a") << "x"; };
  {
    CheckpointFolder kept(path, 2);
    kept.begin(0);
    for (int64_t step : {2, 4, 6})
      kept.add(step, fill);
    EXPECT_EQ(names(), "4 6 ");
    EXPECT_EQ(
        errorOf([&] { kept.add(8, [](const std::string &) { fail("no"); }); }),
        "no");
    EXPECT_EQ(names(), "4 6 ");
  }
  fs::create_directory(path + "/step-00000007.tmp");
  std::ofstream(path + "/step-00000007.tmp/parameters.safetensors") << "half";
  fs::create_directory(path + "/mine");
  fs::create_directory(path + "/step-7");
  {
    CheckpointFolder kept(path, 2);
    EXPECT_FALSE(fs::exists(path + "/step-00000007.tmp"));
    EXPECT_TRUE(fs::exists(path + "/mine"));
    kept.begin(4); // 6 is none: it may be replaced
    kept.add(6, fill);
    kept.add(8, fill);
    EXPECT_EQ(names(), "6 8 ");
  }
  EXPECT_TRUE(fs::exists(path + "/step-7"));
}

TEST(CheckpointFolder, HasOneRunAtATime) {
  Folder folder;
  std::string path = folder / "kept";
  CheckpointFolder kept(path, 2);
  std::string error = errorOf([&] { CheckpointFolder other(path, 2); });
  EXPECT_EQ(error, path + ": another run (process " + std::to_string(getpid()) +
                       ") writes its checkpoints there: end it first, or give "
                       "this one another --checkpoint");
}

TEST(CheckpointFolder, WaitsForARunThatEnds) {
  Folder folder;
  std::string path = folder / "kept";
  auto first = std::make_unique<CheckpointFolder>(path, 2);
  std::thread ending([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    first.reset();
  });
  EXPECT_EQ(errorOf([&] { CheckpointFolder other(path, 2); }), "");
  ending.join();
}

//===----------------------------------------------------------------------===//
// The log
//===----------------------------------------------------------------------===//

TEST(LogResume, CutsWhatIsRunAgain) {
  Folder folder;
  FakeProgram program;
  Settings none;
  std::string header =
      "{\"header\":{\"fingerprint\":\"123456789abcdef0\",\"run\":{}}}\n";
  auto step = [](int i) {
    return "{\"step\":" + std::to_string(i) + ",\"loss\":1}\n";
  };
  auto val = [](int i) {
    return "{\"step\":" + std::to_string(i) + ",\"val_loss\":1}\n";
  };
  std::string resumed = "{\"resumed\":{\"step\":2}}\n";
  std::string before = header + val(0) + step(1) + step(2);
  auto cut = [&](const std::string &text, int64_t at) {
    std::string path = folder.write("log", text);
    EXPECT_TRUE(cutLog(path, at, program.view(), none));
    return folder.read("log");
  };
  EXPECT_EQ(cut(before + val(2) + step(3), 2), before);
  EXPECT_EQ(cut(before + resumed + val(2) + step(3), 2), before + resumed);
  EXPECT_EQ(cut(before + val(2) + step(3), 3), before + val(2) + step(3));
  EXPECT_EQ(cut(before + "{\"step\":3,\"lo", 3), before); // cut off
  EXPECT_EQ(cut(before + "\n" + step(3), 3), before);
  EXPECT_EQ(cut(before, 0), header);
  EXPECT_FALSE(cutLog(folder / "none", 2, program.view(), none));
  EXPECT_FALSE(cutLog(folder.write("empty", ""), 2, program.view(), none));
  EXPECT_FALSE(cutLog(folder.write("half", header.substr(0, 9)), 2,
                      program.view(), none));
  for (const char *text : {"text\n", "{\"step\":1}\n", "{\"header\":[]}\n",
                           "{\"header\":{\"run\":3}}\n"}) {
    std::string path = folder.write("other", text);
    EXPECT_EQ(errorOf([&] {
                cutLog(path, 2, program.view(), none);
              }).find(path + ": is no log of a run"),
              0u);
    EXPECT_EQ(folder.read("other"), text);
  }
  std::string other = header;
  other.replace(other.find("1234"), 4, "9999");
  std::string path = folder.write("other", other);
  EXPECT_EQ(errorOf([&] { cutLog(path, 2, program.view(), none); }),
            path + ": is the log of another program or other settings "
                   "(fingerprint 999956789abcdef0), and a run that goes on "
                   "would add to it: name another --log");
}

//===----------------------------------------------------------------------===//
// Shares
//===----------------------------------------------------------------------===//

namespace {
/// A program of memory alone: a stack of three parameters of two elements, its
/// state and its gradient, of which each of two ranks has a share of four
/// elements, and a state that every rank has whole.
class Shares {
public:
  Shares() {
    ProgramBuilder b;
    auto stack = [&](const char *name, BufferKind kind, uint32_t ranks) {
      uint32_t first = uint32_t(b.buffers.size());
      for (int i = 0; i < 3; ++i) {
        b.buffer(name + std::to_string(i), kind, Element::F32, {2});
        b.buffers.back().offset = b.buffers[first].offset + uint64_t(8 * i);
        b.buffers.back().ranks = ranks;
      }
      b.buffers[first].following = 2;
      b.buffers[first].room = 32;
      return first;
    };
    auto share = [&](const char *name, uint32_t whole) {
      uint32_t index = b.buffer(name, BufferKind::Share, Element::F32, {4});
      b.buffers[index].ranks = 2;
      b.buffers[index].whole = whole;
      return index;
    };
    uint32_t p = stack("p", BufferKind::Parameter, 0);
    uint32_t g = stack("g", BufferKind::Gradient, 0);
    stack("m", BufferKind::Optimizer, 1);
    b.buffer("n", BufferKind::Optimizer, Element::F64, {});
    share("p.share", p);
    gradient = share("g.share", g);
    state = share("m.share", p + 6);
    b.header.init = b.header.sample = kNone;
    b.header.microBatches = 2;
    blob = b.finish();
  }
  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()), nullptr,
            nullptr};
  }
  uint32_t gradient = 0, state = 0;

private:
  std::vector<uint64_t> blob;
};
} // namespace

static std::vector<float> floatsOf(const Instance &instance,
                                   const Buffer &buffer) {
  std::vector<std::byte> storage;
  std::vector<float> values(buffer.bytes / 4);
  std::memcpy(values.data(), instance.read(buffer, storage), buffer.bytes);
  return values;
}

static std::vector<float> floatsOf(const Tensor *tensor) {
  std::vector<float> values(tensor ? tensor->bytes / 4 : 0);
  if (tensor)
    std::memcpy(values.data(), tensor->data, tensor->bytes);
  return values;
}

TEST(RunState, IsWholeWhateverRanksShareOut) {
  Folder folder;
  Shares shares;
  using Floats = std::vector<float>;
  auto open = [&](Communicator &ranks) {
    return Instance(shares.view(), 1, 0, {}, {}, ranks);
  };
  auto write = [&](RunState &state) {
    for (const StateFile &each : kStateFiles)
      writeTensorFile(folder / each.name, state.tensors(each.kind));
  };
  // Written by two ranks, read by one and by two.
  runRanks(2, [&](Communicator &ranks) {
    Instance instance = open(ranks);
    auto buffers = shares.view().buffers();
    float first = 4 * float(ranks.rank());
    Floats own = {first + 1, first + 2, first + 3, first + 4};
    if (ranks.rank() == 1)
      own[2] = own[3] = 0; // beyond the end
    instance.write(buffers[shares.state], own.data());
    for (float &value : own)
      value *= -1;
    instance.write(buffers[shares.gradient], own.data());
    Floats added = {8 + first, 9};
    instance.write(buffers[4], added.data()); // g1
    double n = 0.5;
    instance.write(buffers[9], &n);
    RunState state(instance, ranks);
    state.copy();
    if (ranks.rank() == 0)
      write(state);
  });
  TensorFile optimizer(folder / "optimizer.safetensors");
  EXPECT_EQ(floatsOf(optimizer.find("m0")), (Floats{1, 2}));
  EXPECT_EQ(floatsOf(optimizer.find("m1")), (Floats{3, 4}));
  EXPECT_EQ(floatsOf(optimizer.find("m2")), (Floats{5, 6}));
  ASSERT_NE(optimizer.find("n"), nullptr);
  TensorFile gradients(folder / "gradients.safetensors");
  EXPECT_EQ(floatsOf(gradients.find("g0")), (Floats{-1, -2}));
  EXPECT_EQ(floatsOf(gradients.find("g2")), (Floats{-5, -6}));
  EXPECT_EQ(floatsOf(gradients.find("g1.ranks")), (Floats{8, 9, 12, 9}));
  EXPECT_EQ(gradients.tensors().size(), 4u);

  Instance one = open(singleRank());
  restoreState(one, singleRank(), folder.path);
  auto buffers = shares.view().buffers();
  EXPECT_EQ(floatsOf(one, buffers[8]), (Floats{5, 6}));            // m2
  EXPECT_EQ(floatsOf(one, buffers[4]), (Floats{-3 + 10, -4 + 9})); // g1
  RunState state(one, singleRank());
  state.copy();
  auto check = [&](bool hasOfRanks) {
    runRanks(2, [&](Communicator &ranks) {
      Instance instance = open(ranks);
      restoreState(instance, ranks, folder.path);
      bool isFirst = ranks.rank() == 0;
      Floats m = floatsOf(instance, buffers[shares.state]);
      Floats g = floatsOf(instance, buffers[shares.gradient]);
      Floats own = floatsOf(instance, buffers[4]);
      if (m != (isFirst ? Floats{1, 2, 3, 4} : Floats{5, 6, 0, 0}))
        fail("the state");
      Floats sums = hasOfRanks ? Floats{-1, -2, -3, -4} : Floats{-1, -2, 7, 5};
      if (g != (isFirst ? sums : Floats{-5, -6, 0, 0}))
        fail("the gradient's share");
      if (own !=
          (!hasOfRanks ? Floats{0, 0} : Floats{isFirst ? 8.0f : 12.0f, 9}))
        fail("the gradient");
    });
  };
  EXPECT_EQ(errorOf([&] { check(true); }), "");
  write(state); // of one rank
  EXPECT_EQ(errorOf([&] { check(false); }), "");
}

TEST(RunState, IsNotCopiedWhereThereIsNoRoom) {
  EXPECT_EQ(errorOf([] { checkCopy(100, 100); }), "");
  EXPECT_EQ(errorOf([] { checkCopy(101, 100); })
                .find("--checkpoint: the copy of parameters, states and "
                      "gradients takes 101 bytes of memory, and this machine "
                      "has 100 available"),
            0u);
  Shares shares; // p, g and m of two floats each, n of a double
  EXPECT_EQ(RunState::bytes(shares.view()), 10u * 64);
}

TEST(RunState, TensorsThatAreNoneOfTheProgramsAreRefused) {
  Folder folder;
  Shares shares;
  Instance one(shares.view(), 1, 0);
  RunState state(one, singleRank());
  state.copy();
  auto write = [&](BufferKind changed, auto change) {
    for (const StateFile &each : kStateFiles) {
      std::vector<NamedTensor> tensors = state.tensors(each.kind);
      if (each.kind == changed)
        change(tensors);
      writeTensorFile(folder / each.name, tensors);
    }
    return errorOf([&] { restoreState(one, singleRank(), folder.path); });
  };
  using Tensors = std::vector<NamedTensor>;
  EXPECT_EQ(write(BufferKind::Parameter, [](Tensors &) {}), "");
  EXPECT_EQ(write(BufferKind::Optimizer, [](Tensors &all) { all.pop_back(); }),
            folder / "optimizer.safetensors: 'n' of the model is missing");
  EXPECT_EQ(
      write(BufferKind::Parameter, [](Tensors &all) { all[1].shape = {1, 2}; }),
      folder / "parameters.safetensors: 'p1' is F32 [1, 2], the "
               "program's is F32 [2]");
  EXPECT_EQ(write(BufferKind::Gradient,
                  [](Tensors &all) {
                    all.push_back({"x", Element::F32, {1}, nullptr});
                  }),
            folder / "gradients.safetensors: it holds tensors that the program "
                     "does not have");
}
