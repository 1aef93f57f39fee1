//===- Stats.h - what several runs amount to --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_STATS_H
#define GPTC_COMPILER_TOOLS_STATS_H

#include "compiler/tools/RunLog.h"
#include "compiler/tools/Statistics.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <set>

namespace gptc {

/// A record's loss must be below the target at p below this.
static constexpr double kSignificance = 0.01;
/// The z-rule of the leaderboard of optimizers: the deviation that it takes for
/// known, and the least (target − mean) √n.
static constexpr double kRuleDeviation = 0.0013, kRuleMargin = 0.004;

/// A set of runs of one program.
struct Sample {
  std::vector<std::string> names; ///< where each run's numbers stand
  std::vector<double> losses;
  std::vector<double> milliseconds; ///< empty if no run has a time
  std::optional<RunLog> first; ///< the first log, if any one that has a header
  std::set<std::string> devices;
  /// The runs of each seed, by their places in `names`.
  std::map<int64_t, size_t> seeds;
};

/// Means and deviations of a set.
struct RunSet {
  Sample sample;
  Summary loss;
  std::optional<Summary> time; ///< in ms
};

/// A comparison of two means, or why there is none.
struct MeanDifference {
  double difference = 0;
  std::optional<TTest> test;
  std::string refusal;
};

/// All that is reported.
struct Findings {
  RunSet runs;
  std::optional<RunSet> others;
  double target = 0; ///< where there is a test against it
  std::optional<TTest> belowTarget;
  /// (target − mean) √n, or of two sets (mean − mean) / √(1/n + 1/n).
  std::optional<double> rule, pairRule;
  MeanDifference loss, time;
};

/// As text, or as Markdown that a pull request can take.
void printStats(const Findings &found, bool markdown, llvm::raw_ostream &os);
/// All values as one JSON object.
void printStatsJson(const Findings &found, llvm::raw_ostream &os);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_STATS_H
