//===- Collectives.h - what is under way while kernels run ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A collective works beside the kernels behind it, from part to part and from
// step to step, until one of them waits for it. Here are a run's parts in the
// order in which they run, with what is under way at each kernel: what the pass
// that places collectives asks, and what checks where they stand.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_COLLECTIVES_H
#define GPTC_COMPILER_PASSES_COLLECTIVES_H

#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"

namespace gptc {

/// Whether a share is the rank's range of the buffer that it is a share of.
bool isInPlace(kern::BufferOp share);

/// How many ranks a buffer, a part or a collective is for alone; 0: for all.
int64_t ranksOf(mlir::Operation *op);

/// The numbers of ranks, beside one, that a model has parts for.
llvm::SmallVector<int64_t> worldsOf(mlir::Operation *model);

/// The parts that a step runs; null where it runs none of the kind.
struct StepParts {
  kern::PartOp validate, prologue, micro, epilogue, update, event;
  bool operator==(const StepParts &other) const;
};

class Collectives {
public:
  explicit Collectives(mlir::Operation *model);

  /// What the steps of a run of `ranks` ranks run, every combination once.
  llvm::SmallVector<StepParts> steps(int64_t ranks) const;

  /// The buffer that a buffer's bytes belong to: of a share in place the whole.
  kern::BufferOp wholeOf(kern::BufferOp buffer) const;
  /// The whole buffers that a collective or an await names.
  llvm::SmallVector<kern::BufferOp> operandsOf(mlir::Operation *op) const;

  struct Touch {
    kern::BufferOp root; ///< as the kernel names it
    kern::BufferOp whole;
    bool write;
  };
  /// What a kernel touches of buffers that collectives exchange.
  llvm::ArrayRef<Touch> touchesOf(mlir::Operation *kernel);

  /// Something of `part` that touches what a collective exchanges which is
  /// under way: the kernel `op`, or its end (null), beyond which its workspace
  /// is another part's.
  struct Early {
    kern::PartOp part;
    mlir::Operation *op;
    kern::BufferOp buffer; ///< whole
    bool write;
    mlir::Operation *collective;
  };
  /// Goes through a run of `ranks` ranks until nothing new comes, and calls
  /// `early` for all that comes too early, which from then on counts as having
  /// waited; it may put an await before. `unread` is called for each kernel
  /// that reads a mean in place before any collective of its step.
  void walk(int64_t ranks, llvm::function_ref<void(const Early &)> early,
            llvm::function_ref<void(mlir::Operation *, kern::BufferOp)> unmade);

private:
  struct Walk;

  mlir::Operation *model;
  llvm::DenseMap<mlir::Operation *, kern::BufferOp> wholes;
  llvm::DenseSet<mlir::Operation *> exchanged; ///< whole buffers
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Touch, 2>> touches;
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_COLLECTIVES_H
