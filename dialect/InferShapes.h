//===- InferShapes.h - an interface: shapes of results ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_INFERSHAPES_H
#define GPTC_DIALECT_INFERSHAPES_H

#include "dialect/Gpt.h"
#include "mlir/IR/OpDefinition.h"

#include "dialect/InferShapes.h.inc"

#endif // GPTC_DIALECT_INFERSHAPES_H
