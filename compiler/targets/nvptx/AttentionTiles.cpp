//===- AttentionTiles.cpp - attention's tiles on tensor cores -------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/AttentionTiles.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Registers a thread by role: 168 at the start, of which 128·128 + 256·64 then
/// change sides.
static constexpr int64_t kProducerRegisters = 40, kConsumerRegisters = 232;
static constexpr int64_t kConsumerWarps = 8, kWarp = 32;
/// More stages than these bring nothing.
static constexpr int64_t kMostStages = 6;
/// A scale that makes of all scores what 0 does.
static constexpr double kLeastScale = 1e-20;
/// Bytes of an item's message: eight i32 and its number, and where that is.
static constexpr int64_t kToldBytes = 40, kToldNumber = 32;
/// Two mbarriers.
static constexpr int64_t kBarrierBytes = 16;

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

void AttentionTiles::begin(Value windowNumber, Value scaleNumber,
                           int64_t itemTiles, int64_t itemStages,
                           int64_t blockExtra) {
  this->itemTiles = itemTiles;
  this->itemStages = itemStages;
  extraBytes = blockExtra;
  e.address(docs);
  auto number = [&](Value number) {
    auto [table, place] = e.placeOf(number);
    return e.op<LLVM::LoadOp>(e.b.getF64Type(),
                              e.offset(table, e.shl(place, 3)));
  };
  auto f64 = [&](double x) {
    return e.op<arith::ConstantOp>(e.b.getF64FloatAttr(x));
  };
  // More than any position, and no sum overflows.
  window = e.op<arith::FPToSIOp>(
      e.i32Type(), e.op<arith::MinNumFOp>(number(windowNumber), f64(1 << 30)));
  Value factor = number(scaleNumber);
  scale = e.op<arith::TruncFOp>(e.f32Type(), factor);
  scaleLog2 = e.op<arith::TruncFOp>(e.f32Type(),
                                    e.op<arith::MulFOp>(factor, f64(kLog2e)));
  // What a hidden score becomes, times the scale, is -infinity: of a scale of 0
  // that must not be 0 times infinity.
  auto below = [&](Value x, Value y) {
    return e.op<arith::CmpFOp>(arith::CmpFPredicate::OLT, x, y);
  };
  Value size = e.op<math::AbsFOp>(scaleLog2), least = e.f32(kLeastScale);
  scaleLog2 = e.choose(below(size, least), least, scaleLog2);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  negative = below(scaleLog2, e.f32(0));
  hidden = e.choose(negative, e.f32(infinity), e.f32(-infinity));
  positions = e.integer(positionCount);
  counter = e.flags(1);

  blockStart = itemStages * itemTiles * tileBytes();
  int64_t fixed = blockStart + itemStages * (kToldBytes + kBarrierBytes);
  blockStages =
      std::min(kMostStages, (kSharedLimit - fixed) /
                                (2 * tileBytes() + extraBytes + kBarrierBytes));
  extraStart = blockStart + blockStages * 2 * tileBytes();
  toldStart = extraStart + blockStages * extraBytes;
  int64_t barriers = toldStart + itemStages * kToldBytes;
  shared = e.shared(barriers + (itemStages + blockStages) * kBarrierBytes);
  base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
  items.emplace(e, shared, barriers, itemStages);
  blocks.emplace(e, shared, barriers + itemStages * kBarrierBytes, blockStages);

  Value index = e.threadIndex();
  thread = e.bitAnd(index, kWarpgroup - 1);
  lane = e.bitAnd(index, kWarp - 1);
  warp = e.shr(thread, 5);
  quad = e.bitAnd(lane, 3);
  leader = e.equal(lane, 0);
  // Lane l reads row l % 16 of its warp's 16, of the step's columns the first
  // eight or the others.
  Value row = e.add(e.shl(warp, 4), e.bitAnd(lane, 15));
  for (int64_t i = 0; i < 4; ++i) {
    Value chunk = e.add(e.shr(lane, 4), 2 * i);
    swizzled[i] = e.add(e.mul(row, kRowBytes),
                        e.shl(e.bitXor(chunk, e.bitAnd(row, 7)), 4));
  }
}

LLVM::LLVMFuncOp
AttentionTiles::finish(Launch &launch, int64_t kinds,
                       function_ref<void()> produce,
                       function_ref<void(Value warpgroup)> consume) {
  // Through lane 0, so that ptxas sees one value in the whole warp.
  Value index = e.threadIndex();
  Value warpgroup = e.shuffleFrom(e.shr(index, 7), e.i32(0));
  Value warpOfBlock = e.shuffleFrom(e.shr(index, 5), e.i32(0));
  e.ifThen(e.equal(index, 0), [&] {
    items->init(kConsumerWarps);
    blocks->init(kConsumerWarps, extraBytes > 0 ? kWarp : 1);
  });
  e.barrier();
  e.ifThen(
      e.equal(warpgroup, 0),
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, kProducerRegisters,
                                       NVVM::SetMaxRegisterAction::decrease);
        e.ifThen(e.equal(warpOfBlock, 0), produce);
      },
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, kConsumerRegisters,
                                       NVVM::SetMaxRegisterAction::increase);
        consume(e.sub(warpgroup, e.i32(1)));
      });
  e.launch.persistent = true;
  e.launch.blocks = kinds * llvm::divideCeil(positionCount, kItem) * heads;
  LLVM::LLVMFuncOp function = e.finish(launch);
  // setmaxnreg needs to know the registers that a block starts with.
  setBlocksAtOnce(function, 1);
  return function;
}

Value AttentionTiles::take(Value count) {
  // As often as there are items somebody asks for one, in vain at the end, so
  // that the counter, which turns to 0 behind its greatest value, stands at 0
  // again.
  Value taken = e.select(
      leader,
      [&] {
        return Values{e.op<LLVM::AtomicRMWOp>(
            LLVM::AtomicBinOp::uinc_wrap, counter, e.sub(count, e.i32(1)),
            LLVM::AtomicOrdering::monotonic, "device", /*alignment=*/4)};
      },
      [&] { return Values{e.i32(0)}; })[0];
  return e.add(e.blockCount(), e.shuffleFrom(taken, e.i32(0)));
}

void AttentionTiles::forItems(int64_t kinds, bool producer, ItemBody body) {
  // Neighbouring blocks share keys: heads change fastest.
  Value rows = e.div(e.add(positions, kItem - 1), e.i32(kItem));
  Value half = e.mul(rows, heads), count = e.mul(half, kinds);
  Ring::Position item = items->start(), block = blocks->start();
  if (!producer)
    items->waitFull(item);
  Values end = e.loopWhile(
      {e.blockIndex(), item.stage, item.parity, block.stage, block.parity},
      [&](ValueRange now) { return e.inside(now[0], count); },
      [&](ValueRange now) -> Values {
        Value number = now[0];
        Value following = producer ? take(count) : Value();
        Value kind, index = number;
        if (kinds > 1) {
          kind = e.inside(number, half);
          index = e.choose(kind, number, e.sub(number, half));
        }
        Value row = e.div(index, e.i32(heads));
        Value h = e.sub(index, e.mul(row, heads));
        row = e.inOrder(row);
        Ring::Position at{now[1], now[2]};
        Ring::Position behind =
            body({number, kind, e.mul(row, kItem), h, at}, {now[3], now[4]});
        Ring::Position next = items->next(at);
        if (!producer) {
          items->waitFull(next);
          following = e.op<LLVM::LoadOp>(e.i32Type(), itemNumber(next.stage));
        }
        return {following, next.stage, next.parity, behind.stage,
                behind.parity};
      });
  if (!producer)
    return;
  // A last item, which is none.
  Ring::Position last{end[1], end[2]};
  items->waitEmpty(last);
  e.ifThen(leader, [&] {
    LLVM::StoreOp::create(e.b, e.loc, count, itemNumber(last.stage));
    items->expect(last, 0);
  });
}

Values AttentionTiles::forBlocks(
    Value from, Value to, Ring::Position at, ValueRange carried,
    function_ref<Values(Value, Ring::Position, ValueRange)> body) {
  Values start{at.stage, at.parity};
  llvm::append_range(start, carried);
  return e.loop(from, to, e.i32(1), start,
                [&](Value block, ValueRange carried) {
                  Ring::Position at{carried[0], carried[1]};
                  Values more = body(block, at, carried.drop_front(2));
                  Ring::Position next = blocks->next(at);
                  Values result{next.stage, next.parity};
                  llvm::append_range(result, more);
                  return result;
                });
}

//===----------------------------------------------------------------------===//
// Which blocks
//===----------------------------------------------------------------------===//

Value AttentionTiles::firstKey(Value position) {
  Value own = lastPosition(position);
  int64_t stride = kern::rowStrideOf(cast<MemRefType>(docs.getType()));
  Value row = group == 1 ? own : e.div(own, e.i32(group));
  Value place = e.mul(e.widen(row), e.i64(4 * stride));
  Value document =
      e.op<LLVM::LoadOp>(e.i32Type(), e.offset(e.address(docs), place));
  Value first = e.max(e.sub(own, window), e.mul(document, group));
  return e.min(first, own);
}

AttentionTiles::Blocks AttentionTiles::keysOf(Value row) {
  // Of each warpgroup the first and the last row, in four lanes at once.
  Value second = e.bitAnd(e.shr(lane, 1), 1), last = e.bitAnd(lane, 1);
  Value first =
      firstKey(e.add(e.add(row, e.mul(second, kRows)), e.mul(last, kRows - 1)));
  Blocks result;
  Value ends = e.shr(e.add(positions, kRows - 1), 6);
  result.to = e.min(e.add(e.shr(row, 6), 2), ends);
  Value before;
  for (int64_t w = 0; w < 2; ++w) {
    auto of = [&](int64_t lane) {
      Value key = e.shuffleFrom(first, e.i32(lane));
      // No warpgroup begins before the item does, whatever the input holds.
      return before = before ? e.max(before, key) : key;
    };
    result.of[w].from = e.shr(of(2 * w), 6);
    result.of[w].partial = e.shr(e.add(of(2 * w + 1), kRows - 1), 6);
    result.of[w].to = e.min(e.add(e.shr(row, 6), w + 1), ends);
  }
  result.from = result.of[0].from;
  return result;
}

AttentionTiles::Blocks AttentionTiles::queriesOf(Value row) {
  Blocks result;
  result.from = e.shr(row, 6);
  Value last[2] = {lastPosition(e.add(row, kRows - 1)),
                   lastPosition(e.add(row, kItem - 1))};
  Value most = e.min(e.shr(e.add(positions, kRows - 1), 6),
                     e.add(e.shr(e.add(last[1], window), 6), 1));
  // Blocks whose first query sees the last key: they are consecutive. A lane
  // looks at one; two counts share a number.
  Value count = e.loop(
      result.from, most, e.i32(kWarp), e.i32(0),
      [&](Value from, ValueRange carried) -> Values {
        Value block = e.add(from, lane), inside = e.inside(block, most);
        Value first = firstKey(e.shl(block, 6));
        Value seen = e.i32(0);
        for (int64_t w = 0; w < 2; ++w) {
          Value sees = e.bitAnd(inside, e.notAbove(first, last[w]));
          seen = e.add(seen, e.choose(sees, e.i32(1 << (16 * w)), e.i32(0)));
        }
        for (int64_t distance = 1; distance < kWarp; distance *= 2)
          seen = e.add(seen, e.shuffleXor(seen, distance));
        return {e.add(carried[0], seen)};
      })[0];
  result.to = e.add(result.from, e.shr(count, 16));
  result.of[0] = {result.from, e.add(result.from, e.bitAnd(count, 0xFFFF)),
                  result.from};
  result.of[1] = {e.min(e.add(result.from, 1), result.to), result.to,
                  result.from};
  return result;
}

Value AttentionTiles::itemNumber(Value stage) {
  return e.offset(shared,
                  e.add(e.mul(stage, kToldBytes), toldStart + kToldNumber));
}

void AttentionTiles::tell(const Blocks &blocks, const Item &item) {
  Value to =
      e.offset(shared, e.add(e.mul(item.at.stage, kToldBytes), toldStart));
  Value message[] = {blocks.from,          blocks.to,
                     blocks.of[0].from,    blocks.of[0].to,
                     blocks.of[0].partial, blocks.of[1].from,
                     blocks.of[1].to,      blocks.of[1].partial};
  for (auto [i, x] : llvm::enumerate(message))
    LLVM::StoreOp::create(e.b, e.loc, x, e.offset(to, 4 * i));
  LLVM::StoreOp::create(e.b, e.loc, item.number, itemNumber(item.at.stage));
}

AttentionTiles::Blocks AttentionTiles::told(Value stage) {
  Value from = e.offset(shared, e.add(e.mul(stage, kToldBytes), toldStart));
  Blocks result;
  Value *message[] = {&result.from,          &result.to,
                      &result.of[0].from,    &result.of[0].to,
                      &result.of[0].partial, &result.of[1].from,
                      &result.of[1].to,      &result.of[1].partial};
  for (auto [i, x] : llvm::enumerate(message))
    *x = e.op<LLVM::LoadOp>(e.i32Type(), e.offset(from, 4 * i));
  return result;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void AttentionTiles::copyTile(Value map, Value to, Value row, Value head,
                              Value full) {
  for (int64_t panel = 0; panel < panels(); ++panel) {
    Value address = e.offset(shared, e.add(to, panel * kPanelBytes));
    Value column = e.add(e.mul(head, this->head), panel * 64);
    e.copyBox(address, map, column, row, full);
  }
}

Ring::Position AttentionTiles::skip(Value from, Value to, Ring::Position at) {
  // To release without waiting would be to release another round's.
  Values end = forBlocks(from, to, at, {},
                         [&](Value, Ring::Position at, ValueRange) -> Values {
                           blocks->waitFull(at);
                           release(*blocks, at.stage);
                           return {};
                         });
  return {end[0], end[1]};
}

Value AttentionTiles::descriptor(Value offset, bool transposed) {
  return nvptx::descriptor(e, address(offset), {kRows, transposed});
}

Values AttentionTiles::fragments(Value tile) {
  MLIRContext *context = e.b.getContext();
  Type four = LLVM::LLVMStructType::getLiteral(
      context, SmallVector<Type>(4, e.i32Type()));
  Values result;
  for (int64_t step = 0; step < head / kStepK; ++step) {
    Value place = e.offset(
        shared, e.add(e.add(tile, swizzled[step % 4]), step / 4 * kPanelBytes));
    Value loaded = NVVM::LdMatrixOp::create(
        e.b, e.loc, four, place, 4, NVVM::MMALayout::row,
        NVVM::LdStMatrixShapeAttr::get(context, 8, 8),
        NVVM::LdStMatrixEltType::B16);
    for (int64_t i = 0; i < 4; ++i)
      result.push_back(
          e.op<LLVM::ExtractValueOp>(loaded, ArrayRef<int64_t>{i}));
  }
  return result;
}

void AttentionTiles::endReads() {
  e.fenceOfProxies();
  e.barrierOfWarp();
}

Values AttentionTiles::pack(ValueRange elements) {
  Values result;
  for (size_t i = 0; i < elements.size(); i += 2)
    result.push_back(e.pack(elements[i], elements[i + 1]));
  return result;
}

Values AttentionTiles::masked(ValueRange scores,
                              function_ref<Value(int64_t, int64_t)> visible) {
  Values result;
  for (auto [i, score] : llvm::enumerate(scores))
    result.push_back(
        e.choose(visible(i / 2 % 2, i / 4 * 8 + i % 2), score, hidden));
  return result;
}

Value AttentionTiles::quadSum(Value x) {
  for (int64_t distance : {1, 2})
    x = e.fadd(x, e.shuffleXor(x, distance));
  return x;
}

Value AttentionTiles::quadMax(Value x) {
  for (int64_t distance : {1, 2})
    x = e.largestNumber(x, e.shuffleXor(x, distance));
  return x;
}

Value AttentionTiles::place(Value buffer, Value position, Value head) {
  auto type = cast<MemRefType>(buffer.getType());
  Value row = e.mul(e.widen(position), e.i64(4 * kern::rowStrideOf(type)));
  return e.offset(e.offset(e.address(buffer), row), e.mul(head, 4));
}

Value AttentionTiles::load(Value buffer, Value position, Value head) {
  return e.op<LLVM::LoadOp>(e.f32Type(),
                            place(buffer, lastPosition(position), head));
}

void AttentionTiles::storeRows(ValueRange elements, ArrayRef<Value> scales,
                               Value buffer, ArrayRef<Value> rows, Value head) {
  // 16 bytes a lane: the quad transposes four pairs a lane.
  constexpr int64_t quadLanes = 4;
  auto type = cast<MemRefType>(buffer.getType());
  Type vector = VectorType::get({quadLanes}, e.i32Type());
  Value column = e.add(e.mul(head, this->head), e.shl(quad, 3));
  for (int64_t r = 0; r < 2; ++r) {
    Values whole;
    for (int64_t g = 0; g < this->head / 8; g += quadLanes) {
      Values four;
      for (int64_t i = 0; i < quadLanes; ++i) {
        Value pair[2];
        for (int64_t c = 0; c < 2; ++c) {
          pair[c] = elements[4 * (g + i) + 2 * r + c];
          if (!scales.empty())
            pair[c] = e.fmul(pair[c], scales[r]);
        }
        four.push_back(e.pack(pair[0], pair[1]));
      }
      e.transposeQuad(lane, four);
      Value x = e.op<LLVM::PoisonOp>(vector);
      for (int64_t i = 0; i < quadLanes; ++i)
        x = e.op<LLVM::InsertElementOp>(x, four[i], e.i32(i));
      whole.push_back(x);
    }
    Value row = e.mul(e.widen(rows[r]), e.i64(2 * kern::rowStrideOf(type)));
    Value to = e.offset(e.offset(e.address(buffer), row), e.mul(column, 2));
    e.ifThen(e.inside(rows[r], positions), [&] {
      for (auto [i, x] : llvm::enumerate(whole))
        LLVM::StoreOp::create(e.b, e.loc, x, e.offset(to, 64 * i),
                              /*alignment=*/16);
    });
  }
}
