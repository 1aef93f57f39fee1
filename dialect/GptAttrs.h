//===- GptAttrs.h - attributes of the gpt dialect ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTATTRS_H
#define GPTC_DIALECT_GPTATTRS_H

#include "mlir/IR/Attributes.h"

#define GET_ATTRDEF_CLASSES
#include "dialect/GptAttrs.h.inc"

#endif // GPTC_DIALECT_GPTATTRS_H
