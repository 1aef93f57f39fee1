//===- samples.h - how long something took, again and again -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SAMPLES_H
#define GPTC_RUNTIME_SAMPLES_H

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gptc {

/// Samples of one duration, in seconds; `least` to `median` ask for one at
/// least.
class Samples {
public:
  void add(double seconds) { values.push_back(seconds); }
  const std::vector<double> &inOrder() const { return values; }
  double least() const { return at(0); }
  double most() const { return at(values.size() - 1); }
  double median() const {
    size_t middle = values.size() / 2;
    return values.size() % 2 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  }

private:
  double at(size_t rank) const {
    std::vector<double> sorted = values;
    std::nth_element(sorted.begin(),
                     sorted.begin() + static_cast<std::ptrdiff_t>(rank),
                     sorted.end());
    return sorted[rank];
  }
  std::vector<double> values;
};

} // namespace gptc

#endif // GPTC_RUNTIME_SAMPLES_H
