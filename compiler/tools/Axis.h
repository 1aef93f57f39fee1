//===- Axis.h - an axis with round ticks ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_AXIS_H
#define GPTC_COMPILER_TOOLS_AXIS_H

#include <string>
#include <vector>

namespace gptc {

/// Values between `low` and `high` on pixels between `from` and `to`.
class Axis {
public:
  /// What an axis is for.
  enum Kind {
    Free,    ///< from the least value to the greatest
    Whole,   ///< the same; its ticks are whole numbers
    Rounded, ///< from a tick to a tick
  };

  /// Takes in [low, high], widened where they are one, with some `count` ticks.
  Axis(double low, double high, double from, double to, int count, Kind kind);

  double pixel(double value) const {
    return from + (value - low) / (high - low) * (to - from);
  }
  /// The ticks inside, multiples of 1, 2 or 5 times a power of ten.
  std::vector<double> ticks() const;
  /// A tick's text, with as many decimals as their distance needs.
  std::string label(double tick) const;

private:
  double low, high, from, to, distance;
};

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_AXIS_H
