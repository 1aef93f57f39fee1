//===- Signature.cpp - what two launches share ----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Signature.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/RandomOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace gptc::cpu {

/// The rows that a row program runs over.
static int64_t kernelRows(Operation *op) {
  if (auto rows = dyn_cast<kern::RowsOp>(op))
    return rows.getRows();
  if (auto contract = dyn_cast<kern::ContractOp>(op))
    return contract.getRows();
  if (auto attention = dyn_cast<kern::AttentionBackwardOp>(op))
    return kern::rowsOf(cast<MemRefType>(attention.getQ().getType()));
  return 0;
}

Signature::Signature(Operation *op) : kernel(op) {
  if (auto contract = dyn_cast<kern::ContractOp>(op))
    columns = contract.getN();
  written = kern::writtenBuffers(op);
  llvm::raw_string_ostream os(key);
  walk(op, os);
}

/// A contraction's columns are run-time, so its N is written as a name.
void Signature::describe(Type type, llvm::raw_ostream &os) {
  auto vector = dyn_cast<VectorType>(type);
  if (vector && columns > 1 && vector.getDimSize(0) == columns)
    os << "N x " << vector.getElementType();
  else
    os << type;
}

void Signature::describe(Value buffer, llvm::raw_ostream &os) {
  auto type = cast<MemRefType>(buffer.getType());
  os << type.getElementType();
  auto attention = dyn_cast<kern::AttentionBackwardOp>(kernel);
  if (isa<kern::RowsOp>(kernel) || (attention && attention.getProgram()))
    os << " " << kern::columnsOf(type) << " by " << kern::rowStrideOf(type);
  // Which buffers are one decides the order of loads and stores.
  Operation *root = kern::rootOf(buffer);
  os << " of " << roots.try_emplace(root, roots.size()).first->second;
}

void Signature::walk(Operation *op, llvm::raw_ostream &os) {
  if (isa<kern::RandomOp>(op))
    randoms.insert(op);
  os << op->getName();
  for (NamedAttribute attribute : op->getAttrDictionary()) {
    StringRef name = attribute.getName();
    bool ofKernel = op == kernel;
    if (ofKernel && (name == "name" || name == "rows" || name == "batch" ||
                     name == "m" || name == "n" || name == "k"))
      continue;
    if (isa<kern::RandomOp>(op) && name == "stream")
      continue;
    os << " " << name << "=";
    auto dense = dyn_cast<DenseElementsAttr>(attribute.getValue());
    if (dense && dense.isSplat())
      os << dense.getSplatValue<Attribute>();
    else
      os << attribute.getValue();
  }
  if (auto load = dyn_cast<kern::LoadOp>(op)) {
    // Rows that the buffer lacks decide whether the load checks its index.
    int64_t rows = kern::rowsOf(cast<MemRefType>(load.getBuffer().getType()));
    os << (rows == 1 ? " single" : rows < kernelRows(kernel) ? " short" : "");
  }
  for (Value operand : op->getOperands()) {
    os << " ";
    if (isa<MemRefType>(operand.getType())) {
      bool fresh = buffers.insert(operand);
      auto at = llvm::find(buffers, operand) - buffers.begin();
      os << "b" << at;
      if (fresh) {
        os << ":";
        describe(operand, os);
      }
    } else if (auto known = values.find(operand); known != values.end()) {
      os << "v" << known->second;
    } else { // from outside: a number of the step
      numbers.insert(operand);
      os << "n" << (llvm::find(numbers, operand) - numbers.begin());
    }
  }
  for (Value result : op->getResults()) {
    values.try_emplace(result, values.size());
    os << " -> ";
    describe(result.getType(), os);
  }
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      os << " {";
      for (Value argument : block.getArguments()) {
        values.try_emplace(argument, values.size());
        os << " ";
        describe(argument.getType(), os);
      }
      os << "\n";
      for (Operation &inner : block)
        walk(&inner, os);
      os << "}";
    }
  os << "\n";
}

} // namespace gptc::cpu
