//===- MathExpansion.h - functions in plain arithmetic ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// `expand-math` replaces what a CPU or GPU has no instruction for by additions,
// multiplications and integer arithmetic, the same for every target, so that
// kernels call no mathematics library and every target computes the same bits.
// Errors, against the exact value, in units of the last place of the result:
//
//   math.exp    f32       < 1.1   0 below -104, infinity above 88.73
//   math.log    f32       < 1.1   -infinity at 0, NaN below
//   math.rsqrt  f32       < 1.5   1 / sqrt, both rounded
//   math.tanh   f32       absolute error < 2e-7
//   math.sin, math.cos  f64       absolute error < 1e-15 for |x| <= 1e6;
//                       f32       computed in f64, rounded once
//   kern.round                    exact: ties to even, saturating
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_MATHEXPANSION_H
#define GPTC_COMPILER_KERNELS_MATHEXPANSION_H

#include "mlir/Pass/Pass.h"

namespace gptc {

/// The pass `expand-math`; runs on any op.
std::unique_ptr<mlir::Pass> createExpandMathPass();

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_MATHEXPANSION_H
