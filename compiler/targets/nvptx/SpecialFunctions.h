//===- SpecialFunctions.h - exp, log, 1/x, roots, FP8 by units -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A multiprocessor has a unit for 2^x, log2 x, 1/x and roots. In plain
// arithmetic an exp is some 40 instructions and a quotient a dozen, and the
// loss of 16384 tokens takes 1.6e9 of each. In units of the last place, for
// results that are normal (others become 0):
//
//   math.exp    f32    < 3    2^t by the unit, t = x log2 e in two parts
//   c / x       f32    < 2    |c| <= 1: c times the unit's 1/x
//   x / c       f32    < 1.5  x times 1/c
//   math.sqrt   f32    < 3    with the flag `afn` alone: the unit's root
//   math.log    f32    < 5    with the flag `afn` alone: ln 2 times the unit's
//                             log2 x; from 1/2 to 2 by 2^-22 at the most
//   math.tanh   f32           with the flag `afn` alone: the unit's tanh, to
//                             2^-11 of itself
//
// Of exp(fma(y, c, z)), as `gather-factors` leaves it, the factor log2 e goes
// into c and z: one fma and 2^t. t is rounded as the argument would have been,
// by 2^-24 |t|, and the result is by 0.7 times that farther from exact.
//
// A rounding to a grid of FP8 and back, a dozen instructions in plain
// arithmetic, is two conversions of a pair: exact, the sign of 0 aside.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_SPECIALFUNCTIONS_H
#define GPTC_COMPILER_TARGETS_NVPTX_SPECIALFUNCTIONS_H

#include "mlir/Pass/Pass.h"

namespace gptc::nvptx {

/// The pass `special-functions`, before `expand-math`; runs on any op.
std::unique_ptr<mlir::Pass> createSpecialFunctionsPass();

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_SPECIALFUNCTIONS_H
