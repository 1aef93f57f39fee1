//===- Reference.h - kernels in plain loops of double -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Interprets the kernels of a part, op by op and row by row, in f64: what the
// compiled kernels are compared with. It shares no code with the compiler but
// the dialect's op classes.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CPU_REFERENCE_H
#define GPTC_TEST_CPU_REFERENCE_H

#include "dialect/Kern.h"
#include "mlir/IR/BuiltinOps.h"
#include <map>
#include <vector>

namespace gptc::kern {
class PartOp;
} // namespace gptc::kern

namespace gptc::test {

/// Elements of every buffer, by its name.
using Memory = std::map<std::string, std::vector<double>>;

/// Runs all kernels of a part; f64 numbers are `arith.constant`s.
void interpret(kern::PartOp part, Memory &memory);

/// The value of a number of the step.
double numberOf(mlir::Value number);

} // namespace gptc::test

#endif // GPTC_TEST_CPU_REFERENCE_H
