//===- KernelEquality.cpp - whether two kernels are one -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/KernelEquality.h"
#include "mlir/IR/OperationSupport.h"

using namespace mlir;

static constexpr auto kButPlaces = OperationEquivalence::IgnoreLocations;

static DictionaryAttr withoutName(LLVM::LLVMFuncOp function) {
  NamedAttrList attributes(function->getAttrDictionary());
  attributes.erase(function.getSymNameAttrName());
  return attributes.getDictionary(function.getContext());
}

llvm::hash_code gptc::nvptx::digestOf(LLVM::LLVMFuncOp function) {
  llvm::hash_code digest = hash_value(withoutName(function));
  function.getBody().walk([&](Operation *op) {
    digest = llvm::hash_combine(
        digest, OperationEquivalence::computeHash(
                    op, OperationEquivalence::ignoreHashValue,
                    OperationEquivalence::ignoreHashValue, kButPlaces));
  });
  return digest;
}

bool gptc::nvptx::areEqual(LLVM::LLVMFuncOp a, LLVM::LLVMFuncOp b) {
  return withoutName(a) == withoutName(b) &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    kButPlaces);
}
