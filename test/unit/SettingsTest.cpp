//===- SettingsTest.cpp - constants that a run sets -----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "settings.h"
#include "FakeProgram.h"
#include "Files.h"
#include "error.h"
#include "numbers.h"
#include "sample.h"
#include "schedule.h"
#include "train.h"

#include <cmath>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace gptc;

TEST(StepNumbers, AreComputedInOrderWhateverIsAsked) {
  FakeProgram program;
  StepNumbers numbers(program.view());
  // The program counts the steps that it has seen.
  for (int64_t step : {0, 3, 3, 4, 1, 0, 5})
    EXPECT_EQ(numbers.at(step)[0], 0.25 / double(step + 1)) << step;
  EXPECT_TRUE(numbers.isValidationDue(4));
  EXPECT_FALSE(numbers.isValidationDue(5));
}

TEST(StepNumbers, ShowNumbersAsAModelFileHasThem) {
  EXPECT_EQ(showNumber(0.008), "0.008");
  EXPECT_EQ(showNumber(1e-10), "1e-10");
  EXPECT_EQ(showNumber(1.0 / 3), "0.333333333333333"
                                 "31");
  EXPECT_EQ(showNumber(NAN), "NaN");
  EXPECT_EQ(showNumber(-INFINITY), "-infinity");
}

TEST(Settings, AreReadInTheProgramsOrder) {
  FakeProgram program;
  Settings none = parseSettings(program.view(), {});
  ASSERT_EQ(none.given.size(), 1u);
  EXPECT_TRUE(std::isnan(none.given[0]));
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(runFingerprint(program.view(), none), "123456789abcdef0");
  Settings one = parseSettings(program.view(), {"rate=0.5"});
  EXPECT_EQ(one.given, std::vector<double>{0.5});
  EXPECT_EQ(one.text(), "rate=0.5");
  EXPECT_NE(runFingerprint(program.view(), one), "123456789abcdef0");
  EXPECT_NE(runFingerprint(program.view(), one),
            runFingerprint(program.view(),
                           parseSettings(program.view(), {"rate=1"})));
}

TEST(Settings, WarnOfWhatChangesNothing) {
  FakeProgram program;
  testing::internal::CaptureStderr();
  Settings settings =
      parseSettings(program.view(), {"idle=3", "rate=1", "rate=2"});
  EXPECT_EQ(settings.text(), "rate=2");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: --set idle=3: nothing reads 'idle', so this changes "
            "nothing\n"
            "warning: --set rate=1: --set rate=2, further on, takes its "
            "place\n");
}

TEST(Settings, RefuseWhatAProgramIsMadeOf) {
  FakeProgram program;
  auto refuses = [&](const char *word, const std::string &wanted) {
    EXPECT_EQ(errorOf([&] { parseSettings(program.view(), {word}); }), wanted);
  };
  refuses("V=8", "--set V=8: V decides the shape of 'w': compile the model "
                 "with --set V=8");
  refuses("rat=8", "--set rat=8: the model has no constant 'rat'; did you mean "
                   "'rate'?");
  refuses("velocity=8", "--set velocity=8: the model has no constant "
                        "'velocity'");
  refuses("rate", "--set rate: write it as NAME=VALUE");
  refuses("=1", "--set =1: write it as NAME=VALUE");
  for (std::string value : {"", "x", "1x", " 1", "inf", "nan"})
    refuses(("rate=" + value).c_str(), "--set rate=" + value + ": '" + value +
                                           "' is not a number, true or false");
}

TEST(Settings, AreCheckedAtEveryStep) {
  FakeProgram program;
  ProgramView view = program.view();
  EXPECT_EQ(errorOf([&] { checkSettings(view, parseSettings(view, {})); }), "");
  EXPECT_EQ(
      errorOf([&] { checkSettings(view, parseSettings(view, {"rate=3"})); }),
      "");
  EXPECT_EQ(
      errorOf([&] { checkSettings(view, parseSettings(view, {"rate=-3"})); }),
      "--set rate=-3: at step 0 the rate is -3, below 0");
}

namespace {
class SettingsOfRuns : public testing::Test {
protected:
  SettingsOfRuns() {
    std::vector<uint16_t> tokens;
    for (int i = 0; i < 4000; ++i)
      tokens.push_back(uint16_t(i % 7 == 0 ? 0 : (i * i + i / 5) % 15 + 1));
    options.data = folder.write("train.bin", shardBytes(tokens));
    options.validation = folder.write("val.bin", shardBytes(tokens));
    options.log = folder / "log";
  }
  std::string run() {
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    error = errorOf([&] { train(program.view(), options, console); });
    std::fclose(console);
    return folder.read("out");
  }
  /// The steps before which the run has validated.
  std::vector<int64_t> validated() {
    run();
    EXPECT_EQ(error, "");
    std::vector<int64_t> steps;
    std::istringstream log(folder.read("log"));
    for (std::string line; std::getline(log, line);)
      if (auto json = nlohmann::json::parse(line); json.contains("val_loss"))
        steps.push_back(json["step"]);
    return steps;
  }

  FakeProgram program;
  Folder folder;
  TrainOptions options;
  std::string error;
};
using Steps = std::vector<int64_t>;
} // namespace

TEST_F(SettingsOfRuns, StandInLogAndFile) {
  options.set = {"rate=0.5"};
  options.save = folder / "p";
  std::string out = run();
  ASSERT_EQ(error, "");
  EXPECT_EQ(out.find("set: rate=0.5 (fingerprint "), 0u) << out;
  EXPECT_NE(out.find(" lr:0.5 "), std::string::npos) << out;
  std::string log = folder.read("log");
  auto head = nlohmann::json::parse(log.substr(0, log.find('\n')))["header"];
  EXPECT_EQ(head["run"]["set"], (nlohmann::json{{"rate", 0.5}}));
  EXPECT_EQ(head["run"]["fingerprint"],
            runFingerprint(program.view(),
                           parseSettings(program.view(), options.set)));
  EXPECT_NE(folder.read("p").find("\"gptc.set\":\"rate=0.5\""),
            std::string::npos);
}

TEST_F(SettingsOfRuns, OutOfTheirDomainComeBeforeData) {
  options.set = {"rate=-1"};
  options.data = folder / "nothing";
  run();
  EXPECT_EQ(error, "--set rate=-1: at step 0 the rate is -1, below 0");
}

TEST_F(SettingsOfRuns, OfAFileHoldForItsSamples) {
  options.set = {"rate=0.5"};
  options.save = folder / "p";
  run();
  std::string bytes = folder.read("p");
  SampleOptions sampling;
  sampling.parameters = folder / "p";
  auto sampled = [&] {
    std::FILE *console = std::fopen((folder / "text").c_str(), "w");
    std::string found =
        errorOf([&] { sample(program.view(), sampling, console); });
    std::fclose(console);
    return found;
  };
  EXPECT_EQ(sampled(), "");
  // Another program's file, whose constant this one does not have.
  bytes.replace(bytes.find("rate=0.5"), 8, "bate=0.5");
  folder.write("p", bytes);
  EXPECT_EQ(sampled(), (folder / "p") +
                           ": its metadata gives --set bate=0.5: the model "
                           "has no constant 'bate'; did you mean 'rate'?");
}

TEST_F(SettingsOfRuns, ValidateWhenAsked) {
  EXPECT_EQ(validated(), (Steps{0, 4, 6})); // as the program says
  options.validateEvery = 2;
  EXPECT_EQ(validated(), (Steps{0, 2, 4, 6}));
  options.validateEvery = 5;
  EXPECT_EQ(validated(), (Steps{0, 5, 6}));
  options.validateEvery = 0;
  EXPECT_EQ(validated(), (Steps{6}));
  options.steps = 3;
  EXPECT_EQ(validated(), (Steps{3}));
  options.validateEvery.reset();
  EXPECT_EQ(validated(), (Steps{0, 3}));
}

TEST_F(SettingsOfRuns, AreShownByTheSchedule) {
  auto shown = [&](const Settings &settings, bool json) {
    std::FILE *console = std::fopen((folder / "text").c_str(), "w");
    printSchedule(program.view(), settings, json, console);
    std::fclose(console);
    return folder.read("text");
  };
  Settings settings = parseSettings(program.view(), {"rate=2"});
  auto json = nlohmann::json::parse(shown(settings, true));
  EXPECT_EQ(json["model"], "fake");
  EXPECT_EQ(json["set"], (nlohmann::json{{"rate", 2}}));
  ASSERT_EQ(json["steps"].size(), 7u);
  EXPECT_EQ(json["steps"][0],
            (nlohmann::json{{"step", 0}, {"T", 12}, {"lr", 2.0}}));
  EXPECT_EQ(json["steps"][3]["lr"], 0.5);
  std::string text = shown(settings, false);
  EXPECT_EQ(text.find("set: rate=2\nstep 0  T 12  lr 2\nstep 1  T 12  lr 1\n"),
            0u)
      << text;
}
