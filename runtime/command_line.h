//===- command_line.h - the commands of a training binary -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Parses the flags of `train`, `gradients`, `init`, `sample` and `info`, runs
// the command, and turns every `Error` into one line.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COMMAND_LINE_H
#define GPTC_RUNTIME_COMMAND_LINE_H

#include "program.h"

namespace gptc {

/// Runs the training binary that embeds the program in `blob` with `kernels`.
/// Returns the exit code: 0, or 1 after one `error: …` line on stderr.
int runCommandLine(int argc, char **argv, const unsigned char *blob,
                   const Kernel *kernels);

} // namespace gptc

#endif // GPTC_RUNTIME_COMMAND_LINE_H
