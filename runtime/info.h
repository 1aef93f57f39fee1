//===- info.h - what a training binary is -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `info`: model, constants, notes, parameters, and the exact
// memory plan.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_INFO_H
#define GPTC_RUNTIME_INFO_H

#include "view.h"

#include <cstdio>

namespace gptc {

void printInfo(const ProgramView &program, std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_INFO_H
