//===- Statistics.h - means, deviations and tests ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_STATISTICS_H
#define GPTC_COMPILER_TOOLS_STATISTICS_H

#include <cstddef>
#include <vector>

namespace gptc {

struct Summary {
  size_t n = 0;
  double mean = 0, least = 0, most = 0;
  /// The sample's standard deviation (n − 1); 0 where n is 1.
  double deviation = 0;
};

/// Of one number or more.
Summary summarize(const std::vector<double> &values);

/// A t-test. `below` is the one-sided p: how likely a t as low as this is if
/// the means were equal.
struct TTest {
  double t, degrees, below, twoSided;
  /// Half of the 95 % confidence interval of the difference.
  double halfWidth;
};

/// Whether the mean that `sample` was drawn from is below `target`. Needs n ≥ 2
/// and a deviation.
TTest testAgainst(const Summary &sample, double target);

/// Welch's test of whether the first mean is below the second. Needs n ≥ 2 of
/// both, and a deviation of one.
TTest testWelch(const Summary &first, const Summary &second);

/// P(Z ≥ z) of the normal distribution.
double normalTail(double z);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_STATISTICS_H
