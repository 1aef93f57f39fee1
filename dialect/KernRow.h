//===- KernRow.h - the ops of row programs ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNROW_H
#define GPTC_DIALECT_KERNROW_H

#include "dialect/Kern.h"

#include "dialect/KernRow.h.inc"

#endif // GPTC_DIALECT_KERNROW_H
