//===- Rows.h - row programs on the CPU -------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_ROWS_H
#define GPTC_COMPILER_TARGETS_CPU_ROWS_H

#include "compiler/kernels/RowEmitter.h"
#include "compiler/targets/cpu/Context.h"

namespace gptc::cpu {

/// Rows in plain memory; chunks are vectors of up to 16 lanes.
class CpuRowEmitter : public RowEmitter {
public:
  explicit CpuRowEmitter(Context &c) : RowEmitter(c.k), c(c) {}

protected:
  Value numberOf(Value number) override { return c.numberOf(number); }
  Value streamOf(kern::RandomOp op) override;
  RowAddress addressOf(Value buffer, Value at, bool check) override;
  void write(mlir::Operation *op, Value pointer, const Chunk &chunk,
             Value value) override;
  /// Elements from row to row: static for row kernels.
  virtual Value strideOf(Value buffer) {
    return k.i64(
        kern::rowStrideOf(mlir::cast<mlir::MemRefType>(buffer.getType())));
  }

  Context &c;
};

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_ROWS_H
