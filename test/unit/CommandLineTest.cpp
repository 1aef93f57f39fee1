//===- CommandLineTest.cpp - flags of a training binary -------------------===//
//
// Part of gptc, under the MIT License.
//
// Every bad command line is one `error: …` line and exit code 1.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"
#include "Files.h"
#include "command_line.h"
#include "launches.h"
#include "processor.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

using namespace gptc;

namespace {
struct Ended {
  int code;
  std::string out, err;
};
} // namespace

static Ended runCommand(std::vector<std::string> words,
                        const FakeOptions &options = {}) {
  FakeProgram program(options);
  ProgramView view = program.view();
  words.insert(words.begin(), "exe");
  std::vector<char *> arguments;
  arguments.reserve(words.size());
  for (std::string &word : words)
    arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int code =
      runCommandLine(int(arguments.size()), arguments.data(),
                     {reinterpret_cast<const unsigned char *>(&view.header()),
                      view.kernels(), view.computeNumbers()});
  std::string err = testing::internal::GetCapturedStderr();
  return {code, testing::internal::GetCapturedStdout(), err};
}

TEST(CommandLine, BadFlagsAreOneErrorEach) {
  struct Case {
    std::vector<std::string> words;
    const char *message;
  };
  const Case cases[] = {
      {{}, "subcommand is required"},
      {{"fly"}, "unknown command 'fly'"},
      {{"bench"}, "unknown command 'bench'"}, // without a reference
      {{"--fly"}, "unknown command '--fly'"},
      {{"train"}, "--data is required"},
      {{"train", "--data"}, "--data"},
      {{"train", "--data", ""}, "a name was expected"},
      {{"train", "--data", "a", "--data", "b"}, "--data"},
      {{"train", "--data", "a", "--steps", "-1"}, "--steps"},
      {{"train", "--data", "a", "--steps", "x"}, "--steps"},
      {{"train", "--data", "a", "--steps", "1.5"}, "--steps"},
      {{"train", "--data", "a", "--epochs", "0"}, "--epochs"},
      {{"train", "--data", "a", "--seed", "-3"}, "--seed"},
      {{"train", "--data", "a", "--seed", "9007199254740993"}, "--seed"},
      {{"train", "--data", "a", "--threads", "0"}, "--threads"},
      {{"train", "--data", "a", "--threads", "99999"}, "--threads"},
      {{"train", "--data", "a", "--checkpoint-every", "2"}, "--checkpoint"},
      {{"train", "--data", "a", "--keep", "2"}, "--checkpoint"},
      {{"train", "--data", "a", "--checkpoint", ""}, "a name was expected"},
      {{"train", "--data", "a", "--checkpoint", "b", "--keep", "-1"}, "--keep"},
      {{"train", "--data", "a", "--resume", "auto"},
       "--resume auto: takes the newest checkpoint in the folder of "
       "--checkpoint"},
      {{"train", "--fly"}, "unknown flag '--fly'"},
      {{"train", "--data", "a", "--fly=3"}, "unknown flag '--fly'"},
      {{"train", "--data", "a", "b"}, "b"},
      {{"gradients", "--params", "p", "--batch", "b", "--out", "o"}, "--step"},
      {{"gradients", "--params", "p", "--batch", "/absent", "--out", "o",
        "--step", "0"},
       "/absent: cannot open"},
      {{"gradients", "--params", "p", "--batch", "b", "--out", "o", "--step",
        "0", "--set", "V=3"},
       "V decides the shape of 'w'"},
      {{"profile"}, "--data is required"},
      {{"profile", "--data", "a", "--repeat", "0"}, "--repeat"},
      {{"profile", "--data", "a", "--step", "6"}, "steps 0 to 5"},
      {{"batches"}, "--data is required"},
      {{"batches", "--data", "a", "--world", "0"}, "--world"},
      {{"batches", "--data", "a", "--world", "x"}, "--world"},
      {{"batches", "--data", "a", "--world", "3"}, "--world 3"},
      {{"batches", "--data", "/absent"}, "/absent': no such file"},
      {{"batches", "--data", "a", "--seed", "1"}, "unknown flag '--seed'"},
      {{"init"}, "--out is required"},
      {{"init", "--out", "/"}, "a directory"},
      {{"sample", "--length", "0"}, "--length"},
      {{"sample", "--params", "/absent"}, "/absent: cannot open"},
      {{"info", "--seed", "1"}, "--seed"},
  };
  for (const Case &bad : cases) {
    Ended result = runCommand(bad.words);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err.find("error: "), 0u) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
        << result.err;
    EXPECT_NE(result.err.find(bad.message), std::string::npos) << result.err;
  }
}

TEST(CommandLine, HelpNamesEveryFlag) {
  struct Case {
    const char *command;
    std::vector<const char *> flags;
  };
  const Case cases[] = {
      {"train",
       {"--data", "--val", "--steps", "--epochs", "--seed", "--params",
        "--save", "--log", "--log-header", "--overfit-batch", "--threads"}},
      {"gradients",
       {"--params", "--batch", "--step", "--out", "--set", "--threads"}},
      {"profile",
       {"--data", "--step", "--repeat", "--pause", "--csv", "--params",
        "--seed", "--set", "--threads"}},
      {"batches", {"--data", "--world", "--steps", "--epochs", "--json"}},
      {"init", {"--out", "--seed", "--threads"}},
      {"sample", {"--params", "--prompt", "--length", "--seed", "--threads"}},
      {"info", {"--json"}},
  };
  for (const Case &command : cases) {
    Ended result = runCommand({command.command, "--help"});
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.err, "");
    for (const char *flag : command.flags)
      EXPECT_NE(result.out.find(flag), std::string::npos) << flag;
    EXPECT_NE(runCommand({"--help"}).out.find(command.command),
              std::string::npos);
  }
}

TEST(CommandLine, InitDependsOnTheSeedAlone) {
  Folder folder;
  for (auto [name, seed, threads] :
       {std::tuple("a", "1", "1"), {"b", "1", "3"}, {"c", "2", "1"}})
    EXPECT_EQ(runCommand({"init", "--out", folder / name, "--seed", seed,
                          "--threads", threads})
                  .code,
              0);
  EXPECT_EQ(folder.read("a"), folder.read("b"));
  EXPECT_NE(folder.read("a"), folder.read("c"));
}

TEST(CommandLine, InfoTellsModelParametersAndMemory) {
  Ended result = runCommand({"info"});
  EXPECT_EQ(result.code, 0);
  for (const char *line :
       {"model: fake", "fingerprint: 123456789abcdef0", "target: fake",
        "V = 16", "copy.of_w F32 [8, 2]", "2 parameters of 32 elements",
        "parameters              128 in 2 buffers",
        "outputs                 420 in 4 buffers",
        "alignment               220", "workspace                64",
        "total                  1216"})
    EXPECT_NE(result.out.find(line), std::string::npos) << line;
}

TEST(CommandLine, InfoTellsTheLaunches) {
  Ended result = runCommand({"info", "--launches"});
  EXPECT_EQ(result.code, 0);
  nlohmann::json dump = nlohmann::json::parse(result.out);
  EXPECT_EQ(dump["target"], "cpu");
  EXPECT_EQ(dump["steps"], 6);
  EXPECT_EQ(dump["rows"].size(), 7u);
  EXPECT_EQ(dump["rows"][1][0], 0.125);
  EXPECT_EQ(dump["rows"][1][1], nullptr); // the host's
  EXPECT_EQ(dump["numbers"][1]["kind"], "micro_batches");
  const nlohmann::json &micro = dump["parts"][2];
  EXPECT_EQ(micro["name"], "micro.early");
  EXPECT_EQ(micro["kind"], "micro");
  EXPECT_EQ(micro["steps"], nlohmann::json::parse("[[0, 2, 1]]"));
  EXPECT_EQ(micro["inputs"][3]["feed"], "order");
  EXPECT_EQ(micro["outputs"][0]["result"], "loss");
  const nlohmann::json &launch = micro["launches"][0];
  EXPECT_EQ(launch["kernel"], "residual");
  EXPECT_EQ(launch["units"], 12);
  const nlohmann::json &first = launch["arguments"][0];
  const nlohmann::json &buffer = dump["buffers"][size_t(first["buffer"])];
  EXPECT_EQ(buffer["name"], "r");
  EXPECT_EQ(buffer["kind"], "workspace");
  EXPECT_EQ(first["at"], buffer["at"]);
  EXPECT_EQ(launch["arguments"].back(),
            nlohmann::json::parse(R"({"kind": "integer", "value": 16})"));
  EXPECT_EQ(dump["buffers"][3]["of"], "w");
  EXPECT_EQ(runCommand({"info", "--launches", "--json"}).code, 1);
}

TEST(CommandLine, StepsOfAPartHaveAStride) {
  FakeOptions fake;
  fake.steps = 9;
  fake.updateEvery = 2;
  FakeProgram program(fake);
  nlohmann::json parts = describeLaunches(
      program.view(), [](int64_t) { return std::vector<double>(8); })["parts"];
  auto stepsOf = [&](const char *name) {
    for (const nlohmann::json &part : parts)
      if (part["name"] == name)
        return part["steps"].dump();
    return std::string();
  };
  EXPECT_EQ(stepsOf("update"), "[[1,9,2]]");
  EXPECT_EQ(stepsOf("rest"), "[[0,8,2]]");
  EXPECT_EQ(stepsOf("split"), "[[1,1,1]]");
  EXPECT_EQ(stepsOf("validate"), "[[0,9,1]]");
  EXPECT_EQ(stepsOf("init"), "[]");
}

TEST(CommandLine, InfoAsJsonSaysAllThatItsTextSays) {
  Ended result = runCommand({"info", "--json"});
  EXPECT_EQ(result.code, 0);
  nlohmann::json info = nlohmann::json::parse(result.out);
  EXPECT_EQ(info["model"], "fake");
  EXPECT_EQ(info["fingerprint"], "123456789abcdef0");
  EXPECT_EQ(info["steps"], 6);
  EXPECT_EQ(info["document_token"], 0);
  EXPECT_EQ(info["notes"]["target"], "fake");
  EXPECT_EQ(info["constants"]["V"], 16);
  EXPECT_EQ(info["parameters"][1]["name"], "copy.of_w");
  EXPECT_EQ(info["parameters"][1]["shape"], nlohmann::json({8, 2}));
  EXPECT_EQ(info["memory"]["kinds"][5]["kind"], "outputs");
  EXPECT_EQ(info["memory"]["kinds"][5]["bytes"], 420);
  EXPECT_EQ(info["memory"]["alignment"], 220);
  EXPECT_EQ(info["memory"]["total"], 1216);
  EXPECT_EQ(info["parts"].size(), 9u);
  // Every number and every name of the text is a value of the object.
  std::set<std::string> values;
  std::function<void(const nlohmann::json &)> gather = [&](auto &value) {
    if (!value.is_structured())
      values.insert(value.is_string() ? value.template get<std::string>()
                                      : value.dump());
    for (auto &[key, inner] : value.items())
      if (value.is_structured()) {
        values.insert(key);
        gather(inner);
      }
  };
  gather(info);
  std::string numbers = runCommand({"info"}).out;
  std::regex number("[0-9]+");
  for (std::sregex_iterator it(numbers.begin(), numbers.end(), number), end;
       it != end; ++it) {
    auto holds = [&](const std::string &v) {
      return v.find(it->str()) != std::string::npos;
    };
    // The count of parameters and their elements' sum are of the text alone.
    EXPECT_TRUE(std::any_of(values.begin(), values.end(), holds) ||
                it->str() == "32")
        << it->str();
  }
}

TEST(CommandLine, VersionSaysWhatMadeTheProgram) {
  Ended result = runCommand({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.find("fake 123456789abcdef0\ntarget: fake\n"), 0u)
      << result.out;
  EXPECT_NE(result.out.find("\nruntime: compiled by "), std::string::npos);
}

TEST(CommandLine, RefusesAnotherProcessor) {
  // No processor has both AVX-512 and what AMD took back.
  FakeOptions all;
  all.features = (uint64_t(1) << std::size(kProcessorFeatures)) - 1;
  for (std::vector<std::string> words :
       {std::vector<std::string>{"init", "--out", "/absent/p"},
        {"train", "--data", "/absent"},
        {"gradients"},
        {"sample"}}) {
    Ended result = runCommand(words, all);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err.find("error: this program was compiled for another "
                              "processor: it needs "),
              0u)
        << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1);
    EXPECT_NE(result.err.find("--mcpu=x86-64-v3"), std::string::npos);
  }
  // What runs no kernel tells what the program is.
  for (const char *word : {"info", "--version", "--help"})
    EXPECT_EQ(runCommand({word}, all).code, 0) << word;
  FakeOptions ours;
  ours.features = machineFeatures();
  EXPECT_NE(ours.features, 0u);
  EXPECT_EQ(runCommand({"sample"}, ours).code, 0);
}

TEST(CommandLine, NamesTheFeaturesThatAreMissing) {
  FakeOptions options;
  options.features = 0b111000000; // avx2 is bit 6
  FakeProgram program(options);
  EXPECT_EQ(featureNames(options.features, " "), "avx2 fma fma4");
  EXPECT_NO_THROW(checkProcessor(program.view(), 0b1111000001));
  try {
    checkProcessor(program.view(), 0b001000111);
    FAIL();
  } catch (const std::exception &error) {
    EXPECT_NE(std::string(error.what()).find("it needs fma, fma4, which"),
              std::string::npos)
        << error.what();
  }
}

TEST(CommandLine, RefusesAProgramOfAnotherFormat) {
  alignas(8) unsigned char blob[sizeof(Program)] = {};
  char name[] = "exe", *arguments[] = {name};
  testing::internal::CaptureStderr();
  EXPECT_EQ(runCommandLine(1, arguments, {blob, nullptr, nullptr}), 1);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("another format"),
            std::string::npos);
}
