//===- Products.cpp - what a library has in the place of an op ------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Products.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "llvm/ADT/STLExtras.h"
#include <optional>

using namespace mlir;
using namespace gptc;

/// None of f32.
static std::optional<Contraction>
productOf(kern::ContractOp op, uint32_t number,
          const DenseMap<Value, uint32_t> &bufferIndex) {
  auto operand = [&](Value buffer, bool isTransposed) {
    auto type = cast<MemRefType>(buffer.getType());
    uint64_t at = kern::offsetOf(type) * (type.getElementTypeBitWidth() / 8);
    return Operand{bufferIndex.lookup(kern::rootOf(buffer).getY()),
                   *elementOf(type.getElementType()),
                   at,
                   kern::rowStrideOf(type),
                   isTransposed,
                   0};
  };
  // Where nothing is read beside a symmetric product, its operand need not be.
  bool readsSymmetric =
      op.getSymmetric() && !op.getBody().getOps<kern::LoadOp>().empty();
  Contraction product{number,
                      Element::BF16,
                      0,
                      readsSymmetric,
                      int64_t(op.getBatch()),
                      int64_t(op.getM()),
                      int64_t(op.getN()),
                      int64_t(op.getK()),
                      operand(op.getA(), op.getTransposedA()),
                      operand(op.getB(), op.getTransposedB())};
  if (product.a.element == Element::F32 || product.b.element == Element::F32)
    return std::nullopt;
  // It goes to f32 where the op stores all of a row so, and is added where the
  // op adds it to what it stores.
  Block &program = op.getBody().front();
  for (auto store : program.getOps<kern::StoreOp>()) {
    auto row = cast<VectorType>(store.getValue().getType());
    auto type = cast<MemRefType>(store.getBuffer().getType());
    if (row.getNumElements() != product.n || !type.getElementType().isF32())
      continue;
    product.out = Element::F32;
    for (auto load : program.getOps<kern::LoadOp>())
      product.adds |= load.getBuffer() == store.getBuffer();
  }
  return product;
}

std::vector<Contraction>
gptc::productsOf(ArrayRef<LaunchRecord> records, ArrayRef<Launch> launches,
                 const DenseMap<Value, uint32_t> &bufferIndex) {
  std::vector<Contraction> products;
  for (auto [record, launch] : llvm::zip_equal(records, launches)) {
    auto op = dyn_cast<kern::ContractOp>(record.op);
    if (!op || (!products.empty() && products.back().op == launch.op))
      continue;
    if (auto product = productOf(op, launch.op, bufferIndex))
      products.push_back(*product);
  }
  return products;
}
