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
#include <string>

namespace gptc {

/// As text, or with all the same values as one JSON object.
void printInfo(const ProgramView &program, bool json, std::FILE *console);

/// What `--version` prints: whose program this is, and what made it.
std::string versionText(const ProgramView &program);

} // namespace gptc

#endif // GPTC_RUNTIME_INFO_H
