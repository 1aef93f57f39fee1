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
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"

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

/// Sums that a launch of a few has room for, and of many: launches of any
/// number up to it are one kernel's.
static constexpr int64_t kFew = 4, kMany = 64;

namespace {

/// What a launch tells of a sum, and what stands between the columns of two
/// windows.
struct Sum {
  Value partials, target, windows, columns, firstBlock, gap;
};

} // namespace

static int64_t columnsOfBlock(MemRefType partials) {
  return kern::columnsOf(partials) == 1 ? 1 : kColumns;
}

/// Asks the launch for its sums, and as many again of the first, which no
/// block is for, as there is room for. Gives the number of blocks, too.
static std::pair<SmallVector<Sum>, int64_t> askForSums(Kernel &e,
                                                       kern::FinishOp op) {
  SmallVector<Sum> sums;
  int64_t blocks = 0;
  for (auto [partials, target] :
       llvm::zip_equal(op.getPartials(), op.getTargets())) {
    auto type = cast<MemRefType>(partials.getType());
    int64_t columns = kern::columnsOf(type);
    sums.push_back({e.addressAgain(partials), e.addressAgain(target),
                    e.integer(kern::rowsOf(type)), e.integer(columns),
                    e.integer(blocks),
                    e.i32(kern::rowStrideOf(type) - columns)});
    blocks += llvm::divideCeil(columns, columnsOfBlock(type));
  }
  int64_t count = sums.size();
  int64_t room = count <= kFew ? kFew : llvm::alignTo(count, kMany);
  for (; count < room; ++count)
    sums.push_back({e.addressAgain(op.getPartials()[0]),
                    e.addressAgain(op.getTargets()[0]), e.integer(0),
                    e.integer(0),
                    e.integer(std::numeric_limits<int32_t>::max()), e.i32(0)});
  return {sums, blocks};
}

/// The sum of the block: the last one that begins at it or before.
static Sum sumOf(NvptxBuilder &k, Value block, ArrayRef<Sum> sums) {
  if (sums.size() == 1)
    return sums[0];
  ArrayRef<Sum> second = sums.drop_front(sums.size() / 2);
  Sum a = sumOf(k, block, sums.take_front(sums.size() / 2));
  Sum b = sumOf(k, block, second);
  Value earlier = k.less(block, second[0].firstBlock);
  for (auto part : {&Sum::partials, &Sum::target, &Sum::windows, &Sum::columns,
                    &Sum::firstBlock, &Sum::gap})
    a.*part = k.choose(earlier, a.*part, b.*part);
  return a;
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
  // What may differ of the targets of two launches is told, not built in: log2
  // of the bytes of an element, by which the three types differ, and whether
  // the sums are added to what is there.
  Value bytesLog = e.integer(llvm::Log2_64(elementBytes(to)));
  Value accumulates = e.integer(op.getAccumulate());
  auto [sums, blocks] = askForSums(e, op);
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  Sum sum = sumOf(k, blockIndex, sums);
  Value windows = k.index(sum.windows), columns = k.index(sum.columns);
  Value stride = k.add(columns, k.index(sum.gap));
  Value single = k.equal(columns, 1);
  Value width = k.choose(single, k.i64(1), k.i64(kColumns));
  Value widthBits = k.choose(single, k.i64(0), k.i64(llvm::Log2_64(kColumns)));
  auto exact = [&](Value x) { return k.op<arith::ExtFOp>(k.f64Type(), x); };
  Value zero = k.op<arith::ConstantOp>(k.b.getF64FloatAttr(0));
  Value place = k.sub(k.index(blockIndex), k.index(sum.firstBlock));
  Value thread = k.index(threadIndex), first = k.mul(place, width);
  Value j = k.add(first, thread);
  Value adds = k.both(k.less(thread, width), k.less(j, columns));
  Value at = k.offset(sum.target, k.op<arith::ShLIOp>(j, k.index(bytesLog)));
  auto isLog = [&](int64_t log) { return k.equal(bytesLog, log); };
  Type half = k.b.getBF16Type();
  auto upperHalf = [&](Value x) {
    return k.bitcast(k.f32Type(),
                     k.shl(k.op<arith::ExtUIOp>(k.i32Type(), x), 16));
  };
  // Asked for with the first windows.
  Value old = k.select(
      k.both(adds, k.equal(accumulates, 1)),
      [&] {
        return k.select(
            isLog(3), [&] { return Values{k.load(k.f64Type(), at)}; },
            [&] {
              return k.select(
                  isLog(2),
                  [&] { return Values{exact(k.load(k.f32Type(), at))}; },
                  [&] {
                    Value x = k.load(k.b.getI16Type(), at);
                    return Values{exact(upperHalf(x))};
                  });
            });
      },
      [&] { return Values{zero}; })[0];
  // A row of a block's columns behind the other, kElements of them at once.
  auto byWidth = [&](Value x) { return k.op<arith::ShRUIOp>(x, widthBits); };
  Value inRow = k.bitAnd(thread, k.sub(width, k.i64(1)));
  Value rowOfThread = byWidth(thread), step = byWidth(k.i64(kThreads));
  Value atOnce = byWidth(k.i64(kElements));
  Value column = k.min(k.add(first, inRow), k.sub(columns, k.i64(1)));
  Value last = k.sub(windows, k.i64(1));
  // What is beyond the last window is added as zero, which changes no sum: it
  // began as zero, and so is never -0.
  auto load = [&](Value from) {
    Values loaded;
    for (int64_t i = 0; i < kLoads; ++i) {
      Value window = k.add(k.add(from, rowOfThread), k.mul(step, i));
      Value start = k.mul(k.min(window, last), stride);
      Value x = k.load(k.f32Type(), k.at(sum.partials, k.add(start, column)));
      loaded.push_back(k.choose(k.less(last, window), k.f32(0), x));
    }
    return loaded;
  };
  Values carried = load(k.i64(0));
  carried.push_back(zero);
  Value total = k.loop(
      k.i64(0), windows, atOnce, carried, [&](Value from, ValueRange carried) {
        for (int64_t i = 0; i < kLoads; ++i)
          k.store(exact(carried[i]),
                  k.at(shared, k.add(thread, i * kThreads), 8));
        k.barrier();
        Value next = k.add(from, atOnce);
        Values result = k.select(
            k.less(next, windows), [&] { return load(next); },
            [&] { return Values(kLoads, k.f32(0)); });
        result.push_back(k.select(
            adds,
            [&] {
              Value count = k.min(atOnce, k.sub(windows, from));
              return k.loop(
                  k.i64(0), count, kAdded, carried[kLoads],
                  [&](Value b, ValueRange carried) {
                    Values terms;
                    for (int64_t i = 0; i < kAdded; ++i) {
                      Value start = k.mul(k.add(b, i), width);
                      terms.push_back(k.load(
                          k.f64Type(), k.at(shared, k.add(start, thread), 8)));
                    }
                    Value total = carried[0];
                    for (Value x : terms)
                      total = k.fadd(total, x);
                    return Values{total};
                  });
            },
            [&] { return Values{carried[kLoads]}; })[0]);
        k.barrier();
        return result;
      })[kLoads];
  k.ifThen(adds, [&] {
    // The sum began as zero, and so is not -0, which zero would change.
    total = k.fadd(total, old);
    k.ifThen(
        isLog(3), [&] { k.store(total, at); },
        [&] {
          // To bf16 as the stores of row programs go: from f32.
          Value rounded = k.op<arith::TruncFOp>(k.f32Type(), total);
          k.ifThen(
              isLog(2), [&] { k.store(rounded, at); },
              [&] { k.store(k.op<arith::TruncFOp>(half, rounded), at); });
        });
  });
  e.launch.blocks = blocks;
  LLVM::LLVMFuncOp function = e.finish(launch);
  setBlocksAtOnce(function, 2);
  return function;
}
