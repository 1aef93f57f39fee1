//===- KernKernels.h - parts, buffers and kernels ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNKERNELS_H
#define GPTC_DIALECT_KERNKERNELS_H

#include "dialect/Kern.h"

#include "dialect/KernKernels.h.inc"

#endif // GPTC_DIALECT_KERNKERNELS_H
