//===- KernRanks.h - what ranks do between kernels --------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNRANKS_H
#define GPTC_DIALECT_KERNRANKS_H

#include "dialect/Kern.h"
#include "dialect/KernKernels.h"

#define GET_OP_CLASSES
#include "dialect/KernRanks.h.inc"

namespace gptc::kern {

/// Whether a collective passes data between ranks, and is no await.
inline bool isExchange(mlir::Operation *op) {
  return mlir::isa<AllReduceOp, ReduceScatterOp, AllGatherOp>(op);
}

} // namespace gptc::kern

#endif // GPTC_DIALECT_KERNRANKS_H
