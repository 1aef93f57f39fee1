//===- GptStructure.cpp - generated code of GptStructure.td ---------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptStructure.h"
#include "dialect/GptDialect.h"
#include "dialect/GptTypes.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gptc::gpt;

#define GET_OP_CLASSES
#include "dialect/GptStructure.cpp.inc"

void GptDialect::addStructureOps() {
  addOperations<
#define GET_OP_LIST
#include "dialect/GptStructure.cpp.inc"
      >();
}
