//===- Signature.h - what two launches share --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A walk over a kernel op in order of its text. It numbers buffers, numbers and
// values as they come and writes down all that a function depends on: op names,
// attributes, types, operand numbers, and of buffers what stays static. Ops
// with equal keys use one function, and their arguments correspond by number.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_SIGNATURE_H
#define GPTC_COMPILER_TARGETS_CPU_SIGNATURE_H

#include "dialect/Kern.h"
#include "llvm/ADT/SetVector.h"

namespace gptc::cpu {

struct Signature {
  std::string key;
  llvm::SetVector<mlir::Value> buffers;
  llvm::SetVector<mlir::Value> numbers;
  llvm::SetVector<mlir::Value> written;
  /// The `kern.random` ops: their streams are run-time.
  llvm::SetVector<mlir::Operation *> randoms;

  explicit Signature(mlir::Operation *op);

private:
  void walk(mlir::Operation *op, llvm::raw_ostream &os);
  void describe(mlir::Value buffer, llvm::raw_ostream &os);
  void describe(mlir::Type type, llvm::raw_ostream &os);

  mlir::Operation *kernel;
  int64_t columns = 0; ///< of a contraction's product: symbolic
  llvm::DenseMap<mlir::Value, unsigned> values;
  llvm::DenseMap<mlir::Operation *, unsigned> roots;
};

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_SIGNATURE_H
