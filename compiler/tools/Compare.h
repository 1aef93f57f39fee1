//===- Compare.h - a comparison of two programs -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_COMPARE_H
#define GPTC_COMPILER_TOOLS_COMPARE_H

#include "compiler/tools/RunLog.h"
#include "compiler/tools/Statistics.h"
#include "compiler/tools/Table.h"

namespace gptc {

/// A training binary, and what it says of itself.
struct Contestant {
  std::string path, command, model, fingerprint, target;
  int64_t steps = 0;
};

/// A run of one of them.
struct TimedRun {
  bool isA;
  double stepMs; ///< mean over the steps that count
  RunLog log;
};

/// An A and the B beside it.
struct TimedPair {
  double a, b; ///< ms a step
  double ratio() const { return b / a; }
};

struct Comparison {
  Contestant a, b;
  std::vector<std::string> arguments;
  unsigned warmUp = 0;
  std::string device;
  std::vector<TimedRun> runs; ///< in their order
  std::vector<TimedPair> pairs;
  /// B's time a step by A's, the 95 % confidence interval, and how likely a
  /// ratio so far from 1 is if it were 1.
  double ratio = 1, low = 1, high = 1, twoSided = 1;
};

/// As text, or as Markdown that a pull request can take.
void printComparison(const Comparison &c, bool markdown, llvm::raw_ostream &os);
/// All values as one JSON object.
void printComparisonJson(const Comparison &c, llvm::raw_ostream &os);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_COMPARE_H
