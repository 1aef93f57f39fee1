//===- Describe.h - what a program's description says -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// gptc tells of a program what the program would tell of itself, by the same
// code (runtime/launches.h, runtime/cost_report.h).
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_DESCRIBE_H
#define GPTC_COMPILER_PIPELINE_DESCRIBE_H

#include "compiler/pipeline/EmitProgram.h"
#include "mlir/IR/BuiltinOps.h"

namespace gptc {

/// The cost report of a module at the end of the phase `launches`, as text or
/// as CSV; no kernel is compiled for it.
mlir::FailureOr<std::string> describeCosts(mlir::ModuleOp launches, bool csv);

/// A program's launch table, as JSON.
mlir::FailureOr<std::string> describeLaunches(ProgramInputs &inputs);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_DESCRIBE_H
