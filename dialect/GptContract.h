//===- GptContract.h - contractions, attention, the loss --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTCONTRACT_H
#define GPTC_DIALECT_GPTCONTRACT_H

#include "dialect/Gpt.h"

#include "dialect/GptContract.h.inc"

#endif // GPTC_DIALECT_GPTCONTRACT_H
