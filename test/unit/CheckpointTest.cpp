//===- CheckpointTest.cpp - runs that go on -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A run of the tiny program is cut in two at every step and compared with one
// that was not; checkpoints are damaged bit by bit.
//
//===----------------------------------------------------------------------===//

#include "Runs.h"
#include "checkpoint_folder.h"
#include "checkpoints.h"
#include "digest.h"
#include "log_resume.h"
#include "nonfinite.h"
#include "parameters.h"
#include "ranks.h"
#include "safetensors.h"

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
class Checkpointing : public Runs {
protected:
  Checkpointing() {
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
  std::vector<std::string> linesOf(const std::string &name) {
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
        EXPECT_EQ(linesOf(name), linesOf(whole));
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
    for (size_t size = 0; size < bytes.size(); ++size)
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
    std::ofstream(name) << manifest.dump(2) << "\n";
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
  whole["train_seconds"] = 1e-5; // which JSON says in two ways
  EXPECT_EQ(said(whole), "");
  std::string text = file("run", 4, kManifest);
  ASSERT_NE(text.find("1e-05"), std::string::npos);
  text.replace(text.find("1e-05"), 5, "1E-05");
  std::ofstream(name) << text;
  EXPECT_NE(errorOf([&] {
              Checkpoint(path).verify();
            }).find("the file is damaged: its digest is another"),
            std::string::npos);
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

TEST_F(Checkpointing, WhatIsKeptOfAStepThatFailsIsBesideTheFolder) {
  FakeOptions broken = fake;
  broken.brokenStep = 3;
  FakeProgram program(broken);
  options.checkpoint = folder / "kept/";
  options.validation.clear();
  options.validateEvery.reset();
  std::FILE *console = std::fopen((folder / "out").c_str(), "w");
  std::string error = errorOf([&] { train(program.view(), options, console); });
  std::fclose(console);
  std::string stem = folder / "kept-step3-";
  EXPECT_NE(error.find("--params " + stem + "params.safetensors --batch " +
                       stem + "batch.safetensors"),
            std::string::npos)
      << error;
  EXPECT_TRUE(fs::exists(stem + "params.safetensors"));
  EXPECT_EQ(stepsIn(folder / "kept"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(keptStem(TrainOptions()), "nonfinite");
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
  EXPECT_EQ(linesOf("on"), linesOf("whole"));
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
