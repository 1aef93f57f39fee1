//===- Triangle.cpp - the tiles of a symmetric product --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Triangle.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

Triangle::Place Triangle::place(Value tile) {
  // Fold f has the tiles of row `down - 1 - f`, then those of row f, or of the
  // one before it where rows are odd in number: of none in the first fold.
  int64_t odd = down % 2, wide = down + 1 - odd;
  Value fold = e.div(tile, wide);
  Value at = e.sub(tile, e.mul(fold, wide));
  Value longer = e.sub(e.i32(down), fold);
  Value isLonger = e.inside(at, longer);
  Value i =
      e.choose(isLonger, e.sub(longer, e.i32(1)), e.sub(fold, e.i32(odd)));
  Value j = e.choose(isLonger, at, e.sub(at, longer));
  return {e.mul(i, kTileM), e.mul(j, kTileM), e.equal(i, j)};
}
