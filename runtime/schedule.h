//===- schedule.h - every scheduled number of a run -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `schedule`: what the model calls by name, at every step.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SCHEDULE_H
#define GPTC_RUNTIME_SCHEDULE_H

#include "settings.h"

#include <cstdio>

namespace gptc {

/// A line a step, from 0 to the last validation's; or one JSON object.
void printSchedule(const ProgramView &program, const Settings &settings,
                   bool json, std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_SCHEDULE_H
