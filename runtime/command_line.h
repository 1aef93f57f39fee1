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
/// A program as an executable has it.
struct Linked {
  const unsigned char *blob = nullptr;
  const Kernel *kernels = nullptr;
  ComputeNumbers numbers = nullptr;
};

/// `reference`: what the program's kernels are compared with, if its blob is
/// not null.
int runCommandLine(int argc, char **argv, const Linked &program,
                   const Linked &reference = {});

} // namespace gptc

#endif // GPTC_RUNTIME_COMMAND_LINE_H
