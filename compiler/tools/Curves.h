//===- Curves.h - a picture of loss curves ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_CURVES_H
#define GPTC_COMPILER_TOOLS_CURVES_H

#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace gptc {

struct Point {
  double x, y;
};

/// A run's curves.
struct Curve {
  std::string name;
  std::vector<Point> training, validation;
};

struct Picture {
  std::string title, xLabel, yLabel, trainingLabel;
  bool wholeX = true;        ///< whether x counts something
  std::vector<Curve> curves; ///< with a point or more in all
};

/// As many curves have looks that one can tell apart.
constexpr size_t kMostCurves = 21;

/// Writes an SVG that needs nothing beside it: on its own ground, light or, for
/// who prefers it so, dark.
void writeSvg(const Picture &picture, llvm::raw_ostream &os);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_CURVES_H
