//===- GptTensor.cpp - generated code of GptTensor.td ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptTensor.h"
#include "dialect/GptDialect.h"
#include "dialect/GptTypes.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

#define GET_OP_CLASSES
#include "dialect/GptTensor.cpp.inc"

void GptDialect::addTensorOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/GptTensor.cpp.inc"
      >();
}
