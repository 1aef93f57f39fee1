//===- Sums.cpp - finishing column sums -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// The windows of a column are added in their order, by one thread: what can be
// done by many is to bring them. A block has a few columns; all its threads
// load, each several windows at once, and leave them in shared memory as what
// is added. While one thread a column adds them up, the next windows come.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/kern/FinishOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Threads of a block; what each loads at once; how many windows are read from
/// shared memory before the first is added.
static constexpr int64_t kThreads = 256, kLoads = 16, kAdded = 16;
/// Columns of a block, 32 bytes of a row of partials; of a sum of one column
/// that one.
static constexpr int64_t kColumns = 8;
static constexpr int64_t kElements = kThreads * kLoads;

namespace {

/// A sum, and the block that its first columns are.
struct Sum {
  Value partials, target, windows, stride, columns, width, widthBits,
      firstBlock;
};

} // namespace

static int64_t columnsOfBlock(MemRefType partials) {
  return kern::columnsOf(partials) == 1 ? 1 : kColumns;
}

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
            k.i64(columnsOfBlock(type)),
            k.i64(llvm::Log2_64(columnsOfBlock(type))),
            k.i64(blocks)};
    blocks += llvm::divideCeil(kern::columnsOf(type), columnsOfBlock(type));
    if (i == 0) {
      found = sum;
      continue;
    }
    Value earlier = k.less(block, sum.firstBlock);
    for (auto part :
         {&Sum::partials, &Sum::target, &Sum::windows, &Sum::stride,
          &Sum::columns, &Sum::width, &Sum::widthBits, &Sum::firstBlock})
      found.*part = k.choose(earlier, found.*part, sum.*part);
  }
  return {found, blocks};
}

/// target[j] (+)= Σ_b partials[b][j].
FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildFinish(kern::FinishOp op, ModuleOp module,
                         llvm::SetVector<Value> &numbers, Launch &launch) {
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Type to = cast<MemRefType>(op.getTargets()[0].getType()).getElementType();
  // All that a model can have: i32 is never summed.
  if (!to.isF32() && !to.isF64() && !to.isBF16())
    return op.emitOpError("adds up into ")
           << to << "; on sm_90a served are bf16, f32 and f64";
  Value shared = e.shared(kElements * 8);
  auto [mine, blocks] = sumOf(e, op);
  Sum sum = mine; // lambdas take no binding
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  auto exact = [&](Value x) { return k.op<arith::ExtFOp>(k.f64Type(), x); };
  Value zero = k.op<arith::ConstantOp>(k.b.getF64FloatAttr(0));
  Value place = k.sub(k.index(blockIndex), sum.firstBlock);
  Value thread = k.index(threadIndex), first = k.mul(place, sum.width);
  Value j = k.add(first, thread);
  Value adds = k.both(k.less(thread, sum.width), k.less(j, sum.columns));
  Value at = k.at(sum.target, j, elementBytes(to));
  // Asked for with the first windows.
  Value old = zero;
  if (op.getAccumulate())
    old = k.select(
        adds,
        [&] {
          Value x = k.load(to, at);
          return Values{to.isF64() ? x : exact(x)};
        },
        [&] { return Values{zero}; })[0];
  // A row of a block's columns behind the other, kElements of them at once.
  auto byWidth = [&](Value x) {
    return k.op<arith::ShRUIOp>(x, sum.widthBits);
  };
  Value inRow = k.bitAnd(thread, k.sub(sum.width, k.i64(1)));
  Value rowOfThread = byWidth(thread), step = byWidth(k.i64(kThreads));
  Value atOnce = byWidth(k.i64(kElements));
  Value column = k.min(k.add(first, inRow), k.sub(sum.columns, k.i64(1)));
  Value last = k.sub(sum.windows, k.i64(1));
  // What is beyond the last window is added as zero, which changes no sum: it
  // began as zero, and so is never -0.
  auto load = [&](Value from) {
    Values loaded;
    for (int64_t i = 0; i < kLoads; ++i) {
      Value window = k.add(k.add(from, rowOfThread), k.mul(step, i));
      Value start = k.mul(k.min(window, last), sum.stride);
      Value x = k.load(k.f32Type(), k.at(sum.partials, k.add(start, column)));
      loaded.push_back(k.choose(k.less(last, window), k.f32(0), x));
    }
    return loaded;
  };
  Values carried = load(k.i64(0));
  carried.push_back(zero);
  Value total = k.loop(
      k.i64(0), sum.windows, atOnce, carried,
      [&](Value from, ValueRange carried) {
        for (int64_t i = 0; i < kLoads; ++i)
          k.store(exact(carried[i]),
                  k.at(shared, k.add(thread, i * kThreads), 8));
        k.barrier();
        Value next = k.add(from, atOnce);
        Values result = k.select(
            k.less(next, sum.windows), [&] { return load(next); },
            [&] { return Values(kLoads, k.f32(0)); });
        result.push_back(k.select(
            adds,
            [&] {
              Value count = k.min(atOnce, k.sub(sum.windows, from));
              return k.loop(
                  k.i64(0), count, kAdded, carried[kLoads],
                  [&](Value b, ValueRange carried) {
                    Values windows;
                    for (int64_t i = 0; i < kAdded; ++i) {
                      Value start = k.mul(k.add(b, i), sum.width);
                      windows.push_back(k.load(
                          k.f64Type(), k.at(shared, k.add(start, thread), 8)));
                    }
                    Value total = carried[0];
                    for (Value x : windows)
                      total = k.fadd(total, x);
                    return Values{total};
                  });
            },
            [&] { return Values{carried[kLoads]}; })[0]);
        // A warp comes to the block's barrier as one.
        k.barrierOfWarp();
        k.barrier();
        return result;
      })[kLoads];
  k.ifThen(adds, [&] {
    if (op.getAccumulate())
      total = k.fadd(total, old);
    // To bf16 as the stores of row programs go: from f32.
    if (!to.isF64())
      total = k.op<arith::TruncFOp>(k.f32Type(), total);
    if (to.isBF16())
      total = k.op<arith::TruncFOp>(to, total);
    k.store(total, at);
  });
  e.launch.blocks = blocks;
  LLVM::LLVMFuncOp function = e.finish(launch);
  setBlocksAtOnce(function, 2);
  return function;
}
