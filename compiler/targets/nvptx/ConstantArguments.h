//===- ConstantArguments.h - kernels that differ in constants ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The steps of a polynomial, the decays of two optimizers or the first values
// of two parameters are one computation with other numbers in it. Of kernels
// that are equal but for f32 constants one is kept, and the constants in which
// they differ become arguments of its launches: a multiplication takes an
// argument from the constant bank as it takes a number from its own text.
//
// A constant stays where it changes the code: a zero or a one in arithmetic is
// folded away. Integers stay as well, for they are sizes, and what is divided
// by them or unrolled depends on which they are.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_CONSTANTARGUMENTS_H
#define GPTC_COMPILER_TARGETS_NVPTX_CONSTANTARGUMENTS_H

#include "compiler/targets/nvptx/Nvptx.h"

namespace gptc::nvptx {

/// Makes one of kernels that differ in such constants alone, and adds what they
/// were to the launches; gives how many kernels went.
unsigned shareConstants(mlir::ModuleOp kernels, Program &program);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_CONSTANTARGUMENTS_H
