//===- GptStep.cpp - generated code of GptStep.td and GptRanks.td ---------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptStep.h"
#include "dialect/GptDialect.h"
#include "dialect/GptRanks.h"
#include "dialect/GptTypes.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

#define GET_OP_CLASSES
#include "dialect/GptStep.cpp.inc"

#define GET_OP_CLASSES
#include "dialect/GptRanks.cpp.inc"

void GptDialect::addStepOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/GptStep.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/GptRanks.cpp.inc"
      >();
}
