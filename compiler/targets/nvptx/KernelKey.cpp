//===- KernelKey.cpp - what a kernel is built from ------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/KernelKey.h"
#include "dialect/Kern.h"
#include "dialect/KernKernels.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

KernelKey::KernelKey(Operation *kernel) : kernel(kernel) { add(kernel); }

void KernelKey::add(Operation *op) {
  key.push_back(op->getName().getAsOpaquePointer());
  // Attributes and types are unique in their context: what is equal is one.
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    if (op == kernel && attribute.getName() == "name")
      continue;
    key.push_back(attribute.getName().getAsOpaquePointer());
    key.push_back(attribute.getValue().getAsOpaquePointer());
  }
  add(op->getNumOperands());
  for (Value operand : op->getOperands()) {
    if (auto known = inside.find(operand); known != inside.end()) {
      add(known->second);
      continue;
    }
    outside.insert(operand);
    // Counted from the other end than what is inside.
    add(~size_t(llvm::find(outside, operand) - outside.begin()));
    add(operand.getType());
    // Which buffers are one decides the order of loads and stores.
    if (isa<MemRefType>(operand.getType())) {
      Operation *root = kern::rootOf(operand);
      roots.insert(root);
      add(size_t(llvm::find(roots, root) - roots.begin()));
    }
  }
  add(op->getNumResults());
  for (Value result : op->getResults()) {
    inside.try_emplace(result, inside.size());
    add(result.getType());
  }
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      add(block.getNumArguments());
      for (Value argument : block.getArguments()) {
        inside.try_emplace(argument, inside.size());
        add(argument.getType());
      }
      for (Operation &inner : block)
        add(&inner);
      key.push_back(nullptr); // no op has this name
    }
}
