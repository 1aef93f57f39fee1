//===- Dialect.cpp - the gpt dialect: types, attributes, inlining ---------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/Differentiable.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptDialect.h"
#include "dialect/GptTypes.h"
#include "dialect/InferShapes.h"
#include "dialect/RowWise.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc::gpt;

namespace {
/// Functions are values without state: every call may be inlined.
struct GptInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Operation *, bool) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
  void handleTerminator(Operation *op, ValueRange replaced) const final {
    for (auto [from, to] : llvm::zip(replaced, op->getOperands()))
      from.replaceAllUsesWith(to);
  }
};
} // namespace

#include "dialect/Differentiable.cpp.inc"
#include "dialect/GptDialect.cpp.inc"
#include "dialect/InferShapes.cpp.inc"
#include "dialect/RowWise.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/GptTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/GptAttrs.cpp.inc"

void GptDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/GptTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/GptAttrs.cpp.inc"
      >();
  addStructureOps();
  addTensorOps();
  addContractOps();
  addStepOps();
  addInterfaces<GptInliner>();
}
