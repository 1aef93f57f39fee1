//===- NvptxBuilder.h - the words of kernels that PTX alone has -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Threads and blocks, shuffles, barriers, address spaces and the special
// function unit, beside what kernels of every target are written in.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_NVPTXBUILDER_H
#define GPTC_COMPILER_TARGETS_NVPTX_NVPTXBUILDER_H

#include "compiler/kernels/KernelBuilder.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace gptc::nvptx {

using mlir::Value;
using mlir::ValueRange;
using Values = KernelBuilder::Values;

/// Address spaces of pointers.
constexpr unsigned kGlobal = 1, kShared = 3, kSharedCluster = 7;

class NvptxBuilder : public KernelBuilder {
public:
  using KernelBuilder::KernelBuilder;

  /// All i32.
  Value threadIndex();
  Value blockIndex();
  Value blockCount();

  /// The special function unit's: of 2^x, log2 x and 1/x some 22 bits.
  Value exp2(Value x) { return approximate("ex2", x); }
  Value log2(Value x) { return approximate("lg2", x); }
  Value reciprocal(Value x) { return approximate("rcp", x); }
  /// Two f32 as bf16, the first in the lower half of an i32.
  Value pack(Value low, Value high);
  /// And back.
  std::pair<Value, Value> unpack(Value two);

  /// The value of lane `lane ^ mask` of the warp, or of lane `lane`.
  Value shuffleXor(Value x, int64_t mask);
  Value shuffleFrom(Value x, Value lane);
  /// Element j of lane q of a quad becomes element q of lane j.
  void transposeQuad(Value lane, llvm::MutableArrayRef<Value> four);

  /// Orders the memory accesses of a warp's lanes.
  void barrierOfWarp();
  /// Orders what the thread has read and written of shared memory before what
  /// copies and products do there behind it: those go through another proxy.
  void fenceOfProxies();
  /// A bulk copy of a tensor map's box from this column and row on to shared
  /// memory, whose bytes count for an mbarrier: there, or in all blocks of a
  /// multicast mask.
  void copyBox(Value to, Value map, Value column, Value row, Value barrier,
               Value everyone = {});
  /// Waits until a phase of this parity of an mbarrier is over.
  void waitFor(mlir::Value barrier, mlir::Value parity);
  /// A barrier of `threads` threads; all of the block without `id`.
  void barrier(Value id = {}, int64_t threads = 0);
  /// Comes to a barrier of `threads` threads and does not wait there.
  void arrive(Value id, int64_t threads);

private:
  Value approximate(llvm::StringRef function, Value x);
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_NVPTXBUILDER_H
