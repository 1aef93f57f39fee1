//===- header.cpp - what a log begins with --------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "header.h"

#include "error.h"
#include "info.h"

#include <ctime>
#include <gnu/libc-version.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

using namespace gptc;

using Json = nlohmann::ordered_json;

static constexpr size_t kRuleWidth = 100;

//===----------------------------------------------------------------------===//
// The values
//===----------------------------------------------------------------------===//

/// The flags that a run's numbers or times depend on.
static Json describeRun(const ProgramView &program, const TrainOptions &options,
                        int64_t steps, const Settings &settings) {
  Json run = {{"steps", steps},
              {"seed", options.seed},
              {"threads", options.threads},
              {"ranks", options.ranks},
              {"epochs", options.epochs},
              {"overfit_batch", options.overfitBatch},
              {"data", options.data}};
  if (program.header().target != Target::Cpu)
    run.erase("threads");
  if (!options.validation.empty())
    run["val"] = options.validation;
  if (!options.parameters.empty())
    run["params"] = options.parameters;
  if (options.validateEvery)
    run["val_every"] = *options.validateEvery;
  if (!settings.empty()) {
    for (const auto &[name, value] : settings.values)
      run["set"][name] = value;
    run["fingerprint"] = runFingerprint(program, settings);
  }
  return run;
}

static std::string systemName() {
  utsname system = {};
  uname(&system);
  return formatText("{} {} {}, glibc {}", system.sysname, system.release,
                    system.machine, gnu_get_libc_version());
}

std::string gptc::timeOfDay() {
  std::time_t seconds = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

static Json describeHeader(const Instance &instance,
                           const TrainOptions &options, int64_t steps,
                           const Settings &settings) {
  const ProgramView &program = instance.program();
  Json header = describeProgram(program);
  header["run"] = describeRun(program, options, steps, settings);
  header["device"] = instance.describeDevice();
  header["device"]["system"] = systemName();
  header["started"] = timeOfDay();
  Json sources = Json::array();
  for (const Note &source : program.sources())
    sources.push_back({{"file", program.string(source.key)},
                       {"text", program.string(source.value)}});
  header["sources"] = sources;
  return header;
}

static void addStart(Json &to, const StartTimes &start) {
  if (start.all().empty())
    return;
  to["start_seconds"]["all"] = start.seconds();
  for (const auto &[what, seconds] : start.all())
    to["start_seconds"][what] = seconds;
}

/// A file's name need not be UTF-8.
static std::string dump(const Json &value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

//===----------------------------------------------------------------------===//
// The two forms
//===----------------------------------------------------------------------===//

std::string gptc::headerJson(const Instance &instance,
                             const TrainOptions &options, int64_t steps,
                             const std::string &losses,
                             const Settings &settings,
                             const StartTimes &start) {
  Json header = describeHeader(instance, options, steps, settings);
  if (!losses.empty())
    header["losses"] = losses;
  addStart(header, start);
  return dump({{"header", header}});
}

std::string gptc::resumedJson(const Instance &instance,
                              const TrainOptions &options, int64_t steps,
                              const Settings &settings, int64_t step,
                              const std::string &path,
                              const StartTimes &start) {
  Json resumed = {
      {"step", step},
      {"checkpoint", path},
      {"run", describeRun(instance.program(), options, steps, settings)},
      {"device", instance.describeDevice()},
      {"started", timeOfDay()}};
  addStart(resumed, start);
  return dump({{"resumed", resumed}});
}

/// A line that begins a section; the last one has no title.
static std::string rule(const std::string &title) {
  std::string line = title.empty() ? "" : "==== " + title + " ";
  line.resize(std::max(kRuleWidth, line.size() + 4), '=');
  return line + "\n";
}

/// `name: value` lines; objects under their name.
static void appendText(std::string &text, const Json &object,
                       const std::string &indent) {
  for (const auto &[name, value] : object.items()) {
    text += indent + name + ":";
    if (value.is_object()) {
      text += "\n";
      appendText(text, value, indent + "  ");
      continue;
    }
    text += " " + (value.is_string() ? value.get<std::string>() : dump(value)) +
            "\n";
  }
}

std::string gptc::headerText(const Instance &instance,
                             const TrainOptions &options, int64_t steps,
                             const Settings &settings) {
  Json header = describeHeader(instance, options, steps, settings);
  std::string text;
  for (const Json &source : header["sources"]) {
    text += rule(source["file"]) + source["text"].get<std::string>();
    if (text.back() != '\n')
      text += '\n';
  }
  header.erase("sources");
  text += rule("run of " + header["model"].get<std::string>());
  appendText(text, header, "");
  return text + rule("");
}
