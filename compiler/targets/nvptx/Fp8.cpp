//===- Fp8.cpp - codes of FP8 ---------------------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Fp8.h"
#include "dialect/kern/RoundOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

StringRef gptc::nvptx::formatOf(Type element) {
  if (isa<Float8E4M3FNType>(element))
    return "e4m3";
  return isa<Float8E5M2Type>(element) ? "e5m2" : "";
}

Value gptc::nvptx::codesOf(KernelBuilder &k, Value value, Type element) {
  // A conversion is exact where the rounding has been, and where it has just
  // been, it takes its place.
  StringRef grid = formatOf(element);
  auto round = value.getDefiningOp<kern::RoundOp>();
  Value x = round && round.getGrid() == grid ? round.getX() : value;
  int64_t columns = cast<VectorType>(value.getType()).getDimSize(0);
  Type i16 = k.b.getIntegerType(16), i8 = k.b.getI8Type();
  Values pairs;
  for (int64_t i = 0; i < columns; i += 2)
    // The first operand becomes the upper half.
    pairs.push_back(LLVM::CallIntrinsicOp::create(
                        k.b, k.loc, i16,
                        k.b.getStringAttr("llvm.nvvm.ff.to." + grid + "x2.rn"),
                        ValueRange{k.element(x, std::min(i + 1, columns - 1)),
                                   k.element(x, i)})
                        .getResults());
  if (columns == 1)
    return k.splat(k.op<arith::TruncIOp>(i8, pairs[0]), 1);
  Value packed =
      k.op<vector::FromElementsOp>(k.vector(columns / 2, i16), pairs);
  return k.op<vector::BitCastOp>(k.vector(columns, i8), packed);
}

Values gptc::nvptx::loadTransposed(NvptxBuilder &e, Value address) {
  MLIRContext *context = e.b.getContext();
  Type four = LLVM::LLVMStructType::getLiteral(
      context, SmallVector<Type>(4, e.i32Type()));
  Value pieces = NVVM::LdMatrixOp::create(
      e.b, e.loc, four, e.op<LLVM::IntToPtrOp>(e.pointer(kShared), address), 4,
      NVVM::MMALayout::col, NVVM::LdStMatrixShapeAttr::get(context, 8, 8),
      NVVM::LdStMatrixEltType::B16);
  Values result;
  for (int64_t i = 0; i < 4; ++i)
    result.push_back(e.op<LLVM::ExtractValueOp>(pieces, ArrayRef<int64_t>{i}));
  return result;
}

Value gptc::nvptx::permute(NvptxBuilder &e, Value low, Value high,
                           Value selector) {
  return LLVM::CallIntrinsicOp::create(e.b, e.loc, e.i32Type(),
                                       e.b.getStringAttr("llvm.nvvm.prmt"),
                                       ValueRange{low, high, selector})
      .getResults();
}
