//===- AttentionTile.h - a tile of attention's scores -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_CPU_ATTENTIONTILE_H
#define GPTC_COMPILER_TARGETS_CPU_ATTENTIONTILE_H

#include "compiler/targets/cpu/Context.h"
#include "compiler/targets/cpu/Micro.h"

namespace gptc::cpu {

/// A tile is 128 queries by 128 keys of one head.
constexpr int64_t kTile = 128;

/// The kernel of one attention op: scores of a tile, and which of them count.
template <typename OpT> class AttentionTile {
public:
  using Value = mlir::Value;

  AttentionTile(Context &c, OpT op)
      : c(c), k(c.k), head(op.getHead()), group(op.getGroup()),
        padded((head + kColumnSliver - 1) / kColumnSliver * kColumnSliver),
        next(c.scratch()), docs(c.pointerOf(op.getDocs())),
        docsStride(c.strideOf(op.getDocs())) {
    window = k.template op<mlir::arith::FPToSIOp>(k.i64Type(),
                                                  c.numberOf(op.getWindow()));
    scale = k.template op<mlir::arith::TruncFOp>(k.f32Type(),
                                                 c.numberOf(op.getScale()));
  }

  /// Scratch floats of packed rows, of packed columns, of a tile of scores and
  /// of a tile of rows of the head.
  static int64_t packedSize(int64_t head) { return kTile * head; }
  static int64_t paddedSize(int64_t head) {
    return kTile * blocksOf(head, kColumnSliver) * kColumnSliver;
  }

  /// The next `floats` of the thread's scratch.
  Value take(int64_t floats) {
    Value at = next;
    next = k.at(next, floats);
    return at;
  }

  /// The first key that query s sees.
  Value firstKey(Value s) {
    Value document =
        k.load(k.i32Type(), k.at(docs, k.mul(k.div(s, group), docsStride)));
    Value start = k.mul(
        k.template op<mlir::arith::ExtSIOp>(k.i64Type(), document), group);
    return k.max(k.sub(s, window), start);
  }

  /// Lanes of keys [key, key + 16) that lie in [first, last].
  Value visible(Value key, Value first, Value last) {
    llvm::SmallVector<int64_t> lanes(16);
    for (int64_t i = 0; i < 16; ++i)
      lanes[i] = i;
    auto type = k.vector(16, k.i64Type());
    Value at = k.template op<mlir::arith::AddIOp>(
        k.splat(k.sub(key, first), 16),
        k.template op<mlir::arith::ConstantOp>(mlir::DenseElementsAttr::get(
            type, llvm::ArrayRef<int64_t>(lanes))));
    Value count = k.splat(k.sub(k.add(last, 1), first), 16);
    return k.inside(at, count);
  }

  /// Row s of head h of a [S, heads·head] view.
  Value rowOf(Value buffer, Value s, Value h) {
    Value at = k.add(k.mul(s, c.strideOf(buffer)), k.mul(h, head));
    return k.at(c.pointerOf(buffer), at);
  }

  void clear(Value tile, int64_t floats) {
    k.loop(k.i64(0), k.i64(floats), 16,
           [&](Value i) { k.store(k.splat(0.0, 16), k.at(tile, i)); });
  }

  /// Widest chunk of a head's columns.
  int64_t width() const { return std::min<int64_t>(16, head & -head); }
  void forColumns(llvm::function_ref<void(Value)> body) {
    k.loop(k.i64(0), k.i64(head), width(), body);
  }
  mlir::VectorType chunk() { return k.vector(width()); }

  Context &c;
  KernelBuilder &k;
  int64_t head, group, padded;
  Value next, docs, docsStride, window, scale;
};

} // namespace gptc::cpu

#endif // GPTC_COMPILER_TARGETS_CPU_ATTENTIONTILE_H
