//===- schedule.cpp - every scheduled number of a run ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "schedule.h"

#include "error.h"
#include "numbers.h"

#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;

/// The numbers of one step by name; those of a list in an array.
static Json describeStep(const ProgramView &program, StepNumbers &numbers,
                         int64_t step) {
  Json line{{"step", step}};
  if (uint32_t micro = program.stepTable()[step].micro; micro != kNone)
    line["T"] = program.parts()[micro].tokens;
  const std::vector<double> &row = numbers.at(step);
  for (uint32_t column : program.listed()) {
    const Number &number = program.numbers()[column];
    std::string name = program.string(number.name);
    if (number.listing == Listing::Element)
      line[name].push_back(row[column]);
    else
      line[name] = row[column];
  }
  return line;
}

static std::string textOf(const Json &value) {
  if (value.is_number_integer())
    return std::to_string(value.get<int64_t>());
  if (value.is_number())
    return showNumber(value.get<double>());
  if (!value.is_array() || value.empty())
    return value.dump();
  return formatText("[{} from {} to {}]", value.size(), textOf(value.front()),
                    textOf(value.back()));
}

void gptc::printSchedule(const ProgramView &program, const Settings &settings,
                         bool json, std::FILE *console) {
  checkSettings(program, settings);
  StepNumbers numbers(program, settings.given);
  int64_t last = program.header().steps;
  if (json) {
    Json head{{"model", program.string(program.header().model)},
              {"fingerprint", runFingerprint(program, settings)},
              {"set", Json::object()}};
    for (const auto &[name, value] : settings.values)
      head["set"][name] = value;
    std::string text = head.dump();
    text.pop_back(); // the brace, which the steps close
    print(console, "{},\"steps\":[\n", text);
  } else if (!settings.empty()) {
    print(console, "set: {}\n", settings.text());
  }
  for (int64_t step = 0; step <= last; ++step) {
    Json line = describeStep(program, numbers, step);
    if (json) {
      print(console, "{}{}\n", line.dump(), step < last ? "," : "");
      continue;
    }
    std::string text;
    for (auto &[name, value] : line.items())
      text += (text.empty() ? "" : "  ") + name + " " + textOf(value);
    print(console, "{}\n", text);
  }
  if (json)
    print(console, "]}}\n");
}
