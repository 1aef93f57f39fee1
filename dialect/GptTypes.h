//===- GptTypes.h - types of the gpt dialect --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTTYPES_H
#define GPTC_DIALECT_GPTTYPES_H

#include "mlir/IR/Types.h"

#define GET_TYPEDEF_CLASSES
#include "dialect/GptTypes.h.inc"

#endif // GPTC_DIALECT_GPTTYPES_H
