//===- KernelKey.h - what a kernel is built from ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The key of an op that runs as a kernel: all that its builder reads of it,
// sizes and layouts too, but not which buffers and numbers it names, nor its
// name and place. Ops with one key have one function, so it is built for the
// first of them alone; their launches differ in the arguments.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_KERNELKEY_H
#define GPTC_COMPILER_TARGETS_NVPTX_KERNELKEY_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include <vector>

namespace gptc::nvptx {

class KernelKey {
public:
  /// A loose key leaves out f32 constants, how many rows there are beyond one,
  /// where views begin and in which order rows are taken; one of any width how
  /// many columns, too.
  enum class Kind { Exact, Loose, AnyWidth };
  explicit KernelKey(mlir::Operation *kernel, Kind kind = Kind::Exact);

  std::vector<const void *> key;
  /// Buffers and numbers from outside in the order in which the op names them.
  llvm::SetVector<mlir::Value> outside;

private:
  void add(mlir::Operation *op);
  // A key is compared and never followed.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void add(size_t n) { key.push_back(reinterpret_cast<const void *>(n)); }
  void add(mlir::Type type);
  bool counts(mlir::Operation *op, mlir::NamedAttribute attribute);

  mlir::Operation *kernel;
  Kind kind;
  llvm::SetVector<mlir::Operation *> roots;
  llvm::DenseMap<mlir::Value, size_t> inside;
};

/// The type of a buffer without its number of rows, if it has several, and
/// without the place where it begins; of anything else the type.
mlir::Type looseTypeOf(mlir::Type type);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_KERNELKEY_H
