//===- LowerToKernels.cpp - from ops on tensors to kernels on buffers -----===//
//
// Part of gptc, under the MIT License.
//
// One kernel an op, one buffer a value: the plain program that the passes on
// kernels then fuse and place. Row-wise ops write their own row programs
// (RowBuilder.h); contractions, transpositions, attention and ordered segments
// are kernels of their own; views become strided views. Two liberties are
// taken, since they save a pass over data that would only move it: an op whose
// one use is an update of a state writes the state, and a column sum whose one
// use is an accumulation is finished into the accumulator.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/LowerToKernels.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Ranges.h"
#include "dialect/GptDialect.h"
#include "dialect/KernDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/RowWise.h"
#include "dialect/gpt/AllGatherOp.h.inc"
#include "dialect/gpt/CheckOp.h.inc"
#include "dialect/gpt/ElementOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/InputOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReshapeOp.h.inc"
#include "dialect/gpt/RowOp.h.inc"
#include "dialect/gpt/RowsOp.h.inc"
#include "dialect/gpt/SliceOp.h.inc"
#include "dialect/gpt/SplitOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/HostNumberOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_LOWERTOKERNELS
#include "compiler/passes/LowerToKernels.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

//===----------------------------------------------------------------------===//
// Which ops write a state themselves
//===----------------------------------------------------------------------===//

/// The parameter or state under a view of one; null for a value of the part.
static Operation *stateUnder(Value v) {
  Operation *def = v.getDefiningOp();
  while (isRowView(def))
    def = def->getOperand(0).getDefiningOp();
  return isa<ParamOp, StateOp>(def) ? def : nullptr;
}

/// Row t of the results depends on row t of the operands alone.
static bool isSameRow(Operation *op) {
  auto program = dyn_cast<RowWise>(op);
  return program && !program.readsOtherRows();
}

void PartLowering::findDirectTargets(gpt::PartOp part) {
  Block &body = part.getBody().front();
  for (Operation &op : body) {
    auto update = dyn_cast<UpdateOp>(op);
    if (!update)
      continue;
    Value v = update.getValue();
    Operation *def = v.getDefiningOp(), *state = stateUnder(update.getTarget());
    if (def->getBlock() != &body || !v.hasOneUse() || isa<InputOp>(def) ||
        isView(def))
      continue;
    // Nobody may read the old value once def has written the new one.
    bool safe = true;
    for (Operation *other = def; other; other = other->getNextNode())
      for (Value operand : other->getOperands()) {
        if (!isa<TensorType>(operand.getType()) ||
            stateUnder(operand) != state || other == update)
          continue;
        if (isRowView(other))
          continue; // a view: its users are looked at
        if (isa<AllGatherOp>(other))
          continue; // it is the new value that passes
        if (isa<UpdateOp>(other) && operand == other->getOperand(0))
          continue; // another range of the same state
        safe &= other == def && isSameRow(def) && operand == update.getTarget();
      }
    if (safe)
      direct[v] = update.getTarget();
  }
}

//===----------------------------------------------------------------------===//
// Buffers and views
//===----------------------------------------------------------------------===//

MemRefType PartLowering::bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

std::string PartLowering::kernelName(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  if (auto place = placeOf(op))
    name += "." + llvm::sys::path::stem(place->first).str() + "_" +
            std::to_string(place->second);
  return name;
}

Value PartLowering::workspace(Operation *op, Type tensor) {
  return kern::BufferOp::create(b, op->getLoc(), bufferType(tensor),
                                kernelName(op), "workspace", StringAttr(),
                                IntegerAttr(), ArrayAttr());
}

/// A view of the buffer under `buffer`: `shape` with rows `rowStride` apart,
/// columns contiguous, from element `offset` on.
Value PartLowering::view(Location loc, Value buffer, ArrayRef<int64_t> shape,
                         int64_t rowStride, int64_t offset) {
  auto from = cast<MemRefType>(buffer.getType());
  Value root = kern::rootOf(buffer);
  SmallVector<int64_t> strides(shape.size());
  int64_t inner = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = i == 0 ? rowStride : inner;
    inner *= shape[i];
  }
  int64_t contiguous =
      shape.empty() ? 1 : inner / std::max<int64_t>(shape[0], 1);
  bool plain = offset == 0 && (shape.empty() || rowStride == contiguous);
  auto type = plain ? MemRefType::get(shape, from.getElementType())
                    : MemRefType::get(shape, from.getElementType(),
                                      StridedLayoutAttr::get(b.getContext(),
                                                             offset, strides));
  if (type == root.getType())
    return root;
  return kern::ViewOp::create(b, loc, type, root);
}

Value PartLowering::dense(Operation *op, Value buffer) {
  auto from = cast<MemRefType>(buffer.getType());
  if (kern::rowsOf(from) == 1 ||
      kern::rowStrideOf(from) == kern::columnsOf(from))
    return buffer;
  Value dense = kern::BufferOp::create(
      b, op->getLoc(), MemRefType::get(from.getShape(), from.getElementType()),
      kernelName(op), "workspace", StringAttr(), IntegerAttr(), ArrayAttr());
  copy(op, buffer, dense);
  return dense;
}

Value PartLowering::reshape(Operation *op, Value buffer, Type tensor) {
  auto to = cast<RankedTensorType>(tensor);
  auto from = cast<MemRefType>(buffer.getType());
  int64_t rows = kern::rowsOf(from), columns = kern::columnsOf(from);
  int64_t stride = kern::rowStrideOf(from), offset = kern::offsetOf(from);
  if (rows != 1 && stride != columns && rowsOf(tensor) != rows) {
    // Rows apart from each other do not regroup: they move together first.
    buffer = dense(op, buffer);
    stride = columns;
    offset = 0;
  }
  bool sameRows = rowsOf(tensor) == rows;
  return view(op->getLoc(), buffer, to.getShape(),
              sameRows && rows != 1 ? stride : columnsOf(tensor), offset);
}

LogicalResult PartLowering::lowerView(Operation *op) {
  Value x = buffers.lookup(op->getOperand(0));
  auto from = cast<MemRefType>(x.getType());
  int64_t stride = kern::rowStrideOf(from), offset = kern::offsetOf(from);
  Location loc = op->getLoc();
  auto result = [&](unsigned i) {
    return cast<RankedTensorType>(op->getResult(i).getType());
  };
  if (auto row = dyn_cast<gpt::RowOp>(op)) {
    auto to = result(0);
    buffers[row.getY()] = view(loc, x, to.getShape(), columnsOf(to),
                               offset + *integer(row.getIndex()) * stride);
  } else if (auto rows = dyn_cast<gpt::RowsOp>(op)) {
    buffers[rows.getY()] = view(loc, x, result(0).getShape(), stride,
                                offset + *integer(rows.getAt()) * stride);
  } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    buffers[reshape.getY()] = this->reshape(op, x, result(0));
  } else if (auto slice = dyn_cast<gpt::SliceOp>(op)) {
    // The last dimension of a vector is its rows.
    int64_t step = from.getRank() == 1 ? stride : 1;
    buffers[slice.getY()] = view(loc, x, result(0).getShape(), stride,
                                 offset + *integer(slice.getAt()) * step);
  } else {
    auto split = cast<SplitOp>(op);
    int64_t rows = kern::rowsOf(from), part = kern::columnsOf(from) / 3;
    bool sameRows = rowsOf(result(0)) == rows;
    for (auto [i, y] : llvm::enumerate(split.getResults())) {
      int64_t at = offset + int64_t(i) * part;
      buffers[y] =
          sameRows ? view(loc, x, result(i).getShape(), stride, at)
                   : this->reshape(op, view(loc, x, {rows, part}, stride, at),
                                   result(i));
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value Numbers::of(Attribute expr, ValueRange vars) {
  OpBuilder b(model.getContext());
  b.setInsertionPointToStart(&model.getBody().front());
  Location loc = model.getLoc();
  // The host's numbers by name, elements of a vector by place.
  if (auto name = dyn_cast<StringAttr>(expr); name && vars.empty()) {
    Value &value = byName[name];
    if (!value)
      value = kern::HostNumberOp::create(b, loc, b.getF64Type(), name);
    return value;
  }
  if (auto name = dyn_cast<StringAttr>(expr); name && name.getValue() == "_0")
    return vars[0];
  SmallVector<Attribute> key{expr};
  for (Value v : vars)
    key.push_back(b.getI64IntegerAttr(int64_t(v.getAsOpaquePointer())));
  Value &value = byExpression[b.getArrayAttr(key)];
  if (value)
    return value;
  if (vars.size() == 1 && isa<TensorType>(vars[0].getType()))
    return value = ElementOp::create(b, loc, b.getF64Type(), vars[0],
                                     cast<IntegerAttr>(expr));
  return value = ExprOp::create(b, loc, b.getF64Type(), vars, expr);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Gives a check's message the place that it speaks of, `optimizers.mlir:14`.
/// Here, as kernels get their names: earlier phases, printed and read again,
/// would have another.
static void fillPlace(CheckOp check) {
  std::string message = check.getMessage().str();
  size_t at = message.find("{at}");
  if (at == std::string::npos)
    return;
  auto place = placeOf(check);
  message.replace(at, 4,
                  place ? place->first + ":" + std::to_string(place->second)
                        : "the model");
  check.setMessage(message);
}

namespace {

struct LowerToKernels : gptc::impl::LowerToKernelsBase<LowerToKernels> {
  using LowerToKernelsBase::LowerToKernelsBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>())
      if (failed(lower(model)))
        return signalPassFailure();
  }

  LogicalResult lower(ModelOp model) {
    for (CheckOp check : model.getOps<CheckOp>())
      fillPlace(check);
    Numbers numbers(model);
    DenseMap<Value, Value> persistent;
    llvm::MapVector<std::pair<StringAttr, Type>, Value> inputs;
    SmallVector<Operation *> gone;
    for (Operation &op : llvm::make_early_inc_range(model.getBody().front())) {
      OpBuilder b(&op);
      kern::BufferOp buffer;
      if (auto param = dyn_cast<ParamOp>(op)) {
        persistent[param.getY()] = buffer = kern::BufferOp::create(
            b, op.getLoc(), PartLowering::bufferType(param.getY().getType()),
            param.getNameAttr(), b.getStringAttr("parameter"), StringAttr(),
            IntegerAttr(), ArrayAttr());
        gone.push_back(&op);
      } else if (auto state = dyn_cast<StateOp>(op)) {
        persistent[state.getY()] = buffer = kern::BufferOp::create(
            b, op.getLoc(), PartLowering::bufferType(state.getY().getType()),
            state.getNameAttr(), state.getKindAttr(), state.getOfAttr(),
            IntegerAttr(), ArrayAttr());
        gone.push_back(&op);
      } else if (isa<InputOp, OptimizerOp>(op) || isRowView(&op)) {
        gone.push_back(&op);
      }
      if (Attribute members = op.getAttr("members"); members && buffer)
        buffer.setMembersAttr(cast<ArrayAttr>(members));
      for (StringRef name : {"ranks", "whole", "room"})
        if (Attribute value = op.getAttr(name); value && buffer)
          buffer->setAttr(name, value);
    }
    for (gpt::PartOp part :
         llvm::make_early_inc_range(model.getOps<gpt::PartOp>())) {
      PartLowering lowering(model, numbers, persistent, inputs);
      if (failed(lowering.run(part)))
        return failure();
      part.erase();
    }
    // An optimizer may stand behind the parameters that name it.
    for (Operation *op : gone)
      op->dropAllReferences();
    for (Operation *op : llvm::reverse(gone))
      op->erase();
    return success();
  }
};

} // namespace
