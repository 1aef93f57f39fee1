//===- ContractFp8.cpp - contractions of codes of FP8 ---------------------===//
//
// Part of gptc, under the MIT License.
//
// The kernel of Contract.cpp for sums that the tensor cores' accumulators
// cannot hold: of FP8 they keep some 14 bits. So each tile of 128 of k, each
// half of it or two tiles together, as the op says, is a product of its own,
// and f32 adds sum these. While one warpgroup waits, the tensor cores work for
// the other, but each add costs them a cycle whoever makes it
// (docs/performance.md). Two accumulators of 192 columns are the most that the
// registers hold.
//
// FP8 tensor cores take operands with k contiguous. A gradient that is stored
// [K, M] is turned on its way: a stage's tile of 128 of k by 128 of m, bytes,
// is loaded by `ldmatrix` as transposed pairs of bytes, of which a permutation
// makes the fragments of an operand in registers. The pairs are neighbours in
// m, which the fragments have eight rows apart: the accumulator's rows lie
// interleaved, as the epilogue is told.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ContractFp8.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Fp8.h"
#include "compiler/targets/nvptx/Ring.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/kern/ContractOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static Type elementOf(Value operand) {
  return cast<MemRefType>(operand.getType()).getElementType();
}

/// Sums of so many products stay in the tensor cores' accumulators.
static constexpr int64_t kShort = 2048;

bool gptc::nvptx::isPromoted(kern::ContractOp op) {
  // e5m2 is the grid of gradients: the products of a backward pass.
  auto isGradient = [](Value operand) {
    return isa<Float8E5M2Type>(elementOf(operand));
  };
  return op.getPromotion() || op.getTransposedA() || isGradient(op.getA()) ||
         isGradient(op.getB()) || op.getK() > kShort;
}

namespace {

constexpr int64_t kWarpgroup = 128, kConsumers = 2;
static_assert(kTileM == 64 * kConsumers);
constexpr int64_t kWarps = kConsumers * kWarpgroup / 32;
/// Of 504 a thread of each warpgroup, all that a block can have.
constexpr int64_t kProducerRegisters = 24, kConsumerRegisters = 240;
/// Codes in a row of a tile, and of one wgmma's step of k.
constexpr int64_t kRow = kRowBytes, kStep = 32;

/// From a K-major tile's begin to its k from `from` on, as descriptors count.
int64_t distance(int64_t from) { return 2 * from / 16; }

class Contraction {
public:
  Contraction(kern::ContractOp op, ModuleOp module,
              llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), (1 + kConsumers) * kWarpgroup),
        turned(op.getTransposedA()),
        formats((formatOf(elementOf(op.getA())) + "." +
                 formatOf(elementOf(op.getB())))
                    .str()),
        tileN(chooseTileN()), staging(e, op, tileN, 1), stages(chooseStages()),
        tilesAcross(llvm::divideCeil(op.getN(), tileN)),
        depth(op.getPromotion().value_or(kRow) * kTileK / kRow),
        tilesAtOnce(std::max<int64_t>(depth / kTileK, 1)) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  int64_t chooseTileN();
  int64_t chooseStages();
  static constexpr int64_t bytesA() { return kTileM * kRow; }
  int64_t stageBytes() const { return bytesA() + tileN * kRow; }
  /// Where the ring's mbarriers stand, and behind them those of the epilogue's
  /// warps.
  int64_t barriers() const {
    return stages * stageBytes() + kConsumers * staging.bytes();
  }
  Value offsetA(Value stage) { return e.mul(stage, stageBytes()); }
  Value offsetB(Value stage) { return e.add(offsetA(stage), bytesA()); }

  /// A turn of the loop over this block's tiles, which begin at a row and a
  /// column of the product; the ring's position goes on from tile to tile.
  void
  forTiles(Ring &ring,
           function_ref<Ring::Position(Value, Value, Ring::Position)> body);
  void produce(Ring &ring);
  void consume(Ring &ring, Value warpgroup);
  void prepareTurning(Value warpgroup);
  /// One warpgroup's operand a of the stage, `depth` of its k from `from` on: a
  /// descriptor, or fragments.
  Values operandA(Value stage, int64_t from, int64_t depth);
  /// What f32 adds next: the product of `depth` of k, all of some tiles or of
  /// one tile what begins at `from`.
  Values product(Ring &ring, ArrayRef<Ring::Position> tiles, int64_t from);
  void release(Ring &ring, ArrayRef<Ring::Position> tiles);

  kern::ContractOp op;
  Kernel e;
  bool turned; ///< a is stored [K, M]
  std::string formats;
  int64_t tileN;
  Staging staging;
  int64_t stages, tilesAcross;
  /// What f32 takes at a time, in units of Products: half as many as codes; and
  /// in how many tiles of the ring that is.
  int64_t depth, tilesAtOnce;
  Value shared, mapA, mapB, m, k, tilesM, tilesK;
  /// Where the stages' tiles of b begin, and the warpgroup's of a.
  Value base, baseA;
  /// Of operands that are turned: the lane's place in a tile, and which bytes
  /// are of the first and the second row of m.
  Value place, even, odd;
};

} // namespace

int64_t Contraction::chooseTileN() {
  int64_t best = 64, bestCost = std::numeric_limits<int64_t>::max();
  for (int64_t n : kWidths) {
    int64_t cost = llvm::divideCeil(op.getN(), n) * costOfStep(n);
    if (cost < bestCost) {
      best = n;
      bestCost = cost;
    }
  }
  return best;
}

int64_t Contraction::chooseStages() {
  constexpr int64_t space = kSharedLimit - 1024;
  if (turned) // which stores from registers
    return space / (stageBytes() + 16);
  auto besides = [&](int64_t blocks) {
    return (space - blocks * kConsumers * Staging::kBytes) /
           (stageBytes() + 16);
  };
  int64_t stages = besides(staging.least());
  int64_t left = space - stages * (stageBytes() + 16);
  staging.allot(left / kConsumers);
  return stages;
}

void Contraction::forTiles(
    Ring &ring,
    function_ref<Ring::Position(Value, Value, Ring::Position)> body) {
  // Neighbouring blocks share rows of a, the larger operand.
  Value tilesN = e.i32(tilesAcross);
  Ring::Position start = ring.start();
  e.loop(e.blockIndex(), e.mul(tilesM, tilesN), e.blockCount(),
         {start.stage, start.parity}, [&](Value tile, ValueRange at) -> Values {
           Value i = e.div(tile, tilesN);
           Value j = e.sub(tile, e.mul(i, tilesN));
           i = e.inOrder(i);
           Ring::Position end =
               body(e.mul(i, kTileM), e.mul(j, tileN), {at[0], at[1]});
           return {end.stage, end.parity};
         });
}

void Contraction::produce(Ring &ring) {
  forTiles(ring, [&](Value row, Value column, Ring::Position at) {
    Values end = e.loop(
        e.i32(0), tilesK, e.i32(1), {at.stage, at.parity},
        [&](Value step, ValueRange carried) -> Values {
          Ring::Position at{carried[0], carried[1]};
          ring.waitEmpty(at);
          ring.expect(at, stageBytes());
          Value k = e.mul(step, kRow), full = ring.full(at.stage);
          auto copy = [&](Value map, Value to, Value column, Value row) {
            e.copyBox(e.offset(shared, to), map, column, row, full);
          };
          copy(mapA, offsetA(at.stage), turned ? row : k, turned ? k : row);
          copy(mapB, offsetB(at.stage), k, column);
          Ring::Position next = ring.next(at);
          return {next.stage, next.parity};
        });
    return Ring::Position{end[0], end[1]};
  });
}

/// Of a step of 32 of k a thread's fragments are, for t = lane % 4, the bytes
/// 4t to 4t + 3 and 16 more of a row. A matrix of `ldmatrix` has eight rows of
/// k and gives the thread the rows 2t and 2t + 1 of it: so one matrix has two
/// of the four, another the other two. The lanes of the upper two t have them
/// the other way round, so that the rows of a matrix lie in eight different
/// chunks of 16 bytes of the swizzled tile, and no two in the same banks.
void Contraction::prepareTurning(Value warpgroup) {
  Value thread = e.bitAnd(e.threadIndex(), kWarpgroup - 1);
  Value lane = e.bitAnd(thread, 31), warp = e.shr(thread, 5);
  auto upper = [&](Value t) { return e.shr(t, 1); };
  Value inMatrix = e.bitAnd(lane, 7), t = e.shr(inMatrix, 1);
  Value second = e.bitXor(e.bitAnd(e.shr(lane, 3), 1), upper(t));
  Value row = e.add(e.add(e.shl(t, 2), e.shl(second, 1)),
                    e.add(e.bitAnd(inMatrix, 1), e.shl(e.shr(lane, 4), 4)));
  // A warp's 16 rows of m are one chunk of 16 bytes.
  Value chunk = e.add(e.shl(warpgroup, 2), warp);
  chunk = e.bitXor(chunk, e.bitAnd(row, 7));
  place = e.add(e.shl(row, 7), e.shl(chunk, 4));
  Value isUpper = e.equal(upper(e.bitAnd(lane, 3)), 1);
  even = e.choose(isUpper, e.i32(0x2064), e.i32(0x6420));
  odd = e.choose(isUpper, e.i32(0x3175), e.i32(0x7531));
}

Values Contraction::operandA(Value stage, int64_t from, int64_t depth) {
  if (!turned)
    return {e.add(descriptor(e, e.add(baseA, offsetA(stage)), {kTileM, false}),
                  distance(from))};
  Values fragments;
  Value at = e.add(e.add(baseA, place), offsetA(stage));
  for (int64_t step = from / kStepK; step < (from + depth) / kStepK; ++step) {
    Values pairs = loadTransposed(e, e.add(at, step * kStep * kRow));
    for (int64_t half : {0, 2})
      for (Value selector : {even, odd})
        fragments.push_back(permute(e, pairs[half], pairs[half + 1], selector));
  }
  return fragments;
}

Values Contraction::product(Ring &ring, ArrayRef<Ring::Position> tiles,
                            int64_t from) {
  int64_t floats = tileN / 2, to = from + depth;
  // Of several tiles fragments are loaded while the products of those before
  // them run, and are few: there is no room for more beside the accumulators.
  bool inParts = turned && depth > kTileK;
  int64_t step = std::min(depth, inParts ? kTileK / 2 : kTileK);
  Values sum, read;
  for (int64_t at = from; at < to; at += step) {
    Ring::Position tile = tiles[at / kTileK];
    if (at % kTileK == 0)
      ring.waitFull(tile);
    Values a = operandA(tile.stage, at % kTileK, step);
    Value b = descriptor(e, e.add(base, offsetB(tile.stage)), {tileN, false});
    Products products(e, formats);
    int64_t place = sum.empty() ? products.define(floats) : products.hold(sum);
    products.hold(read);
    products.multiply(place, tileN, a, e.add(b, distance(at % kTileK)),
                      /*transposedB=*/false, step,
                      /*accumulate=*/!sum.empty());
    products.commit();
    // What is under way reads its fragments: they are held until it is done.
    products.wait(at + step < to ? 1 : 0);
    sum = products.emit();
    sum.truncate(floats);
    read = turned ? a : Values();
  }
  return sum;
}

void Contraction::release(Ring &ring, ArrayRef<Ring::Position> tiles) {
  if (turned) { // and so read by warps
    e.fenceOfProxies();
    e.barrierOfWarp();
  }
  Value leader = e.equal(e.bitAnd(e.threadIndex(), 31), 0);
  e.ifThen(leader, [&] {
    for (Ring::Position at : tiles)
      ring.release(at.stage);
  });
}

void Contraction::consume(Ring &ring, Value warpgroup) {
  Value rows = e.mul(warpgroup, 64);
  baseA = base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
  Epilogue epilogue(e, op, m, turned ? nullptr : &staging);
  if (turned) {
    prepareTurning(warpgroup);
    epilogue.interleaveRows();
  } else {
    baseA = e.add(base, e.mul(warpgroup, OperandTile::half()));
    staging.place(e.offset(shared, stages * stageBytes()),
                  e.offset(shared, barriers() + 16 * stages), warpgroup);
  }
  int64_t floats = tileN / 2;

  forTiles(ring, [&](Value row, Value column, Ring::Position at) {
    row = e.add(row, rows);
    epilogue.prefetch(row, column, tileN);
    epilogue.request(row, column);
    Values carried{at.stage, at.parity};
    carried.append(floats, e.f32(0));
    carried = e.loop(
        e.i32(0), tilesK, e.i32(tilesAtOnce), carried,
        [&](Value, ValueRange carried) -> Values {
          SmallVector<Ring::Position> tiles{{carried[0], carried[1]}};
          while (int64_t(tiles.size()) < tilesAtOnce)
            tiles.push_back(ring.next(tiles.back()));
          Values sums(carried.drop_front(2));
          for (int64_t from = 0; from < tilesAtOnce * kTileK; from += depth) {
            Values next = product(ring, tiles, from);
            if (from + depth == tilesAtOnce * kTileK)
              release(ring, tiles);
            for (auto [sum, x] : llvm::zip_equal(sums, next))
              sum = e.fadd(sum, x);
          }
          Ring::Position next = ring.next(tiles.back());
          sums.insert(sums.begin(), {next.stage, next.parity});
          return sums;
        });
    epilogue.emit(row, column, ValueRange(carried).drop_front(2), tileN);
    return Ring::Position{carried[0], carried[1]};
  });
  if (!turned)
    staging.finish();
}

LLVM::LLVMFuncOp Contraction::build(Launch &launch) {
  mapA = e.tensorMap(op.getA(), turned ? kRow : kTileM);
  mapB = e.tensorMap(op.getB(), tileN);
  m = e.integer(op.getM());
  k = e.integer(op.getK());
  e.askForOrder(op, llvm::divideCeil(op.getM(), kTileM));
  auto tiles = [&](Value size, int64_t tile) {
    return e.div(e.add(size, tile - 1), e.i32(tile));
  };
  tilesM = tiles(m, kTileM);
  // Beyond k a tile is 0, as copies bring it.
  tilesK = e.mul(tiles(k, kRow * tilesAtOnce), tilesAtOnce);
  shared =
      e.shared(barriers() + 16 * stages + kConsumers * staging.barrierBytes());
  Ring ring(e, shared, barriers(), stages);

  ring.share(
      {mapA, mapB}, kWarps, {kProducerRegisters, kConsumerRegisters},
      [&] { produce(ring); },
      [&](Value warpgroup) { consume(ring, warpgroup); });
  e.launch.persistent = true;
  e.launch.blocks = llvm::divideCeil(op.getM(), kTileM) * tilesAcross;
  LLVM::LLVMFuncOp function = e.finish(launch);
  // setmaxnreg needs to know the registers that a block starts with.
  setBlocksAtOnce(function, 1);
  return function;
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildContractFp8(kern::ContractOp op, ModuleOp module,
                              llvm::SetVector<Value> &numbers, Launch &launch) {
  return Contraction(op, module, numbers).build(launch);
}
