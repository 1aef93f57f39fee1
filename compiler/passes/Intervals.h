//===- Intervals.h - what the columns of a value lie in ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Bounds of values in row programs: from constants, and from what exp,
// quotients and selects give whatever they are given; through memory too.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_INTERVALS_H
#define GPTC_COMPILER_PASSES_INTERVALS_H

#include "mlir/IR/Value.h"
#include <cmath>
#include <limits>

namespace gptc {

/// What the columns of a value lie in, NaN aside.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool isBounded() const { return std::isfinite(low) && std::isfinite(high); }
};

/// A value's interval, seen through at most `depth` ops.
Interval intervalOf(mlir::Value x, int depth = 16);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_INTERVALS_H
