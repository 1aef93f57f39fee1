//===- command_line.h - the commands of a training binary -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Parses the flags of a command, runs it, and turns every `Error` into one
// line.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COMMAND_LINE_H
#define GPTC_RUNTIME_COMMAND_LINE_H

#include "program.h"

namespace gptc {

/// Runs the training binary that embeds the program in `blob` with `kernels`
/// and `numbers`. Returns the exit code: 0, or 1 after one `error: …` line on
/// stderr.
int runCommandLine(int argc, char **argv, const unsigned char *blob,
                   const Kernel *kernels, ComputeNumbers numbers);

} // namespace gptc

#endif // GPTC_RUNTIME_COMMAND_LINE_H
