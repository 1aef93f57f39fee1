//===- KernRow.cpp - generated code of KernRow.td -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernRow.h"
#include "dialect/KernDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::kern;

#define GET_OP_CLASSES
#include "dialect/KernRow.cpp.inc"

void KernDialect::addRowOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/KernRow.cpp.inc"
      >();
}
