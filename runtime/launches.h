//===- launches.h - a program's launches as JSON ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_LAUNCHES_H
#define GPTC_RUNTIME_LAUNCHES_H

#include "view.h"

#include <nlohmann/json_fwd.hpp>

namespace gptc {

/// All of a program that a host needs to run its kernels: `buffers`, in the
/// order in which the others name them, each with the byte at which it stands;
/// `numbers`, and `rows` with their values at each step (null are the host's,
/// and those without one there); `parts` with the steps that run them (first,
/// last and stride of each range), what the host feeds and reads, and their
/// launches in order, each argument with its byte of the arena.
nlohmann::ordered_json describeLaunches(const ProgramView &program);

} // namespace gptc

#endif // GPTC_RUNTIME_LAUNCHES_H
