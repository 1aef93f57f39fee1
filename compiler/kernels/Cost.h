//===- Cost.h - what a kernel cannot do without -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Operations and bytes of an op of a `kern.part`, counted from its data flow
// and not from what a target makes of it, so that the time of a launch can be
// held against what a card could do at best:
//
// * products: two operations a multiply-add, M N K of them; of a matrix with
//   its own transposed, which is symmetric, the half that is not the mirror of
//   the other. Attention says how many one visible pair of positions costs in
//   all heads (two products forward, five backward): how many pairs see each
//   other depends on the step's window and on the documents;
// * row operations: one an element of each row value that a row program
//   computes, a function such as exp too;
// * bytes: each element of each window of a buffer once, at its type as stored,
//   however often a program loads it, and nothing for what the kernel itself
//   has stored before. Rows that an index names count as if all were unlike, at
//   most the rows that there are.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_COST_H
#define GPTC_COMPILER_KERNELS_COST_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "runtime/program.h"

namespace gptc::kern {
class LoadOp;
} // namespace gptc::kern

namespace gptc {

struct KernelCost {
  Cost cost{};          ///< without the column of its window
  mlir::Value window{}; ///< of attention: a number of the step
};

/// The cost of a kernel op. An op of no family that is known here reads and
/// writes all its buffers, as rows do.
KernelCost costOf(mlir::Operation *kernel);

/// The columns of a row from the first that anything takes of a load to the
/// last: slices of it need not all of it.
int64_t columnsReadOf(kern::LoadOp load);

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_COST_H
