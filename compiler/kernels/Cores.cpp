//===- Cores.cpp - what Hopper's tensor cores take ------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/AttentionOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;
using namespace gptc::kern;

bool gptc::isCodes(Value operand) {
  return isa<Float8E4M3FNType, Float8E5M2Type>(
      cast<MemRefType>(operand.getType()).getElementType());
}

std::string gptc::whyNotOnCores(ContractOp op) {
  if (op.getBatch() > 1 && op.getK() % kTileK &&
      (op.getTransposedA() || op.getTransposedB()))
    return "rows of k of a batch do not fill tiles: let there be a multiple "
           "of " +
           std::to_string(kTileK);
  for (Value operand : {op.getB(), op.getA()}) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getElementType().isF32())
      return "an operand is f32, and tensor cores multiply bf16";
    int64_t elements = 128 / type.getElementTypeBitWidth();
    if (rowStrideOf(type) % elements || offsetOf(type) % elements)
      return "rows of an operand do not begin at multiples of 8 elements (16 "
             "bytes): let their width be a multiple of 8";
  }
  return {};
}

std::string gptc::whyNotTriangle(ContractOp op) {
  if (std::string why = whyNotOnCores(op); !why.empty())
    return why;
  if (isCodes(op.getA()))
    return "its operands are codes of FP8";
  if (op.getN() <= uint64_t(kTileM))
    return "it is one tile";
  if (std::optional<Tile> tile = tileOf(op))
    if (tile->rows || tile->blocks || tile->columns != kTileM)
      return "its tiles were chosen, and are not squares of 128";
  // Mirrored are 16 bytes at a time, of eight rows of the product.
  for (auto store : op.getBody().getOps<StoreOp>()) {
    auto type = cast<MemRefType>(store.getBuffer().getType());
    if (!type.getElementType().isBF16() || rowStrideOf(type) % 8 ||
        offsetOf(type) % 8 || op.getM() % 8)
      return "it stores what is not bf16 in rows of multiples of 8 elements";
  }
  return {};
}

bool gptc::isTriangle(ContractOp op) {
  return op.getSymmetric() && whyNotTriangle(op).empty();
}

/// Two counts of blocks share a number of the producer.
static constexpr int64_t kMostPositions = 1 << 21;

template <typename OpT>
static std::string why(OpT op, std::initializer_list<Value> rows) {
  if (op.getHead() != 64 && op.getHead() != 128)
    return "a head has " + std::to_string(op.getHead()) +
           " columns, and tensor cores take heads of 64 and 128";
  if (rowsOf(cast<MemRefType>(op.getQ().getType())) > kMostPositions)
    return "it has more than " + std::to_string(kMostPositions) + " positions";
  for (Value buffer : rows) {
    auto type = cast<MemRefType>(buffer.getType());
    if (!type.getElementType().isBF16())
      return "its rows are not bf16, which tensor cores multiply";
    if (rowStrideOf(type) % 8 || offsetOf(type) % 8)
      return "rows do not begin at multiples of 8 elements (16 bytes): let "
             "their width be a multiple of 8";
  }
  return {};
}

std::string gptc::whyNotOnCores(AttentionOp op) {
  return why(op, {op.getQ(), op.getK(), op.getV(), op.getY()});
}
std::string gptc::whyNotOnCores(AttentionBackwardOp op) {
  return why(op, {op.getDy(), op.getQ(), op.getK(), op.getV(), op.getDq(),
                  op.getDk(), op.getDv()});
}
