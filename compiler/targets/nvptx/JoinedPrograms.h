//===- JoinedPrograms.h - programs that are others' parts -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Two kernels often differ in that one does less: it keeps one of its values
// less, adds one term less, does not scale what it stores. Then it is the other
// one, told to leave that out:
//
//   - a store that is not made;
//   - a number, loaded and added to something, in whose place -0 is added,
//   which
//     changes nothing; what is loaded is a number that the kernel has at hand;
//   - a factor that is 1.
//
// What is left out is told by arguments, an integer a store, and f32 constants
// otherwise, which `shareConstants` makes arguments. A program that would have
// to compute more than that remains a kernel of its own.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_JOINEDPROGRAMS_H
#define GPTC_COMPILER_TARGETS_NVPTX_JOINEDPROGRAMS_H

#include "compiler/targets/nvptx/KernelKey.h"
#include "mlir/IR/BuiltinOps.h"
#include <map>

namespace gptc::nvptx {

/// The attribute of a store that a launch may leave out: whether it does.
constexpr llvm::StringLiteral kAbsent = "absent";

class JoinedPrograms {
public:
  /// Looks at all kernels of the module's parts.
  explicit JoinedPrograms(mlir::ModuleOp module);
  ~JoinedPrograms();

  /// What is built for an op: a copy, in front of it, with parts that may be
  /// left out.
  struct Form {
    mlir::Operation *op;
    /// What stands for the copy's buffers that the op does not have.
    llvm::DenseMap<mlir::Value, mlir::Value> instead;
    void erase();
    void eraseBuffers();
  };
  /// The form of an op; none if the op is built as it is.
  std::optional<Form> formOf(mlir::Operation *op);

private:
  struct Program;
  struct Part;
  /// What a program lacks of another one, if it is a part of that.
  std::optional<Part> partOf(const Program &program, size_t other);

  std::vector<Program> programs;
  std::map<std::vector<const void *>, size_t> byKey;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_JOINEDPROGRAMS_H
