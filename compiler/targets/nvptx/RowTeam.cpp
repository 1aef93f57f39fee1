//===- RowTeam.cpp - a row program by the lanes of a team -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/RowTeam.h"
#include "compiler/kernels/Cost.h"
#include "compiler/targets/nvptx/Fp8.h"
#include "compiler/targets/nvptx/JoinedPrograms.h"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PadOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/RandomOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Of the elements that a program loads, how many a lane may hold at once. What
/// it holds beyond that keeps another block's warps out, whose loads would be
/// under way meanwhile: a row is better read again, from the L1 cache. A block
/// that walks windows has more warps, and each has fewer registers; or, of a
/// program that loads much, so few that all of it is held.
static constexpr int64_t kHeld = 72, kHeldOfWindow = 40, kHeldByFew = 200;
/// From here on a program loads much.
static constexpr int64_t kMuch = 96;

/// Turns of a long row whose loads are under way together: with one load a warp
/// the loss of a large vocabulary waits for memory; four hide no more than two.
static constexpr int64_t kAhead = 2;

RowTeam::RowTeam(Kernel &e, NvptxBuilder &k, const RowTeams &team, Value shared,
                 kern::RowsOp op)
    : RowEmitter(k), e(e), warp(k), team(team), shared(shared) {
  setup = &k.b.getBlock()->back();
  if (team.width) {
    first = k.mul(team.lane, kColumns);
    return;
  }
  if (team.columns) {
    own = place(0, team.columns, kColumns, team.part, team.columns % kPart);
    return;
  }
  Block &program = op.getBody().front();
  bool isWindow = !program.getOps<kern::PartialOp>().empty();
  int64_t held = team.holdsAll ? kHeldByFew : isWindow ? kHeldOfWindow : kHeld;
  Loads loads = loadsOf(op, team.lanes);
  unrolled = held / (kColumns * std::max<int64_t>(1, loads.wide));
  // Rows that fit are held whole and read once.
  if (loads.turns * kColumns <= held)
    unrolled = std::max(unrolled, loads.most);
  unrolled = std::max<int64_t>(1, unrolled);
}

RowTeam::Loads RowTeam::loadsOf(kern::RowsOp op, int64_t lanes) {
  Loads loads;
  for (auto load : op.getBody().front().getOps<kern::LoadOp>()) {
    if (widthOf(load.getY()) == 1)
      continue;
    int64_t own = llvm::divideCeil(columnsReadOf(load), kColumns * lanes);
    loads.wide += own > 1;
    loads.turns += own;
    loads.most = std::max(loads.most, own);
  }
  return loads;
}

int64_t RowTeam::widestOf(kern::RowsOp op) {
  int64_t columns = 1;
  for (Operation &inner : op.getBody().front())
    for (Value v : inner.getResults()) {
      auto load = dyn_cast<kern::LoadOp>(inner);
      columns = std::max(columns, load ? columnsReadOf(load) : widthOf(v));
    }
  return columns;
}

bool RowTeam::loadsMuch(kern::RowsOp op, int64_t lanes) {
  return kColumns * loadsOf(op, lanes).turns >= kMuch && fits(op, lanes);
}

bool RowTeam::fits(kern::RowsOp op, int64_t lanes) {
  return kColumns * loadsOf(op, lanes).turns <= kHeldByFew;
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

/// The first column of the lane's chunk in a turn, an i64.
Value RowTeam::place(int64_t low, int64_t high, int64_t width, Value turn,
                     bool mayPass) {
  Value chunk = k.add(k.mul(turn, team.lanes), team.lane);
  Value column = k.add(k.mul(chunk, width), low);
  Place known{{}, low ? std::gcd(low, width) : width};
  if (mayPass) {
    known.guard = k.less(column, k.i64(high));
    column = k.choose(known.guard, column, k.i64(low));
  }
  places[column] = known;
  return column;
}

Value RowTeam::turnOf(int64_t low, int64_t high, int64_t width, int64_t turn) {
  Value &column = turns[{low, high, width, turn}];
  if (column)
    return column;
  int64_t first = low + turn * team.lanes * width;
  int64_t end = first + team.lanes * width;
  column = place(low, high, width, k.i64(turn), end > high);
  if (end <= high) { // else a lane beyond the row is at its first columns
    places[column].first = first;
    places[column].end = end;
  }
  return column;
}

void RowTeam::forColumns(int64_t low, int64_t high, int64_t width,
                         function_ref<void(Value)> body,
                         function_ref<void(Value)> ahead) {
  if (own)
    return body(own);
  int64_t chunks = (high - low) / width;
  int64_t count = llvm::divideCeil(chunks, team.lanes);
  if (count <= unrolled) {
    for (int64_t turn = 0; turn < count; ++turn)
      body(turnOf(low, high, width, turn));
    return;
  }
  // Turns that all lanes take go by several, if a lane may hold what they load.
  int64_t first = 0;
  if (ahead && kAhead <= unrolled && chunks / team.lanes >= 2 * kAhead) {
    first = chunks / team.lanes / kAhead * kAhead;
    k.loop(k.i64(0), k.i64(first), kAhead, [&](Value turn) {
      inScope([&] {
        SmallVector<Value> columns;
        for (int64_t i = 0; i < kAhead; ++i)
          columns.push_back(place(low, high, width, k.add(turn, i), false));
        llvm::for_each(columns, ahead);
        llvm::for_each(columns, body);
      });
    });
  }
  if (first == count)
    return;
  k.loop(k.i64(first), k.i64(count), 1, [&](Value turn) {
    inScope(
        [&] { body(place(low, high, width, turn, chunks % team.lanes != 0)); });
  });
}

/// Loads that stay in registers are issued together: a store in between would
/// hold later ones back.
void RowTeam::begin(ArrayRef<Operation *> ops) {
  if (own)
    return loadHeads(ops);
  if (first) {
    for (Operation *op : ops)
      if (auto load = dyn_cast<kern::LoadOp>(op)) {
        prepare(load.getY());
        if (std::optional<Chunk> row = ownRow(widthOf(load.getY())))
          chunkOf(load.getY(), *row);
      }
    return;
  }
  for (Operation *op : ops) {
    auto load = dyn_cast<kern::LoadOp>(op);
    int64_t columns = load ? widthOf(load.getY()) : 0, width = widest(columns);
    int64_t count = llvm::divideCeil(columns / width, team.lanes);
    if (!load || count > unrolled || (width < kColumns && !team.isPart()))
      continue;
    prepare(load.getY());
    int64_t whole = columns / width * width;
    for (int64_t turn = 0; turn < count; ++turn)
      chunkOf(load.getY(),
              {turnOf(0, whole, width, turn), 0, 0, columns, width});
  }
}

/// Eight columns are where the lane's chunk is, whatever a row pads: to cut
/// loops there would make all accesses of the program narrow. A chunk that
/// holds some of what is padded and some zeros reads both from one place.
void RowTeam::beginPad(kern::PadOp op) {
  int64_t width = widthOf(op.getX()), all = width + 2 * kColumns;
  Value buffer = rowBuffer(all, 4);
  forColumns(0, all, 1, [&](Value j) {
    Value from = k.add(j, -kColumns);
    Value inside = k.inside(from, k.i64(width));
    Value x = chunkAt(op.getX(), k.choose(inside, from, k.i64(0)), 1);
    keep(k.choose(inside, x, k.splat(0.0, 1)), buffer, {j, 0, 0, all, 1});
  });
  sync();
  padded[op] = buffer;
}

Value RowTeam::padChunk(kern::PadOp op, const Chunk &c) {
  int64_t at = op.getAt(), width = widthOf(op.getX());
  Value zeros = k.splat(0.0, c.width);
  Place known = places.lookup(c.base);
  if (known.first + c.shift >= at + width ||
      (known.end < std::numeric_limits<int64_t>::max() &&
       known.end + c.shift <= at))
    return zeros;
  Value column = columnOf(c);
  Value some = k.both(k.less(column, k.i64(at + width)),
                      k.less(k.i64(at), k.add(column, c.width)));
  Chunk from{k.add(column, kColumns - at), 0, 0, width + 2 * kColumns, c.width};
  return k.select(
      some, [&] { return Values{fetch(padded.lookup(op), from)}; },
      [&] { return Values{zeros}; })[0];
}

std::optional<Chunk> RowTeam::ownRow(int64_t columns) {
  if (!first || columns == 1)
    return std::nullopt;
  return Chunk{first, 0, 0, columns, kColumns};
}

void RowTeam::guarded(const Chunk &chunk, function_ref<void()> body) {
  Value guard = places.lookup(chunk.base).guard;
  if (team.hasRow)
    guard = guard ? k.both(team.hasRow, guard) : team.hasRow;
  if (guard)
    k.ifThen(guard, body);
  else
    body();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value RowTeam::streamOf(kern::RandomOp op) { return e.integer(op.getStream()); }

RowAddress RowTeam::addressOf(Value buffer, Value at, bool check) {
  auto type = cast<MemRefType>(buffer.getType());
  Value base = e.address(buffer), inside;
  if (!at)
    return {base, Value()};
  if (check) {
    Value &rows = rowCounts[buffer];
    if (!rows)
      rows = e.integer(kern::rowsOf(type));
    inside = k.inside(at, k.index(rows));
    at = k.choose(inside, at, k.i64(0));
  }
  bool anyWidth = team.width && kern::columnsOf(type) > 1 &&
                  kern::columnsOf(type) == kern::rowStrideOf(type);
  Value stride = anyWidth ? team.width : k.i64(kern::rowStrideOf(type));
  return {k.at(base, k.mul(at, stride), elementBytes(type.getElementType())),
          inside};
}

/// A number that divides a column, as far as what it is computed of shows; 0
/// of 0, which all numbers divide.
int64_t RowTeam::multipleOf(Value column) {
  if (auto known = places.find(column); known != places.end())
    return known->second.multiple;
  Operation *op = column.getDefiningOp();
  if (!op)
    return 1;
  auto of = [&](unsigned i) { return multipleOf(op->getOperand(i)); };
  return llvm::TypeSwitch<Operation *, int64_t>(op)
      .Case([](arith::ConstantOp o) {
        return std::abs(cast<IntegerAttr>(o.getValue()).getInt());
      })
      .Case([&](arith::AddIOp) { return std::gcd(of(0), of(1)); })
      .Case([&](arith::MulIOp) { return of(0) * of(1); })
      .Case([&](arith::RemUIOp) { return std::gcd(of(0), of(1)); })
      .Case([&](arith::SelectOp) { return std::gcd(of(1), of(2)); })
      .Default([](Operation *) { return 1; });
}

/// Of a chunk's address, in bytes, where rows of elements of `bytes` bytes
/// begin at multiples of `step` elements: a power of two up to 16.
int64_t RowTeam::alignmentOf(const Chunk &c, int64_t step, int64_t bytes) {
  int64_t elements = std::gcd(std::gcd(multipleOf(c.base), c.shift), step);
  return std::gcd<int64_t>(16, std::max<int64_t>(1, elements) * bytes);
}

int64_t RowTeam::alignmentOf(Value buffer, const Chunk &c) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t step = std::gcd(kern::offsetOf(type), kern::rowStrideOf(type));
  return alignmentOf(c, step, elementBytes(type.getElementType()));
}

Value RowTeam::read(Value buffer, Value pointer, const Chunk &c) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (first && c.base == first)
    return readAny(element, pointer, c);
  Value at = k.at(pointer, columnOf(c), elementBytes(element));
  Value x = k.op<LLVM::LoadOp>(k.vector(c.width, element), at,
                               alignmentOf(buffer, c));
  if (element.isBF16())
    x = k.op<arith::ExtFOp>(k.vector(c.width), x);
  return x;
}

void RowTeam::write(Operation *op, Value pointer, const Chunk &c, Value value) {
  if (auto store = dyn_cast<kern::StoreOp>(op)) {
    Value buffer = store.getBuffer();
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    Type type = k.vector(c.width, element);
    if (element.isBF16())
      value = k.op<arith::TruncFOp>(type, value);
    else if (element.isF64())
      value = k.op<arith::ExtFOp>(type, value);
    else if (isa<Float8E4M3FNType, Float8E5M2Type>(element))
      value = codesOf(k, value, element);
    auto act = [&] {
      if (first && c.base == first)
        return writeAny(value, element, pointer, c);
      LLVM::StoreOp::create(k.b, k.loc, value,
                            k.at(pointer, columnOf(c), elementBytes(element)),
                            alignmentOf(buffer, c));
    };
    guarded(c, [&] {
      if (auto absent = store->getAttrOfType<BoolAttr>(kAbsent)) {
        Value &left = absences[op];
        if (!left)
          left = e.integer(absent.getValue());
        k.ifThen(k.equal(left, 0), act);
      } else {
        act();
      }
    });
    return;
  }
  auto partial = cast<kern::PartialOp>(op);
  if (inWindow) {
    int64_t columns = widthOf(partial.getValue());
    Value &all = terms[op];
    if (!all)
      all = allocate(kern::kSumWindow * columns * 4, /*ofBlock=*/true);
    Value kept = all;
    if (team.sharesWindow)
      kept = k.op<NVVM::MapaOp>(k.pointer(kSharedCluster), all, k.i32(0));
    Value own = k.at(kept, k.mul(inWindow, columns));
    guarded(c, [&] { k.store(value, k.at(own, columnOf(c))); });
    return;
  }
  // The team walks the window alone; its first row overwrites what was there.
  guarded(c, [&] {
    Value first = k.equal(k.rem(row, kern::kSumWindow), k.i64(0));
    Value at = k.at(pointer, columnOf(c));
    int64_t alignment = alignmentOf(partial.getPartials(), c);
    Value old = k.op<LLVM::LoadOp>(value.getType(), at, alignment);
    Value sum = k.choose(first, value, k.fadd(old, value));
    LLVM::StoreOp::create(k.b, k.loc, sum, at, alignment);
  });
}

void RowTeam::sumTerms(Value window, Value rows, Value thread) {
  for (auto [op, all] : terms) {
    auto partial = cast<kern::PartialOp>(op);
    auto type = cast<MemRefType>(partial.getPartials().getType());
    int64_t columns = widthOf(partial.getValue());
    Value terms = all;
    int64_t threads = team.lanes * team.count;
    k.loop(thread, k.i64(columns), threads, [&](Value column) {
      Value sum =
          k.loop(k.i64(1), rows, 1, k.load(k.f32Type(), k.at(terms, column)),
                 [&](Value i, ValueRange carried) {
                   Value at = k.add(k.mul(i, columns), column);
                   return Values{k.fadd(carried[0],
                                        k.load(k.f32Type(), k.at(terms, at)))};
                 })[0];
      Value target = k.at(e.address(partial.getPartials()),
                          k.mul(window, kern::rowStrideOf(type)));
      k.store(sum, k.at(target, column));
    });
  }
}

Value RowTeam::allocate(int64_t size, bool ofBlock) {
  size = llvm::alignTo(size, 16);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointAfter(setup);
  Value at = k.at(shared, bytes, 1);
  if (!ofBlock)
    at = k.at(at, k.mul(team.index, size), 1);
  bytes += size * (ofBlock ? 1 : team.count);
  return at;
}

Value RowTeam::rowBuffer(int64_t count, int64_t bytes) {
  return allocate(count * bytes, /*ofBlock=*/false);
}

void RowTeam::keep(Value value, Value buffer, const Chunk &c) {
  guarded(c, [&] {
    LLVM::StoreOp::create(k.b, k.loc, value, k.at(buffer, columnOf(c)),
                          alignmentOf(c, /*step=*/0, /*bytes=*/4));
  });
}

Value RowTeam::fetch(Value buffer, const Chunk &c) {
  return k.op<LLVM::LoadOp>(k.vector(c.width), k.at(buffer, columnOf(c)),
                            alignmentOf(c, /*step=*/0, /*bytes=*/4));
}

void RowTeam::sync() {
  if (team.isInWarp())
    warp.barrierOfWarp();
  else
    warp.barrier();
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value RowTeam::sumWindow(Value terms, bool maximum) {
  Value sum = k.foldLanes(terms, maximum);
  for (int32_t distance = 1; distance < kern::kSumWindow / kColumns;
       distance *= 2) {
    Value other = warp.shuffleXor(sum, distance);
    sum = maximum ? k.fmax(sum, other) : k.fadd(sum, other);
  }
  return sum;
}

/// Groups that are no wider than what a lane has of a window: each is a lane's.
void RowTeam::reduceInLanes(kern::ReduceOp op, int64_t size, int64_t width) {
  bool maximum = op.getHow() == "max";
  double neutral = maximum ? -std::numeric_limits<double>::infinity() : 0;
  int64_t groups = widthOf(op.getY());
  Value sums = rowBuffer(groups, 4);
  forColumns(0, groups, 1, [&](Value g) {
    Value terms = k.splat(neutral, kColumns);
    for (int64_t i = 0; i < size; i += width)
      terms = k.op<vector::InsertStridedSliceOp>(
          chunkAt(op.getX(), k.add(k.mul(g, size), i), width), terms,
          ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1});
    Value sum = k.foldLanes(terms, maximum);
    // The window's other lanes have zeros: of -0 they make 0.
    if (!maximum)
      sum = k.fadd(sum, k.f32(0));
    keep(k.splat(sum, 1), sums, {g, 0, 0, groups, 1});
  });
  sync();
  buffered[op.getY()] = sums;
}

void RowTeam::reduceRow(kern::ReduceOp op) {
  if (own)
    return reduceHead(op);
  if (first)
    return reduceAny(op);
  Value x = op.getX();
  if (!limitsOf(x).cuts.empty())
    materialise(x);
  bool maximum = op.getHow() == "max";
  double neutral = maximum ? -std::numeric_limits<double>::infinity() : 0;
  auto join = [&](Value a, Value b) {
    return maximum ? k.fmax(a, b) : k.fadd(a, b);
  };
  constexpr int64_t window = kern::kSumWindow, lanes = window / kColumns;
  int64_t columns = widthOf(x), groups = widthOf(op.getY());
  int64_t size = columns / groups, windows = llvm::divideCeil(size, window);
  int64_t all = groups * windows;
  // Windows stand side by side, so a lane's columns are those that it owns
  // anyway; else windows of a group are padded to whole ones.
  bool flat = groups == 1 || size % window == 0;
  int64_t width = std::gcd(kColumns, size);
  if (int64_t grain = limitsOf(x).grain)
    width = std::gcd(width, grain);
  if (groups > 1 && size <= kColumns)
    return reduceInLanes(op, size, width);
  int64_t count = llvm::divideCeil(all * lanes, team.lanes);
  bool byShuffles = team.isInWarp() && groups == 1;
  Value sums;
  if (!byShuffles)
    sums = rowBuffer(all, 4);

  // The eight columns of the lane: whole, or in pieces that may be outside.
  auto termsOf = [&](Value base, Value inWindow, Value some,
                     int64_t end) -> Value {
    if (width == kColumns) {
      Value terms = chunkOf(x, {base, 0, 0, columns, kColumns});
      return some ? k.choose(some, terms, k.splat(neutral, kColumns)) : terms;
    }
    Value terms = k.splat(neutral, kColumns);
    for (int64_t i = 0; i < kColumns; i += width) {
      Value inside = k.less(k.add(inWindow, i), k.i64(end));
      if (some)
        inside = k.both(inside, some);
      Value at = k.choose(inside, k.add(base, i), k.i64(0));
      Value piece =
          k.choose(inside, chunkAt(x, at, width), k.splat(neutral, width));
      terms = k.op<vector::InsertStridedSliceOp>(
          piece, terms, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1});
    }
    return terms;
  };
  auto turn = [&](Value i, std::optional<int64_t> known, Value total) {
    Value own;
    Value pair = k.div(k.add(k.mul(i, team.lanes), team.lane), lanes);
    bool mayPass = count * team.lanes != all * lanes;
    if (flat) {
      // Beyond the row's end begins at a multiple of `width`.
      int64_t high = llvm::alignTo(columns, kColumns);
      Value base = known ? turnOf(0, high, kColumns, *known)
                         : place(0, high, kColumns, i,
                                 mayPass || columns % (kColumns * team.lanes));
      own = termsOf(base, base, places.lookup(base).guard, columns);
    } else {
      Value some = mayPass ? k.less(pair, k.i64(all)) : Value();
      Value safe = some ? k.choose(some, pair, k.i64(0)) : pair;
      Value at = k.add(k.mul(k.rem(safe, windows), window),
                       k.mul(k.rem(team.lane, lanes), kColumns));
      Value base = k.add(k.mul(k.div(safe, windows), size), at);
      if (width == kColumns) { // whole or not at all
        Value inside = k.less(at, k.i64(size));
        some = some ? k.both(some, inside) : inside;
        base = k.choose(some, base, k.i64(0));
      }
      own = termsOf(base, at, some, size);
    }
    Value sum = sumWindow(own, maximum);
    if (!byShuffles) {
      Value first = k.equal(k.rem(team.lane, lanes), k.i64(0));
      if (mayPass)
        first = k.both(first, k.less(pair, k.i64(all)));
      k.ifThen(first, [&] { k.store(sum, k.at(sums, pair)); });
      return total;
    }
    for (int64_t w = 0; w < team.lanes / lanes; ++w) {
      if (known && *known * (team.lanes / lanes) + w >= all)
        break;
      // A team that is part of a warp has a window at a time.
      Value part =
          team.isPart() ? sum : warp.shuffleFrom(sum, k.i32(w * lanes));
      total = total ? join(total, part) : part;
    }
    return total;
  };
  Value total;
  if (count <= unrolled) {
    for (int64_t i = 0; i < count; ++i)
      total = turn(k.i64(i), i, total);
  } else {
    total = k.loop(k.i64(0), k.i64(count), 1, k.f32(neutral),
                   [&](Value i, ValueRange carried) {
                     Value next;
                     inScope([&] { next = turn(i, {}, carried[0]); });
                     return Values{next};
                   })[0];
  }
  if (byShuffles) {
    single[op.getY()] = k.splat(total, 1);
    return;
  }
  sync();
  auto sumOf = [&](Value group) {
    Value from = k.mul(group, windows);
    return k.loop(
        k.i64(1), k.i64(windows), 1, k.load(k.f32Type(), k.at(sums, from)),
        [&](Value w, ValueRange carried) {
          Value part = k.load(k.f32Type(), k.at(sums, k.add(from, w)));
          return Values{join(carried[0], part)};
        })[0];
  };
  if (groups == 1) {
    single[op.getY()] = k.splat(sumOf(k.i64(0)), 1);
    return;
  }
  if (windows == 1) {
    buffered[op.getY()] = sums;
    return;
  }
  Value result = rowBuffer(groups, 4);
  forColumns(0, groups, 1, [&](Value g) {
    keep(k.splat(sumOf(g), 1), result, {g, 0, 0, groups, 1});
  });
  sync();
  buffered[op.getY()] = result;
}
