//===- LowerToKernels.h - the lowering of one part --------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_LOWERTOKERNELS_H
#define GPTC_COMPILER_PASSES_LOWERTOKERNELS_H

#include "dialect/Kern.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Path.h"

namespace gptc::gpt {
class InputOp;
class PartOp;
} // namespace gptc::gpt

namespace gptc {

/// The numbers of the step that kernels read, each made once in the model.
class Numbers {
public:
  explicit Numbers(gpt::ModelOp model) : model(model) {}

  /// The f64 value of an expression over numbers; of a number that the host
  /// gives, for its name without operands; of element i of a vector of numbers,
  /// for an integer and the vector.
  mlir::Value of(mlir::Attribute expr, mlir::ValueRange vars);

private:
  gpt::ModelOp model;
  llvm::DenseMap<mlir::Attribute, mlir::Value> byName, byExpression;
};

class PartLowering {
public:
  using Value = mlir::Value;
  using Inputs =
      llvm::MapVector<std::pair<mlir::StringAttr, mlir::Type>, Value>;

  PartLowering(gpt::ModelOp model, Numbers &numbers,
               const llvm::DenseMap<Value, Value> &persistent, Inputs &inputs)
      : model(model), numbers(numbers), buffers(persistent), inputs(inputs),
        b(model.getContext()) {}

  llvm::LogicalResult run(gpt::PartOp part);

  static mlir::MemRefType bufferType(mlir::Type tensor);
  /// "rms_norm.nanogpt_55": the op, the file and the line it stands in.
  static std::string kernelName(mlir::Operation *op);

private:
  void findDirectTargets(gpt::PartOp part);

  Value workspace(mlir::Operation *op, mlir::Type tensor);
  Value view(mlir::Location loc, Value buffer, llvm::ArrayRef<int64_t> shape,
             int64_t rowStride, int64_t offset);
  Value reshape(mlir::Operation *op, Value buffer, mlir::Type tensor);
  /// The same elements with one row right behind the other; a copy where rows
  /// lie apart, as those of a column slice do.
  Value dense(mlir::Operation *op, Value buffer);
  /// The buffer that a result is written to.
  Value destination(mlir::OpResult result);

  llvm::LogicalResult lowerOp(mlir::Operation *op);
  llvm::LogicalResult lowerView(mlir::Operation *op);
  llvm::LogicalResult lowerRows(mlir::Operation *op);
  /// The matrices of a tensor's buffer one below the other.
  Value stacked(mlir::Operation *op, Value buffer, mlir::Type tensor);
  llvm::LogicalResult lowerContract(mlir::Operation *op);
  llvm::LogicalResult lowerTranspose(mlir::Operation *op);
  void lowerSmallContract(mlir::Operation *op, Value a, Value w, Value to);
  void lowerSmallOuter(mlir::Operation *op, Value a, Value w, Value to,
                       bool accumulates);
  llvm::LogicalResult lowerAttention(mlir::Operation *op);
  llvm::LogicalResult lowerInput(gpt::InputOp input);
  void copy(mlir::Operation *op, Value from, Value to);
  void addTo(mlir::Operation *op, Value target, Value value);
  Value partialsOf(mlir::Operation *op, int64_t rows, int64_t elements);
  void finish(mlir::Operation *op, Value partials, Value to, bool accumulates);
  /// The buffer of a tensor, as a row program or a kernel reads it.
  Value bufferOf(Value tensor);

  gpt::ModelOp model;
  Numbers &numbers;
  llvm::DenseMap<Value, Value> buffers;
  Inputs &inputs;
  mlir::OpBuilder b;
  /// Values that are written straight to a state.
  llvm::DenseMap<Value, Value> direct;
  /// The windows of row sums. Each accumulation of a sum adds them up itself,
  /// rounding once, whether or not others share the sum.
  llvm::DenseMap<Value, Value> partials;
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_LOWERTOKERNELS_H
