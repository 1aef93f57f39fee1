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
// Where an epilogue's values fit beside a whole tile's accumulators, warpgroups
// 1 and 2 take turns: each multiplies whole tiles, every second one of the
// block, and runs its epilogue while the other one multiplies.
//
// Or each multiplies 128 rows of a tile of 256, which reads three tenths less
// of the L2 and hides no epilogue.
//
// Of a symmetric product one triangle is computed (Triangle.h). Where k is so
// short that b can stay in shared memory it does (ContractStationary.h).
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
// accumulators hold a window of k, and f32 adds sum the windows. Where tiles
// are few, other blocks sum the end of k (Pieces.h).
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Tiles.h"
#include "compiler/targets/nvptx/ContractFp8.h"
#include "compiler/targets/nvptx/ContractSimt.h"
#include "compiler/targets/nvptx/ContractStationary.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Pieces.h"
#include "compiler/targets/nvptx/Ring.h"
#include "compiler/targets/nvptx/TileChoice.h"
#include "compiler/targets/nvptx/Triangle.h"
#include "compiler/targets/nvptx/Wgmma.h"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kWarpgroup = 128, kConsumers = 2;
static_assert(kTileM == 64 * kConsumers);
/// Warps of the consumers.
constexpr int64_t kWarps = kConsumers * kWarpgroup / 32;
/// Registers a thread by role: 168 at the start, of which 128·128 + 256·64 then
/// change sides; 128·144 and 256·72 where a consumer needs as many as it can
/// have.
constexpr int64_t kProducerRegisters = 40, kConsumerRegisters = 232;
constexpr int64_t kProducerOfMany = 24, kConsumerOfMany = 240;
/// Rows of tiles that the blocks should be at, at one time: else they have few
/// rows of a in common, and all of b passes once for so few. Across a
/// vocabulary they would be at one or two: there they walk through strips of so
/// many tiles that what they are at together is about as high as it is wide.
constexpr int64_t kRowsAtOnce = 4, kStrip = 16;
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
        fp8(isCodes(op.getA())), turns(takesTurns(op)), tileM(rowsOfTile(op)),
        tileN(columnsOfTile(op)), team(e, Pieces::blocksOfTeam(op)),
        a{tileM, op.getTransposedA()}, b{tileN, op.getTransposedB()},
        staging(e, op, tileN, groups()), stages(chooseStages()),
        tilesAcross(llvm::divideCeil(op.getN(), tileN)),
        pieces(e, op, tilesAcross, team), triangle(e, op) {}

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  int64_t chooseStages();
  int64_t stageBytes() const { return a.bytes() + b.bytes(); }
  /// Rows of the box of one copy: all rows of a K-major tile at once, the 64
  /// rows of k of one panel.
  static int64_t boxRows(const OperandTile &tile) {
    return tile.transposed ? kTileK : tile.rows;
  }
  /// Rows of b's, of which each block of a team brings a share.
  int64_t shareRows() const { return boxRows(b) / team.size(); }
  /// The bytes of a stage's operand, from the start of shared memory.
  Value offsetA(Value stage) { return e.mul(stage, stageBytes()); }
  Value offsetB(Value stage) { return e.add(offsetA(stage), a.bytes()); }

  /// Where a tile stands in its product, the product's number in a batch (null
  /// if there is but one), the tile's number in the product, and the tiles of k
  /// that this block sums; of a triangle, whether it is on the diagonal.
  struct Tile {
    Value number, row, column, index, from, to, onDiagonal;
  };
  /// Where the tile of a number stands.
  std::pair<Value, Value> placeOf(Value tile);
  /// A turn of the loop over this block's tiles; the ring's position goes on
  /// from tile to tile. Those of consumer `turn` alone, where they take turns.
  void forTiles(Ring &ring, Value turn,
                function_ref<Ring::Position(Tile, Ring::Position)> body);
  /// Row `row` of the tile's own matrix of `rows` rows.
  Value inStack(const Tile &tile, Value rows, Value row) {
    return tile.number ? e.add(e.mul(tile.number, rows), row) : row;
  }
  void produce(Ring &ring);
  void copy(const OperandTile &operand, const Tile &tile, Value map, Value to,
            Value k, Value from, Value rows, Value barrier, Value share = {},
            Value everyone = {});
  void consume(Ring &ring, Value warpgroup);
  /// The barrier at which consumer `turn` waits until the other one has all
  /// that it multiplies: only then do stages' parities mean the next tile's.
  Value turnOf(Value turn) { return e.add(turn, 1); }
  /// The sum of the products of k's tiles `from` to `to` by one warpgroup,
  /// and the ring's position behind them.
  std::pair<Value, Ring::Position> sum(Ring &ring, Ring::Position at,
                                       Value warpgroup, Value rowsOfA,
                                       Value from, Value to);

  /// Whether blocks walk through strips of the product, kStrip tiles high.
  bool inStrips() const {
    return !Pieces::has(op) && tilesAcross > kMultiprocessors / kRowsAtOnce;
  }
  /// Whether consumers multiply 128 rows each of one tile.
  bool isTall() const { return tileM > kTileM; }
  bool needsMany() const { return turns || isTall() || Pieces::has(op); }
  /// Where the ring's mbarriers stand, and behind them those of the epilogue's
  /// warps.
  int64_t barriers() const {
    return stages * stageBytes() + kConsumers * staging.bytes();
  }
  /// Groups of 64 rows that a warpgroup multiplies.
  int64_t groups() const { return turns || isTall() ? kConsumers : 1; }
  /// Elements of k in a tile.
  int64_t tileK() const { return fp8 ? 2 * kTileK : kTileK; }

  kern::ContractOp op;
  Kernel e;
  bool fp8, turns;
  int64_t tileM, tileN;
  Team team;
  OperandTile a, b;
  Staging staging;
  int64_t stages, tilesAcross;
  Pieces pieces;
  Triangle triangle;
  Value shared, mapA, mapB, batch, m, k, tilesM, tilesK;
};

int64_t Contraction::chooseStages() {
  // An epilogue's copies need not be waited for where a whole tile has room;
  // but three stages, not four, cost more than that saves, and in turns of
  // bf16, whose copies have the other's products to leave in, four, not five.
  constexpr int64_t space = kSharedLimit - 1024;
  int64_t enough = turns && !fp8 ? 5 : 4;
  auto besides = [&](int64_t blocks) {
    return (space - blocks * kConsumers * Staging::kBytes) /
           (stageBytes() + 16);
  };
  int64_t stages = std::max(besides(staging.wanted()),
                            std::min(enough, besides(staging.least())));
  int64_t left = space - stages * (stageBytes() + 16);
  staging.allot(left / kConsumers);
  return stages;
}

std::pair<Value, Value> Contraction::placeOf(Value tile) {
  // Neighbouring blocks share rows of a; b, the smaller, stays in the L2.
  // Across a vocabulary a strip of a stays, and b passes once a strip.
  Value tilesN = e.i32(tilesAcross), m, n;
  if (inStrips()) {
    // Down each column of tiles of a strip, the last of which is less high.
    Value strip = e.div(tile, e.mul(tilesN, kStrip));
    Value first = e.mul(strip, kStrip);
    Value within = e.sub(tile, e.mul(first, tilesN));
    Value high = e.op<arith::MinUIOp>(e.sub(tilesM, first), e.i32(kStrip));
    n = e.div(within, high);
    m = e.add(first, e.sub(within, e.mul(n, high)));
  } else {
    // Of sums in pieces, the shorter side first: the blocks that are at the
    // same k then have most operands in common.
    int64_t down = llvm::divideCeil(op.getM(), kTileM * team.size());
    bool acrossFirst = !Pieces::has(op) || tilesAcross <= down;
    Value inner = acrossFirst ? tilesN : tilesM;
    n = e.div(tile, inner);
    m = e.sub(tile, e.mul(n, inner));
    if (acrossFirst)
      std::swap(m, n);
  }
  return {e.mul(team.member(e.inOrder(m)), tileM), e.mul(n, tileN)};
}

void Contraction::forTiles(
    Ring &ring, Value turn,
    function_ref<Ring::Position(Tile, Ring::Position)> body) {
  Value tiles = isTriangle(op) ? e.i32(triangle.tiles())
                               : e.mul(tilesM, e.i32(tilesAcross));
  Ring::Position start = ring.start();
  auto one = [&](Value number, Value index, Value from, Value to,
                 ValueRange at) -> Values {
    Tile tile{number, Value(), Value(), index, from, to, Value()};
    if (isTriangle(op)) {
      Triangle::Place place = triangle.place(index);
      std::tie(tile.row, tile.column, tile.onDiagonal) =
          std::tie(place.row, place.column, place.onDiagonal);
    } else {
      std::tie(tile.row, tile.column) = placeOf(index);
    }
    Ring::Position end = body(tile, {at[0], at[1]});
    return {end.stage, end.parity};
  };
  if (Pieces::has(op)) {
    pieces.forEach({start.stage, start.parity},
                   [&](Value tile, Value from, Value to, ValueRange at) {
                     return one(Value(), tile, from, to, at);
                   });
    return;
  }
  Value first = team.index(), step = team.count();
  if (turn) {
    // The other's tiles lie between, in the ring too.
    Ring::Position skipped = ring.skip(start, tilesK);
    Value isSecond = e.equal(turn, 1);
    start = {e.choose(isSecond, skipped.stage, start.stage),
             e.choose(isSecond, skipped.parity, start.parity)};
    first = e.add(first, e.mul(turn, step));
    step = e.mul(step, kConsumers);
  }
  e.loop(first, batch ? e.mul(tiles, batch) : tiles, step,
         {start.stage, start.parity}, [&](Value tile, ValueRange at) -> Values {
           Value number;
           if (batch) {
             number = e.div(tile, tiles);
             tile = e.sub(tile, e.mul(number, tiles));
           }
           Values end = one(number, tile, e.i32(0), tilesK, at);
           if (!turn)
             return end;
           Ring::Position next = ring.skip({end[0], end[1]}, tilesK);
           return {next.stage, next.parity};
         });
}

/// Rows `from` of m or n, of which a matrix has `rows`; for the whole team if
/// `everyone`, of every box the rows from `share` on.
void Contraction::copy(const OperandTile &operand, const Tile &tile, Value map,
                       Value to, Value k, Value from, Value rows, Value barrier,
                       Value share, Value everyone) {
  auto box = [&](Value to, Value column, Value row) {
    if (share) {
      to = e.offset(to, e.mul(share, kRowBytes));
      row = e.add(row, share);
    }
    e.copyBox(to, map, column, row, barrier, everyone);
  };
  if (!operand.transposed)
    return box(to, k, inStack(tile, rows, from));
  Value row = inStack(tile, this->k, k);
  for (int64_t panel = 0; panel < operand.panels(); ++panel)
    box(e.offset(to, panel * kPanelBytes), e.add(from, panel * 64), row);
}

void Contraction::produce(Ring &ring) {
  Value n = batch ? e.i32(op.getN()) : Value();
  // Of a team's column tile each block brings rows of every box.
  Value share = team.isAlone() ? Value() : e.mul(team.rank(), shareRows());
  Value everyone = team.everyone();
  forTiles(ring, Value(), [&](Tile tile, Ring::Position at) {
    Values end = e.loop(
        tile.from, tile.to, e.i32(1), {at.stage, at.parity},
        [&](Value step, ValueRange carried) -> Values {
          Ring::Position at{carried[0], carried[1]};
          ring.waitEmpty(at);
          Value bytes = e.i32(stageBytes());
          if (tile.onDiagonal)
            bytes = e.choose(tile.onDiagonal, e.i32(b.bytes()), bytes);
          ring.announce(at, bytes);
          Value k = e.mul(step, tileK()), full = ring.full(at.stage);
          auto copyA = [&] {
            copy(a, tile, mapA, e.offset(shared, offsetA(at.stage)), k,
                 tile.row, m, full);
          };
          tile.onDiagonal ? e.ifThen(e.no(tile.onDiagonal), copyA) : copyA();
          copy(b, tile, mapB, e.offset(shared, offsetB(at.stage)), k,
               tile.column, n, full, share, everyone);
          Ring::Position next = ring.next(at);
          return {next.stage, next.parity};
        });
    return Ring::Position{end[0], end[1]};
  });
}

std::pair<Value, Ring::Position> Contraction::sum(Ring &ring, Ring::Position at,
                                                  Value warpgroup,
                                                  Value rowsOfA, Value from,
                                                  Value to) {
  Value base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
  // The warpgroup's rows of a: the next panel, or 64 rows further.
  Value baseA =
      turns ? base
            : e.add(base, e.mul(warpgroup, groups() * OperandTile::half()));
  if (rowsOfA)
    baseA = e.add(baseA, rowsOfA);
  Value leader = e.equal(e.bitAnd(e.threadIndex(), 31), 0);
  Accumulator layout(e, tileN, fp8, groups());
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
  if (turns)
    e.arrive(turnOf(e.bitXor(warpgroup, e.i32(1))), kConsumers * kWarpgroup);
  Value product = layout.finish(end[3]);
  e.ifThen(leader, [&] { ring.release(end[2]); });
  return {product, {end[0], end[1]}};
}

void Contraction::consume(Ring &ring, Value warpgroup) {
  Value rows = turns ? e.i32(0) : e.mul(warpgroup, 64 * groups());
  Accumulator layout(e, tileN, fp8, groups());
  // Only a weight gradient's m, columns of a, is the same in every launch.
  bool full = a.transposed && op.getM() % (tileM * team.size()) == 0;
  Value warp = e.sub(e.shr(e.threadIndex(), 5), e.i32(kWarpgroup / 32));
  staging.place(e.offset(shared, stages * stageBytes()),
                e.offset(shared, barriers() + 16 * stages), warpgroup);
  Epilogue epilogue(e, op, full ? Value() : m, &staging);

  // The first consumer need not wait for the other's first tile.
  if (turns)
    e.ifThen(e.equal(warpgroup, 1),
             [&] { e.arrive(turnOf(e.i32(0)), kConsumers * kWarpgroup); });
  forTiles(
      ring, turns ? warpgroup : Value(), [&](Tile tile, Ring::Position at) {
        Value row = e.add(inStack(tile, m, tile.row), rows),
              column = tile.column;
        if (batch && !full)
          epilogue.endAt(e.mul(e.add(tile.number, 1), m));
        auto prefetch = [&] {
          for (int64_t group = 0; group < groups(); ++group)
            epilogue.prefetch(e.add(row, 64 * group), column, tileN);
        };
        if (!op.getTransposedA())
          prefetch();
        Value rowsOfA;
        if (tile.onDiagonal) {
          // Rows of a are there as rows of b, or panels.
          Value inB = e.mul(e.sub(tile.row, column), kRowBytes);
          rowsOfA = e.choose(tile.onDiagonal, e.add(inB, a.bytes()), e.i32(0));
          epilogue.mirrorTo(inStack(tile, m, e.i32(0)), column,
                            e.no(tile.onDiagonal));
        }
        epilogue.request(row, column);
        if (turns)
          e.barrier(turnOf(warpgroup), kConsumers * kWarpgroup);
        Values total;
        if (!op.getTransposedA()) {
          auto [product, end] =
              sum(ring, at, warpgroup, rowsOfA, tile.from, tile.to);
          at = end;
          total = layout.elements(product);
        } else {
          Values carried{at.stage, at.parity};
          carried.append(layout.size(), e.f32(0));
          carried = e.loop(
              tile.from, tile.to, e.i32(kWindowTiles), carried,
              [&](Value from, ValueRange carried) -> Values {
                Value to =
                    e.op<arith::MinUIOp>(e.add(from, kWindowTiles), tile.to);
                // Not earlier: the operands would take the L2 from it.
                Value isLast = e.equal(e.sub(tile.to, to), 0);
                if (Pieces::has(op))
                  isLast = e.bitAnd(isLast, pieces.hasTile());
                e.ifThen(isLast, prefetch);
                auto [product, end] = sum(ring, {carried[0], carried[1]},
                                          warpgroup, rowsOfA, from, to);
                Values next{end.stage, end.parity};
                for (auto [old, window] : llvm::zip_equal(
                         carried.drop_front(2), layout.elements(product)))
                  next.push_back(e.op<arith::AddFOp>(old, window));
                return next;
              });
          at = {carried[0], carried[1]};
          total.append(carried.begin() + 2, carried.end());
        }
        if (!Pieces::has(op)) {
          for (int64_t group = 0; group < groups(); ++group)
            epilogue.emit(e.add(row, 64 * group), column,
                          ValueRange(total).slice(group * tileN / 2, tileN / 2),
                          tileN, group);
          return at;
        }
        e.ifThen(
            pieces.hasTile(),
            [&] {
              Values all = pieces.gather(tile.index, warp, total);
              epilogue.emit(row, column, all, tileN);
            },
            [&] { pieces.leave(tile.index, warp, total); });
        return at;
      });
  staging.finish();
}

LLVM::LLVMFuncOp Contraction::build(Launch &launch) {
  mapA = e.tensorMap(op.getA(), boxRows(a));
  mapB = e.tensorMap(op.getB(), shareRows());
  m = e.integer(op.getM());
  k = e.integer(op.getK());
  e.askForOrder(op, llvm::divideCeil(op.getM(), tileM * team.size()));
  if (op.getBatch() > 1)
    batch = e.integer(op.getBatch());
  auto tiles = [&](Value size, int64_t tile) {
    return e.div(e.add(size, tile - 1), e.i32(tile));
  };
  tilesM = tiles(m, tileM * team.size());
  tilesK = tiles(k, tileK());
  if (Pieces::has(op))
    pieces.begin(tilesK);
  shared =
      e.shared(barriers() + 16 * stages + kConsumers * staging.barrierBytes());
  Ring ring(e, shared, barriers(), stages, team);

  Ring::Registers registers{kProducerRegisters, kConsumerRegisters};
  if (needsMany())
    registers = {kProducerOfMany, kConsumerOfMany};
  ring.share(
      {mapA, mapB}, turns ? kWarps / kConsumers : kWarps, registers,
      [&] { produce(ring); },
      [&](Value warpgroup) { consume(ring, warpgroup); });
  // Where sums are split, the blocks of the launch decide its bits.
  e.launch.persistent = !Pieces::has(op);
  int64_t all = team.size() * tilesAcross *
                llvm::divideCeil(op.getM(), tileM * team.size());
  if (isTriangle(op))
    all = triangle.tiles();
  e.launch.blocks = Pieces::has(op) ? pieces.blocks() : op.getBatch() * all;
  LLVM::LLVMFuncOp function = e.finish(launch);
  // setmaxnreg needs to know the registers that a block starts with.
  setBlocksAtOnce(function, 1);
  if (!team.isAlone())
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      e.b.getDenseI32ArrayAttr({int32_t(team.size()), 1, 1}));
  return function;
}

} // namespace

void gptc::nvptx::remarkOnCores(kern::ContractOp op) {
  std::string why = whyNotOnCores(op);
  auto about = remark::RemarkOpts::name("contract").category("lower-to-nvvm");
  if (!why.empty())
    remark::missed(op.getLoc(), about)
        << remark::add("{0} runs without tensor cores", op.getName())
        << remark::reason("{0}", why);
  else if (isStationary(op))
    remark::passed(op.getLoc(), about) << remark::add(
        "{0} keeps a tile's columns of its second operand in shared memory",
        op.getName());
  else if (takesTurns(op))
    remark::passed(op.getLoc(), about) << remark::add(
        "{0} has one warpgroup's epilogue beside the other's products",
        op.getName());
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
  if (failed(verifyTile(op)))
    return failure();
  if (fp8 && isPromoted(op))
    return buildContractFp8(op, module, numbers, launch);
  if (!whyNotOnCores(op).empty())
    return buildContractSimt(op, module, numbers, launch);
  if (Pieces::has(op) && failed(Pieces::verify(op)))
    return failure();
  if (isStationary(op))
    return buildContractStationary(op, module, numbers, launch);
  return Contraction(op, module, numbers).build(launch);
}
