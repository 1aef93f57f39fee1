//===- Products.h - what a library has in the place of an op ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A contraction as a library of matrix products is asked for it, by a bench
// that compares: the operands where they stand, and where the product goes.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_PRODUCTS_H
#define GPTC_COMPILER_PIPELINE_PRODUCTS_H

#include "compiler/pipeline/EmitProgram.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"

namespace gptc {

/// The products of all contractions of bf16 or FP8, by the numbers of their
/// ops. `records` and `launches` are the same ones; `bufferIndex` is that of
/// the results of `kern.buffer`.
std::vector<Contraction>
productsOf(llvm::ArrayRef<LaunchRecord> records,
           llvm::ArrayRef<Launch> launches,
           const llvm::DenseMap<mlir::Value, uint32_t> &bufferIndex);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_PRODUCTS_H
