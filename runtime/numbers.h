//===- numbers.h - the numbers of the step ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A compiled program has a function of the step that gives all its numbers:
// schedules, rates, rotary frequencies. It goes through the steps in order, so
// rows are computed as they are wanted and none is stored.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_NUMBERS_H
#define GPTC_RUNTIME_NUMBERS_H

#include "view.h"

#include <vector>

namespace gptc {

class StepNumbers {
public:
  /// `given`: a value for each constant that a run may set, NaN where it keeps
  /// its own; none at all keeps all.
  explicit StepNumbers(const ProgramView &program,
                       std::vector<double> given = {});

  /// The row of a step, from 0; the host's columns are 0. Valid until the next
  /// call. Cheap for the same step and the next one; an earlier one begins
  /// again.
  const std::vector<double> &at(int64_t step);

  /// Whether a validation is due before step `step`.
  bool isValidationDue(int64_t step);

private:
  ProgramView program;
  std::vector<double> given, state, row;
  int64_t current = -1;
};

/// A number as a model file has it: `0.008`, `1e-10`, `NaN`.
std::string showNumber(double value);

} // namespace gptc

#endif // GPTC_RUNTIME_NUMBERS_H
