//===- NvptxBuilder.cpp - the words of kernels that PTX alone has ---------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/NvptxBuilder.h"

using namespace mlir;
using namespace gptc::nvptx;

Value NvptxBuilder::threadIndex() { return op<NVVM::ThreadIdXOp>(i32Type()); }
Value NvptxBuilder::blockIndex() { return op<NVVM::BlockIdXOp>(i32Type()); }
Value NvptxBuilder::blockCount() { return op<NVVM::GridDimXOp>(i32Type()); }

Value NvptxBuilder::approximate(StringRef function, Value x) {
  auto name = b.getStringAttr("llvm.nvvm." + function + ".approx.ftz.f");
  return LLVM::CallIntrinsicOp::create(b, loc, f32Type(), name, ValueRange{x})
      .getResults();
}
Value NvptxBuilder::pack(Value low, Value high) {
  // Not a truncation of two: LLVM takes one apart whose halves are read, too,
  // and converts each alone, at a quarter of the rate.
  Type pair = VectorType::get({2}, b.getBF16Type());
  return bitcast(i32Type(),
                 op<NVVM::ConvertF32x2ToBF16x2Op>(pair, high, low, Value(),
                                                  NVVM::FPRoundingMode::RN));
}
std::pair<Value, Value> NvptxBuilder::unpack(Value two) {
  return {bitcast(f32Type(), shl(two, 16)),
          bitcast(f32Type(), bitAnd(two, i32(0xFFFF0000)))};
}

Value NvptxBuilder::shuffleXor(Value x, int64_t mask) {
  return op<NVVM::ShflOp>(x.getType(), i32(-1), x, i32(mask), i32(31),
                          NVVM::ShflKind::bfly, UnitAttr());
}
Value NvptxBuilder::shuffleFrom(Value x, Value lane) {
  return op<NVVM::ShflOp>(x.getType(), i32(-1), x, lane, i32(31),
                          NVVM::ShflKind::idx, UnitAttr());
}

void NvptxBuilder::transposeQuad(Value lane, MutableArrayRef<Value> four) {
  for (int64_t bit : {1, 2}) {
    Value odd =
        op<arith::CmpIOp>(arith::CmpIPredicate::ne, bitAnd(lane, bit), i32(0));
    for (int64_t low = 0; low < 4; ++low) {
      if (low & bit)
        continue;
      Value &x = four[low], &y = four[low | bit];
      Value other = shuffleXor(choose(odd, x, y), bit);
      x = choose(odd, other, x);
      y = choose(odd, y, other);
    }
  }
}

void NvptxBuilder::barrierOfWarp() {
  NVVM::SyncWarpOp::create(b, loc, i32(-1));
}

void NvptxBuilder::copyBox(Value to, Value map, Value column, Value row,
                           Value barrier, Value everyone) {
  Value address = op<LLVM::AddrSpaceCastOp>(pointer(kSharedCluster), to);
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      b, loc, address, map, ValueRange{column, row}, barrier,
      /*im2colOffsets=*/ValueRange(), /*multicastMask=*/everyone,
      /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE,
      /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
}

void NvptxBuilder::waitFor(Value barrier, Value parity) {
  // Nanoseconds that it may sleep before it looks again.
  constexpr int64_t patience = 10000000;
  NVVM::MBarrierTryWaitParityOp::create(b, loc, barrier, parity, i32(patience));
}

void NvptxBuilder::fenceOfProxies() {
  NVVM::FenceProxyOp::create(
      b, loc, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

void NvptxBuilder::barrier(Value id, int64_t threads) {
  if (!id)
    NVVM::BarrierOp::create(b, loc);
  else
    NVVM::BarrierOp::create(b, loc, Type(), id, i32(threads),
                            NVVM::BarrierReductionAttr(), Value());
}

void NvptxBuilder::arrive(Value id, int64_t threads) {
  NVVM::BarrierArriveOp::create(b, loc, id, i32(threads));
}
