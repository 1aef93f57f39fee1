//===- rank_plan.h - a run of several ranks, before it is run ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `plan`: what each of W ranks holds and owns, what passes between
// them, and how long a step should take. All of it follows from the program, on
// a machine with one GPU or none; only times need something that was measured,
// or an assumption, and the plan says which.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RANK_PLAN_H
#define GPTC_RUNTIME_RANK_PLAN_H

#include "view.h"

#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gptc {

struct PlanOptions {
  unsigned ranks = 1;
  std::vector<std::string> profiles; ///< tables of `profile --csv`
  std::vector<std::string> set;      ///< NAME=VALUE
  /// Of collectives; what the target's are taken for where there is none.
  std::optional<double> gigabytes; ///< a second, in and out of each rank
  std::optional<double> latency;   ///< microseconds of one that has no data
  double share = 0.6; ///< of a launch's time, its floor; without a profile
  std::string card;   ///< empty: the reference card
  std::string csv;
  unsigned threads = 1;
  bool json = false;
};

/// Prints the plan as text or as one JSON object; the parts and collectives of
/// each kind of step also as CSV, if that is asked for.
void printPlan(const ProgramView &program, const PlanOptions &options,
               std::FILE *console);

/// The plan's text: another form of what the JSON object holds.
std::string planText(const nlohmann::ordered_json &plan);

} // namespace gptc

#endif // GPTC_RUNTIME_RANK_PLAN_H
