//===- Axis.cpp - an axis with round ticks --------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Axis.h"
#include "compiler/tools/Table.h"
#include <algorithm>
#include <cmath>

using namespace gptc;

/// The roundest distance of some `count` ticks over `range`.
static double roundDistance(double range, int count) {
  double rough = range / count;
  double power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough)
      return factor * power;
  return 10 * power;
}

Axis::Axis(double low, double high, double from, double to, int count,
           Kind kind)
    : low(low), high(high), from(from), to(to) {
  // What is no range to speak of would be ticks that doubles do not tell apart.
  double least =
      std::max(1e-9 * std::max(std::fabs(low), std::fabs(high)), 1e-12);
  if (high - low < least) {
    double width = kind == Whole ? 2 : std::max(0.1 * std::fabs(low), 1e-3);
    this->low -= width / 2;
    this->high += width / 2;
  }
  distance = roundDistance(this->high - this->low, count);
  if (kind == Whole)
    distance = std::max(distance, 1.0);
  if (kind != Rounded)
    return;
  this->low = distance * std::floor(this->low / distance);
  this->high = distance * std::ceil(this->high / distance);
}

std::vector<double> Axis::ticks() const {
  std::vector<double> found;
  double slack = 1e-6 * distance;
  double first = std::ceil((low - slack) / distance);
  auto count =
      static_cast<int>(std::floor((high + slack) / distance) - first + 1);
  found.reserve(count);
  for (int k = 0; k < count; ++k)
    found.push_back((first + k) * distance);
  return found;
}

std::string Axis::label(double tick) const {
  if (std::fabs(tick) >= 1e6 || (distance < 1e-4))
    return formatText("{:.6g}", tick);
  int decimals =
      std::max(0, static_cast<int>(-std::floor(std::log10(distance) + 1e-9)));
  return formatText("{:.{}f}", tick == 0 ? 0.0 : tick, decimals);
}
