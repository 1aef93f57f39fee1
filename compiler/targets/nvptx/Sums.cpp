//===- Sums.cpp - finishing column sums and ordered segments --------------===//
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

//===----------------------------------------------------------------------===//
// finish: target[j] (+)= Σ_b partials[b][j], a thread a column
//===----------------------------------------------------------------------===//

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
    Value sum = k.loop(k.i64(0), widen(k, windowCount), 1, zero,
                       [&](Value b, ValueRange carried) {
                         Value at = k.add(k.mul(b, kern::rowStrideOf(type)), j);
                         Value x =
                             exact(k.load(k.f32Type(), k.at(partials, at)));
                         return KernelBuilder::Values{k.fadd(carried[0], x)};
                       })[0];
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

//===----------------------------------------------------------------------===//
// segments: target[tokens[t]] += value[t], a warp a position of the order
//===----------------------------------------------------------------------===//

/// The warp at a segment's first position sums the segment, so each row of the
/// target has one writer; the others end at once.
FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildSegments(kern::SegmentsOp op, ModuleOp module,
                           llvm::SetVector<Value> &numbers, Launch &launch) {
  constexpr int64_t warp = 32, warps = kThreads / warp, most = 8;
  Kernel e(module, numbers, op.getLoc(), kThreads);
  auto type = cast<MemRefType>(op.getValue().getType());
  auto targetType = cast<MemRefType>(op.getTarget().getType());
  Type element = type.getElementType();
  // No model comes here with others: `differentiate` sums the gradient of every
  // table in f32, and cotangents of rows are bf16 or f32.
  if ((!element.isBF16() && !element.isF32()) ||
      !targetType.getElementType().isF32())
    return op.emitOpError("adds ")
           << element << " to " << targetType.getElementType()
           << "; on sm_90a served are bf16 and f32 added to f32";
  int64_t positions = kern::rowsOf(cast<MemRefType>(op.getOrder().getType()));
  int64_t columns = kern::columnsOf(type), bytes = elementBytes(element);
  Value value = e.address(op.getValue()), tokens = e.address(op.getTokens());
  Value order = e.address(op.getOrder()), target = e.address(op.getTarget());
  Value count = e.integer(positions);
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  KernelBuilder k = e.builder();
  Value end = widen(k, count), thread = widen(k, threadIndex);
  Value lane = k.rem(thread, warp);
  Value i = k.add(k.mul(widen(k, blockIndex), warps), k.div(thread, warp));
  auto integer = [&](Value base, Value at) {
    return k.op<arith::ExtSIOp>(k.i64Type(),
                                k.load(k.i32Type(), k.at(base, at)));
  };
  auto tokenAt = [&](Value at) { return integer(tokens, integer(order, at)); };

  // Whole chunks of columns where all rows begin at 16 bytes.
  int64_t width = most;
  for (MemRefType rows : {type, targetType}) {
    width = std::gcd(width, kern::rowStrideOf(rows));
    width = std::gcd(width, kern::offsetOf(rows));
  }
  width = std::gcd(width, columns);
  Type loaded = k.vector(width, element), wideType = k.vector(width);
  auto row = [&](Value p, Value j) {
    Value at = k.add(k.mul(integer(order, p), kern::rowStrideOf(type)), j);
    Value x = k.op<LLVM::LoadOp>(loaded, k.at(value, at, bytes),
                                 std::min<int64_t>(16, width * bytes));
    return element.isF32() ? x : k.op<arith::ExtFOp>(wideType, x);
  };
  auto sumFrom = [&](Value token) {
    k.loop(k.mul(lane, width), k.i64(columns), warp * width, [&](Value j) {
      Value sum = k.loopWhile(
          {k.add(i, 1), row(i, j)},
          [&](ValueRange carried) {
            Value more = k.less(carried[0], end);
            Value safe = k.choose(more, carried[0], i);
            return k.both(more, k.equal(tokenAt(safe), token));
          },
          [&](ValueRange carried) {
            Value x = k.fadd(carried[1], row(carried[0], j));
            return KernelBuilder::Values{k.add(carried[0], 1), x};
          })[1];
      Value at =
          k.at(target, k.add(k.mul(token, kern::rowStrideOf(targetType)), j));
      int64_t alignment = std::min<int64_t>(16, width * 4);
      Value old = k.op<LLVM::LoadOp>(wideType, at, alignment);
      LLVM::StoreOp::create(k.b, k.loc, k.fadd(old, sum), at, alignment);
    });
  };
  k.ifThen(k.less(i, end), [&] {
    Value token = tokenAt(i);
    Value before = k.max(k.sub(i, k.i64(1)), k.i64(0));
    Value first = k.op<arith::OrIOp>(
        k.equal(i, k.i64(0)),
        k.op<arith::CmpIOp>(arith::CmpIPredicate::ne, tokenAt(before), token));
    k.ifThen(first, [&] { sumFrom(token); });
  });
  e.launch.blocks = llvm::divideCeil(positions, warps);
  return e.finish(launch);
}
