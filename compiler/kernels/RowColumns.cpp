//===- RowColumns.cpp - row ops that move or fold columns -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/RowEmitter.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <numeric>

using namespace mlir;

namespace gptc {

//===----------------------------------------------------------------------===//
// Limits of chunks
//===----------------------------------------------------------------------===//

RowEmitter::Limits RowEmitter::limitsOf(Value v) {
  llvm::DenseMap<Value, Limits> known;
  Limits limits;
  gatherLimits(v, limits, known);
  return limits;
}

void RowEmitter::gatherLimits(Value v, Limits &limits,
                              llvm::DenseMap<Value, Limits> &known) {
  Operation *op = v.getDefiningOp();
  if (!op || widthOf(v) == 1 || buffered.count(v))
    return;
  auto found = known.find(v);
  if (found != known.end()) {
    limits = found->second;
    return;
  }
  // The limits of an operand whose column 0 stands at column `at` of v.
  auto join = [&](Value x, int64_t at) {
    Limits inner;
    gatherLimits(x, inner, known);
    if (inner.grain)
      limits.grain = std::gcd(limits.grain, std::gcd(inner.grain, at));
    for (int64_t cut : inner.cuts)
      if (cut + at > 0 && cut + at < widthOf(v))
        limits.cuts.push_back(cut + at);
  };
  if (auto spread = dyn_cast<kern::SpreadOp>(op)) {
    if (widthOf(spread.getX()) > 1)
      limits.grain = widthOf(v) / widthOf(spread.getX());
  } else if (auto outer = dyn_cast<kern::OuterOp>(op)) {
    limits.grain = widthOf(outer.getB());
  } else if (auto rotate = dyn_cast<kern::RotateOp>(op)) {
    limits.grain = rotate.getHead() / (rotate.getNeighbours() ? 1 : 2);
  } else if (auto angles = dyn_cast<kern::AnglesOp>(op)) {
    limits.grain = angles.getHalf();
  } else if (auto slice = dyn_cast<kern::SliceOp>(op)) {
    join(slice.getX(), -int64_t(slice.getAt()));
  } else if (auto pad = dyn_cast<kern::PadOp>(op); pad && cutsAtPads()) {
    int64_t at = pad.getAt();
    for (int64_t cut : {at, at + widthOf(pad.getX())})
      if (cut > 0 && cut < widthOf(v))
        limits.cuts.push_back(cut);
    join(pad.getX(), at);
  } else if (auto concat = dyn_cast<kern::ConcatOp>(op)) {
    int64_t at = 0;
    for (Value part : concat.getParts()) {
      if (at > 0)
        limits.cuts.push_back(at);
      join(part, at);
      at += widthOf(part);
    }
  } else if (!isa<kern::ReduceOp, kern::MatvecOp, kern::LoadOp, kern::PadOp>(
                 op)) {
    for (Value x : op->getOperands())
      if (widthOf(x) == widthOf(v))
        join(x, 0);
  }
  llvm::sort(limits.cuts);
  limits.cuts.erase(llvm::unique(limits.cuts), limits.cuts.end());
  known[v] = limits;
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

Value RowEmitter::loadChunk(kern::LoadOp op, const Chunk &c) {
  RowAddress address = addresses.lookup(op);
  Value x = read(op.getBuffer(), address.pointer, c);
  if (!address.inside)
    return x;
  return k.choose(address.inside, x, k.splat(0.0, c.width));
}

void RowEmitter::beginPad(kern::PadOp) {}

Value RowEmitter::padChunk(kern::PadOp op, const Chunk &c) {
  int64_t at = op.getAt(), end = at + widthOf(op.getX());
  if (c.low >= at && c.high <= end)
    return chunkOf(op.getX(), c.moved(-at));
  return k.splat(0.0, c.width);
}

Value RowEmitter::spreadChunk(kern::SpreadOp op, const Chunk &c) {
  Value x = op.getX();
  if (widthOf(x) == 1)
    return k.splat(k.element(single.lookup(x), 0), c.width);
  int64_t times = widthOf(op.getY()) / widthOf(x);
  if (times == 1)
    return chunkOf(x, c);
  return k.splat(elementAt(x, groupOf(c, times)), c.width);
}

/// (a, b) → (a cos + b sin, b cos − a sin): every column is its own value times
/// cos plus its partner's times sin, whose sign the half of the pair decides.
Value RowEmitter::rotateChunk(kern::RotateOp op, const Chunk &c) {
  int64_t head = op.getHead(), half = head / 2;
  Value column = columnOf(c);
  Value inHead = k.rem(column, head);
  Value at = anglesAt(op, column);
  double first = op.getInverse() ? -1 : 1;
  Value x = chunkAt(op.getX(), column, c.width), partner, cos, sin, sign;
  if (op.getNeighbours() && c.width == 1) {
    Value upper = k.equal(k.rem(column, 2), k.index(1));
    Value other = k.add(column, k.choose(upper, k.index(-1), k.index(1)));
    partner = chunkAt(op.getX(), other, 1);
    cos = chunkAt(op.getCos(), at, 1);
    sin = chunkAt(op.getSin(), at, 1);
    sign = k.splat(k.choose(upper, k.f32(-first), k.f32(first)), 1);
  } else if (op.getNeighbours()) {
    int64_t pairs = c.width / 2;
    SmallVector<int64_t> swap(c.width), twice(c.width);
    SmallVector<float> signs(c.width);
    for (int64_t i = 0; i < c.width; ++i) {
      swap[i] = i ^ 1;
      twice[i] = i / 2;
      signs[i] = float(i % 2 ? -first : first);
    }
    partner = k.shuffle(x, x, swap);
    Value pairCos = chunkAt(op.getCos(), at, pairs);
    Value pairSin = chunkAt(op.getSin(), at, pairs);
    cos = k.shuffle(pairCos, pairCos, twice);
    sin = k.shuffle(pairSin, pairSin, twice);
    sign = k.op<arith::ConstantOp>(
        DenseElementsAttr::get(k.vector(c.width), ArrayRef<float>(signs)));
  } else {
    Value upper = k.less(k.index(half - 1), inHead);
    Value other = k.add(column, k.choose(upper, k.index(-half), k.index(half)));
    partner = partnerOf(op, x, other, c);
    cos = chunkAt(op.getCos(), at, c.width);
    sin = chunkAt(op.getSin(), at, c.width);
    sign = k.splat(k.choose(upper, k.f32(-first), k.f32(first)), c.width);
  }
  return k.fadd(k.fmul(x, cos), k.fmul(partner, k.fmul(sin, sign)));
}

Value RowEmitter::anglesAt(kern::RotateOp op, Value at) {
  int64_t head = op.getHead(), half = head / 2;
  Value inHead = k.rem(at, head);
  Value table = k.mul(k.rem(k.div(at, head), op.getGroup()), half);
  return k.add(table,
               op.getNeighbours() ? k.div(inHead, 2) : k.rem(inHead, half));
}

Value RowEmitter::partnerOf(kern::RotateOp op, Value, Value at,
                            const Chunk &c) {
  return chunkAt(op.getX(), at, c.width);
}

Value RowEmitter::outerChunk(kern::OuterOp op, const Chunk &c) {
  int64_t n = widthOf(op.getB());
  Value column = columnOf(c);
  Value a = k.splat(elementAt(op.getA(), k.div(column, n)), c.width);
  if (n == 1)
    return k.fmul(a, k.splat(k.element(single.lookup(op.getB()), 0), c.width));
  return k.fmul(a, chunkAt(op.getB(), k.rem(column, n), c.width));
}

/// y_c = Σ_g w[g, c] x_g, ascending g.
Value RowEmitter::matvecChunk(kern::MatvecOp op, const Chunk &c) {
  int64_t n = widthOf(op.getY()), rows = widthOf(op.getX());
  Value column = columnOf(c);
  auto term = [&](Value g) {
    Value w = chunkAt(op.getW(), k.add(k.mul(g, n), column), c.width);
    return k.fmul(w, k.splat(elementAt(op.getX(), g), c.width));
  };
  Value zero = k.splat(0.0, c.width);
  if (rows > 32) {
    Value sum;
    inScope([&] {
      sum = k.loop(k.index(0), k.index(rows), 1, zero,
                   [&](Value g, ValueRange carried) {
                     return KernelBuilder::Values{k.fadd(carried[0], term(g))};
                   })[0];
    });
    return sum;
  }
  Value sum = zero;
  for (int64_t g = 0; g < rows; ++g)
    sum = k.fadd(sum, term(k.index(g)));
  return sum;
}

Value RowEmitter::anglesChunk(kern::AnglesOp op, bool cosine, const Chunk &c) {
  int64_t half = op.getHalf();
  Type f32 = k.vector(c.width), f64 = k.vector(c.width, k.f64Type());
  Value column = columnOf(c);
  Value position =
      k.add(k.mul(scalarOf(op.getRow()), op.getGroup()), k.div(column, half));
  Value x = k.op<arith::SIToFPOp>(k.f32Type(), position);
  Value f = k.load(f64, k.at(frequencies.lookup(op), k.rem(column, half), 8));
  Value product = k.fmul(k.op<arith::TruncFOp>(f32, f), k.splat(x, c.width));
  Value angle = k.op<arith::ExtFOp>(f64, product);
  Value y = cosine ? k.op<math::CosOp>(angle) : k.op<math::SinOp>(angle);
  return k.op<arith::TruncFOp>(k.vector(c.width), y);
}

Value RowEmitter::streamOf(kern::RandomOp op) {
  return k.op<arith::ConstantOp>(
      k.b.getI32IntegerAttr(int32_t(op.getStream())));
}

/// The parts of the counter go one after the other through a bijective mixer
/// of 32 bits; a second key made of the first part keeps two streams from
/// being permutations of each other.
Value RowEmitter::randomChunk(kern::RandomOp op, const Chunk &c) {
  auto like = [&](Value to, int64_t value) -> Value {
    if (auto type = dyn_cast<VectorType>(to.getType()))
      return k.op<arith::ConstantOp>(DenseElementsAttr::get(
          type, k.b.getI32IntegerAttr(int32_t(uint32_t(value)))));
    return k.op<arith::ConstantOp>(
        k.b.getI32IntegerAttr(int32_t(uint32_t(value))));
  };
  auto mix = [&](Value h) {
    auto fold = [&](int64_t n) {
      h = k.op<arith::XOrIOp>(h, k.op<arith::ShRUIOp>(h, like(h, n)));
    };
    fold(16);
    h = k.op<arith::MulIOp>(h, like(h, 0x7feb352d));
    fold(15);
    h = k.op<arith::MulIOp>(h, like(h, 0x846ca68b));
    fold(16);
    return h;
  };
  auto low = [&](Value x) { return k.narrow(x); };
  auto high = [&](Value x) { return low(k.shr(x, 32)); };
  auto absorb = [&](Value h, Value x) {
    return mix(k.op<arith::XOrIOp>(h, x));
  };
  Value seed = k.op<arith::FPToSIOp>(k.i64Type(), numberOf(op.getSeed()));
  Value h = mix(k.op<arith::AddIOp>(low(seed), like(low(seed), 0x9e3779b9)));
  h = absorb(h, high(seed));
  h = absorb(h, streamOf(op));
  h = absorb(h, like(h, op.getDraw()));
  Value first =
      k.add(k.mul(scalarOf(op.getRow()), widthOf(op.getY())), columnOf(c));
  Type i64s = k.vector(c.width, k.i64Type());
  SmallVector<int64_t> lanes(c.width);
  std::iota(lanes.begin(), lanes.end(), 0);
  Value index = k.op<arith::AddIOp>(
      k.splat(first, c.width),
      k.op<arith::ConstantOp>(DenseElementsAttr::get(
          cast<VectorType>(i64s), ArrayRef<int64_t>(lanes))));
  Type i32s = k.vector(c.width, k.i32Type());
  Value indexLow = k.op<arith::TruncIOp>(i32s, index);
  Value shift = k.splat(k.i64(32), c.width);
  Value indexHigh =
      k.op<arith::TruncIOp>(i32s, k.op<arith::ShRUIOp>(index, shift));
  Value key = mix(k.op<arith::AddIOp>(h, like(h, 0x85ebca6b)));
  Value v = absorb(k.splat(h, c.width), indexHigh);
  v = absorb(v, indexLow);
  v = mix(k.op<arith::AddIOp>(v, k.splat(key, c.width)));
  Value bits = k.op<arith::ShRUIOp>(v, like(v, 8));
  return k.fmul(k.op<arith::SIToFPOp>(k.vector(c.width), bits),
                k.splat(0x1p-24, c.width));
}

Value RowEmitter::concatChunk(kern::ConcatOp op, const Chunk &c) {
  int64_t at = 0;
  for (Value part : op.getParts()) {
    int64_t end = at + widthOf(part);
    if (c.low >= at && c.high <= end) {
      if (widthOf(part) == 1)
        return single.lookup(part);
      return chunkOf(part, c.moved(-at));
    }
    at = end;
  }
  llvm_unreachable("a chunk crosses the parts of a concatenation");
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value RowEmitter::window(Value x, Value base, int64_t shift, int64_t count,
                         int64_t width, bool maximum) {
  double neutral = maximum ? -std::numeric_limits<double>::infinity() : 0;
  Value sum;
  for (int64_t at = 0; at < count; at += kLanes) {
    int64_t n = std::min(kLanes, count - at);
    Value lanes;
    if (n == kLanes && width == kLanes) {
      lanes = chunkOf(x, {base, shift + at, 0, widthOf(x), kLanes});
    } else {
      lanes = k.splat(neutral, kLanes);
      for (int64_t i = 0, w = width; i < n; w /= 2)
        for (; i + w <= n; i += w) {
          Value piece = chunkOf(x, {base, shift + at + i, 0, widthOf(x), w});
          lanes = k.op<vector::InsertStridedSliceOp>(
              piece, lanes, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1});
        }
    }
    if (!sum)
      sum = lanes;
    else
      sum = maximum ? k.fmax(sum, lanes) : k.fadd(sum, lanes);
  }
  return k.foldLanes(sum, maximum);
}

void RowEmitter::reduceRow(kern::ReduceOp op) {
  Value x = op.getX();
  if (!limitsOf(x).cuts.empty())
    materialise(x);
  bool maximum = op.getHow() == "max";
  int64_t groups = widthOf(op.getY()), size = widthOf(x) / groups;
  int64_t width = kLanes;
  if (int64_t grain = limitsOf(x).grain)
    width = std::gcd(width, std::gcd(grain, groups > 1 ? size : 0));
  auto fold = [&](Value begin) {
    Value total = k.f32(maximum ? -std::numeric_limits<double>::infinity() : 0);
    auto join = [&](Value total, Value part) {
      return maximum ? k.fmax(total, part) : k.fadd(total, part);
    };
    int64_t full = size / kern::kSumWindow * kern::kSumWindow;
    if (full)
      total = k.loop(begin, k.add(begin, full), kern::kSumWindow, total,
                     [&](Value j, ValueRange carried) {
                       Value part;
                       inScope([&] {
                         part =
                             window(x, j, 0, kern::kSumWindow, width, maximum);
                       });
                       return KernelBuilder::Values{join(carried[0], part)};
                     })[0];
    if (size > full)
      inScope([&] {
        total =
            join(total, window(x, begin, full, size - full, width, maximum));
      });
    return total;
  };
  if (groups == 1) {
    single[op.getY()] = k.splat(fold(k.index(0)), 1);
    return;
  }
  Value buffer = rowBuffer(groups);
  k.loop(k.index(0), k.index(groups), 1, [&](Value g) {
    inScope([&] { k.store(fold(k.mul(g, size)), k.at(buffer, g)); });
  });
  buffered[op.getY()] = buffer;
}

/// y_g = Σ_c w[g, c] x_c, ascending c.
void RowEmitter::multiplyMatrix(kern::MatvecOp op) {
  int64_t n = widthOf(op.getX()), rows = widthOf(op.getY());
  Value buffer = rowBuffer(rows);
  forColumns(0, rows, 1, [&](Value g) {
    Value sum = k.loop(
        k.index(0), k.index(n), 1, k.f32(0), [&](Value i, ValueRange carried) {
          Value w, x;
          inScope([&] {
            w = elementAt(op.getW(), k.add(k.mul(g, n), i));
            x = elementAt(op.getX(), i);
          });
          return KernelBuilder::Values{k.fadd(carried[0], k.fmul(w, x))};
        })[0];
    keep(k.splat(sum, 1), buffer, {g, 0, 0, rows, 1});
  });
  sync();
  buffered[op.getY()] = buffer;
}

} // namespace gptc
