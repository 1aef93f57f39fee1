//===- log_resume.h - the log of a run that goes on -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A run that was killed has logged steps that its checkpoint does not know.
// They are run again, and so they are taken out: a log has each step once, and
// that of a run which was ended and went on has the lines of one that was not.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_LOG_RESUME_H
#define GPTC_RUNTIME_LOG_RESUME_H

#include "settings.h"

#include <string>

namespace gptc {

/// Takes out of the log `path` what comes behind the first `step` steps, a
/// validation behind them too; whether there is such a log. Throws an `Error`
/// for a file that is no log, or that of another program.
bool cutLog(const std::string &path, int64_t step, const ProgramView &program,
            const Settings &settings);

} // namespace gptc

#endif // GPTC_RUNTIME_LOG_RESUME_H
