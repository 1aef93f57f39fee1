//===- numbers.cpp - the numbers of the step ------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "numbers.h"

#include "error.h"

#include <algorithm>
#include <cstdlib>

using namespace gptc;

StepNumbers::StepNumbers(const ProgramView &program, std::vector<double> given)
    : program(program), given(std::move(given)),
      state(program.header().stateNumbers), row(program.numbers().size()) {
  auto settings = static_cast<size_t>(std::count_if(
      program.constants().begin(), program.constants().end(),
      [](const Constant &c) { return c.use == ConstantUse::Setting; }));
  this->given.resize(settings, __builtin_nan(""));
}

const std::vector<double> &StepNumbers::at(int64_t step) {
  if (step < current)
    current = -1;
  while (current < step)
    program.computeNumbers()(given.data(), ++current, state.data(), row.data());
  return row;
}

bool StepNumbers::isValidationDue(int64_t step) {
  uint32_t column = program.header().validateColumn;
  return column != kNone && at(step)[column] != 0;
}

std::string gptc::showNumber(double value) {
  if (__builtin_isnan(value))
    return "NaN";
  if (!__builtin_isfinite(value))
    return value < 0 ? "-infinity" : "infinity";
  std::string text;
  for (int precision : {6, 15, 17}) {
    text = formatText("{:.{}g}", value, precision);
    if (std::strtod(text.c_str(), nullptr) == value)
      break;
  }
  return text;
}
