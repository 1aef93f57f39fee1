//===- ContractStationary.cpp - products whose second operand stays -------===//
//
// Part of gptc, under the MIT License.
//
// Where k is short, all of k of a tile's columns of b fits in shared memory. A
// block keeps it there and walks down the product's rows, so that of what a
// tile reads only a is brought again: of 64 x 192 with 768 codes of k a fourth
// of what both operands have. That makes room for three consumers, each of
// which multiplies whole tiles of 64 rows, every third one of the block: one
// has the tensor cores while two run their epilogues. It pays where an epilogue
// takes longer than the product, as that of a vocabulary's exponentials does,
// and where a card is at its power limit, for what is brought costs power.
//
// The steps of k of b are not a ring of their own. A step of a is brought when
// its stage is free; the next columns of b, besides, when the last tile's
// product of this step is over, and that is when its stage of a is free. They
// land with the step of a that needs them first, and are announced with it.
// Consumers of later tiles know of them through the barrier at which they wait
// for their turn.
//
// The numbers are those of Contract.cpp: k is summed in ascending steps by one
// warpgroup in the tensor cores' accumulators.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ContractStationary.h"
#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "compiler/targets/nvptx/ContractFp8.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Ring.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kWarpgroup = 128, kConsumers = 3;
/// Warps of one consumer.
constexpr int64_t kWarps = kWarpgroup / 32;
/// Registers a thread by role, of the 128 that 512 threads can have.
constexpr int64_t kProducerRegisters = 32, kConsumerRegisters = 160;
/// A tile, and the elements of k in a step: codes.
constexpr int64_t kRows = 64, kColumns = 192, kDeep = 2 * kTileK;
/// Steps of k: more do not fit, and fewer were not measured.
constexpr int64_t kLeastSteps = 4, kMostSteps = 6;
/// Tiles down a strip of the product, 16384 rows: a strip's rows of a stay in
/// the L2, and b passes once a strip.
constexpr int64_t kStrip = 256;
/// Groups of wgmma that may be unfinished when the next is issued.
constexpr int64_t kPending = 1;

int64_t stepsOf(kern::ContractOp op) {
  return llvm::divideCeil(op.getK(), kDeep);
}

class Stationary {
public:
  Stationary(kern::ContractOp op, ModuleOp module,
             llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), (1 + kConsumers) * kWarpgroup),
        steps(stepsOf(op)), tilesAcross(llvm::divideCeil(op.getN(), kColumns)),
        staging(e, op, kColumns, /*groups=*/1), stages(chooseStages()) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  int64_t chooseStages();
  /// Bytes into shared memory: b lies in front, then the stages of a, the
  /// epilogue's blocks, the ring's mbarriers and those of the epilogue.
  int64_t stagesAt() const { return steps * b.bytes(); }
  int64_t blocksAt() const { return stagesAt() + stages * a.bytes(); }
  int64_t barriersAt() const {
    return blocksAt() + kConsumers * staging.bytes();
  }
  Value offsetA(Value stage) {
    return e.add(e.mul(stage, a.bytes()), stagesAt());
  }
  Value offsetB(Value step) { return e.mul(step, b.bytes()); }

  struct Tile {
    /// The first row and column, and whether b's columns are others than those
    /// of the block's last tile.
    Value row, column, isNew;
  };
  Tile place(Value index, Value begin);
  /// The tiles of this block, or those of a consumer alone.
  void forTiles(Ring &ring, Value turn,
                function_ref<Ring::Position(Tile, Ring::Position)> body);
  void produce(Ring &ring);
  void consume(Ring &ring, Value turn);
  std::pair<Value, Ring::Position> product(Ring &ring, Ring::Position at,
                                           Value turn);
  /// The barrier at which a consumer waits until the one before it has all that
  /// it multiplies.
  Value turnOf(Value turn) { return e.add(turn, 1); }

  kern::ContractOp op;
  Kernel e;
  OperandTile a{kRows, false}, b{kColumns, false};
  int64_t steps, tilesAcross;
  Staging staging;
  int64_t stages;
  Value shared, mapA, mapB, m, tilesM;
};

int64_t Stationary::chooseStages() {
  int64_t space = kSharedLimit - 1024 - stagesAt();
  constexpr int64_t bytes = kConsumers * Staging::kBytes;
  int64_t count = (space - staging.least() * bytes) / (a.bytes() + 16);
  staging.allot((space - count * (a.bytes() + 16)) / kConsumers);
  return count;
}

/// Down each column of a strip's tiles; the last strip is less high.
Stationary::Tile Stationary::place(Value index, Value begin) {
  Value strip = e.div(index, e.i32(kStrip * tilesAcross));
  Value first = e.mul(strip, kStrip);
  Value within = e.sub(index, e.mul(first, tilesAcross));
  Value high = e.op<arith::MinUIOp>(e.sub(tilesM, first), e.i32(kStrip));
  Value across = e.div(within, high);
  Value down = e.sub(within, e.mul(across, high));
  Value isNew =
      e.op<arith::OrIOp>(e.equal(down, 0), e.equal(e.sub(index, begin), 0));
  return {e.mul(e.inOrder(e.add(first, down)), kRows), e.mul(across, kColumns),
          isNew};
}

void Stationary::forTiles(
    Ring &ring, Value turn,
    function_ref<Ring::Position(Tile, Ring::Position)> body) {
  // A block's tiles follow each other, so that it has few columns of b.
  Value tiles = e.mul(tilesM, tilesAcross), count = e.blockCount();
  Value each = e.div(e.sub(e.add(tiles, count), e.i32(1)), count);
  Value begin = e.mul(e.blockIndex(), each);
  Value end = e.op<arith::MinUIOp>(e.add(begin, each), tiles);
  Ring::Position start = ring.start();
  if (turn) // the others' tiles lie between, in the ring too
    start = ring.skip(start, e.mul(turn, steps));
  e.loop(turn ? e.add(begin, turn) : begin, end, e.i32(turn ? kConsumers : 1),
         {start.stage, start.parity}, [&](Value index, ValueRange at) {
           Ring::Position next = body(place(index, begin), {at[0], at[1]});
           if (turn)
             next = ring.skip(next, e.i32((kConsumers - 1) * steps));
           return Values{next.stage, next.parity};
         });
}

void Stationary::produce(Ring &ring) {
  forTiles(ring, Value(), [&](Tile tile, Ring::Position at) {
    Values end = e.loop(
        e.i32(0), e.i32(steps), e.i32(1), {at.stage, at.parity},
        [&](Value step, ValueRange carried) -> Values {
          Ring::Position at{carried[0], carried[1]};
          ring.waitEmpty(at);
          // The last tile's product of this step, so many stages ago, is over.
          e.ifThen(tile.isNew, [&] {
            ring.waitEmpty(ring.skip(at, e.i32(stages - steps)));
          });
          ring.announce(at, e.choose(tile.isNew, e.i32(a.bytes() + b.bytes()),
                                     e.i32(a.bytes())));
          Value k = e.mul(step, kDeep), full = ring.full(at.stage);
          e.copyBox(e.offset(shared, offsetA(at.stage)), mapA, k, tile.row,
                    full);
          e.ifThen(tile.isNew, [&] {
            e.copyBox(e.offset(shared, offsetB(step)), mapB, k, tile.column,
                      full);
          });
          Ring::Position next = ring.next(at);
          return {next.stage, next.parity};
        });
    return Ring::Position{end[0], end[1]};
  });
}

std::pair<Value, Ring::Position>
Stationary::product(Ring &ring, Ring::Position at, Value turn) {
  Value base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
  Value leader = e.equal(e.bitAnd(e.threadIndex(), 31), 0);
  Accumulator layout(e, kColumns, /*fp8=*/true);
  // The previous stage is released one step late: its products are over when
  // at most the newest group is unfinished.
  Values end = e.loop(
      e.i32(0), e.i32(steps), e.i32(1),
      {at.stage, at.parity, e.i32(0), layout.undefined()},
      [&](Value step, ValueRange carried) -> Values {
        Ring::Position at{carried[0], carried[1]};
        ring.waitFull(at);
        Value notFirst = e.no(e.equal(step, 0));
        Value product = layout.multiply(
            carried[3], descriptor(e, e.add(base, offsetA(at.stage)), a),
            /*transposedA=*/false, descriptor(e, e.add(base, offsetB(step)), b),
            /*transposedB=*/false, e.op<arith::ExtUIOp>(e.i32Type(), notFirst),
            kPending);
        e.ifThen(e.bitAnd(notFirst, leader), [&] { ring.release(carried[2]); });
        Ring::Position next = ring.next(at);
        return {next.stage, next.parity, at.stage, product};
      });
  Value isLast = e.equal(turn, kConsumers - 1);
  e.arrive(turnOf(e.choose(isLast, e.i32(0), e.add(turn, 1))), 2 * kWarpgroup);
  Value product = layout.finish(end[3]);
  e.ifThen(leader, [&] { ring.release(end[2]); });
  return {product, {end[0], end[1]}};
}

void Stationary::consume(Ring &ring, Value turn) {
  staging.place(e.offset(shared, blocksAt()),
                e.offset(shared, barriersAt() + 16 * stages), turn);
  Epilogue epilogue(e, op, m, &staging);
  Accumulator layout(e, kColumns, /*fp8=*/true);
  // The first tile's need not wait.
  e.ifThen(e.equal(turn, kConsumers - 1),
           [&] { e.arrive(turnOf(e.i32(0)), 2 * kWarpgroup); });
  forTiles(ring, turn, [&](Tile tile, Ring::Position at) {
    epilogue.prefetch(tile.row, tile.column, kColumns);
    epilogue.request(tile.row, tile.column);
    e.barrier(turnOf(turn), 2 * kWarpgroup);
    auto [total, next] = product(ring, at, turn);
    epilogue.emit(tile.row, tile.column, layout.elements(total), kColumns);
    return next;
  });
  staging.finish();
}

LLVM::LLVMFuncOp Stationary::build(Launch &launch) {
  mapA = e.tensorMap(op.getA(), kRows);
  mapB = e.tensorMap(op.getB(), kColumns);
  m = e.integer(op.getM());
  int64_t down = llvm::divideCeil(op.getM(), kRows);
  e.askForOrder(op, down);
  tilesM = e.div(e.add(m, kRows - 1), e.i32(kRows));
  shared = e.shared(barriersAt() + 16 * stages +
                    kConsumers * staging.barrierBytes());
  Ring ring(e, shared, barriersAt(), stages);
  ring.share(
      {mapA, mapB}, kWarps, {kProducerRegisters, kConsumerRegisters},
      [&] { produce(ring); }, [&](Value turn) { consume(ring, turn); });
  e.launch.persistent = true;
  e.launch.blocks = down * tilesAcross;
  LLVM::LLVMFuncOp function = e.finish(launch);
  // setmaxnreg needs to know the registers that a block starts with.
  setBlocksAtOnce(function, 1);
  return function;
}

} // namespace

bool gptc::nvptx::isStationary(kern::ContractOp op) {
  int64_t steps = stepsOf(op), n = op.getN();
  // There is room for a block that is stored, and none for what is loaded.
  bool loads =
      llvm::any_of(op.getBody().getOps<kern::LoadOp>(), [](kern::LoadOp load) {
        return cast<VectorType>(load.getY().getType()).getDimSize(0) > 1;
      });
  return isCodes(op.getA()) && isCodes(op.getB()) && !isPromoted(op) &&
         !op.getTransposedB() && op.getBatch() == 1 && !tileOf(op) &&
         steps >= kLeastSteps && steps <= kMostSteps &&
         int64_t(llvm::alignTo(n, kColumns)) - n <= n / 100 &&
         tilesOf(op) <= 1 && !loads;
}

LLVM::LLVMFuncOp
gptc::nvptx::buildContractStationary(kern::ContractOp op, ModuleOp module,
                                     llvm::SetVector<Value> &numbers,
                                     Launch &launch) {
  return Stationary(op, module, numbers).build(launch);
}
