//===- header.h - what a log begins with ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// All that a run's numbers depend on, so that a log alone says what was run:
// the model's files, its constants, who compiled it, the run's flags and the
// machine.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_HEADER_H
#define GPTC_RUNTIME_HEADER_H

#include "instance.h"
#include "settings.h"
#include "start_times.h"
#include "train.h"

namespace gptc {

/// The time of day in UTC, as of ISO 8601.
std::string timeOfDay();

/// The first line of a log of JSON objects: `{"header": {…}}`. `losses` says
/// what its losses are, if there is anything to say; `start` what came before.
std::string headerJson(const Instance &instance, const TrainOptions &options,
                       int64_t steps, const std::string &losses,
                       const Settings &settings = {},
                       const StartTimes &start = {});

/// The line with which a run goes on from the checkpoint `path`, behind the
/// first `step` steps: `{"resumed": {…}}`.
std::string resumedJson(const Instance &instance, const TrainOptions &options,
                        int64_t steps, const Settings &settings, int64_t step,
                        const std::string &path, const StartTimes &start = {});

/// The header as text, which begins with the model's files, as the logs of
/// speedruns begin with their script. Every section stands between rules.
std::string headerText(const Instance &instance, const TrainOptions &options,
                       int64_t steps, const Settings &settings = {});

} // namespace gptc

#endif // GPTC_RUNTIME_HEADER_H
