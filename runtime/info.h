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
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gptc {

/// Whose program it is, what made it, and its constants: what `info` says
/// before it comes to memory.
nlohmann::ordered_json describeProgram(const ProgramView &program);

/// As text, or with all the same values as one JSON object.
void printInfo(const ProgramView &program, bool json, std::FILE *console);
/// What launches.h tells, as one JSON object.
void printLaunches(const ProgramView &program, std::FILE *console);

/// What `--version` prints: whose program this is, and what made it.
std::string versionText(const ProgramView &program);

} // namespace gptc

#endif // GPTC_RUNTIME_INFO_H
