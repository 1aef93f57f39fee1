//===- GptInterfaces.h - what ops of the language can do --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTINTERFACES_H
#define GPTC_DIALECT_GPTINTERFACES_H

#include "dialect/Gpt.h"
#include "dialect/RowBuilder.h"

#include "dialect/GptInterfaces.h.inc"

#endif // GPTC_DIALECT_GPTINTERFACES_H
