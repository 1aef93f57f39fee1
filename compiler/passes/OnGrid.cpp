//===- OnGrid.cpp - buffers of values rounded to a small format -----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/OnGrid.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/RoundOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// The codes of a value that is scale · round(x), with the scale.
static std::optional<std::pair<Value, double>>
matchScaled(Value value, ArrayRef<StringRef> grids) {
  double scale = 1;
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    DenseFPElementsAttr by;
    if (!matchPattern(product.getRhs(), m_Constant(&by)) || !by.isSplat())
      return std::nullopt;
    scale = by.getSplatValue<APFloat>().convertToFloat();
    value = product.getLhs();
  }
  auto round = value.getDefiningOp<RoundOp>();
  if (!round || round.getStored() ||
      !llvm::is_contained(grids, round.getGrid()))
    return std::nullopt;
  return std::make_pair(value, scale);
}

/// All of a buffer in memory of the part or of the run, no view.
static bool isWholeBuffer(Value buffer) {
  auto op = buffer.getDefiningOp<BufferOp>();
  return op && (op.getKind() == "workspace" || op.getKind() == "derived");
}

bool gptc::writesTo(Operation *user, Value buffer) {
  if (auto view = dyn_cast<ViewOp>(user))
    return llvm::any_of(view->getUsers(), [&](Operation *inner) {
      return writesTo(inner, view.getY());
    });
  return writtenBuffers(user).contains(buffer);
}

StringRef gptc::matchOnGrid(Value buffer, ArrayRef<StringRef> grids,
                            StringRef otherwise, OnGrid &found) {
  if (!isWholeBuffer(buffer))
    return "an operand is a part of another buffer, or no value of the graph";
  for (Operation *user : buffer.getUsers()) {
    if (!writesTo(user, buffer))
      continue;
    auto store = dyn_cast<StoreOp>(user);
    // An epilogue holds its rows in the order of the tensor cores.
    if (!store || !isa<RowsOp>(store->getParentOp()))
      return "an operand is not written by row programs alone";
    auto scaled = matchScaled(store.getValue(), grids);
    if (!scaled)
      return otherwise;
    auto [codes, scale] = *scaled;
    StringRef grid = codes.getDefiningOp<RoundOp>().getGrid();
    if (!found.stores.empty() && scale != found.scale)
      return "an operand has more than one scale";
    if (!found.stores.empty() && grid != found.grid)
      return "an operand is on two grids";
    found.grid = grid;
    found.scale = scale;
    found.stores.push_back({store, codes});
  }
  return found.stores.empty() ? "nothing writes an operand" : "";
}

void gptc::scaleProduct(ContractOp op, double scale) {
  if (scale == 1)
    return;
  Block &body = op.getBody().front();
  Value product = body.getArgument(1);
  OpBuilder b = OpBuilder::atBlockBegin(&body);
  auto type = cast<VectorType>(product.getType());
  Value by = arith::ConstantOp::create(
      b, op.getLoc(), DenseElementsAttr::get(type, float(scale)));
  auto scaled = arith::MulFOp::create(b, op.getLoc(), product, by);
  product.replaceAllUsesExcept(scaled, scaled);
}
