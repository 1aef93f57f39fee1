//===- GptContract.cpp - generated code of GptContract.td -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptContract.h"
#include "dialect/GptDialect.h"
#include "dialect/GptTypes.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

#define GET_OP_CLASSES
#include "dialect/GptContract.cpp.inc"

void GptDialect::addContractOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/GptContract.cpp.inc"
      >();
}
