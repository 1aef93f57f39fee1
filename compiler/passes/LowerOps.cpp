//===- LowerOps.cpp - the kernels of each op ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// See LowerToKernels.cpp.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/passes/LowerToKernels.h"
#include "compiler/passes/Ranges.h"
#include "dialect/GptContract.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "dialect/OpHelpers.h"
#include "dialect/RowWise.h"
#include "dialect/gpt/AccumulateOp.h.inc"
#include "dialect/gpt/AccumulateOuterOp.h.inc"
#include "dialect/gpt/AccumulateRowsOp.h.inc"
#include "dialect/gpt/AllGatherOp.h.inc"
#include "dialect/gpt/AllReduceOp.h.inc"
#include "dialect/gpt/ElementOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/InputOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReduceScatterOp.h.inc"
#include "dialect/gpt/SumRanksOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "dialect/kern/AllGatherOp.h.inc"
#include "dialect/kern/AllReduceOp.h.inc"
#include "dialect/kern/AwaitOp.h.inc"
#include "dialect/kern/ReduceScatterOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

LogicalResult PartLowering::run(gpt::PartOp part) {
  // Numbers of the step stand in the model, where every kernel sees them.
  for (Operation &op : llvm::make_early_inc_range(part.getBody().front()))
    if (isa<ExprOp, ElementOp>(op))
      op.moveBefore(part);
  b.setInsertionPoint(part);
  auto to =
      kern::PartOp::create(b, part.getLoc(), part.getSymName(), part.getKind());
  for (StringRef name :
       {"tokens", "steps", "loss_tokens", "next_token_loss", "ranks"})
    if (Attribute value = part->getAttr(name))
      to->setAttr(name, value);
  b.setInsertionPointToStart(&to.getBody().emplaceBlock());
  findDirectTargets(part);
  for (Operation &op : part.getBody().front())
    if (failed(lowerOp(&op)))
      return failure();
  return success();
}

Value PartLowering::bufferOf(Value tensor) {
  auto known = buffers.find(tensor);
  if (known != buffers.end())
    return known->second;
  // A view of a parameter that stands in the model.
  Operation *def = tensor.getDefiningOp();
  if (isRowView(def)) {
    bufferOf(def->getOperand(0));
    if (succeeded(lowerView(def)))
      return buffers[tensor];
  }
  return {};
}

LogicalResult PartLowering::lowerOp(Operation *op) {
  for (Value operand : op->getOperands())
    if (isa<TensorType>(operand.getType()) && !bufferOf(operand) &&
        !partials.count(operand) && !isa<RotaryTableOp>(op))
      return op->emitOpError("reads a value that is neither a parameter, a "
                             "state, an input nor computed in this part");
  if (auto input = dyn_cast<InputOp>(op))
    return lowerInput(input);
  if (isView(op))
    return lowerView(op);
  if (isa<LinearOp, MatmulOp, GramOp, gpt::OuterOp, AccumulateOuterOp>(op))
    return lowerContract(op);
  if (isa<gpt::TransposeOp>(op))
    return lowerTranspose(op);
  if (isa<gpt::AttentionOp, AttentionSavingOp, gpt::AttentionBackwardOp>(op))
    return lowerAttention(op);
  if (auto update = dyn_cast<UpdateOp>(op)) {
    Value value = update.getValue(), to = buffers[update.getTarget()];
    if (direct.count(value))
      return success();
    // A state of f64 gets the sum itself, not what f32 leaves of it.
    if (Value windows = partials.lookup(value))
      finish(value.getDefiningOp(), windows, to, /*accumulates=*/false);
    else
      copy(op, buffers[value], to);
    return success();
  }
  if (auto accumulate = dyn_cast<AccumulateOp>(op)) {
    Value value = accumulate.getValue(), to = buffers[accumulate.getTarget()];
    if (Value windows = partials.lookup(value))
      finish(value.getDefiningOp(), windows, to, /*accumulates=*/true);
    else
      addTo(op, to, buffers[value]);
    return success();
  }
  if (auto rows = dyn_cast<AccumulateRowsOp>(op)) {
    Value value = buffers[rows.getValue()], to = buffers[rows.getTarget()];
    Value tokens = buffers[rows.getTokens()], order = buffers[rows.getOrder()];
    Type type = rows.getValue().getType();
    Value pieces = partialsOf(op, rowsOf(type),
                              cast<RankedTensorType>(type).getNumElements() /
                                  rowsOf(type));
    kern::SegmentsOp::create(b, op->getLoc(), kernelName(op), value, tokens,
                             order, to, pieces);
    // No segment is longer than the only window.
    if (rowsOf(type) > kern::kSumWindow)
      kern::FinishSegmentsOp::create(b, op->getLoc(),
                                     kernelName(op) + ".finish", pieces, tokens,
                                     order, to);
    return success();
  }
  if (auto reduce = dyn_cast<gpt::AllReduceOp>(op)) {
    kern::AllReduceOp::create(b, op->getLoc(), buffers[reduce.getTarget()],
                              /*sum=*/false);
    kern::AwaitOp::create(b, op->getLoc(), buffers[reduce.getTarget()]);
    return success();
  }
  if (auto sum = dyn_cast<SumRanksOp>(op)) {
    Value y = buffers[sum.getY()] = workspace(op, sum.getY().getType());
    copy(op, buffers[sum.getX()], y);
    kern::AllReduceOp::create(b, op->getLoc(), y, /*sum=*/true);
    kern::AwaitOp::create(b, op->getLoc(), y);
    return success();
  }
  if (auto scatter = dyn_cast<gpt::ReduceScatterOp>(op)) {
    Value y = buffers[scatter.getY()] = workspace(op, scatter.getY().getType());
    kern::ReduceScatterOp::create(b, op->getLoc(), buffers[scatter.getX()], y);
    kern::AwaitOp::create(b, op->getLoc(), y);
    return success();
  }
  if (auto gather = dyn_cast<gpt::AllGatherOp>(op)) {
    kern::AllGatherOp::create(b, op->getLoc(), buffers[gather.getShare()],
                              buffers[gather.getTarget()]);
    kern::AwaitOp::create(b, op->getLoc(), buffers[gather.getTarget()]);
    return success();
  }
  if (isa<RowWise>(op))
    return lowerRows(op);
  return op->emitOpError("has no kernel");
}

LogicalResult PartLowering::lowerInput(InputOp input) {
  Value &buffer = inputs[{input.getNameAttr(), input.getY().getType()}];
  if (!buffer) {
    OpBuilder outside(model.getContext());
    outside.setInsertionPoint(b.getInsertionBlock()->getParentOp());
    buffer = kern::BufferOp::create(
        outside, input.getLoc(), bufferType(input.getY().getType()),
        input.getNameAttr(), outside.getStringAttr("input"), StringAttr(),
        IntegerAttr(), ArrayAttr());
  }
  buffers[input.getY()] = buffer;
  Operation *op = buffer.getDefiningOp();
  if (StringAttr kind = input.getKindAttr())
    op->setAttr("feed", kind);
  auto known = op->getAttrOfType<IntegerAttr>("below");
  auto bound = boundOf(input);
  if (bound && (!known || bound->below < known.getInt())) {
    op->setAttr("below", b.getI64IntegerAttr(bound->below));
    op->setAttr("bound_by", b.getStringAttr(describe(*bound)));
  }
  return success();
}

Value PartLowering::destination(OpResult result) {
  if (Value target = direct.lookup(result))
    return bufferOf(target);
  return workspace(result.getOwner(), result.getType());
}

//===----------------------------------------------------------------------===//
// Row programs
//===----------------------------------------------------------------------===//

/// A buffer for the sum of `elements` columns over each window of rows.
Value PartLowering::partialsOf(Operation *op, int64_t rows, int64_t elements) {
  int64_t windows = (rows + kern::kSumWindow - 1) / kern::kSumWindow;
  Value partials =
      workspace(op, RankedTensorType::get({windows, elements}, b.getF32Type()));
  partials.getDefiningOp()->setAttr("partials", b.getUnitAttr());
  return partials;
}

/// The kernel that adds the windows' sums up.
void PartLowering::finish(Operation *op, Value partials, Value to,
                          bool accumulates) {
  kern::FinishOp::create(b, op->getLoc(),
                         b.getStringAttr(kernelName(op) + ".finish"), partials,
                         to, accumulates ? b.getUnitAttr() : UnitAttr());
}

LogicalResult PartLowering::lowerRows(Operation *op) {
  Location loc = op->getLoc();
  auto program = cast<RowWise>(op);
  int64_t rows = program.rows();
  SmallVector<Value> operands, results;
  for (Value operand : op->getOperands()) {
    Value buffer = buffers.lookup(operand);
    operands.push_back(operand == program.wholeOperand() ? dense(op, buffer)
                                                         : buffer);
  }
  SmallVector<OpResult> sums;
  for (OpResult result : op->getResults()) {
    if (program.isSum(result.getResultNumber())) {
      partials[result] = partialsOf(
          op, rows, cast<RankedTensorType>(result.getType()).getNumElements());
      results.push_back(partials[result]);
      // Accumulations take the windows; a sum is made for all other users.
      if (!llvm::all_of(result.getUsers(), llvm::IsaPred<AccumulateOp>))
        sums.push_back(result);
    } else {
      buffers[result] = destination(result);
      results.push_back(buffers[result]);
    }
  }
  auto kernel = kern::RowsOp::create(b, loc, kernelName(op), rows);
  Block &body = kernel.getBody().emplaceBlock();
  Value t = body.addArgument(b.getIndexType(), loc);
  OpBuilder inside = OpBuilder::atBlockBegin(&body);
  auto number = [&](Attribute expr, ValueRange vars) {
    return numbers.of(expr, vars);
  };
  RowBuilder row(inside, op, t, operands, results, number);
  program.buildRow(row);
  for (OpResult sum : sums) {
    buffers[sum] = destination(sum);
    finish(op, partials[sum], buffers[sum], /*accumulates=*/false);
  }
  return success();
}

/// A kernel over rows t. `compute` builds its program from the rows t of
/// `from`.
static void rowKernel(
    OpBuilder &b, Operation *op, StringRef name, int64_t rows,
    ArrayRef<Value> from,
    llvm::function_ref<void(OpBuilder &, Value, ArrayRef<Value>)> compute) {
  Location loc = op->getLoc();
  auto kernel = kern::RowsOp::create(b, loc, name, rows);
  Block &body = kernel.getBody().emplaceBlock();
  Value t = body.addArgument(b.getIndexType(), loc);
  OpBuilder inside = OpBuilder::atBlockBegin(&body);
  SmallVector<Value> loaded;
  for (Value buffer : from) {
    auto row = VectorType::get(
        {kern::columnsOf(cast<MemRefType>(buffer.getType()))}, b.getF32Type());
    loaded.push_back(kern::LoadOp::create(inside, loc, row, buffer, t, 0));
  }
  compute(inside, t, loaded);
}

void PartLowering::copy(Operation *op, Value from, Value to) {
  rowKernel(b, op, kernelName(op), kern::rowsOf(cast<MemRefType>(to.getType())),
            {from}, [&](OpBuilder &inside, Value t, ArrayRef<Value> row) {
              kern::StoreOp::create(inside, op->getLoc(), row[0], to, t);
            });
}

void PartLowering::addTo(Operation *op, Value target, Value value) {
  Location loc = op->getLoc();
  rowKernel(b, op, kernelName(op),
            kern::rowsOf(cast<MemRefType>(target.getType())), {target, value},
            [&](OpBuilder &inside, Value t, ArrayRef<Value> row) {
              Value sum = arith::AddFOp::create(inside, loc, row[0], row[1]);
              kern::StoreOp::create(inside, loc, sum, target, t);
            });
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

void PartLowering::lowerSmallContract(Operation *op, Value a, Value w,
                                      Value to) {
  Location loc = op->getLoc();
  auto weight = cast<MemRefType>(w.getType());
  int64_t elements = weight.getNumElements();
  Value flat = view(loc, w, {1, elements}, elements, kern::offsetOf(weight));
  auto rowOf = [&](int64_t n) { return VectorType::get({n}, b.getF32Type()); };
  auto product = cast<MemRefType>(to.getType());
  rowKernel(b, op, kernelName(op), kern::rowsOf(product), {a},
            [&](OpBuilder &inside, Value t, ArrayRef<Value> row) {
              Value all = kern::LoadOp::create(inside, loc, rowOf(elements),
                                               flat, Value(), 0);
              Value y = kern::MatvecOp::create(
                  inside, loc, rowOf(kern::columnsOf(product)), all, row[0],
                  isa<MatmulOp>(op) ? b.getUnitAttr() : UnitAttr());
              kern::StoreOp::create(inside, loc, y, to, t);
            });
}

void PartLowering::lowerSmallOuter(Operation *op, Value a, Value w, Value to,
                                   bool accumulates) {
  Location loc = op->getLoc();
  auto left = cast<MemRefType>(a.getType());
  auto right = cast<MemRefType>(w.getType());
  int64_t rows = kern::rowsOf(left);
  int64_t elements = kern::columnsOf(left) * kern::columnsOf(right);
  Value partials = partialsOf(op, rows, elements);
  rowKernel(b, op, kernelName(op), rows, {a, w},
            [&](OpBuilder &inside, Value t, ArrayRef<Value> row) {
              Value product = kern::OuterOp::create(
                  inside, loc, VectorType::get({elements}, b.getF32Type()),
                  row[0], row[1]);
              kern::PartialOp::create(inside, loc, product, partials, t);
            });
  finish(op, partials, to, accumulates);
}

/// Matrices in one tensor.
namespace {
struct Stack {
  int64_t batch, rows, columns;
};
} // namespace

static Stack stackOf(Type tensor) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor).getShape();
  return {shape.size() == 3 ? shape[0] : 1, *(shape.end() - 2), shape.back()};
}

Value PartLowering::stacked(Operation *op, Value buffer, Type tensor) {
  Stack s = stackOf(tensor);
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getRank() == 2)
    return buffer;
  return reshape(op, buffer,
                 RankedTensorType::get({s.batch * s.rows, s.columns},
                                       type.getElementType()));
}

LogicalResult PartLowering::lowerTranspose(Operation *op) {
  Value x = op->getOperand(0), y = op->getResult(0);
  Stack s = stackOf(x.getType());
  buffers[y] = destination(op->getResult(0));
  Attribute on = lookup(cast<gpt::TransposeOp>(op).getArgs(), "on");
  if (on && number(on) == 0.0)
    return copy(op, buffers.lookup(x), buffers[y]), success();
  kern::TransposeOp::create(b, op->getLoc(), kernelName(op),
                            stacked(op, buffers.lookup(x), x.getType()),
                            stacked(op, buffers[y], y.getType()), s.rows,
                            s.columns, s.batch);
  return success();
}

LogicalResult PartLowering::lowerContract(Operation *op) {
  Location loc = op->getLoc();
  bool accumulates = isa<AccumulateOuterOp>(op);
  Value x = op->getOperand(accumulates ? 1 : 0);
  Value y = isa<GramOp>(op) ? x : op->getOperand(accumulates ? 2 : 1);
  Value a = stacked(op, buffers.lookup(x), x.getType());
  Value bb = stacked(op, buffers.lookup(y), y.getType());
  int64_t m, n, k;
  bool transposedA = false, transposedB = false;
  auto [batch, aRows, aColumns] = stackOf(x.getType());
  auto [bBatch, bRows, bColumns] = stackOf(y.getType());
  if (isa<LinearOp, GramOp>(op)) {
    m = aRows, n = bRows, k = aColumns;
  } else if (isa<MatmulOp>(op)) {
    m = aRows, n = bColumns, k = aColumns;
    transposedB = true;
  } else {
    m = aColumns, n = bColumns, k = aRows;
    transposedA = transposedB = true;
  }
  bool outer = transposedA;
  // A result is a buffer of its own, or rows of a state: they follow each
  // other.
  Value to = accumulates ? buffers.lookup(op->getOperand(0))
                         : destination(op->getResult(0));
  if (!accumulates)
    buffers[op->getResult(0)] = to;
  to = stacked(op, to,
               accumulates ? op->getOperand(0).getType()
                           : op->getResult(0).getType());
  // Rows of several matrices have several weights.
  if (!outer && batch == 1 && isRowWise(n * k))
    return lowerSmallContract(op, a, dense(op, bb), to), success();
  if (outer && batch == 1 && isRowWise(m * n))
    return lowerSmallOuter(op, a, bb, to, accumulates), success();
  auto unit = [&](bool flag) { return flag ? b.getUnitAttr() : UnitAttr(); };
  auto kernel = kern::ContractOp::create(
      b, loc, b.getStringAttr(kernelName(op)), a, bb, b.getI64IntegerAttr(m),
      b.getI64IntegerAttr(n), b.getI64IntegerAttr(k), unit(transposedA),
      unit(transposedB), b.getI64IntegerAttr(batch), /*pieces=*/Value(),
      /*symmetric=*/UnitAttr(), /*promotion=*/IntegerAttr());
  Block &body = kernel.getBody().emplaceBlock();
  auto row = VectorType::get({n}, b.getF32Type());
  Value t = body.addArgument(b.getIndexType(), loc);
  Value product = body.addArgument(row, loc);
  OpBuilder inside = OpBuilder::atBlockBegin(&body);
  if (accumulates) {
    Value old = kern::LoadOp::create(inside, loc, row, to, t, 0);
    if (cast<MemRefType>(to.getType()).getElementType().isBF16())
      product = kern::RoundOp::create(inside, loc, row, product, "bf16",
                                      /*stored=*/true);
    product = arith::AddFOp::create(inside, loc, old, product);
  }
  kern::StoreOp::create(inside, loc, product, to, t);
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult PartLowering::lowerAttention(Operation *op) {
  auto args = op->getAttrOfType<ArrayAttr>("args");
  auto vars = isa<gpt::AttentionOp>(op) ? cast<gpt::AttentionOp>(op).getVars()
              : isa<AttentionSavingOp>(op)
                  ? cast<AttentionSavingOp>(op).getVars()
                  : cast<gpt::AttentionBackwardOp>(op).getVars();
  bool backward = isa<gpt::AttentionBackwardOp>(op);
  auto type = cast<RankedTensorType>(op->getOperand(backward).getType());
  int64_t group = 1;
  if (Attribute g = lookup(args, "group"))
    group = *integer(g);
  int64_t rows = type.getDimSize(0) * group;
  int64_t heads = type.getDimSize(1) / group, head = type.getDimSize(2);
  auto sequence = [&](Value buffer) {
    auto to = RankedTensorType::get(
        {rows, heads * head},
        cast<MemRefType>(buffer.getType()).getElementType());
    return reshape(op, buffer, to);
  };
  auto in = [&](unsigned i) { return buffers.lookup(op->getOperand(i)); };
  Value window = numbers.of(lookup(args, "window"), vars);
  Value scale = numbers.of(lookup(args, "scale"), vars);
  std::string name = kernelName(op);
  auto lseType = RankedTensorType::get({rows, heads}, b.getF32Type());
  SmallVector<Value> results;
  for (OpResult result : op->getResults()) {
    buffers[result] = workspace(op, result.getType());
    results.push_back(buffers[result]);
  }
  if (!backward) {
    Value lse = results.size() > 1 ? reshape(op, results[1], lseType)
                                   : workspace(op, lseType);
    kern::AttentionOp::create(b, op->getLoc(), name, sequence(in(0)),
                              sequence(in(1)), sequence(in(2)), in(3),
                              sequence(results[0]), lse, window, scale, heads,
                              head, group, /*bound=*/IntegerAttr(),
                              /*gates=*/Value());
    return success();
  }
  // A row program, which joins what makes dy.
  Value dy = in(0), y = in(4);
  int64_t headsOfRow = type.getDimSize(1);
  Value delta =
      workspace(op, RankedTensorType::get({type.getDimSize(0), headsOfRow},
                                          b.getF32Type()));
  rowKernel(b, op, name + ".delta", type.getDimSize(0), {dy, y},
            [&](OpBuilder &inside, Value t, ArrayRef<Value> row) {
              Location loc = op->getLoc();
              Value product =
                  arith::MulFOp::create(inside, loc, row[0], row[1]);
              Value sum = kern::ReduceOp::create(
                  inside, loc, VectorType::get({headsOfRow}, b.getF32Type()),
                  "add", product);
              kern::StoreOp::create(inside, loc, sum, delta, t);
            });
  kern::AttentionBackwardOp::create(
      b, op->getLoc(), name, sequence(dy), sequence(in(1)), sequence(in(2)),
      sequence(in(3)), reshape(op, in(5), lseType), reshape(op, delta, lseType),
      in(6), sequence(results[0]), sequence(results[1]), sequence(results[2]),
      window, scale, heads, head, group);
  return success();
}
