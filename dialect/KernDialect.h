//===- KernDialect.h - the kern dialect itself ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNDIALECT_H
#define GPTC_DIALECT_KERNDIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialect/KernDialect.h.inc"

#endif // GPTC_DIALECT_KERNDIALECT_H
