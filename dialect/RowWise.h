//===- RowWise.h - an interface: rows of results ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_ROWWISE_H
#define GPTC_DIALECT_ROWWISE_H

#include "dialect/RowBuilder.h"
#include "mlir/IR/OpDefinition.h"

#include "dialect/RowWise.h.inc"

#endif // GPTC_DIALECT_ROWWISE_H
