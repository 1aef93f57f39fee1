//===- Statistics.cpp - means, deviations and tests -----------------------===//
//
// Part of gptc, under the MIT License.
//
// The distributions are those of Boost.Math, which wants exceptions: this file
// alone is compiled with them.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

using namespace gptc;

Summary gptc::summarize(const std::vector<double> &values) {
  Summary summary;
  summary.n = values.size();
  auto [least, most] = std::minmax_element(values.begin(), values.end());
  summary.least = *least;
  summary.most = *most;
  auto count = static_cast<long double>(summary.n);
  long double sum = 0, squares = 0;
  for (double x : values)
    sum += x;
  long double mean = sum / count;
  for (double x : values)
    squares += (x - mean) * (x - mean);
  summary.mean = static_cast<double>(mean);
  if (summary.n > 1 && summary.least < summary.most)
    summary.deviation = static_cast<double>(std::sqrt(squares / (count - 1)));
  return summary;
}

/// The test of a difference of means with its standard error.
static TTest testDifference(double difference, double error, double degrees) {
  boost::math::students_t distribution(degrees);
  double t = difference / error;
  TTest test = {};
  test.t = t;
  test.degrees = degrees;
  test.below = cdf(distribution, t);
  test.twoSided = 2 * cdf(distribution, -std::fabs(t));
  test.halfWidth =
      error * quantile(complement(distribution, 0.025)); // 95 % lie inside
  return test;
}

TTest gptc::testAgainst(const Summary &sample, double target) {
  auto count = static_cast<double>(sample.n);
  return testDifference(sample.mean - target,
                        sample.deviation / std::sqrt(count), count - 1);
}

TTest gptc::testWelch(const Summary &first, const Summary &second) {
  auto square = [](const Summary &s) {
    return s.deviation * s.deviation / static_cast<double>(s.n);
  };
  double a = square(first), b = square(second);
  double degrees = (a + b) * (a + b) /
                   (a * a / static_cast<double>(first.n - 1) +
                    b * b / static_cast<double>(second.n - 1));
  return testDifference(first.mean - second.mean, std::sqrt(a + b), degrees);
}

double gptc::normalTail(double z) {
  return cdf(complement(boost::math::normal(), z));
}
