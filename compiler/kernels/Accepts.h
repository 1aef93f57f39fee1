//===- Accepts.h - what a kernel family accepts -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One table for all targets: `fuse-epilogues` puts nothing into a contraction
// that this file does not allow, and every target lowers all that it allows.
//
//   where              | loads                         | ops            |
//   stores
//   -------------------|-------------------------------|----------------|-------
//   contract, epilogue | row m, N columns (two beside  | elementwise    | row
//   m,
//                      | the product); row m or the    | arith and math;| N
//                      | shared row, one column; the   | spread of one  |
//                      columns | shared row, N columns         | column;
//                      number;| (two |                               | round |
//                      beside |                               | | the | | |
//                      product)
//   contract, prologue | nothing                       |                |
//   attention          | nothing                       |                |
//
// N is the contraction's own, so that a program restricts to any tile of
// columns; a reduction or a shift of columns would need its neighbours.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_ACCEPTS_H
#define GPTC_COMPILER_KERNELS_ACCEPTS_H

#include "dialect/Kern.h"
#include <string>

namespace gptc {

/// Tiles that an epilogue may read and write beside the product itself.
constexpr int kEpilogueReads = 2, kEpilogueWrites = 2;

/// Why an op of a row program over n columns cannot stand in a contraction's
/// epilogue; empty if it can.
std::string whyNotInEpilogue(mlir::Operation *op, int64_t n);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_ACCEPTS_H
