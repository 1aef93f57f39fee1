//===- KernelKey.cpp - what a kernel is built from ------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/KernelKey.h"
#include "dialect/Kern.h"
#include "dialect/kern/BufferOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

KernelKey::KernelKey(Operation *kernel, Kind kind)
    : kernel(kernel), kind(kind) {
  add(kernel);
}

/// The type of a row, or of a buffer, without its number of columns.
static Type anyWidthOf(Type type) {
  if (auto row = dyn_cast<VectorType>(type))
    return row.getDimSize(0) == 1 ? type
                                  : VectorType::get({2}, row.getElementType());
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer)
    return type;
  int64_t columns = kern::columnsOf(buffer);
  int64_t rows =
      kern::rowsOf(buffer) > 1 || columns > 1 ? ShapedType::kDynamic : 1;
  // Rows that lie apart do so by as much as they do.
  int64_t stride = kern::rowStrideOf(buffer);
  return MemRefType::get(
      {rows, columns > 1 ? 2 : 1}, buffer.getElementType(),
      StridedLayoutAttr::get(type.getContext(), 0,
                             {stride == columns ? 2 : stride, 1}));
}

Type gptc::nvptx::looseTypeOf(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer)
    return type;
  SmallVector<int64_t> shape(buffer.getShape());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(buffer.getStridesAndOffset(strides, offset)))
    return type;
  if (!shape.empty() && shape[0] > 1)
    shape[0] = ShapedType::kDynamic;
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, strides);
  return MemRefType::get(shape, buffer.getElementType(), layout);
}

void KernelKey::add(Type type) {
  if (kind == Kind::Loose)
    type = looseTypeOf(type);
  else if (kind == Kind::AnyWidth)
    type = anyWidthOf(type);
  key.push_back(type.getAsOpaquePointer());
}

bool KernelKey::counts(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  bool loose = kind != Kind::Exact;
  if (op == kernel)
    return name != "name" &&
           (!loose || (name != "rows" && name != "m" && name != "batch" &&
                       name != "descending"));
  return !loose || !isa<arith::ConstantOp>(op) ||
         !getElementTypeOrSelf(op->getResult(0).getType()).isF32();
}

void KernelKey::add(Operation *op) {
  key.push_back(op->getName().getAsOpaquePointer());
  // Attributes and types are unique in their context: what is equal is one.
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    if (!counts(op, attribute))
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
