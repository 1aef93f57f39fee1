//===- NumberTables.h - what a program knows of its numbers -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_NUMBERTABLES_H
#define GPTC_COMPILER_PIPELINE_NUMBERTABLES_H

#include "compiler/pipeline/EmitProgram.h"
#include "compiler/pipeline/HostNumbers.h"
#include "compiler/pipeline/ProgramTables.h"

namespace gptc::gpt {
class RecipeOp;
} // namespace gptc::gpt

namespace gptc {

/// Fills the tables of constants, of numbers and of checks, and gives what
/// `gptc_numbers` has to compute: first the columns that kernels read, then
/// those that only the host does.
HostNumbers addNumbers(gpt::ModelOp model, gpt::RecipeOp recipe,
                       const NumberColumns &columns, ProgramTables &tables);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_NUMBERTABLES_H
