//===- Triangle.h - the tiles of a symmetric product ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A square product is cut into tiles of kTileM rows and columns. Those on and
// below the diagonal are computed; what is above it is the mirror of those
// below, which the epilogue stores beside them (Epilogue.h). On the diagonal
// the first operand's rows are the second's: they are brought once.
//
// Rows of tiles are told apart without a root: the last one and the first
// together have as many tiles as the one before the last and the second.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_TRIANGLE_H
#define GPTC_COMPILER_TARGETS_NVPTX_TRIANGLE_H

#include "compiler/kernels/Cores.h"
#include "compiler/targets/nvptx/NvptxBuilder.h"
#include "dialect/kern/ContractOp.h.inc"

namespace gptc::nvptx {

class Triangle {
public:
  Triangle(NvptxBuilder &e, kern::ContractOp op)
      : e(e), down(llvm::divideCeil(op.getN(), kTileM)) {}

  /// Tiles of a product, numbered from 0 on.
  int64_t tiles() const { return down * (down + 1) / 2; }
  /// Where a tile begins, and whether it is on the diagonal.
  struct Place {
    Value row, column, onDiagonal;
  };
  Place place(Value tile);

private:
  NvptxBuilder &e;
  int64_t down;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_TRIANGLE_H
