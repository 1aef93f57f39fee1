//===- Differentiable.h - an interface: cotangents of operands --*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_DIFFERENTIABLE_H
#define GPTC_DIALECT_DIFFERENTIABLE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

#include "dialect/Differentiable.h.inc"

#endif // GPTC_DIALECT_DIFFERENTIABLE_H
