//===- KernRanks.h - what ranks do between kernels --------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNRANKS_H
#define GPTC_DIALECT_KERNRANKS_H

#include "dialect/Kern.h"

#include "dialect/KernRanks.h.inc"

#endif // GPTC_DIALECT_KERNRANKS_H
