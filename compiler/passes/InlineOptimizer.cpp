//===- InlineOptimizer.cpp - one parameter's optimizer in place -----------===//
//
// Part of gptc, under the MIT License.
//
// The ops of an optimizer's function with the parameter's sizes in the place of
// their names, and with types. What a stack's members give differently becomes
// a vector of numbers beside it.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/InlineOptimizer.h"
#include "dialect/Check.h"
#include "dialect/InferShapes.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AddOp.h.inc"
#include "dialect/gpt/ExprOp.h.inc"
#include "dialect/gpt/IfFiniteOp.h.inc"
#include "dialect/gpt/MulOp.h.inc"
#include "dialect/gpt/NumbersOp.h.inc"
#include "dialect/gpt/OffsetOp.h.inc"
#include "dialect/gpt/OptimizerOp.h.inc"
#include "dialect/gpt/RequireOp.h.inc"
#include "dialect/gpt/ReturnOp.h.inc"
#include "dialect/gpt/ScaleOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace gptc::gpt;

RankedTensorType gptc::shapeFor(Trained &t, unsigned i, Type element) {
  if (t.optimizer.getShapes().empty())
    return cast<RankedTensorType>(t.param.getY().getType()).clone(element);
  SmallVector<int64_t> shape;
  for (Attribute size : t.optimizer.getSizesOf(i)) {
    Attribute value = substitute(size, [&](StringRef name) {
      return t.optimizer.sizeOf(name, t.sizes);
    });
    shape.push_back(integer(value).value_or(0));
  }
  return RankedTensorType::get(shape, element);
}

/// The types of what an op gives, from those of its operands.
static LogicalResult inferTypes(Operation *op) {
  auto rule = dyn_cast<InferShapes>(op);
  if (!rule)
    return success();
  SmallVector<Type> types;
  if (failed(rule.infer(SmallVector<Type>(op->getOperandTypes()), types)))
    return failure();
  for (auto [result, type] : llvm::zip(op->getResults(), types))
    result.setType(type);
  return success();
}

/// The ops of the optimizer's function. What it computes of numbers that differ
/// from matrix to matrix it computes for each run of matrices; to scale or to
/// shift a stack by them is to multiply or to add a vector.
static LogicalResult inlineBody(OpBuilder &b, gptc::Trained &t,
                                IRMapping &mapping) {
  OptimizerOp f = t.optimizer;
  DenseMap<Value, SmallVector<Value>> each = t.each;
  auto places = dyn_cast<FusedLoc>(t.param.getLoc());
  auto bind = [&](StringRef name) { return f.sizeOf(name, t.sizes); };
  auto copyOf = [&](Operation &op, Location caller) {
    Operation *copy = b.clone(op, mapping);
    copy->setLoc(CallSiteLoc::get(op.getLoc(), caller));
    substituteNames(copy, bind);
    return copy;
  };
  for (Operation &op : f.getBody().front().without_terminator()) {
    bool differs = llvm::any_of(op.getOperands(),
                                [&](Value v) { return each.contains(v); });
    if (!differs) {
      if (failed(inferTypes(copyOf(op, t.param.getLoc()))))
        return failure();
      continue;
    }
    // The number itself, of a scaling or a shift.
    Attribute by = isa<ScaleOp>(op)    ? cast<ScaleOp>(op).getFactor()
                   : isa<OffsetOp>(op) ? cast<OffsetOp>(op).getBy()
                                       : Attribute();
    if (!by && !isa<ExprOp, RequireOp>(op))
      return op.emitOpError(
                 "takes a number that differs among the members of '")
             << t.param.getName() << "'";
    SmallVector<Value> values;
    SmallVector<Attribute> terms;
    for (size_t run = 0; run < t.runs.size(); ++run) {
      for (Value v : op.getOperands())
        if (each.contains(v))
          mapping.map(v, each[v][run]);
      Location caller = places && run < places.getLocations().size()
                            ? places.getLocations()[run]
                            : t.param.getLoc();
      if (!by) {
        Operation *copy = copyOf(op, caller);
        values.append(copy->result_begin(), copy->result_end());
        continue;
      }
      // Its operands stand behind those of the runs before.
      size_t first = values.size();
      for (Value v : op.getOperands().drop_front())
        values.push_back(mapping.lookupOrDefault(v));
      terms.push_back(substitute(by, [&](StringRef leaf) -> Attribute {
        auto n = operandIndex(leaf);
        return n ? b.getStringAttr("_" + Twine(first + *n)) : bind(leaf);
      }));
    }
    if (by) {
      Location loc = CallSiteLoc::get(op.getLoc(), t.param.getLoc());
      Value x = mapping.lookup(op.getOperand(0));
      Value vector = NumbersOp::create(
          b, loc, RankedTensorType::get({*integer(t.sizes[0])}, b.getF32Type()),
          values, t.runs, b.getArrayAttr(terms), IntegerAttr());
      Operation *result =
          isa<ScaleOp>(op)
              ? MulOp::create(b, loc, x.getType(), x, vector).getOperation()
              : AddOp::create(b, loc, x.getType(), x, vector).getOperation();
      if (failed(inferTypes(result)))
        return failure();
      mapping.map(op.getResult(0), result->getResult(0));
    } else if (op.getNumResults()) {
      each[op.getResult(0)] = values;
      mapping.map(op.getResult(0), values.front());
    }
  }
  return success();
}

/// Lets an update happen only if `finite` is: the new value becomes the old one
/// otherwise, for all that reads it. So nothing is kept that the update itself
/// does not keep.
static Value guarded(OpBuilder &b, Value finite, Value fresh, Value old) {
  Operation *def = fresh.getDefiningOp();
  if (fresh == old || !def || def->getBlock() != b.getInsertionBlock())
    return fresh;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(def);
  auto kept = IfFiniteOp::create(b, fresh.getLoc(), fresh.getType(), finite,
                                 fresh, old);
  fresh.replaceAllUsesExcept(kept, kept);
  return kept;
}

LogicalResult gptc::inlineOptimizer(OpBuilder &b, Trained &t, Value norm,
                                    Value finite) {
  OptimizerOp f = t.optimizer;
  Block &body = f.getBody().front();
  Location loc = t.param.getLoc();
  auto seen = [&](Value stored, unsigned i) {
    return reshaped(b, loc, stored,
                    shapeFor(t, i, elementOf(stored.getType())));
  };
  // Gradients that are not finite are none. So all that the optimizer computes
  // of them stands behind the norm, in one pass over them with the update.
  Value param = seen(t.param.getY(), 0);
  Value gradient = seen(t.gradient.getY(), 1);
  gradient = IfFiniteOp::create(b, loc, gradient.getType(), finite, gradient,
                                filled(b, loc, gradient.getType(), 0));
  SmallVector<Value> values{param, gradient};
  if (f.getTakesNorm())
    values.push_back(norm);
  for (auto [i, state] : llvm::enumerate(t.states))
    values.push_back(seen(state, f.getFirstState() + i));
  values.append(t.numbers);
  IRMapping mapping;
  mapping.map(body.getArguments(), values);
  if (failed(inlineBody(b, t, mapping)))
    return failure();
  auto ret = cast<ReturnOp>(body.back());
  if (ret.getValues().size() != 1 + t.states.size())
    return ret.emitOpError("of an optimizer gives the new parameter and its ")
           << t.states.size() << " new states, not " << ret.getValues().size()
           << " values";
  SmallVector<Value> targets{t.param.getY()};
  targets.append(t.states);
  for (auto [i, target, value] : llvm::enumerate(targets, ret.getValues())) {
    Value fresh = mapping.lookupOrDefault(value);
    auto stored = cast<RankedTensorType>(target.getType());
    auto type = cast<RankedTensorType>(fresh.getType());
    if (type.getShape() !=
        shapeFor(t, f.getUpdated(i), type.getElementType()).getShape())
      return ret.emitOpError("(C2) of '")
             << f.getName() << "' gives " << text(type) << " for '"
             << t.param.getName() << "', not its shape";
    fresh =
        guarded(b, finite, fresh, values[i ? f.getFirstState() + i - 1 : 0]);
    UpdateOp::create(
        b, loc, target,
        reshaped(b, loc, fresh, stored.clone(type.getElementType())));
  }
  return success();
}
