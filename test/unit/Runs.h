//===- Runs.h - runs of the tiny program ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_RUNS_H
#define GPTC_TEST_UNIT_RUNS_H

#include "FakeProgram.h"
#include "Files.h"
#include "train.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace gptc {

/// An environment variable for as long as this object lives.
struct Setting {
  Setting(const char *name, const std::string &value) : name(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Setting() { unsetenv(name); }
  const char *name;
};

/// Runs the command `train` on data of its own.
class Runs : public testing::Test {
protected:
  Runs() {
    std::vector<uint16_t> tokens;
    for (int i = 0; i < 4000; ++i)
      tokens.push_back(uint16_t(i % 7 == 0 ? 0 : (i * i + i / 5) % 15 + 1));
    options.data = folder.write("train.bin", shardBytes(tokens));
    tokens.resize(21);
    options.validation = folder.write("val.bin", shardBytes(tokens));
    options.seed = 4;
  }

  /// Saves to `name`, logs to `name`.log; the error, empty without.
  std::string run(const FakeOptions &fake, const std::string &name) {
    options.save = folder / name;
    options.log = folder / (name + ".log");
    FakeProgram program(fake);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    std::string error =
        errorOf([&] { train(program.view(), options, console); });
    std::fclose(console);
    return error;
  }

  /// What a log says of losses and norms.
  std::vector<nlohmann::json> values(const std::string &name) {
    std::istringstream text(folder.read(name + ".log"));
    std::vector<nlohmann::json> all;
    for (std::string line; std::getline(text, line);) {
      nlohmann::json entry = nlohmann::json::parse(line), kept;
      for (const char *key : {"step", "loss", "val_loss", "lr", "grad_norm"})
        if (entry.contains(key))
          kept[key] = entry[key];
      all.push_back(kept);
    }
    return all;
  }

  /// What a log's first line says of the device.
  nlohmann::json device(const std::string &name) {
    std::istringstream log(folder.read(name + ".log"));
    std::string first;
    std::getline(log, first);
    return nlohmann::json::parse(first)["header"]["device"];
  }

  Folder folder;
  TrainOptions options;
};

} // namespace gptc

#endif // GPTC_TEST_UNIT_RUNS_H
