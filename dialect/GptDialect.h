//===- GptDialect.h - the gpt dialect itself --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTDIALECT_H
#define GPTC_DIALECT_GPTDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialect/GptDialect.h.inc"

#endif // GPTC_DIALECT_GPTDIALECT_H
