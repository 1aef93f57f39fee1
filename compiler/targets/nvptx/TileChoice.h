//===- TileChoice.h - which tile a contraction's kernel has -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What an op's attribute asks for (compiler/kernels/Tiles.h), else what its
// shape says.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_TILECHOICE_H
#define GPTC_COMPILER_TARGETS_NVPTX_TILECHOICE_H

#include "dialect/Kern.h"

namespace gptc::kern {
class ContractOp;
} // namespace gptc::kern

namespace gptc::nvptx {

/// Whether consumers take turns at tiles.
bool takesTurns(kern::ContractOp op);
/// Rows and columns of a block's tile.
int64_t rowsOfTile(kern::ContractOp op);
int64_t columnsOfTile(kern::ContractOp op);

/// Emits an error if an op is asked to have a tile that no kernel can have.
mlir::LogicalResult verifyTile(kern::ContractOp op);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_TILECHOICE_H
