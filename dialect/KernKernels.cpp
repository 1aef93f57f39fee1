//===- KernKernels.cpp - generated code of KernKernels.td and KernRanks.td ===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernKernels.h"
#include "dialect/KernDialect.h"
#include "dialect/KernRanks.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::kern;

#define GET_OP_CLASSES
#include "dialect/KernKernels.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/KernRanks.cpp.inc"

void KernDialect::addKernels() {
  addOperations<
#define GET_OP_LIST
#include "dialect/KernKernels.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/KernRanks.cpp.inc"
      >();
}
