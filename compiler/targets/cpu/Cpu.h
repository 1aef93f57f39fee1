//===- Cpu.h - kernels for the CPU ------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The entry points of the CPU target: a module of `kern.part`s becomes a module
// of `llvm.func`s with the calling convention of runtime/program.h and one
// record a launch (this file); that module becomes an object file (Object.h).
// The input module is not changed.
//
// Kernels that differ only in their buffers, numbers and run-time sizes are one
// function. Run-time are the rows of every buffer, a contraction's m, n, k, its
// batch and strides, positions and documents of attention, streams of random
// numbers; static are the columns of row programs and an attention's heads and
// head size.
//
// Units, on which threads divide a launch: 64 rows of a row program; a block of
// the product of a contraction; a square of 64 of a transposition; 128 queries
// of a head of attention; a span of keys and one of queries of a head of its
// backward, which takes a launch for each distance of the two; a window of 64
// positions of ordered segments; 64 columns of a finish.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_CPU_H
#define GPTC_COMPILER_TARGETS_CPU_CPU_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gptc::cpu {

/// A buffer argument of a launch.
struct KernelBuffer {
  mlir::Value value;  ///< the kern.buffer or kern.view that the kernel names
  int64_t byteOffset; ///< of the view in the buffer
  bool written;
};

/// One launch of a kernel op of a part, in order; few ops have several.
struct KernelUse {
  mlir::Operation *op;
  unsigned kernel;                         ///< in `CpuKernels::names`
  llvm::SmallVector<KernelBuffer> buffers; ///< in argument order
  /// The launch's sizes; they end with the columns of `numbers` and the streams
  /// of random ops.
  llvm::SmallVector<int64_t> sizes;
  /// The f64 values in the order in which the kernel indexes them.
  llvm::SmallVector<mlir::Value> numbers;
  int64_t units;
  int64_t scratchBytes; ///< a thread
};

struct CpuKernels {
  std::vector<KernelUse> perLaunch; ///< of all parts, in order of the module
  std::vector<std::string> names;   ///< functions of `module`, one a kernel
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Emits the kernels of every `kern.part` of `source`. `columnOf` gives the
/// column of a number in a row. Fails, with an error at the op, for
/// what the target does not serve.
mlir::FailureOr<CpuKernels>
emitKernels(mlir::ModuleOp source,
            llvm::function_ref<int64_t(mlir::Value)> columnOf);

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_CPU_H
