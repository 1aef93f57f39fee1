//===- Pieces.cpp - sums of which several blocks have a part --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Pieces.h"
#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "dialect/kern/ContractOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Steps that it takes a helper to leave a piece. It ends so much earlier that
/// the tiles' own blocks need not wait for the last pieces.
static constexpr int64_t kLeaving = 4;
static int64_t leadOf(int64_t tiles, int64_t helpers) {
  return kLeaving * (tiles / helpers + 2);
}
/// Warps that hold a tile.
static constexpr int64_t kWarps = 8;

static MemRefType roomOf(kern::ContractOp op) {
  return cast<MemRefType>(op.getPieces().getType());
}

bool Pieces::has(kern::ContractOp op) { return bool(op.getPieces()); }
int64_t Pieces::columns(kern::ContractOp op) {
  return kern::columnsOf(roomOf(op));
}

static int64_t tilesOf(kern::ContractOp op) {
  return tilesOfProduct(op, Pieces::columns(op));
}

int64_t Pieces::blocksOfTeam(kern::ContractOp op) {
  if (!has(op))
    return 1;
  constexpr int64_t two = 2;
  int64_t down = llvm::divideCeil(op.getM(), kTileM);
  int64_t blocks = kern::rowsOf(roomOf(op)) / kTileM;
  bool severalEach = blocks >= two * tilesOf(op);
  return severalEach && down % two == 0 && blocks % two == 0 ? two : 1;
}

LogicalResult Pieces::verify(kern::ContractOp op) {
  int64_t rows = kern::rowsOf(roomOf(op)), tiles = tilesOf(op);
  int64_t blocks = rows / kTileM, helpers = blocks - tiles;
  int64_t steps = llvm::divideCeil(op.getK(), kTileK);
  auto fits = [&] {
    int64_t mine = tiles * steps + leadOf(tiles, helpers) * helpers;
    int64_t behind = steps - mine / blocks, rest = tiles % helpers;
    return behind > 0 && (!rest || rest * behind >= helpers);
  };
  if (op.getBatch() != 1 || rows % kTileM ||
      !llvm::is_contained(kWidths, columns(op)) || helpers < 1 || !fits())
    return op.emitOpError("has room for pieces that fit no split of its sums");
  return success();
}

Pieces::Pieces(Kernel &e, kern::ContractOp op, int64_t across, Team team)
    : e(e), op(op), team(team) {
  if (!has(op))
    return;
  own = llvm::divideCeil(op.getM(), kTileM) / team.size() * across;
  helpers = kern::rowsOf(roomOf(op)) / kTileM / team.size() - own;
  rounds = own / helpers;
  rest = own % helpers;
  warpBytes = kTileM * columns(op) * 4 / kWarps;
}

void Pieces::begin(Value steps) {
  room = e.address(op.getPieces());
  flags = e.flags(blocks() * kWarps);
  mine = e.div(e.add(e.mul(steps, own), leadOf(own, helpers) * helpers),
               e.i32(own + helpers));
  behind = e.sub(steps, mine);
  all = e.mul(behind, rest);
  isOwn = e.op<arith::CmpIOp>(arith::CmpIPredicate::uge, team.index(),
                              e.i32(helpers));
  lane = e.bitAnd(e.threadIndex(), 31);
}

Values
Pieces::forEach(ValueRange carried,
                function_ref<Values(Value, Value, Value, ValueRange)> body) {
  Value block = team.index();
  auto start = [&](Value helper) {
    return e.div(e.mul(helper, all), e.i32(helpers));
  };
  // A helper's range of the last round's steps, and the tiles that these are
  // of.
  Value first = start(block), end = start(e.add(block, 1));
  Value from = e.div(first, behind);
  Value count = e.i32(rounds);
  if (rest)
    count = e.add(count,
                  e.add(e.sub(e.div(e.sub(end, e.i32(1)), behind), from), 1));
  count = e.choose(isOwn, e.i32(1), count);
  return e.loop(
      e.i32(0), count, e.i32(1), carried, [&](Value turn, ValueRange carried) {
        Value round = e.inside(turn, e.i32(rounds));
        Value tile = e.add(from, e.sub(turn, e.i32(rounds)));
        Value begins = e.mul(tile, behind), ends = e.add(begins, behind);
        auto inTile = [&](Value step) {
          return e.add(mine, e.sub(step, begins));
        };
        Value lower = inTile(
            e.choose(round, begins, e.op<arith::MaxUIOp>(first, begins)));
        Value upper =
            inTile(e.choose(round, ends, e.op<arith::MinUIOp>(end, ends)));
        Value number = e.choose(round, e.add(e.mul(turn, helpers), block),
                                e.add(tile, rounds * helpers));
        return body(e.choose(isOwn, e.sub(block, e.i32(helpers)), number),
                    e.choose(isOwn, e.i32(0), lower),
                    e.choose(isOwn, mine, upper), carried);
      });
}

Value Pieces::place(Value number, Value warp, int64_t quad) {
  Value at = e.add(e.mul(team.member(number), kWarps * warpBytes),
                   e.mul(warp, warpBytes));
  return e.offset(e.offset(room, e.widen(e.add(at, e.shl(lane, 4)))),
                  quad * 32 * 16);
}

Value Pieces::flag(Value number, Value warp) {
  Value at = e.add(e.mul(team.member(number), kWarps), warp);
  return e.offset(flags, e.widen(e.shl(at, 2)));
}

Value Pieces::helperOf(Value step) {
  // The last one whose range, from ⌊h · all / helpers⌋ on, begins no later.
  Value behindIt = e.mul(e.add(step, 1), helpers);
  return e.div(e.sub(behindIt, e.i32(1)), all);
}

void Pieces::leave(Value tile, Value warp, ValueRange sum) {
  Value number = numberOf(tile, team.index());
  Type four = VectorType::get({4}, e.f32Type());
  for (int64_t quad = 0; quad < int64_t(sum.size()) / 4; ++quad) {
    Value x = e.op<LLVM::PoisonOp>(four);
    for (int64_t i = 0; i < 4; ++i)
      x = e.op<LLVM::InsertElementOp>(x, sum[4 * quad + i], e.i32(i));
    LLVM::StoreOp::create(e.b, e.loc, x, place(number, warp, quad),
                          /*alignment=*/16);
  }
  // The lanes' stores come before the flag by the warp's barrier, for other
  // blocks by its release.
  e.barrierOfWarp();
  e.ifThen(e.equal(lane, 0), [&] {
    LLVM::StoreOp::create(e.b, e.loc, e.i32(1), flag(number, warp),
                          /*alignment=*/4, /*isVolatile=*/false,
                          /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                          LLVM::AtomicOrdering::release, "device");
  });
}

Values Pieces::gather(Value tile, Value warp, ValueRange sum) {
  Value from = e.i32(0), last = from;
  if (rest) {
    Value begins = e.mul(e.sub(tile, e.i32(rounds * helpers)), behind);
    Value alone = inRounds(tile);
    from = e.choose(alone, from, helperOf(begins));
    last =
        e.choose(alone, last, helperOf(e.sub(e.add(begins, behind), e.i32(1))));
  }
  Type four = VectorType::get({4}, e.f32Type());
  return e.loop(
      from, e.add(last, 1), e.i32(1), sum,
      [&](Value helper, ValueRange sum) -> Values {
        Value number = numberOf(tile, helper);
        e.ifThen(e.equal(lane, 0), [&] {
          Value at = flag(number, warp);
          auto isAway = [&](ValueRange) -> Value {
            Value left = LLVM::LoadOp::create(
                e.b, e.loc, e.i32Type(), at, /*alignment=*/4,
                /*isVolatile=*/false, /*isNonTemporal=*/false,
                /*isInvariant=*/false, /*isInvariantGroup=*/false,
                LLVM::AtomicOrdering::acquire, "device");
            return e.equal(left, 0);
          };
          e.loopWhile({}, isAway, [](ValueRange) { return Values(); });
          LLVM::StoreOp::create(e.b, e.loc, e.i32(0), at, /*alignment=*/4);
        });
        e.barrierOfWarp();
        Values result;
        for (int64_t quad = 0; quad < int64_t(sum.size()) / 4; ++quad) {
          Value x = e.op<LLVM::LoadOp>(four, place(number, warp, quad),
                                       /*alignment=*/16);
          for (int64_t i = 0; i < 4; ++i)
            result.push_back(e.fadd(sum[4 * quad + i],
                                    e.op<LLVM::ExtractElementOp>(x, e.i32(i))));
        }
        return result;
      });
}
