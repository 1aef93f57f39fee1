//===- Sums.cpp - finishing column sums -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static constexpr int64_t kThreads = 256;

/// target[j] (+)= Σ_b partials[b][j], a thread a column.
FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildFinish(kern::FinishOp op, ModuleOp module,
                         llvm::SetVector<Value> &numbers, Launch &launch) {
  Kernel e(module, numbers, op.getLoc(), kThreads);
  auto type = cast<MemRefType>(op.getPartials().getType());
  Type to = cast<MemRefType>(op.getTarget().getType()).getElementType();
  // All that a model can have: i32 is never summed.
  if (!to.isF32() && !to.isF64() && !to.isBF16())
    return op.emitOpError("adds up into ")
           << to << "; on sm_90a served are bf16, f32 and f64";
  int64_t columns = kern::columnsOf(type);
  Value partials = e.address(op.getPartials()),
        target = e.address(op.getTarget());
  Value windowCount = e.integer(kern::rowsOf(type)),
        columnCount = e.integer(columns);
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  KernelBuilder k = e.builder();
  Value j = k.add(k.mul(widen(k, blockIndex), kThreads), widen(k, threadIndex));
  k.ifThen(k.less(j, widen(k, columnCount)), [&] {
    auto exact = [&](Value x) { return k.op<arith::ExtFOp>(k.f64Type(), x); };
    Value zero = k.op<arith::ConstantOp>(k.b.getF64FloatAttr(0));
    // There are few columns, so what counts is how many windows are in flight.
    Value end = widen(k, windowCount), from = k.i64(0), sum = zero;
    for (int64_t atOnce : {32, 8, 1}) {
      Value whole = k.mul(k.div(k.sub(end, from), atOnce), atOnce);
      Value to = k.add(from, whole);
      sum = k.loop(from, to, atOnce, sum, [&](Value b, ValueRange carried) {
        KernelBuilder::Values windows;
        for (int64_t i = 0; i < atOnce; ++i) {
          Value start = k.mul(k.add(b, i), kern::rowStrideOf(type));
          windows.push_back(
              k.load(k.f32Type(), k.at(partials, k.add(start, j))));
        }
        Value sum = carried[0];
        for (Value x : windows)
          sum = k.fadd(sum, exact(x));
        return KernelBuilder::Values{sum};
      })[0];
      from = to;
    }
    Value at = k.at(target, j, elementBytes(to));
    if (op.getAccumulate()) {
      Value old = k.load(to, at);
      sum = k.fadd(sum, to.isF64() ? old : exact(old));
    }
    // To bf16 as the stores of row programs go: from f32.
    if (!to.isF64())
      sum = k.op<arith::TruncFOp>(k.f32Type(), sum);
    if (to.isBF16())
      sum = k.op<arith::TruncFOp>(to, sum);
    k.store(sum, at);
  });
  e.launch.blocks = llvm::divideCeil(columns, kThreads);
  return e.finish(launch);
}
