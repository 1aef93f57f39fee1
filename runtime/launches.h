//===- launches.h - a program's launches as JSON ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_LAUNCHES_H
#define GPTC_RUNTIME_LAUNCHES_H

#include "view.h"

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gptc {

/// The row of numbers of a step, with anything in the host's columns.
using RowOf = std::function<std::vector<double>(int64_t step)>;

/// All of a program that a host needs to run its kernels: `buffers`, in the
/// order in which the others name them, each with the byte at which it stands;
/// `numbers`, and `rows` with their values at each step (null are the host's,
/// and those without one there); `parts` with the steps that run them (first,
/// last and stride of each range), what the host feeds and reads, and their
/// launches in order, each argument with its byte of the arena.
nlohmann::ordered_json describeLaunches(const ProgramView &program,
                                        const RowOf &rowOf);
/// The same as text.
std::string launchesText(const ProgramView &program, const RowOf &rowOf);

/// Steps first, first + stride, … last.
struct StepRange {
  int64_t first, last, stride;
};
/// Ascending steps in as few ranges as one sees.
std::vector<StepRange> rangesOf(const std::vector<int64_t> &steps);
/// `0, 2, 5-9, 10-40 by 2`.
std::string rangesText(const std::vector<int64_t> &steps);

} // namespace gptc

#endif // GPTC_RUNTIME_LAUNCHES_H
