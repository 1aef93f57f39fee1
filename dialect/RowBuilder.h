//===- RowBuilder.h - how an op writes its row program ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A RowWise op describes itself in terms of row t: it loads rows of its
// operands, computes in arith, math and kern ops on row values
// (`vector<N x f32>`, N the number of columns), and stores rows of its results.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_ROWBUILDER_H
#define GPTC_DIALECT_ROWBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gptc::gpt {

/// Rows (first dimension, 1 for a scalar) and columns (all others) of a tensor.
int64_t rowsOf(mlir::Type tensor);
int64_t columnsOf(mlir::Type tensor);

/// Builds the row program of one op. Operands and results are named by their
/// number. Row values have exactly the columns of the tensor they belong to.
class RowBuilder {
public:
  using Value = mlir::Value;

  /// What the lowering supplies: the buffers of operands and results (memrefs)
  /// and a place in a kernel with the row index `row`.
  RowBuilder(
      mlir::OpBuilder &builder, mlir::Operation *op, Value row,
      llvm::ArrayRef<Value> operands, llvm::ArrayRef<Value> results,
      llvm::function_ref<Value(mlir::Attribute, mlir::ValueRange)> number)
      : b(builder), op(op), row(row), operands(operands), results(results),
        numberOf(number) {}

  mlir::OpBuilder &builder() { return b; }
  mlir::Location loc() const { return op->getLoc(); }
  Value rowIndex() const { return row; }

  /// Row t + delta of an operand, zeros outside it; of an operand that has one
  /// row, that row, whatever t is, and zeros beside it.
  Value load(unsigned operand, int64_t delta = 0);
  /// All of a small operand, flat, shared by all rows (a gate's weights).
  Value loadWhole(unsigned operand);
  /// Row `index` of an operand.
  Value loadAt(unsigned operand, Value index);
  /// Element t + delta of an i32 operand, −1 outside it.
  Value index(unsigned operand, int64_t delta = 0);
  void store(unsigned result, Value value);
  /// Adds the row value into the sum over all rows that is the result.
  void sumRows(unsigned result, Value value);

  /// A number of the step: an expression over the op's number operands, as f32
  /// in one column.
  Value number(mlir::Attribute expr, mlir::ValueRange vars);
  /// Element i of an f32 vector of numbers (rotary frequencies), as f64.
  Value elementNumber(unsigned operand, int64_t i);
  /// A number that the host gives: see `kern.host_number`.
  Value hostNumber(llvm::StringRef which);
  Value constant(double value, int64_t columns = 1);

  /// Repeats columns until there are `columns`.
  Value spread(Value value, int64_t columns);
  Value reduce(llvm::StringRef how, Value value, int64_t groups = 1);
  Value sum(Value value, int64_t groups = 1) {
    return reduce("add", value, groups);
  }

  // Elementwise; the shorter operand is spread first.
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y);
  Value max(Value x, Value y);
  Value exp(Value x);
  Value log(Value x);
  Value sqrt(Value x);
  /// To a few units in the last place; 0 where x is no normal number.
  Value approximateSqrt(Value x);
  /// 1/√x.
  Value rsqrt(Value x);
  Value sigmoid(Value x);
  /// `yes` where x > y, else `no`.
  Value selectGreater(Value x, Value y, Value yes, Value no);

  static int64_t columns(Value rowValue);
  mlir::VectorType rowType(int64_t columns);

private:
  template <typename OpT> Value binary(Value x, Value y);

  mlir::OpBuilder &b;
  mlir::Operation *op;
  Value row;
  llvm::ArrayRef<Value> operands, results;
  llvm::function_ref<Value(mlir::Attribute, mlir::ValueRange)> numberOf;
};

} // namespace gptc::gpt

#endif // GPTC_DIALECT_ROWBUILDER_H
