//===- AttentionSimt.cpp - attention by warps, of any shape ---------------===//
//
// Part of gptc, under the MIT License.
//
// A warp takes a head's query, or its key: every lane owns some of the head's
// columns, scores are sums over the warp. Forward keeps a running maximum and
// sum (Milakov and Gimelshein, "Online normalizer calculation for softmax",
// 2018). With z = scale q·k, p = exp(z − lse), backward is
//   dz = p scale (dy·v − dy·y), dq = Σ_keys dz k,
//   dk = Σ_queries dz q, dv = Σ_queries p dy,
// the first by warps of queries and the others by warps of keys, in one launch:
// every row has one writer, sums ascend, and no score is stored. On the cores
// for f32, so it takes any head size, and the time of one that multiplies rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/AttentionSimt.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/AttentionOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

constexpr int64_t kThreads = 256, kWarp = 32;
/// Pairs of a query and a key whose loads and sums are in flight together.
constexpr int64_t kAtOnce = 4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One op's kernel; a unit is a warp's query or key of a head.
template <typename OpT> class Attention {
public:
  Attention(OpT op, ModuleOp module, llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), kThreads), k(e.wide()),
        head(op.getHead()), group(op.getGroup()) {
    while (kWarp * width < head || head % width)
      ++width;
  }

  LLVM::LLVMFuncOp build(Launch &launch);

private:
  /// Reads the launch's arguments and places the warp.
  void begin();
  void emit();
  void forward(Value h, Value s);
  void queryGradient(Value h, Value s);
  void keyGradient(Value h, Value j);

  Value rowOf(Value buffer, Value s, Value h);
  /// The lane's columns of a row, as f32; lanes beyond the head have zeros.
  Value load(Value buffer, Value s, Value h);
  void store(Value x, Value buffer, Value s, Value h);
  /// A number a position and head.
  Value at(Value buffer, Value s, Value h) {
    auto type = cast<MemRefType>(buffer.getType());
    return k.at(e.address(buffer), k.add(k.mul(s, kern::rowStrideOf(type)), h));
  }
  /// The first key that query s sees.
  Value firstKey(Value s);
  /// Over the whole row of a product, in every lane.
  Value dot(Value x, Value y);
  Value splat(Value x) { return k.splat(x, width); }
  Value exp(Value x) { return k.op<math::ExpOp>(x); }

  OpT op;
  Kernel e;
  NvptxBuilder k;
  int64_t head, group, width = 1;
  Value positions, lane, column, active, window, scale, unit;
};

} // namespace

template <typename OpT> void Attention<OpT>::begin() {
  // Parameters stand in the op's order.
  for (Value operand : op->getOperands())
    if (isa<MemRefType>(operand.getType()))
      e.address(operand);
    else
      e.placeOf(operand);
  window = k.op<arith::FPToSIOp>(k.i64Type(), e.number(k, op.getWindow()));
  scale = k.op<arith::TruncFOp>(k.f32Type(), e.number(k, op.getScale()));
  int64_t rows = kern::rowsOf(cast<MemRefType>(op.getQ().getType()));
  positions = k.index(e.integer(rows));
  Value thread = k.index(k.threadIndex());
  Value block = k.index(k.blockIndex());
  lane = k.rem(thread, kWarp);
  unit = k.add(k.mul(block, kThreads / kWarp), k.div(thread, kWarp));
  column = k.mul(lane, width);
  active = k.less(column, k.i64(head));
  column = k.choose(active, column, k.i64(0));
}

template <typename OpT>
Value Attention<OpT>::rowOf(Value buffer, Value s, Value h) {
  auto type = cast<MemRefType>(buffer.getType());
  Value at = k.add(k.mul(s, kern::rowStrideOf(type)), k.mul(h, head));
  return k.at(e.address(buffer), k.add(at, column),
              elementBytes(type.getElementType()));
}

template <typename OpT>
Value Attention<OpT>::load(Value buffer, Value s, Value h) {
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType();
  int64_t aligned = std::gcd(std::gcd(kern::rowStrideOf(type), head),
                             std::gcd(kern::offsetOf(type), width));
  Value x = k.op<LLVM::LoadOp>(
      k.vector(width, element), rowOf(buffer, s, h),
      std::gcd<int64_t>(16, aligned * elementBytes(element)));
  if (element.isBF16())
    x = k.op<arith::ExtFOp>(k.vector(width), x);
  return k.choose(active, x, k.splat(0.0, width));
}

template <typename OpT>
void Attention<OpT>::store(Value x, Value buffer, Value s, Value h) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (element.isBF16())
    x = k.op<arith::TruncFOp>(k.vector(width, element), x);
  k.ifThen(active, [&] { k.store(x, rowOf(buffer, s, h)); });
}

template <typename OpT> Value Attention<OpT>::firstKey(Value s) {
  auto type = cast<MemRefType>(op.getDocs().getType());
  Value at = k.mul(k.div(s, group), kern::rowStrideOf(type));
  Value document = k.load(k.i32Type(), k.at(e.address(op.getDocs()), at));
  Value start = k.mul(k.op<arith::ExtSIOp>(k.i64Type(), document), group);
  return k.max(k.sub(s, window), start);
}

template <typename OpT> Value Attention<OpT>::dot(Value x, Value y) {
  Value product = k.fmul(x, y), sum = k.element(product, 0);
  for (int64_t i = 1; i < width; ++i)
    sum = k.fadd(sum, k.element(product, i));
  for (int64_t distance = 1; distance < kWarp; distance *= 2)
    sum = k.fadd(sum, k.shuffleXor(sum, distance));
  return sum;
}

//===----------------------------------------------------------------------===//
// Forward
//===----------------------------------------------------------------------===//

template <> void Attention<kern::AttentionOp>::forward(Value h, Value s) {
  Value q = load(op.getQ(), s, h);
  Values end =
      k.loop(firstKey(s), k.add(s, 1), kAtOnce,
             {k.f32(-kInfinity), k.f32(0), k.splat(0.0, width)},
             [&](Value from, ValueRange carried) {
               Values scores, rows;
               Value largest = carried[0];
               for (int64_t i = 0; i < kAtOnce; ++i) {
                 Value key = k.add(from, i), seen = k.less(key, k.add(s, 1));
                 key = k.choose(seen, key, s);
                 Value z = k.fmul(dot(q, load(op.getK(), key, h)), scale);
                 scores.push_back(k.choose(seen, z, k.f32(-kInfinity)));
                 rows.push_back(load(op.getV(), key, h));
                 largest = k.fmax(largest, scores.back());
               }
               Value factor = exp(k.fsub(carried[0], largest));
               Value total = k.fmul(carried[1], factor);
               Value sum = k.fmul(carried[2], splat(factor));
               for (auto [z, row] : llvm::zip_equal(scores, rows)) {
                 Value p = exp(k.fsub(z, largest));
                 total = k.fadd(total, p);
                 sum = k.fadd(sum, k.fmul(splat(p), row));
               }
               return Values{largest, total, sum};
             });
  Value y = k.op<arith::DivFOp>(end[2], splat(end[1]));
  if (op.getGates())
    y = k.fmul(y, splat(k.load(k.f32Type(), at(op.getGates(), s, h))));
  store(y, op.getY(), s, h);
  Value lse = k.fadd(end[0], k.op<math::LogOp>(end[1]));
  k.ifThen(k.equal(lane, k.i64(0)),
           [&] { k.store(lse, at(op.getLse(), s, h)); });
}

template <> void Attention<kern::AttentionOp>::emit() {
  k.ifThen(k.less(unit, k.mul(positions, k.i64(op.getHeads()))),
           [&] { forward(k.div(unit, positions), k.rem(unit, positions)); });
}

//===----------------------------------------------------------------------===//
// Backward
//===----------------------------------------------------------------------===//

template <>
void Attention<kern::AttentionBackwardOp>::queryGradient(Value h, Value s) {
  Value q = load(op.getQ(), s, h), dy = load(op.getDy(), s, h);
  Value lse = k.load(k.f32Type(), at(op.getLse(), s, h));
  Value delta = k.load(k.f32Type(), at(op.getDelta(), s, h));
  Value sum =
      k.loop(firstKey(s), k.add(s, 1), kAtOnce, k.splat(0.0, width),
             [&](Value from, ValueRange carried) {
               Value sum = carried[0];
               for (int64_t i = 0; i < kAtOnce; ++i) {
                 Value key = k.add(from, i), seen = k.less(key, k.add(s, 1));
                 key = k.choose(seen, key, s);
                 Value row = load(op.getK(), key, h);
                 Value p = exp(k.fsub(k.fmul(dot(q, row), scale), lse));
                 Value slope = k.fsub(dot(dy, load(op.getV(), key, h)), delta);
                 Value dz = k.fmul(k.fmul(p, slope), scale);
                 dz = k.choose(seen, dz, k.f32(0));
                 sum = k.fadd(sum, k.fmul(splat(dz), row));
               }
               return Values{sum};
             })[0];
  store(sum, op.getDq(), s, h);
}

/// Documents begin later and later, so the queries that see a key are
/// consecutive.
template <>
void Attention<kern::AttentionBackwardOp>::keyGradient(Value h, Value j) {
  Value key = load(op.getK(), j, h), value = load(op.getV(), j, h);
  auto sees = [&](Value s) { return k.less(firstKey(s), k.add(j, 1)); };
  Values end = k.loopWhile(
      {j, k.splat(0.0, width), k.splat(0.0, width)},
      [&](ValueRange carried) {
        Value more = k.less(carried[0], positions);
        Value safe = k.choose(more, carried[0], j);
        return k.both(more, sees(safe));
      },
      [&](ValueRange carried) {
        Value dk = carried[1], dv = carried[2];
        for (int64_t i = 0; i < kAtOnce; ++i) {
          Value s = k.add(carried[0], i), more = k.less(s, positions);
          s = k.choose(more, s, j);
          Value seen = k.both(more, sees(s));
          Value q = load(op.getQ(), s, h), dy = load(op.getDy(), s, h);
          Value lse = k.load(k.f32Type(), at(op.getLse(), s, h));
          Value z = k.fmul(dot(q, key), scale);
          Value p = k.choose(seen, exp(k.fsub(z, lse)), k.f32(0));
          Value delta = k.load(k.f32Type(), at(op.getDelta(), s, h));
          Value slope = k.fsub(dot(dy, value), delta);
          Value dz = k.choose(seen, k.fmul(k.fmul(p, slope), scale), k.f32(0));
          dv = k.fadd(dv, k.fmul(splat(p), dy));
          dk = k.fadd(dk, k.fmul(splat(dz), q));
        }
        return Values{k.add(carried[0], kAtOnce), dk, dv};
      });
  store(end[1], op.getDk(), j, h);
  store(end[2], op.getDv(), j, h);
}

template <> void Attention<kern::AttentionBackwardOp>::emit() {
  Value count = k.mul(positions, k.i64(op.getHeads()));
  Value ofKeys = k.op<arith::CmpIOp>(arith::CmpIPredicate::sge, unit, count);
  Value own = k.choose(ofKeys, k.sub(unit, count), unit);
  k.ifThen(k.less(own, count), [&] {
    Value h = k.div(own, positions), s = k.rem(own, positions);
    k.ifThen(ofKeys, [&] { keyGradient(h, s); }, [&] { queryGradient(h, s); });
  });
}

template <typename OpT> LLVM::LLVMFuncOp Attention<OpT>::build(Launch &launch) {
  begin();
  emit();
  int64_t rows = kern::rowsOf(cast<MemRefType>(op.getQ().getType()));
  int64_t units = rows * int64_t(op.getHeads());
  if (std::is_same_v<OpT, kern::AttentionBackwardOp>)
    units *= 2;
  e.launch.blocks = llvm::divideCeil(units, kThreads / kWarp);
  return e.finish(launch);
}

LLVM::LLVMFuncOp
gptc::nvptx::buildAttentionSimt(kern::AttentionOp op, ModuleOp module,
                                llvm::SetVector<Value> &numbers,
                                Launch &launch) {
  return Attention<kern::AttentionOp>(op, module, numbers).build(launch);
}

LLVM::LLVMFuncOp
gptc::nvptx::buildAttentionSimt(kern::AttentionBackwardOp op, ModuleOp module,
                                llvm::SetVector<Value> &numbers,
                                Launch &launch) {
  return Attention<kern::AttentionBackwardOp>(op, module, numbers)
      .build(launch);
}
