//===- InputPhase.h - which phase a file is in ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_INPUTPHASE_H
#define GPTC_COMPILER_PIPELINE_INPUTPHASE_H

#include "compiler/pipeline/Phases.h"
#include "mlir/IR/BuiltinOps.h"

namespace gptc {

/// One error, at what gives it away, if the file that was read is not of the
/// phase `from`: the passes behind a phase take what they do not know for
/// nothing, and a program would come out that trains nothing.
llvm::LogicalResult checkInputPhase(mlir::ModuleOp module, Phase from,
                                    llvm::StringRef file);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_INPUTPHASE_H
