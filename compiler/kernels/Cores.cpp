//===- Cores.cpp - contractions on Hopper's tensor cores ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "dialect/KernKernels.h"

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
