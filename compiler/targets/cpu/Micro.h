//===- Micro.h - packed products of matrices --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The inner part of every product on the CPU, after Goto and van de Geijn
// ("Anatomy of High-Performance Matrix Multiplication", 2008): operands are
// packed into slivers of 8 rows of a and 32 rows of b, k after k, and a kernel
// with 8 x 32 accumulators in registers adds their product to a tile of f32.
// Each element starts from the tile's value and takes one fused multiply-add
// for each k, ascending: its bits depend neither on tiles nor on blocks of k.
//
// The functions stand in every module of kernels and are private to it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_MICRO_H
#define GPTC_COMPILER_TARGETS_CPU_MICRO_H

#include "compiler/kernels/KernelBuilder.h"
#include "mlir/IR/BuiltinOps.h"

namespace gptc::cpu {

constexpr int64_t kRowSliver = 8, kColumnSliver = 32;
/// Rows of a packed operand are padded with zeros to a multiple of these.
constexpr int64_t kRowPadding = 16, kColumnPadding = 32;

/// A block of accumulators that stays in registers: rows of a by vectors of 16
/// columns of b. They divide 8 and 2.
struct Accumulators {
  int64_t rows, vectors;
};

/// Adds the functions to a module, with 8 x 2 accumulators (32 registers of 16
/// lanes).
void addMicroKernels(mlir::ModuleOp module);
/// Builds the multiplication anew for other registers; the bits stay.
void setAccumulators(mlir::ModuleOp module, Accumulators block);

/// Packs `rows` x `depth` elements: (r, d) at source[r ld + d], or
/// source[d ld + r] if `transposed`. `b` packs the second operand.
void pack(KernelBuilder &k, bool b, bool transposed, mlir::Value source,
          mlir::Value ld, mlir::Value rows, mlir::Value depth,
          mlir::Value packed);

/// tile[i ld + j] += Σ_d a(i, d) b(j, d) for all of the padded slivers that
/// `rows` and `columns` reach into.
void multiply(KernelBuilder &k, mlir::Value a, mlir::Value b, mlir::Value tile,
              mlir::Value ld, mlir::Value rows, mlir::Value columns,
              mlir::Value depth);

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_MICRO_H
