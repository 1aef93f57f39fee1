//===- Kern.h - the kern dialect --------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERN_H
#define GPTC_DIALECT_KERN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace gptc::kern {

class BufferOp;

/// A column sum is taken over windows of so many rows, a row sum over windows
/// of so many columns (design: the order of sums).
constexpr int64_t kSumWindow = 64;

/// The `kern.buffer` under a buffer value.
BufferOp rootOf(mlir::Value buffer);
/// First dimension of a buffer (1 for a scalar), and the product of all others.
int64_t rowsOf(mlir::MemRefType type);
int64_t columnsOf(mlir::MemRefType type);
/// Elements from one row to the next, and from the buffer's start to row 0.
int64_t rowStrideOf(mlir::MemRefType type);
int64_t offsetOf(mlir::MemRefType type);
/// The buffers and views that a kernel op writes, its row program included.
llvm::SetVector<mlir::Value> writtenBuffers(mlir::Operation *kernel);

/// Whether an op of a part is no kernel, but what ranks do together.
bool isCollective(mlir::Operation *op);
/// Whether a collective passes data between ranks, and is no await.
bool isExchange(mlir::Operation *op);

} // namespace gptc::kern

#endif // GPTC_DIALECT_KERN_H
