//===- GptRanks.h - what ranks do together ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTRANKS_H
#define GPTC_DIALECT_GPTRANKS_H

#include "dialect/Gpt.h"

#include "dialect/GptRanks.h.inc"

#endif // GPTC_DIALECT_GPTRANKS_H
