//===- VerifyPhase.h - what may exist at the end of a phase -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_VERIFYPHASE_H
#define GPTC_COMPILER_PASSES_VERIFYPHASE_H

#include "mlir/IR/Operation.h"
#include <optional>
#include <string>

namespace gptc {

/// What is wrong with an op at the end of a phase; nothing if it may be there.
using FaultOf =
    llvm::function_ref<std::optional<std::string>(mlir::Operation *)>;

/// Emits an error at the first op under `root` that has a fault.
llvm::LogicalResult verifyPhase(mlir::Operation *root, FaultOf faultOf);

/// A fault if a result has no static builtin shape.
std::optional<std::string> shapeFault(mlir::Operation *op);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_VERIFYPHASE_H
