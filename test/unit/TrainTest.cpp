//===- TrainTest.cpp - the training loop and its log ----------------------===//
//
// Part of gptc, under the MIT License.
//
// Runs the tiny program and compares with the same run computed here.
//
//===----------------------------------------------------------------------===//

#include "train.h"
#include "FakeProgram.h"
#include "Files.h"
#include "error.h"
#include "gradients.h"
#include "log.h"
#include "packing.h"
#include "safetensors.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

using namespace gptc;

namespace {
class Train : public testing::Test {
protected:
  Train() {
    for (int i = 0; i < 4000; ++i)
      tokens.push_back(uint16_t(i % 7 == 0 ? 0 : (i * i + i / 5) % 15 + 1));
    options.data = folder.write("train.bin", shardBytes(tokens));
    valid.assign(tokens.begin() + 3, tokens.begin() + 24);
    folder.write("val.bin", shardBytes(valid));
  }

  /// What a run prints; its error is kept in `error`.
  std::string run(const FakeOptions &fake = {}) {
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    error = errorOf([&] { train(program.view(), options, console); });
    std::fclose(console);
    return folder.read("out");
  }

  /// But for what the start took.
  std::vector<std::string> lines(const std::string &text) {
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
      if (line.find("start: ") != 0)
        result.push_back(line);
    return result;
  }

  /// What the log of a run of one step says of it.
  nlohmann::json onlyStep() {
    return nlohmann::json::parse(lines(folder.read("log")).at(1));
  }

  Folder folder;
  std::vector<uint16_t> tokens, valid;
  TrainOptions options;
  std::string error;
};
} // namespace

TEST_F(Train, RanksComputeWhatOneDoes) {
  FakeOptions fake;
  fake.microBatches = 4;
  fake.updateEvery = 2; // gradients wait, averaged, and are averaged again
  fake.twoLosses = true;
  auto trained = [&](unsigned ranks) {
    options.validation = folder / "val.bin";
    options.save = folder / "p" + std::to_string(ranks);
    options.log = folder / "log";
    options.ranks = ranks;
    run(fake);
    EXPECT_EQ(error, "");
    std::vector<std::vector<double>> rows;
    std::vector<std::string> log = lines(folder.read("log"));
    EXPECT_EQ(nlohmann::json::parse(log[0])["header"]["run"]["ranks"], ranks);
    for (size_t i = 1; i < log.size(); ++i) {
      auto row = nlohmann::json::parse(log[i]);
      rows.emplace_back();
      for (const char *name : {"step", "loss", "next_token_loss", "grad_norm",
                               "tokens", "val_loss"})
        rows.back().push_back(row.value(name, -1.0));
    }
    return rows;
  };
  std::vector<std::vector<double>> one = trained(1);
  ASSERT_GE(one.size(), 8u);
  for (unsigned ranks : {2u, 4u}) {
    std::vector<std::vector<double>> several = trained(ranks);
    ASSERT_EQ(several.size(), one.size());
    for (size_t row = 0; row < one.size(); ++row)
      for (size_t i = 0; i < one[row].size(); ++i)
        EXPECT_NEAR(several[row][i], one[row][i], 1e-6 * std::abs(one[row][i]))
            << ranks << " ranks, row " << row << ", value " << i;
    EXPECT_EQ(several[0], one[0]) << "the first validation, to the bit";
    std::string saved = folder.read("p" + std::to_string(ranks));
    trained(ranks);
    EXPECT_EQ(folder.read("p" + std::to_string(ranks)), saved);
  }
  options.ranks = 3;
  run(fake);
  EXPECT_EQ(error, "--nproc 3: each rank takes as many of a step's 4 "
                   "micro-batches: there can be 1, 2, 4 ranks");
}

TEST_F(Train, ABrokenLossOfARankEndsAll) {
  FakeOptions fake;
  fake.brokenStep = 2;
  options.ranks = 2;
  options.save = folder / "p";
  run(fake);
  EXPECT_EQ(error.find("rank 0: step 2, micro-batch 0: the loss is not finite "
                       "(nan); the parameters are those before the step"),
            0u)
      << error;
  EXPECT_EQ(folder.read("p"), "");
}

TEST_F(Train, RanksFindTheMicroBatchThatOneFinds) {
  FakeOptions fake;
  fake.microBatches = 4;
  std::set<size_t> whose;
  for (int64_t token = 1; token < 16; ++token) {
    fake.steepStep = 2;
    fake.steepToken = token;
    auto found = [&](unsigned ranks) {
      options.ranks = ranks;
      options.save = folder / "p" + std::to_string(ranks);
      run(fake);
      return error;
    };
    std::string one = found(1), two = found(2);
    if (one.empty()) // not in this step
      continue;
    ASSERT_EQ(one.find("step 2, micro-batch "), 0u) << one;
    size_t until = one.find(';');
    size_t index = size_t(std::atoi(one.c_str() + 20));
    EXPECT_EQ(two.find("rank " + std::to_string(index % 2) + ": " +
                       one.substr(0, until)),
              0u)
        << one << two;
    EXPECT_EQ(folder.read("p1-step2-batch.safetensors"),
              folder.read("p2-step2-batch.safetensors"));
    whose.insert(index % 2);
  }
  EXPECT_EQ(whose.size(), 2u);
}

TEST_F(Train, ComputesWhatTheProgramSays) {
  options.validation = folder / "val.bin";
  options.save = folder / "p";
  options.log = folder / "log";
  options.seed = 4;
  options.threads = 2;
  run();
  ASSERT_EQ(error, "");

  // The same by hand: seed 4, two micro-batches a step of 12, then 16 tokens.
  std::vector<float> w(16), g(16);
  for (int v = 0; v < 16; ++v)
    w[v] = float(4 + v) / 64;
  auto validate = [&] {
    double sum = 0;
    for (int t = 0; t < 20; ++t) {
      float r = w[valid[t]] - float(valid[t + 1]) / 16;
      sum += double(r) * double(r);
    }
    return sum / 20;
  };
  std::vector<int64_t> documents = findDocuments(tokens, 0);
  Packing packing{documents, 4000, 8};
  std::vector<float> copy(16);
  std::vector<nlohmann::json> expected;
  size_t next = 0;
  for (int64_t step = 0; step <= 6; ++step) {
    if (step % 4 == 0 || step == 6)
      expected.push_back({{"step", step}, {"val_loss", validate()}});
    if (step == 6)
      break;
    int64_t count = step < 3 ? 12 : 16;
    double loss = 0, norm = 0;
    for (int i = 0; i < 2; ++i) {
      MicroBatch batch = gather(tokens, packing.pack(count, next));
      for (int64_t t = 0; t < count; ++t) {
        float r = w[batch.tokens[t]] - float(batch.targets[t]) / 16;
        loss += double(r) * double(r);
        g[batch.tokens[t]] += 2 * r / 2;
      }
    }
    double lr = 0.25 / double(step + 1);
    for (int v = 0; v < 16; ++v) {
      norm += double(g[v]) * double(g[v]);
      w[v] -= float(lr) * g[v];
      g[v] = 0;
    }
    if (step == 1)
      copy = w;
    expected.push_back({{"step", step + 1},
                        {"loss", loss / double(2 * count)},
                        {"lr", lr},
                        {"grad_norm", norm / double(count)},
                        {"tokens", 2 * count}});
  }

  std::vector<std::string> log = lines(folder.read("log"));
  ASSERT_EQ(log.size(), expected.size() + 1);
  log.erase(log.begin()); // what is run
  for (size_t i = 0; i < log.size(); ++i) {
    nlohmann::json line = nlohmann::json::parse(log[i]);
    for (auto &[key, value] : expected[i].items()) {
      ASSERT_TRUE(line.contains(key)) << log[i];
      if (value.is_number_float())
        EXPECT_NEAR(line[key].get<double>(), value.get<double>(), 1e-6)
            << key << " in " << log[i];
      else
        EXPECT_EQ(line[key], value) << key << " in " << log[i];
    }
    EXPECT_GE(line["train_time_ms"].get<double>(), 0);
  }
  TensorFile saved(folder / "p");
  for (auto [name, values] : {std::pair("w", &w), {"copy.of_w", &copy}}) {
    std::vector<float> found(16);
    std::memcpy(found.data(), saved.find(name)->data, 64);
    for (int v = 0; v < 16; ++v)
      EXPECT_NEAR(found[v], (*values)[v], 1e-6);
  }
}

TEST_F(Train, WritesTheLinesThatScriptsParse) {
  options.validation = folder / "val.bin";
  std::vector<std::string> out = lines(run());
  ASSERT_EQ(out.size(), 10u); // 6 steps, validations at 0, 4 and 6, memory
  std::regex step(R"(step:(\d+)/6 train_time:\d+ms step_avg:\d+\.\d\dms )"
                  R"(loss:\d+\.\d{4} lr:[0-9.e-]+ grad_norm:[0-9.e+-]+ )"
                  R"(tokens/s:\d+)");
  std::regex val(R"(step:(\d)/6 val_loss:\d+\.\d{4} train_time:\d+ms )"
                 R"(step_avg:\d+\.\d\dms)");
  std::string order;
  for (size_t i = 0; i < 9; ++i) {
    std::smatch match;
    bool isStep = std::regex_match(out[i], match, step);
    ASSERT_TRUE(isStep || std::regex_match(out[i], match, val)) << out[i];
    order += (isStep ? "s" : "v") + match[1].str();
  }
  EXPECT_EQ(order, "v0s1s2s3s4v4s5s6v6");
  EXPECT_EQ(out[9], "peak memory allocated: 1 MiB");
}

TEST_F(Train, SaysWhatItsStartTook) {
  options.log = folder / "log";
  std::string out = run();
  std::smatch times;
  std::regex start(R"(start: (\d+\.\d\d) s: device (\d+\.\d\d), )"
                   R"(data (\d+\.\d\d), parameters (\d+\.\d\d)\n)");
  ASSERT_TRUE(std::regex_search(out, times, start)) << out;
  double sum = 0;
  for (int i = 2; i < 5; ++i)
    sum += std::stod(times[i]);
  EXPECT_NEAR(std::stod(times[1]), sum, 0.03);
  nlohmann::json header =
      nlohmann::json::parse(lines(folder.read("log")).at(0))["header"];
  EXPECT_NEAR(header["start_seconds"]["all"].get<double>(), std::stod(times[1]),
              0.01);
  EXPECT_EQ(header["start_seconds"].size(), 4u);
}

TEST_F(Train, EndsEarlyWithAValidation) {
  options.validation = folder / "val.bin";
  options.steps = 2;
  std::vector<std::string> out = lines(run());
  ASSERT_EQ(out.size(), 5u);
  EXPECT_EQ(out[2].find("step:2/2 train_time"), 0u) << out[2];
  EXPECT_EQ(out[3].find("step:2/2 val_loss"), 0u) << out[3];
}

TEST_F(Train, ValidatesNothingWithoutData) {
  EXPECT_EQ(run().find("val_loss"), std::string::npos);
}

TEST_F(Train, ShowsTheNextTokensLossBesideTheOneThatIsTrained) {
  options.log = folder / "log";
  options.steps = 1;
  EXPECT_EQ(run().find("next_token_loss"), std::string::npos);
  FakeOptions fake;
  fake.twoLosses = true;
  std::vector<std::string> out = lines(run(fake));
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].find("loss: what is trained"), 0u) << out[0];
  nlohmann::json line = onlyStep();
  double loss = line["loss"], next = line["next_token_loss"];
  EXPECT_GT(loss, 0);
  EXPECT_DOUBLE_EQ(next, loss / 2);
  EXPECT_NE(out[1].find(formatText(
                " loss:{:.4f} next_token_loss:{:.4f} lr:", loss, next)),
            std::string::npos)
      << out[1];
  EXPECT_EQ(out[0], "loss: what is trained, a token, with all its weights; "
                    "next_token_loss: of the next tokens alone, a token, as "
                    "val_loss");
}

TEST_F(Train, ShowsALossThatIsNoLossATokenAsItIs) {
  options.log = folder / "log";
  options.steps = 1;
  run();
  double atoken = onlyStep()["loss"];
  double norm = onlyStep()["grad_norm"];
  FakeOptions fake;
  fake.lossAsItIs = true;
  std::vector<std::string> out = lines(run(fake));
  EXPECT_EQ(out[0], "loss: what is trained, as the graph gives it");
  nlohmann::json line = onlyStep();
  EXPECT_DOUBLE_EQ(line["loss"], atoken * double(fake.tokens));
  EXPECT_DOUBLE_EQ(line["grad_norm"], norm * double(fake.tokens));
  fake.twoLosses = true;
  EXPECT_EQ(lines(run(fake))[0],
            "loss: what is trained, as the graph gives it; next_token_loss: of "
            "the next tokens alone, a token, as val_loss");
  EXPECT_DOUBLE_EQ(onlyStep()["next_token_loss"], atoken / 2);
}

TEST_F(Train, WarnsOfWhatNoStepTrains) {
  FakeOptions fake;
  fake.updateEvery = 4;
  options.steps = 3;
  testing::internal::CaptureStderr();
  run(fake);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: --steps 3 trains nothing of 'w': an optimizer acts there "
            "from step 4 on\n");
  options.steps = 4;
  testing::internal::CaptureStderr();
  run(fake);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Train, WarnsOfValidationWithoutDocuments) {
  FakeOptions fake;
  std::vector<uint16_t> tokens(30, 3);
  auto warning = [&] {
    folder.write("val.bin", shardBytes(tokens));
    options.validation = folder / "val.bin";
    testing::internal::CaptureStderr();
    run(fake);
    EXPECT_EQ(error, "");
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(warning(), ""); // nothing reads where documents begin
  fake.validatesDocuments = true;
  EXPECT_NE(warning().find("none of its tokens is 0, the model's "
                           "document_token: each slice counts as one document"),
            std::string::npos);
  tokens[7] = 0;
  EXPECT_EQ(warning(), "");
}

TEST_F(Train, SameBitsOnAnyNumberOfThreads) {
  options.save = folder / "p";
  std::string first;
  for (unsigned threads : {1u, 2u, 3u}) {
    options.threads = threads;
    run();
    if (threads == 1)
      first = folder.read("p");
    EXPECT_EQ(folder.read("p"), first);
  }
  EXPECT_FALSE(first.empty());
}

TEST_F(Train, ContinuesFromParameters) {
  options.save = folder / "p";
  options.steps = 0;
  options.seed = 9;
  run();
  ASSERT_EQ(error, "");
  std::string start = folder.read("p");
  options.parameters = folder / "p";
  options.save = folder / "q";
  options.seed = 0;
  run();
  EXPECT_EQ(folder.read("q"), start);
}

TEST_F(Train, StopsAtALossThatIsNotFinite) {
  options.save = folder / "p";
  options.log = folder / "log";
  FakeOptions fake;
  fake.brokenStep = 3;
  run(fake);
  std::string kept = folder / "p-step3";
  EXPECT_EQ(error, "step 3, micro-batch 0: the loss is not finite (nan); the "
                   "parameters are those before the step; look at it with "
                   "`gradients --params " +
                       kept + "-params.safetensors --batch " + kept +
                       "-batch.safetensors --step 3 --out G.safetensors`");
  EXPECT_FALSE(std::filesystem::exists(folder / "p"));
  EXPECT_EQ(lines(folder.read("log")).size(), 4u); // what is run, and 3 steps

  // What was kept are the parameters after three steps, and a batch that the
  // message's command takes.
  GradientsOptions gradients;
  gradients.parameters = kept + "-params.safetensors";
  gradients.batch = kept + "-batch.safetensors";
  gradients.step = 3;
  gradients.out = folder / "g";
  FakeProgram program(fake);
  EXPECT_EQ(errorOf([&] { writeGradients(program.view(), gradients); }), "");
  options.steps = 3;
  run();
  EXPECT_EQ(folder.read("p"), folder.read("p-step3-params.safetensors"));
}

TEST_F(Train, StopsAtAGradientThatIsNotFinite) {
  options.save = folder / "p.safetensors";
  FakeOptions fake;
  fake.steepStep = 2;
  fake.steepToken = 9;
  run(fake);
  std::string kept = folder / "p-step2";
  EXPECT_EQ(error.find("step 2, micro-batch "), 0u) << error;
  EXPECT_NE(error.find(": the gradient is not finite; its first parameter is "
                       "'w'; the parameters are those before the step"),
            std::string::npos)
      << error;
  TensorFile batch(kept + "-batch.safetensors");
  const Tensor &tokens = *batch.find("tokens");
  std::vector<int32_t> values(size_t(tokens.shape[0]));
  std::memcpy(values.data(), tokens.data, tokens.bytes);
  EXPECT_NE(std::find(values.begin(), values.end(), 9), values.end());
  options.steps = 2;
  options.save = folder / "p2";
  run();
  EXPECT_EQ(folder.read("p2"), folder.read("p-step2-params.safetensors"));
}

TEST_F(Train, SaysWhyWhatItFoundIsNotKept) {
  options.save = folder / "p";
  std::filesystem::create_directory(folder / "p-step3-params.safetensors");
  FakeOptions fake;
  fake.brokenStep = 3;
  run(fake);
  EXPECT_EQ(error.find("step 3, micro-batch 0: the loss is not finite (nan); "
                       "the parameters are those before the step, and cannot "
                       "be saved: "),
            0u)
      << error;
}

TEST_F(Train, FaultsShowBeforeTheRun) {
  auto expect = [&](const char *message) {
    std::string out = run();
    EXPECT_NE(error.find(message), std::string::npos) << error;
    EXPECT_EQ(out, "");
  };
  options.steps = 7;
  expect("--steps 7: the model has 6 steps; compile it with --set S=…");
  options.steps.reset();
  options.save = folder / "absent/p";
  expect("absent/p: cannot write");
  options.save = "";
  options.log = folder / "absent/log";
  expect("absent/log: cannot write");
  options.log = "";
  options.parameters = folder / "absent";
  expect("cannot open");
  options.parameters = "";
  options.validation = folder / "absent*";
  expect("no such file");
  options.validation = options.data;
  folder.write("val.bin", shardBytes({1, 2, 3}));
  options.validation = folder / "val.bin";
  expect("the validation data hold 3; give more shards, or compile");
  options.validation = "";
  folder.write("train.bin", shardBytes({0, 1, 2, 16}));
  expect("token 16 at index 3");
  folder.write("train.bin", shardBytes({0, 1, 2, 3}));
  expect("end before step 0 of 6");
}

TEST(Log, DrawsABarOnATerminal) {
  Folder folder;
  std::FILE *console = std::fopen((folder / "out").c_str(), "w");
  {
    TrainLog log(console, true, "", 4, {"lr"}, false);
    StepReport report{2, 1.5, {0.5}, 3.0, 100, 0.5, 1.0, 1.5, std::nullopt};
    log.step(report);
    log.validation(2, 1.25, 1.0);
    log.finish(3 << 20);
  }
  std::fclose(console);
  std::string out = folder.read("out");
  EXPECT_NE(out.find("███████████████░"), std::string::npos) << out;
  EXPECT_NE(out.find("2/4  loss 1.5000  200 tokens/s  1s left"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find("\r\x1b[Kstep:2/4 val_loss:1.2500"), std::string::npos);
  // The last step's line comes once, behind everything but the memory.
  size_t line = out.find("step:2/4 train_time:1000ms step_avg:500.00ms loss:");
  ASSERT_NE(line, std::string::npos);
  EXPECT_EQ(line, out.rfind("step:2/4"));
  EXPECT_NE(out.find("peak memory allocated: 3 MiB\n"), std::string::npos);
}
