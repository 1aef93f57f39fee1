//===- Registration.h - every dialect and pass of gptc ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_REGISTRATION_H
#define GPTC_COMPILER_PIPELINE_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace gptc {

/// The dialects that may occur in any phase.
void registerDialects(mlir::DialectRegistry &registry);
/// The passes of all phases, and MLIR's own that they use.
void registerPasses();

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_REGISTRATION_H
