//===- EpilogueMirror.cpp - what a symmetric product stores twice ---------===//
//
// Part of gptc, under the MIT License.
//
// A chunk of a tile below the diagonal is stored as it is, and turned above the
// diagonal: its columns are rows there, of which a warp has 16 columns, two
// lanes 16 bytes each, whole sectors. They are turned on their way through
// shared memory (Staging.h).
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Epilogue.h"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

void Epilogue::mirror(kern::StoreOp store) {
  auto type = cast<MemRefType>(store.getBuffer().getType());
  ValueRange elements = values[store.getValue()];
  Value place = e.address(store.getBuffer());
  e.ifThen(mirrored.below, [&] {
    Values pairs;
    for (size_t i = 0; i < elements.size(); i += kPair)
      pairs.push_back(e.pack(elements[i], elements[i + 1]));
    Value octet = e.shl(e.bitAnd(lane, 1), 3);
    // Rows of a product end at multiples of eight, as octets do.
    Value column = e.add(warpRow, octet);
    Value there = inside[0] ? e.inside(column, m) : Value();
    Value row = e.add(e.add(mirrored.first, mirrored.column),
                      e.add(e.shr(lane, 1), chunk));
    Value stride = e.i64(kern::rowStrideOf(type));
    Value at = e.add(e.op<arith::MulIOp>(e.widen(row), stride),
                     e.widen(e.sub(column, mirrored.first)));
    Value to = e.offset(place, e.mul(at, 2));
    for (auto [i, x] : llvm::enumerate(staging->turn(pairs))) {
      auto write = [&, x = x, i = i] {
        LLVM::StoreOp::create(
            e.b, e.loc, x,
            e.offset(to, int64_t(i) * 16 * 2 * kern::rowStrideOf(type)),
            /*alignment=*/16);
      };
      there ? e.ifThen(there, write) : write();
    }
  });
}
