//===- Fills.cpp - fills of any shape by one kernel -----------------------===//
//
// Part of gptc, under the MIT License.
//
// A program that stores a constant in all of a matrix whose rows lie side by
// side fills so many elements, whatever its rows are: it takes them in rows of
// one length, or, if they are few, one by one, so that a kernel serves all
// shapes of a type.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"

using namespace mlir;
using namespace gptc;

/// Columns of a row that a warp stores in three turns, and elements up to which
/// eight lanes may store one.
static constexpr int64_t kFilled = 768, kFew = 8192;

void gptc::nvptx::flattenFill(kern::RowsOp op) {
  Block &program = op.getBody().front();
  auto value = dyn_cast<arith::ConstantOp>(program.front());
  auto store = dyn_cast<kern::StoreOp>(program.back());
  if (!value || !store || value->getNextNode() != store ||
      store.getValue() != value.getResult())
    return;
  auto type = cast<MemRefType>(store.getBuffer().getType());
  int64_t rows = kern::rowsOf(type), columns = kern::columnsOf(type);
  if (rows != int64_t(op.getRows()) ||
      (rows > 1 && kern::rowStrideOf(type) != columns))
    return;
  int64_t width = rows * columns % kFilled ? 1 : kFilled;
  if (width == columns || (width == 1 && rows * columns > kFew))
    return;
  OpBuilder b(op);
  int64_t offset = kern::offsetOf(type);
  auto flat =
      MemRefType::get({rows * columns / width, width}, type.getElementType());
  if (offset)
    flat = MemRefType::get(
        flat.getShape(), type.getElementType(),
        StridedLayoutAttr::get(b.getContext(), offset, {width, 1}));
  auto constant = cast<DenseElementsAttr>(value.getValue());
  auto row = VectorType::get({width}, constant.getElementType());
  value.setValueAttr(constant.resizeSplat(row));
  value.getResult().setType(row);
  store.getBufferMutable().assign(kern::ViewOp::create(
      b, op.getLoc(), flat, kern::rootOf(store.getBuffer()).getY()));
  op.setRows(flat.getDimSize(0));
}
