//===- GptTensor.h - views, arithmetic, norms, gates ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTTENSOR_H
#define GPTC_DIALECT_GPTTENSOR_H

#include "dialect/Gpt.h"

#include "dialect/GptTensor.h.inc"

#endif // GPTC_DIALECT_GPTTENSOR_H
