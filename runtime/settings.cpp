//===- settings.cpp - constants that a run sets ---------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "settings.h"

#include "error.h"
#include "numbers.h"

#include <algorithm>
#include <cstdlib>
#include <map>

using namespace gptc;

std::string Settings::text() const {
  std::string all;
  for (const auto &[name, value] : values)
    all += (all.empty() ? "" : " ") + name + "=" + showNumber(value);
  return all;
}

/// How many letters differ.
static size_t distanceOf(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1,
                         diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// "; did you mean 'x'?", or nothing.
static std::string nearest(const ProgramView &program,
                           const std::string &name) {
  std::string best;
  size_t least = name.size() / 3 + 2;
  for (const Constant &constant : program.constants()) {
    std::string other = program.string(constant.name);
    if (size_t distance = distanceOf(name, other); distance < least) {
      least = distance;
      best = other;
    }
  }
  return best.empty() ? "" : "; did you mean '" + best + "'?";
}

static double readValue(const std::string &given, const std::string &text) {
  if (text == "true" || text == "false")
    return text == "true" ? 1 : 0;
  char *end;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || text[0] == ' ' || !__builtin_isfinite(value))
    fail("{}: '{}' is not a number, true or false", given, text);
  return value;
}

static const Constant &findConstant(const ProgramView &program,
                                    const std::string &given,
                                    const std::string &name) {
  for (const Constant &constant : program.constants())
    if (program.text(constant.name) == name)
      return constant;
  fail("{}: the model has no constant '{}'{}", given, name,
       nearest(program, name));
}

Settings gptc::parseSettings(const ProgramView &program,
                             const std::vector<std::string> &words,
                             const std::string &source) {
  std::map<std::string, std::string> last; // by name
  std::map<std::string, double> values;
  for (const std::string &word : words) {
    std::string given = source + " " + word;
    size_t sign = word.find('=');
    if (sign == std::string::npos || sign == 0)
      fail("{}: write it as NAME=VALUE", given);
    std::string name = word.substr(0, sign);
    double value = readValue(given, word.substr(sign + 1));
    const Constant &constant = findConstant(program, given, name);
    if (constant.use == ConstantUse::Fixed)
      fail("{}: {} decides {}: compile the model with --set {}", given, name,
           program.string(constant.decides), word);
    if (constant.use == ConstantUse::Unread)
      print(stderr,
            "warning: {}: nothing reads '{}', so this changes nothing\n", given,
            name);
    if (last.count(name))
      print(stderr, "warning: {} {}: {}, further on, takes its place\n", source,
            last[name], given);
    last[name] = word;
    values[name] = value;
  }
  Settings settings;
  for (const Constant &constant : program.constants()) {
    if (constant.use != ConstantUse::Setting)
      continue;
    auto found = values.find(program.string(constant.name));
    settings.given.push_back(found == values.end() ? __builtin_nan("")
                                                   : found->second);
    if (found != values.end())
      settings.values.emplace_back(found->first, found->second);
  }
  return settings;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

[[noreturn]] static void failCheck(const ProgramView &program,
                                   const Settings &settings, const Check &check,
                                   int64_t step,
                                   const std::vector<double> &row) {
  std::string message, given;
  std::string_view rest = program.text(check.message);
  for (uint32_t column : program.checkColumns().slice(check.shown)) {
    size_t hole = rest.find("{}");
    if (hole == std::string_view::npos)
      break;
    message += std::string(rest.substr(0, hole)) + showNumber(row[column]);
    rest.remove_prefix(hole + 2);
  }
  message += rest;
  for (const auto &[name, value] : settings.values)
    given += "--set " + name + "=" + showNumber(value) + " ";
  given.pop_back();
  fail("{}: at step {} {}", given, step, message);
}

/// Whether the step lies in the check's ranges.
static bool appliesAt(const ProgramView &program, const Check &check,
                      int64_t step) {
  Array<int64_t> ranges = program.checkSteps().slice(check.steps);
  for (size_t i = 0; i + 1 < ranges.size(); i += 2)
    if (ranges[i] <= step && step <= ranges[i + 1])
      return true;
  return false;
}

void gptc::checkSettings(const ProgramView &program, const Settings &settings) {
  // With its own values the compiler has checked the program.
  if (settings.empty())
    return;
  StepNumbers numbers(program, settings.given);
  for (int64_t step = 0; step <= program.header().steps; ++step) {
    const std::vector<double> &row = numbers.at(step);
    for (const Check &check : program.checks())
      if (row[check.column] != 1 && appliesAt(program, check, step))
        failCheck(program, settings, check, step, row);
  }
}

std::string gptc::runFingerprint(const ProgramView &program,
                                 const Settings &settings) {
  // FNV-1a, over the program's and the settings as they are written.
  uint64_t hash = program.header().fingerprint;
  for (unsigned char letter : settings.text())
    hash = (hash ^ letter) * 0x100000001b3;
  return formatText("{:016x}", hash);
}
