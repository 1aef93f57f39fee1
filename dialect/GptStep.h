//===- GptStep.h - the parts of a training step -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTSTEP_H
#define GPTC_DIALECT_GPTSTEP_H

#include "dialect/Gpt.h"

#include "dialect/GptStep.h.inc"

#endif // GPTC_DIALECT_GPTSTEP_H
