//===- Cores.h - what Hopper's tensor cores take ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What tensor cores take, and the sizes of the tiles that a block multiplies:
// for the kernels themselves and for the pass that decides how a long sum is
// split over the multiprocessors (`split-sums`).
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_CORES_H
#define GPTC_COMPILER_KERNELS_CORES_H

#include "mlir/IR/Value.h"
#include <string>

namespace gptc::kern {
class AttentionBackwardOp;
class AttentionOp;
class ContractOp;
} // namespace gptc::kern

namespace gptc {

/// Of an H100 SXM and an H200: for choices alone, never for correctness.
constexpr int64_t kMultiprocessors = 132;

/// Rows of a block's tile, elements of k in one of its steps, and columns that
/// a tile of a weight gradient can have: two accumulators of 192 are the most
/// that the registers hold, and widths between multiples of 64 read as much as
/// the next one and multiply less (docs/performance.md).
constexpr int64_t kTileM = 128, kTileK = 64, kWidths[] = {192, 128, 64};

/// What a step of a tile so wide costs: its columns, and about 16 more for
/// reading a.
constexpr int64_t costOfStep(int64_t columns) { return columns + 16; }

/// Whether an operand holds codes of FP8.
bool isCodes(mlir::Value operand);

/// Why tensor cores do not multiply the operands; empty if they do.
std::string whyNotOnCores(kern::ContractOp op);

/// Why a symmetric product's kernel computes all of it; empty if it computes
/// tiles of kTileM x kTileM on and below the diagonal, and mirrors them.
std::string whyNotTriangle(kern::ContractOp op);
/// Whether an op is symmetric, and computed so.
bool isTriangle(kern::ContractOp op);

/// Why attention of this op runs without tensor cores; empty if it does not.
std::string whyNotOnCores(kern::AttentionOp op);
std::string whyNotOnCores(kern::AttentionBackwardOp op);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_CORES_H
