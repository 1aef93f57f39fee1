//===- Passes.h - the compiler's passes -------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Passes.td says what each pass does, with the IR before and after it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_PASSES_H
#define GPTC_COMPILER_PASSES_PASSES_H

#include "mlir/Pass/Pass.h"

namespace gptc {

#define GEN_PASS_DECL
#include "compiler/passes/Declarations.h.inc"

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_PASSES_H
