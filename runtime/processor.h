//===- processor.h - what this machine's processor has ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Kernels are compiled for one processor and use all that it has. On another
// they would die of an illegal instruction, perhaps hours into a run: a program
// says which extensions it needs, and asks before it computes anything. The
// runtime itself is compiled for every x86-64.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PROCESSOR_H
#define GPTC_RUNTIME_PROCESSOR_H

#include "view.h"

#include <string>

namespace gptc {

/// The extensions that the processor has and the system lets programs use, bits
/// as of `Program::features`.
uint64_t machineFeatures();

/// Their names, with `separator` between them.
std::string featureNames(uint64_t features, const char *separator);

/// What the processor calls itself, or "unknown".
std::string processorName();

/// Throws an `Error` that names what the program needs and `machine` lacks.
void checkProcessor(const ProgramView &program, uint64_t machine);

} // namespace gptc

#endif // GPTC_RUNTIME_PROCESSOR_H
