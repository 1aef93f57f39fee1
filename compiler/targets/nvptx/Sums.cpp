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

namespace {

/// A sum, and the block that its first columns are.
struct Sum {
  Value partials, target, windows, stride, columns, firstBlock;
};

} // namespace

/// The sum of the block: the last one that begins at it or before. Gives the
/// number of blocks of all sums, too.
static std::pair<Sum, int64_t> sumOf(Kernel &e, kern::FinishOp op) {
  SmallVector<std::array<Value, 4>> arguments;
  for (auto [partials, target] :
       llvm::zip_equal(op.getPartials(), op.getTargets())) {
    auto type = cast<MemRefType>(partials.getType());
    arguments.push_back({e.address(partials), e.address(target),
                         e.integer(kern::rowsOf(type)),
                         e.integer(kern::columnsOf(type))});
  }
  Value blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  Value block = k.index(blockIndex);
  Sum found;
  int64_t blocks = 0;
  for (auto [i, partials] : llvm::enumerate(op.getPartials())) {
    auto type = cast<MemRefType>(partials.getType());
    auto [from, target, windows, columns] = arguments[i];
    Sum sum{from,
            target,
            k.index(windows),
            k.i64(kern::rowStrideOf(type)),
            k.index(columns),
            k.i64(blocks)};
    blocks += llvm::divideCeil(kern::columnsOf(type), kThreads);
    if (i == 0) {
      found = sum;
      continue;
    }
    Value earlier = k.less(block, sum.firstBlock);
    for (auto part : {&Sum::partials, &Sum::target, &Sum::windows, &Sum::stride,
                      &Sum::columns, &Sum::firstBlock})
      found.*part = k.choose(earlier, found.*part, sum.*part);
  }
  return {found, blocks};
}

/// target[j] (+)= Σ_b partials[b][j], a thread a column.
FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildFinish(kern::FinishOp op, ModuleOp module,
                         llvm::SetVector<Value> &numbers, Launch &launch) {
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Type to = cast<MemRefType>(op.getTargets()[0].getType()).getElementType();
  // All that a model can have: i32 is never summed.
  if (!to.isF32() && !to.isF64() && !to.isBF16())
    return op.emitOpError("adds up into ")
           << to << "; on sm_90a served are bf16, f32 and f64";
  auto [mine, blocks] = sumOf(e, op);
  Sum sum = mine; // lambdas take no binding
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  Value place = k.sub(k.index(blockIndex), sum.firstBlock);
  Value j = k.add(k.mul(place, kThreads), k.index(threadIndex));
  k.ifThen(k.less(j, sum.columns), [&] {
    auto exact = [&](Value x) { return k.op<arith::ExtFOp>(k.f64Type(), x); };
    Value zero = k.op<arith::ConstantOp>(k.b.getF64FloatAttr(0));
    // There are few columns, so what counts is how many windows are in flight.
    Value from = k.i64(0), total = zero;
    for (int64_t atOnce : {32, 8, 1}) {
      Value whole = k.mul(k.div(k.sub(sum.windows, from), atOnce), atOnce);
      Value end = k.add(from, whole);
      total =
          k.loop(from, end, atOnce, total, [&](Value b, ValueRange carried) {
            Values windows;
            for (int64_t i = 0; i < atOnce; ++i) {
              Value start = k.mul(k.add(b, i), sum.stride);
              windows.push_back(
                  k.load(k.f32Type(), k.at(sum.partials, k.add(start, j))));
            }
            Value total = carried[0];
            for (Value x : windows)
              total = k.fadd(total, exact(x));
            return Values{total};
          })[0];
      from = end;
    }
    Value at = k.at(sum.target, j, elementBytes(to));
    if (op.getAccumulate()) {
      Value old = k.load(to, at);
      total = k.fadd(total, to.isF64() ? old : exact(old));
    }
    // To bf16 as the stores of row programs go: from f32.
    if (!to.isF64())
      total = k.op<arith::TruncFOp>(k.f32Type(), total);
    if (to.isBF16())
      total = k.op<arith::TruncFOp>(to, total);
    k.store(total, at);
  });
  e.launch.blocks = blocks;
  return e.finish(launch);
}
