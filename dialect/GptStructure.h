//===- GptStructure.h - models, parameters, functions, recipe ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTSTRUCTURE_H
#define GPTC_DIALECT_GPTSTRUCTURE_H

#include "dialect/Gpt.h"

#include "dialect/GptStructure.h.inc"

#endif // GPTC_DIALECT_GPTSTRUCTURE_H
