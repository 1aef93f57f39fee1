//===- FlattenStacks.cpp - rows of stacks are rows of their matrices ------===//
//
// Part of gptc, under the MIT License.
//
// Kernels run over rows, the first dimension of a tensor. To an optimizer's
// stack [B, M, N] that would be B rows of M·N columns: few, and too long for
// any register file. Here every op that computes row t of a matrix from row t
// of others gets all B·M rows: [B, M, N] is seen as [B·M, N], a number a row
// [B, M] as [B·M, 1], a number a matrix [B] as one a row. What is not made of
// rows (products, transposes) stays as it is; reshapes that meet fall out. A
// parameter that has three dimensions itself and no products, as a bank of
// gates has, stands in its own rows and keeps them.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/Check.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/GramOp.h.inc"
#include "dialect/gpt/LinearOp.h.inc"
#include "dialect/gpt/MatmulOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/MulOp.h.inc"
#include "dialect/gpt/OuterOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReduceOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/TransposeOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_FLATTENSTACKS
#include "compiler/passes/FlattenStacks.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

static RankedTensorType typeOf(Value v) {
  return dyn_cast<RankedTensorType>(v.getType());
}

static bool hasThreeDims(Value v) {
  RankedTensorType type = typeOf(v);
  return type && type.getRank() == 3;
}

/// Whether an op computes row by row, with as many rows as it likes.
static bool isOfRows(Operation *op) {
  return isElementwise(op) || isa<FillOp>(op);
}

/// The stacks of a part: what is seen as one or goes through products of
/// matrices, and all that is computed with it row by row.
static DenseSet<Value> stacksOf(PartOp part) {
  DenseSet<Value> stacks;
  SmallVector<Value> work;
  auto add = [&](ValueRange values) {
    for (Value v : values)
      if (hasThreeDims(v) && stacks.insert(v).second)
        work.push_back(v);
  };
  for (Operation &op : part.getBody().front())
    if (isa<ReshapeOp>(op)
            ? !hasThreeDims(op.getOperand(0))
            : isa<GramOp, LinearOp, MatmulOp, gptc::gpt::OuterOp, TransposeOp>(
                  op)) {
      add(op.getResults());
      add(op.getOperands());
    }
  while (!work.empty()) {
    Value v = work.pop_back_val();
    SmallVector<Operation *> ops(v.getUsers());
    if (Operation *def = v.getDefiningOp())
      ops.push_back(def);
    for (Operation *op : ops)
      if (op->getParentOp() == part && isOfRows(op)) {
        add(op->getResults());
        add(op->getOperands());
      }
  }
  return stacks;
}

/// x as [rows, columns], through what it is a reshape of.
static Value flat(OpBuilder &b, Location loc, Value x, int64_t rows,
                  int64_t columns) {
  auto type = RankedTensorType::get({rows, columns}, elementOf(x.getType()));
  while (auto reshape = x.getDefiningOp<ReshapeOp>())
    x = reshape.getX();
  return reshaped(b, loc, x, type);
}

namespace {

struct FlattenStacks : gptc::impl::FlattenStacksBase<FlattenStacks> {
  using FlattenStacksBase::FlattenStacksBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      for (PartOp part : model.getOps<PartOp>())
        if (part.getKind() == "update")
          flattenAll(part);
  }

  static void flattenAll(PartOp part) {
    DenseSet<Value> stacks = stacksOf(part);
    SmallVector<Operation *> found;
    for (Operation &op : part.getBody().front())
      if (isa<UpdateOp>(op) ||
          (isOfRows(&op) && stacks.contains(op.getResult(0))) ||
          (isa<ReduceOp>(op) && stacks.contains(op.getOperand(0))))
        found.push_back(&op);
    for (Operation *op : found) {
      if (auto reduce = dyn_cast<ReduceOp>(op))
        flattenReduce(reduce);
      else if (auto update = dyn_cast<UpdateOp>(op))
        flattenUpdate(update);
      else
        flattenElementwise(op);
    }
  }

  /// x beside the rows of a stack [B, M, N], as [B·M, N] or [B·M, 1]; null
  /// where it is neither a row's nor a matrix's.
  static Value rowsOf(OpBuilder &b, Location loc, Value x,
                      ArrayRef<int64_t> stack) {
    RankedTensorType type = typeOf(x);
    int64_t matrices = stack[0], rows = stack[1], columns = stack[2];
    auto size = [&](unsigned i) {
      return i < type.getRank() ? type.getDimSize(i) : 1;
    };
    if (type.getRank() == 0)
      return x;
    if (size(0) != matrices)
      return {};
    if (size(1) == rows && (size(2) == columns || size(2) == 1))
      return flat(b, loc, x, matrices * rows, size(2));
    if (size(1) != 1 || size(2) != 1)
      return {};
    // A number a matrix: once for each of its rows.
    auto perRow =
        RankedTensorType::get({matrices, rows}, type.getElementType());
    Value ones = filled(b, loc, perRow, 1);
    Value spread =
        MulOp::create(b, loc, perRow, ones, flat(b, loc, x, matrices, 1));
    return flat(b, loc, spread, matrices * rows, 1);
  }

  static void flattenElementwise(Operation *op) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    RankedTensorType type = typeOf(op->getResult(0));
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      Value rows =
          typeOf(operand) ? rowsOf(b, loc, operand, type.getShape()) : operand;
      if (!rows)
        return;
      operands.push_back(rows);
    }
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    copy->getResult(0).setType(RankedTensorType::get(
        {type.getDimSize(0) * type.getDimSize(1), type.getDimSize(2)},
        type.getElementType()));
    op->getResult(0).replaceAllUsesWith(
        reshaped(b, loc, copy->getResult(0), type));
    op->erase();
  }

  /// Sums of rows first, of which a matrix's are then summed.
  static void flattenReduce(ReduceOp op) {
    RankedTensorType from = typeOf(op.getX()), to = typeOf(op.getY());
    int64_t matrices = from.getDimSize(0), rows = from.getDimSize(1);
    auto size = [&](unsigned i) {
      return i < to.getRank() ? to.getDimSize(i) : 1;
    };
    if (size(0) != matrices || size(2) != 1)
      return;
    bool ofRows = size(1) == rows; // else of matrices
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto summed = [&](Value x, int64_t n) -> Value {
      return reduceTo(b, loc, x,
                      RankedTensorType::get({n, 1}, to.getElementType()));
    };
    Value sums =
        summed(flat(b, loc, op.getX(), matrices * rows, from.getDimSize(2)),
               matrices * rows);
    if (!ofRows)
      sums = summed(reshaped(b, loc, sums,
                             RankedTensorType::get({matrices, rows},
                                                   to.getElementType())),
                    matrices);
    op.getY().replaceAllUsesWith(reshaped(b, loc, sums, to));
    op.erase();
  }

  /// A state stands in rows; its new value is taken as rows.
  static void flattenUpdate(UpdateOp op) {
    OpBuilder b(op);
    Value value = op.getValue();
    RankedTensorType type = typeOf(op.getTarget());
    while (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getX();
    op.getValueMutable().assign(reshaped(
        b, op.getLoc(), value, type.clone(elementOf(value.getType()))));
  }
};

} // namespace
