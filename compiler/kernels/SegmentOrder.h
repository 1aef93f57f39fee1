//===- SegmentOrder.h - positions sorted by token ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the kernels of ordered segments read of the order, on every target.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_KERNELS_SEGMENTORDER_H
#define GPTC_COMPILER_KERNELS_SEGMENTORDER_H

#include "compiler/kernels/KernelBuilder.h"

namespace gptc {

/// The positions of tokens in the order of their tokens. A place is a number
/// below `places`, an index; addresses are those of i32.
struct SegmentOrder {
  using Value = mlir::Value;

  KernelBuilder &k;
  Value tokens, order, places;

  Value positionAt(Value place) { return integer(order, place); }
  Value tokenAt(Value place) { return integer(tokens, positionAt(place)); }
  /// Whether the place is there and holds `token`.
  Value holds(Value place, Value token) {
    Value inside = k.inside(place, places);
    Value safe = k.choose(inside, place, k.index(0));
    return k.both(inside, k.equal(tokenAt(safe), token));
  }

private:
  Value integer(Value base, Value i) {
    return k.signedIndex(k.load(k.i32Type(), k.at(base, i)));
  }
};

} // namespace gptc

#endif // GPTC_COMPILER_KERNELS_SEGMENTORDER_H
