//===- step_kinds.cpp - steps that cost the same --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "step_kinds.h"

#include <map>
#include <set>

using namespace gptc;

/// What decides a step's cost: its parts, and the windows of their attention.
static std::vector<double> keyOf(const ProgramView &program, int64_t step,
                                 const std::vector<double> &numbers) {
  const Step &row = program.stepTable()[step];
  std::vector<double> key;
  std::set<uint32_t> windows;
  for (uint32_t part :
       {row.prologue, row.micro, row.epilogue, row.update, row.event}) {
    key.push_back(part);
    if (part == kNone)
      continue;
    for (const Launch &launch :
         program.launches().slice(program.parts()[part].launches))
      if (launch.cost.positions)
        windows.insert(launch.cost.window);
  }
  for (uint32_t window : windows)
    key.push_back(numbers[window]);
  return key;
}

std::vector<std::vector<int64_t>> gptc::stepKinds(const ProgramView &program,
                                                  const RowOf &rowOf) {
  std::vector<std::vector<int64_t>> kinds;
  std::map<std::vector<double>, size_t> known;
  for (int64_t step = 0; step < program.header().steps; ++step) {
    auto [place, isNew] =
        known.try_emplace(keyOf(program, step, rowOf(step)), kinds.size());
    if (isNew)
      kinds.emplace_back();
    kinds[place->second].push_back(step);
  }
  return kinds;
}
