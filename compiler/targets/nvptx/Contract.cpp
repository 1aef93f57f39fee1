//===- Contract.cpp - a contraction for Hopper's tensor cores -------------===//
//
// Part of gptc, under the MIT License.
//
// A persistent, warp-specialised kernel of three warpgroups. One thread of
// warpgroup 0 brings tiles of both operands into a ring of stages by bulk
// tensor copies; warpgroups 1 and 2 multiply them, 64 rows each, and run the
// epilogue on their accumulators while the producer is already filling stages
// for the next tile; what it stores leaves by bulk copies while they multiply
// it. Registers move from the producer to the consumers.
//
// Sizes need not be multiples of a tile: what a box of a copy has beyond its
// matrix arrives as zeros, which add nothing along k, and what a tile has
// beyond the product the epilogue leaves alone. Of a batch the products'
// operands lie one below the other: rows of m and n that a box has beyond its
// own matrix are the next one's, of which the epilogue leaves alone what comes
// of them. Rows of k would be added, so that transposed operands of a batch
// have whole tiles of k, or run without tensor cores.
//
// The three forms of a layer differ in nothing but which operand stands
// MN-major: x W^T none, dY W the second, dY^T X both. A product is summed over
// all of k in ascending tiles by one warpgroup, so equal inputs give equal
// bits. Over tokens the sum is long and its result f32: there the tensor cores'
// accumulators hold a window of k, and f32 adds sum the windows.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ContractFp8.h"
#include "compiler/targets/nvptx/ContractSimt.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Ring.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/KernKernels.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kWarpgroup = 128, kConsumers = 2;
constexpr int64_t kTileM = 64 * kConsumers;
/// Warps of the consumers.
constexpr int64_t kWarps = kConsumers * kWarpgroup / 32;
/// Registers a thread by role: 168 at the start, of which 128·128 + 256·64 then
/// change sides.
constexpr int64_t kProducerRegisters = 40, kConsumerRegisters = 232;
/// Of an H100 SXM and an H200: for the choice of a tile, never for correctness.
constexpr int64_t kMultiprocessors = 132;
/// Groups of wgmma that may be unfinished when the next is issued.
constexpr int64_t kPending = 1;
/// Tiles of k (2048 tokens) in a window of a weight gradient. The tensor cores
/// round toward zero when they add to an accumulator, which shrinks a sum by
/// about 2^-25 a step of 16: 2e-5 of it after 16384 tokens, 2e-6 in a window.
constexpr int64_t kWindowTiles = 32;

class Contraction {
public:
  Contraction(kern::ContractOp op, ModuleOp module,
              llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), (1 + kConsumers) * kWarpgroup),
        fp8(isCodes(op.getA())), tileN(chooseTileN()),
        a{kTileM, op.getTransposedA()}, b{tileN, op.getTransposedB()},
        staging(e, op), stages(chooseStages()),
        tilesAcross(llvm::divideCeil(op.getN(), tileN)) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  int64_t chooseTileN();
  int64_t chooseStages();
  int64_t stageBytes() const { return a.bytes() + b.bytes(); }
  /// Rows of the box of one copy: all rows of a K-major tile at once, the 64
  /// rows of k of one panel.
  static int64_t boxRows(const OperandTile &tile) {
    return tile.transposed ? kTileK : tile.rows;
  }
  /// The bytes of a stage's operand, from the start of shared memory.
  Value offsetA(Value stage) { return e.mul(stage, stageBytes()); }
  Value offsetB(Value stage) { return e.add(offsetA(stage), a.bytes()); }

  /// Where a tile stands in its product, and the product's number in a batch
  /// (null if there is but one).
  struct Tile {
    Value number, row, column;
  };
  /// A turn of the loop over this block's tiles; the ring's position goes on
  /// from tile to tile.
  void forTiles(Ring &ring,
                function_ref<Ring::Position(Tile, Ring::Position)> body);
  /// Row `row` of the tile's own matrix of `rows` rows.
  Value inStack(const Tile &tile, Value rows, Value row) {
    return tile.number ? e.add(e.mul(tile.number, rows), row) : row;
  }
  void produce(Ring &ring);
  void copy(const OperandTile &operand, const Tile &tile, Value map, Value to,
            Value k, Value from, Value rows, Value barrier);
  void consume(Ring &ring, Value warpgroup);
  /// The sum of the products of k's tiles `from` to `to` by one warpgroup,
  /// and the ring's position behind them.
  std::pair<Value, Ring::Position> sum(Ring &ring, Ring::Position at,
                                       Value warpgroup, Value from, Value to);

  /// Elements of k in a tile.
  int64_t tileK() const { return fp8 ? 2 * kTileK : kTileK; }

  kern::ContractOp op;
  Kernel e;
  bool fp8;
  int64_t tileN;
  OperandTile a, b;
  Staging staging;
  /// Blocks of a consumer's warp for its epilogue, which lie behind the stages.
  int64_t blocks = 0;
  int64_t stages, tilesAcross;
  Value shared, mapA, mapB, batch, m, k, tilesM, tilesK;
};

int64_t Contraction::chooseTileN() {
  // Wider tiles read less a product, of shared memory and of the L2. Where T is
  // m, tiles are many, and the widest is best that leaves nothing idle, or,
  // across a vocabulary, a hundredth.
  if (!op.getTransposedA() && op.getN() % 64 == 0) {
    for (int64_t n : {256, 192, 128})
      if (llvm::alignTo(op.getN(), n) - op.getN() <= op.getN() / 100)
        return n;
    return 64;
  }
  // A weight gradient (T is k) has so few that what counts is how long the
  // busiest multiprocessor works: its tiles' columns, and about 16 more each
  // for reading a. The last tile may reach beyond n. Two accumulators of 192
  // columns are the most that the registers hold; widths between multiples of
  // 64 read as much as the next one and multiply less (docs/performance.md).
  // Any other width is weighed alike, by its tiles' columns alone.
  int64_t best = 64, bestCost = std::numeric_limits<int64_t>::max();
  for (int64_t n : {192, 128, 64}) {
    int64_t tiles = llvm::divideCeil(op.getN(), n);
    if (op.getTransposedA())
      tiles = llvm::divideCeil(op.getBatch() * tiles *
                                   llvm::divideCeil(op.getM(), kTileM),
                               kMultiprocessors);
    int64_t cost = tiles * (n + 16);
    if (cost < bestCost) {
      best = n;
      bestCost = cost;
    }
  }
  return best;
}

int64_t Contraction::chooseStages() {
  // An epilogue's copies need not be waited for where a whole tile has room;
  // but three stages, not four, cost more than that saves.
  constexpr int64_t space = kSharedLimit - 1024, enough = 4;
  auto besides = [&](int64_t blocks) {
    return (space - blocks * kWarps * Staging::kBytes) / (stageBytes() + 16);
  };
  int64_t stages = std::max(besides(staging.wanted(tileN)),
                            std::min(enough, besides(staging.least())));
  int64_t left = space - stages * (stageBytes() + 16);
  blocks = std::min(staging.wanted(tileN), left / (kWarps * Staging::kBytes));
  staging.allot(blocks, tileN);
  return stages;
}

void Contraction::forTiles(
    Ring &ring, function_ref<Ring::Position(Tile, Ring::Position)> body) {
  // Neighbouring blocks share rows of a; b, the smaller, stays in the L2.
  Value tilesN = e.i32(tilesAcross);
  Value tiles = e.mul(tilesM, tilesN);
  Ring::Position start = ring.start();
  e.loop(e.blockIndex(), batch ? e.mul(tiles, batch) : tiles, e.blockCount(),
         {start.stage, start.parity}, [&](Value tile, ValueRange at) -> Values {
           Value number;
           if (batch) {
             number = e.div(tile, tiles);
             tile = e.sub(tile, e.mul(number, tiles));
           }
           Value m = e.div(tile, tilesN);
           Value n = e.sub(tile, e.mul(m, tilesN));
           Ring::Position end = body(
               {number, e.mul(m, kTileM), e.mul(n, tileN)}, {at[0], at[1]});
           return {end.stage, end.parity};
         });
}

/// Rows `from` of m or n, of which a matrix has `rows`.
void Contraction::copy(const OperandTile &operand, const Tile &tile, Value map,
                       Value to, Value k, Value from, Value rows,
                       Value barrier) {
  auto box = [&](Value to, Value column, Value row) {
    Value address = e.op<LLVM::AddrSpaceCastOp>(e.pointer(kSharedCluster), to);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        e.b, e.loc, address, map, ValueRange{column, row}, barrier,
        /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
        /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE,
        /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
  };
  if (!operand.transposed)
    return box(to, k, inStack(tile, rows, from));
  Value row = inStack(tile, this->k, k);
  for (int64_t panel = 0; panel < operand.panels(); ++panel)
    box(e.offset(to, panel * kPanelBytes), e.add(from, panel * 64), row);
}

void Contraction::produce(Ring &ring) {
  Value n = batch ? e.i32(op.getN()) : Value();
  forTiles(ring, [&](Tile tile, Ring::Position at) {
    Values end =
        e.loop(e.i32(0), tilesK, e.i32(1), {at.stage, at.parity},
               [&](Value step, ValueRange carried) -> Values {
                 Ring::Position at{carried[0], carried[1]};
                 ring.waitEmpty(at);
                 ring.expect(at, stageBytes());
                 Value k = e.mul(step, tileK()), full = ring.full(at.stage);
                 copy(a, tile, mapA, e.offset(shared, offsetA(at.stage)), k,
                      tile.row, m, full);
                 copy(b, tile, mapB, e.offset(shared, offsetB(at.stage)), k,
                      tile.column, n, full);
                 Ring::Position next = ring.next(at);
                 return {next.stage, next.parity};
               });
    return Ring::Position{end[0], end[1]};
  });
}

std::pair<Value, Ring::Position> Contraction::sum(Ring &ring, Ring::Position at,
                                                  Value warpgroup, Value from,
                                                  Value to) {
  Value base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
  // The warpgroup's 64 rows of a: the next panel, or 64 rows further.
  Value baseA = e.add(base, e.mul(warpgroup, OperandTile::half()));
  Value leader = e.equal(e.bitAnd(e.threadIndex(), 31), 0);
  Accumulator layout(e, tileN, fp8);
  // The previous stage is released one turn late: its products are over when
  // at most the newest group is unfinished.
  Values end = e.loop(
      from, to, e.i32(1), {at.stage, at.parity, e.i32(0), layout.undefined()},
      [&](Value step, ValueRange carried) -> Values {
        Ring::Position at{carried[0], carried[1]};
        ring.waitFull(at);
        Value notFirst =
            e.op<arith::CmpIOp>(arith::CmpIPredicate::ne, step, from);
        Value product = layout.multiply(
            carried[3], descriptor(e, e.add(baseA, offsetA(at.stage)), a),
            a.transposed, descriptor(e, e.add(base, offsetB(at.stage)), b),
            b.transposed, e.op<arith::ExtUIOp>(e.i32Type(), notFirst),
            kPending);
        e.ifThen(e.bitAnd(notFirst, leader), [&] { ring.release(carried[2]); });
        Ring::Position next = ring.next(at);
        return {next.stage, next.parity, at.stage, product};
      });
  Value product = layout.finish(end[3]);
  e.ifThen(leader, [&] { ring.release(end[2]); });
  return {product, {end[0], end[1]}};
}

void Contraction::consume(Ring &ring, Value warpgroup) {
  Value rows = e.mul(warpgroup, 64);
  Accumulator layout(e, tileN, fp8);
  // Only a weight gradient's m, columns of a, is the same in every launch.
  bool full = a.transposed && op.getM() % kTileM == 0;
  Value warp = e.sub(e.shr(e.threadIndex(), 5), e.i32(kWarpgroup / 32));
  staging.place(e.offset(shared, e.add(e.mul(warp, blocks * Staging::kBytes),
                                       stages * stageBytes())),
                e.bitAnd(e.threadIndex(), 31));
  Epilogue epilogue(e, op, full ? Value() : m, &staging);

  forTiles(ring, [&](Tile tile, Ring::Position at) {
    Value row = e.add(inStack(tile, m, tile.row), rows), column = tile.column;
    if (batch && !full)
      epilogue.endAt(e.mul(e.add(tile.number, 1), m));
    epilogue.prefetch(row, column, tileN);
    Values total;
    if (!op.getTransposedA()) {
      auto [product, end] = sum(ring, at, warpgroup, e.i32(0), tilesK);
      at = end;
      total = layout.elements(product);
    } else {
      Values carried{at.stage, at.parity};
      carried.append(layout.size(), e.f32(0));
      carried = e.loop(
          e.i32(0), tilesK, e.i32(kWindowTiles), carried,
          [&](Value from, ValueRange carried) -> Values {
            Value to = e.op<arith::MinUIOp>(e.add(from, kWindowTiles), tilesK);
            auto [product, end] =
                sum(ring, {carried[0], carried[1]}, warpgroup, from, to);
            Values next{end.stage, end.parity};
            for (auto [old, window] : llvm::zip_equal(carried.drop_front(2),
                                                      layout.elements(product)))
              next.push_back(e.op<arith::AddFOp>(old, window));
            return next;
          });
      at = {carried[0], carried[1]};
      total.append(carried.begin() + 2, carried.end());
    }
    epilogue.emit(row, column, total, tileN);
    return at;
  });
  staging.finish();
}

LLVM::LLVMFuncOp Contraction::build(Launch &launch) {
  mapA = e.tensorMap(op.getA(), boxRows(a));
  mapB = e.tensorMap(op.getB(), boxRows(b));
  m = e.integer(op.getM());
  k = e.integer(op.getK());
  if (op.getBatch() > 1)
    batch = e.integer(op.getBatch());
  auto tiles = [&](Value size, int64_t tile) {
    return e.div(e.add(size, tile - 1), e.i32(tile));
  };
  tilesM = tiles(m, kTileM);
  tilesK = tiles(k, tileK());
  int64_t barriers = stages * stageBytes() + blocks * kWarps * Staging::kBytes;
  shared = e.shared(barriers + 16 * stages);
  Ring ring(e, shared, barriers, stages);

  Value thread = e.threadIndex();
  // Through lane 0, so that ptxas sees one value in the whole warp.
  Value warpgroup = e.shuffleFrom(e.shr(thread, 7), e.i32(0));
  Value first = e.equal(thread, 0);
  e.ifThen(first, [&] {
    for (Value map : {mapA, mapB})
      NVVM::PrefetchOp::create(e.b, e.loc, NVVM::PrefetchCacheLevelAttr(),
                               NVVM::CacheEvictionPriorityAttr(), map,
                               /*predicate=*/Value(), /*tensormap=*/true);
    ring.init(/*consumerWarps=*/kWarps);
  });
  e.barrier();
  e.ifElse(
      e.equal(warpgroup, 0),
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, kProducerRegisters,
                                       NVVM::SetMaxRegisterAction::decrease);
        e.ifThen(first, [&] { produce(ring); });
      },
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, kConsumerRegisters,
                                       NVVM::SetMaxRegisterAction::increase);
        consume(ring, e.sub(warpgroup, e.i32(1)));
      });
  e.launch.persistent = true;
  e.launch.blocks =
      op.getBatch() * llvm::divideCeil(op.getM(), kTileM) * tilesAcross;
  LLVM::LLVMFuncOp function = e.finish(launch);
  // setmaxnreg needs to know the registers that a block starts with.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    e.b.getI32IntegerAttr(1));
  return function;
}

} // namespace

/// Empty if the tensor cores multiply the operands.
static std::string whyNotOnCores(kern::ContractOp op) {
  if (op.getBatch() > 1 && op.getK() % kTileK &&
      (op.getTransposedA() || op.getTransposedB()))
    return "rows of k of a batch do not fill tiles: let there be a multiple "
           "of " +
           std::to_string(kTileK);
  for (Value operand : {op.getB(), op.getA()}) {
    auto type = cast<MemRefType>(operand.getType());
    if (type.getElementType().isF32())
      return "an operand is f32, and tensor cores multiply bf16";
    int64_t elements = 16 / elementBytes(type.getElementType());
    if (kern::rowStrideOf(type) % elements || kern::offsetOf(type) % elements)
      return "rows of an operand do not begin at multiples of 8 elements (16 "
             "bytes): let their width be a multiple of 8";
  }
  return {};
}

void gptc::nvptx::remarkOnCores(kern::ContractOp op) {
  std::string why = whyNotOnCores(op);
  if (!why.empty())
    remark::missed(
        op.getLoc(),
        remark::RemarkOpts::name("contract").category("lower-to-nvvm"))
        << remark::add("{0} runs without tensor cores", op.getName())
        << remark::reason("{0}", why);
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildContract(kern::ContractOp op, ModuleOp module,
                           llvm::SetVector<Value> &numbers, Launch &launch) {
  if (failed(verifyEpilogue(op)))
    return failure();
  for (Value operand : {op.getA(), op.getB()}) {
    Type element = cast<MemRefType>(operand.getType()).getElementType();
    // No model comes here: its activations and parameters are bf16 or f32, and
    // f64 (a loss, a norm) is what the host reads.
    if (!element.isBF16() && !element.isF32() && !isCodes(operand))
      return op.emitOpError("contracts ")
             << element << "; on sm_90a served are bf16, f32 and FP8";
  }
  bool fp8 = isCodes(op.getA()) || isCodes(op.getB());
  bool apart = isCodes(op.getA()) != isCodes(op.getB());
  if (fp8 && (apart || op.getTransposedB() || op.getBatch() != 1 ||
              !whyNotOnCores(op).empty()))
    return op.emitOpError("contracts codes of FP8, of which both operands "
                          "have rows of a multiple of 16, and the second has "
                          "k contiguous");
  if (fp8 && isPromoted(op))
    return buildContractFp8(op, module, numbers, launch);
  if (!whyNotOnCores(op).empty())
    return buildContractSimt(op, module, numbers, launch);
  return Contraction(op, module, numbers).build(launch);
}
