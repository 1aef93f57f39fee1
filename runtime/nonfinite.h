//===- nonfinite.h - a step whose numbers are none --------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// From the first loss or gradient on that is not finite no update has an effect
// (`Result::Nonfinite`), so the parameters are still those before that step
// when the host learns of it. Then it runs the step's micro-batches again, one
// by one, to see where it began.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_NONFINITE_H
#define GPTC_RUNTIME_NONFINITE_H

#include "communicator.h"
#include "instance.h"
#include "settings.h"
#include "train.h"

namespace gptc {

/// What the names of files that are kept of a step begin with: that of what the
/// run was to save, else of its log, else of the folder of its checkpoints,
/// else "nonfinite".
std::string keptStem(const TrainOptions &options);

/// Throws an `Error` that says in which micro-batch of step `step` and with
/// which parameter it began, and where the parameters before the step and the
/// micro-batch were saved. All ranks call it; the one that read the micro-batch
/// says and saves it.
[[noreturn]] void failNonfinite(Instance &instance, const TrainOptions &options,
                                const Settings &settings, int64_t step,
                                const std::vector<MicroBatch> &batches,
                                Communicator &ranks);

} // namespace gptc

#endif // GPTC_RUNTIME_NONFINITE_H
