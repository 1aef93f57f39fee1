//===- Accepts.h - what a kernel family accepts -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One list for all targets: `fuse-epilogues` puts nothing into a contraction,
// and `fuse-attention` nothing into attention, that this file does not allow,
// and every target lowers all that it allows.
//
// In the epilogue of a contraction, whose product has row t and N columns:
//
// * loads: row t or the row of all rows, of N columns or of one; beside the
//   product at most kEpilogueReads tiles, which are row t of N columns;
// * stores: row t, of N columns; beside the product at most kEpilogueWrites
//   tiles; sums of windows, in f32, for which at most kEpilogueReadsOfSums
//   tiles are loaded;
// * ops: elementwise arith and math, round, numbers of the step and constants,
//   and the spread of one column, each over N columns or one; the sums over
//   each 64 of N columns, which are stored and nothing else.
//
// In the program of attention's backward, whose gradients have row t and a head
// after the other:
//
// * loads: row t or the row of all rows, of all columns, of one a head or of
//   one; beside a gradient at most kGradientReads whole rows; a rotation's
//   cosines and sines, which it alone uses;
// * stores: row t, of all columns;
// * ops: elementwise arith and math, round, numbers of the step and constants,
//   of as many columns; sums over the columns of each head, and the spread of
//   one column, or of one a head; rotations of halves.
//
// Nothing stands before a contraction, nor in attention otherwise. What is a
// contraction at all, and what row-wise work, is decided here too.
//
// N is the contraction's own, so that a program restricts to any tile of
// columns, which are several times 64; any other reduction, or a shift of
// columns, would need its neighbours.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_ACCEPTS_H
#define GPTC_COMPILER_KERNELS_ACCEPTS_H

#include "dialect/Kern.h"
#include <string>

namespace gptc::kern {
class LoadOp;
} // namespace gptc::kern

namespace gptc {

/// Tiles that an epilogue may read and write beside the product itself.
constexpr int kEpilogueReads = 2, kEpilogueWrites = 2;

/// Tiles that an epilogue may read if it takes one for the terms of a sum: on
/// Hopper there are no registers for two beside a tile's accumulators.
constexpr int kEpilogueReadsOfSums = 1;

/// Whole rows that attention's backward may read for a gradient.
constexpr int kGradientReads = 1;

/// Whether `row` has the sums of windows of n columns, one a window.
bool isWindows(mlir::Type row, int64_t n);

/// A weight of so few elements is no work for a contraction: its product is
/// row-wise, and its gradient is a column sum. Every 64 rows leave a partial
/// sum a weight, in f32, so this many cost a row 32 bytes of memory and as many
/// multiply-adds; a weight of 96 x 128 would cost it 768 bytes, more than the
/// row it gates, and its products have work for a matrix unit.
constexpr int64_t kRowWiseWeights = 512;
inline bool isRowWise(int64_t weights) { return weights <= kRowWiseWeights; }

/// Whether an op makes each column of the same column of its operands alone.
bool isOfOneColumn(mlir::Operation *op);

/// Why an op of a row program over n columns cannot stand in a contraction's
/// epilogue; empty if it can.
std::string whyNotInEpilogue(mlir::Operation *op, int64_t n);

/// Why an op of a row program over heads of `head` of the columns cannot stand
/// in attention's backward; empty if it can.
std::string whyNotByHeads(mlir::Operation *op, int64_t columns, int64_t head);

/// Whether a row is a rotation's cosines or sines and nothing else.
bool isTable(kern::LoadOp load);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_ACCEPTS_H
