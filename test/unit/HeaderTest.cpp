//===- HeaderTest.cpp - what a log begins with, and on one batch ----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"
#include "Files.h"
#include "error.h"
#include "packing.h"
#include "processor.h"
#include "thread_pool.h"
#include "train.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

using namespace gptc;

namespace {
class Header : public testing::Test {
protected:
  Header() {
    for (int i = 0; i < 400; ++i)
      tokens.push_back(uint16_t(i % 7 == 0 ? 0 : (i * i + i / 5) % 15 + 1));
    options.data = folder.write("train.bin", shardBytes(tokens));
    options.log = folder / "log";
  }

  /// What a run prints.
  std::string run(const FakeOptions &fake = {}) {
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    error = errorOf([&] { train(program.view(), options, console); });
    std::fclose(console);
    return folder.read("out");
  }

  /// The log's objects.
  std::vector<nlohmann::json> log() {
    std::vector<nlohmann::json> objects;
    std::istringstream stream(folder.read("log"));
    for (std::string line; std::getline(stream, line);)
      objects.push_back(nlohmann::json::parse(line));
    return objects;
  }

  Folder folder;
  std::vector<uint16_t> tokens;
  TrainOptions options;
  std::string error;
};
} // namespace

TEST_F(Header, IsTheLogsFirstObject) {
  options.seed = 7;
  options.steps = 2;
  options.threads = 3;
  EXPECT_EQ(run().find("start: "), 0u); // the plain log has none unless asked
  ASSERT_EQ(error, "");
  std::vector<nlohmann::json> objects = log();
  ASSERT_EQ(objects.size(), 3u);
  ASSERT_EQ(objects[0].size(), 1u);
  nlohmann::json header = objects[0]["header"];
  EXPECT_EQ(header["model"], "fake");
  EXPECT_EQ(header["fingerprint"], "123456789abcdef0");
  EXPECT_EQ(header["constants"]["V"], 16);
  EXPECT_EQ(header["notes"]["target"], "fake");
  EXPECT_EQ(header["steps"], 6);
  EXPECT_EQ(header["run"]["steps"], 2);
  EXPECT_EQ(header["run"]["seed"], 7);
  EXPECT_EQ(header["run"]["threads"], 3);
  EXPECT_EQ(header["run"]["overfit_batch"], false);
  EXPECT_EQ(header["run"]["data"], options.data);
  EXPECT_FALSE(header["run"].contains("val"));
  EXPECT_FALSE(header.contains("losses"));
  EXPECT_EQ(header["device"]["name"], processorName());
  EXPECT_EQ(header["device"]["processors"], availableProcessors());
  EXPECT_EQ(header["sources"][0]["file"], "fake.mlir");
  EXPECT_EQ(header["sources"][0]["text"], "gpt.model @fake {\n}\n");
  EXPECT_EQ(header["sources"][1]["file"], "base.mlir");
}

TEST_F(Header, SaysWhatItsLossesAre) {
  FakeOptions fake;
  fake.lossAsItIs = true;
  run(fake);
  EXPECT_EQ(log()[0]["header"]["losses"],
            "loss: what is trained, as the graph gives it");
}

TEST_F(Header, BeginsThePlainLogWhereItIsAskedFor) {
  options.steps = 1;
  options.logHeader = true;
  options.validation = options.data;
  std::string out = run();
  ASSERT_EQ(error, "");
  EXPECT_EQ(out.find("==== fake.mlir ===="), 0u) << out;
  for (const char *section :
       {"===\ngpt.model @fake {\n}\n==== base.mlir ====",
        "===\ngpt.model @base {\n}\n==== run of fake ====",
        "\nfingerprint: 123456789abcdef0\n", "\nnotes:\n  target: fake\n",
        "\nconstants:\n  V: 16.0\n", "\nrun:\n  steps: 1\n  seed: 0\n",
        "\n  val: "})
    EXPECT_NE(out.find(section), std::string::npos) << section << out;
  EXPECT_TRUE(std::regex_search(
      out, std::regex("\nstarted: "
                      "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\n={100}\n"
                      "start: .*\nstep:0/1 val_loss")))
      << out;
}

TEST_F(Header, NamesTheProcessor) {
  std::string name = processorName();
  EXPECT_FALSE(name.empty());
  EXPECT_NE(name.front(), ' ');
  EXPECT_NE(name.back(), ' ');
}

TEST_F(Header, OverfitsTheFirstMicroBatch) {
  options.overfitBatch = true;
  std::string out = run();
  ASSERT_EQ(error, "");
  EXPECT_EQ(out.find("overfit-batch: every step trains on the first "
                     "micro-batch alone (12, later 16 tokens): the loss should "
                     "go to near 0\n"),
            0u)
      << out;
  std::vector<nlohmann::json> objects = log();
  EXPECT_EQ(objects[0]["header"]["run"]["overfit_batch"], true);

  // The same by hand: two micro-batches a step, both the first.
  std::vector<float> w(16), g(16);
  for (int v = 0; v < 16; ++v)
    w[v] = float(v) / 64;
  std::vector<int64_t> documents = findDocuments(tokens, 0);
  Packing packing{documents, int64_t(tokens.size()), 8};
  for (int64_t step = 0; step < 6; ++step) {
    size_t next = 0;
    int64_t count = step < 3 ? 12 : 16;
    MicroBatch batch = gather(tokens, packing.pack(count, next));
    double loss = 0;
    for (int64_t t = 0; t < count; ++t) {
      float r = w[batch.tokens[t]] - float(batch.targets[t]) / 16;
      loss += double(r) * double(r);
      g[batch.tokens[t]] += 2 * r;
    }
    EXPECT_NEAR(objects[step + 1]["loss"], loss / double(count), 1e-6) << step;
    for (int v = 0; v < 16; ++v) {
      w[v] -= float(0.25 / double(step + 1)) * g[v];
      g[v] = 0;
    }
  }
}

TEST_F(Header, OverfittingNeedsTheDataOfOneMicroBatch) {
  options.overfitBatch = true;
  tokens.resize(20);
  folder.write("train.bin", shardBytes(tokens));
  run();
  EXPECT_EQ(error, "");
  tokens.resize(14);
  folder.write("train.bin", shardBytes(tokens));
  run();
  EXPECT_NE(error.find("end before step 0 of 1"), std::string::npos) << error;
}
