//===- KernKernels.cpp - generated code of KernKernels.td -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernKernels.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::kern;

#define GET_OP_CLASSES
#include "dialect/KernKernels.cpp.inc"

void KernDialect::addKernels() {
  addOperations<
#define GET_OP_LIST
#include "dialect/KernKernels.cpp.inc"
      >();
}
