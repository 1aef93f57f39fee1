//===- KernelBuilder.cpp - short forms for what kernels are made of -------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/KernelBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace gptc {

static std::optional<int64_t> constantOf(Value v) {
  APInt value;
  if (matchPattern(v, m_ConstantInt(&value)))
    return value.getSExtValue();
  return std::nullopt;
}

Value KernelBuilder::constant(Type type, int64_t value) {
  return op<arith::ConstantOp>(b.getIntegerAttr(
      type, APInt(type.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
                  /*implicitTrunc=*/true)));
}

Value KernelBuilder::signedIndex(Value x) {
  return x.getType() == indexType() ? x : op<arith::ExtSIOp>(indexType(), x);
}

Value KernelBuilder::narrow(Value x) {
  return x.getType() == i32Type() ? x : op<arith::TruncIOp>(i32Type(), x);
}

Value KernelBuilder::add(Value x, Value y) {
  auto cx = constantOf(x), cy = constantOf(y);
  if (cx && cy)
    return constant(x.getType(), *cx + *cy);
  if (cy == 0)
    return x;
  if (cx == 0)
    return y;
  return op<arith::AddIOp>(x, y);
}

Value KernelBuilder::mul(Value x, Value y) {
  auto cx = constantOf(x), cy = constantOf(y);
  if (cx && cy)
    return constant(x.getType(), *cx * *cy);
  if (cy == 1)
    return x;
  if (cx == 1)
    return y;
  return op<arith::MulIOp>(x, y);
}

Value KernelBuilder::div(Value x, int64_t y) {
  Type type = x.getType();
  if (auto cx = constantOf(x))
    return constant(type, *cx / y);
  return y == 1 ? x : div(x, constant(type, y));
}

Value KernelBuilder::rem(Value x, int64_t y) {
  Type type = x.getType();
  if (auto cx = constantOf(x))
    return constant(type, *cx % y);
  return y == 1 ? constant(type, 0) : rem(x, constant(type, y));
}

Value KernelBuilder::less(Value x, Value y) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::slt, x, y);
}

Value KernelBuilder::notAbove(Value x, Value y) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::sle, x, y);
}

Value KernelBuilder::equal(Value x, Value y) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::eq, x, y);
}

Value KernelBuilder::inside(Value x, Value n) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::ult, x, n);
}

Value KernelBuilder::f32(double value) {
  return op<arith::ConstantOp>(b.getF32FloatAttr(value));
}

Value KernelBuilder::fmax(Value x, Value y) {
  return choose(op<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, y), x, y);
}

Value KernelBuilder::splat(Value scalar, int64_t width) {
  return op<vector::BroadcastOp>(vector(width, scalar.getType()), scalar);
}

Value KernelBuilder::splat(double value, int64_t width, Type element) {
  auto type = vector(width, element);
  return op<arith::ConstantOp>(DenseElementsAttr::get(
      type, b.getFloatAttr(type.getElementType(), value)));
}

Value KernelBuilder::element(Value vector, int64_t i) {
  return op<vector::ExtractOp>(vector, i);
}

Value KernelBuilder::shuffle(Value x, Value y, ArrayRef<int64_t> lanes) {
  return op<vector::ShuffleOp>(x, y, lanes);
}

Value KernelBuilder::foldLanes(Value x, bool maximum) {
  int64_t width = cast<VectorType>(x.getType()).getDimSize(0);
  while (width > 1) {
    width /= 2;
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < width; ++i) {
      low.push_back(i);
      high.push_back(i + width);
    }
    Value l = shuffle(x, x, low), h = shuffle(x, x, high);
    x = maximum ? fmax(l, h) : fadd(l, h);
  }
  return element(x, 0);
}

Value KernelBuilder::at(Value base, Value index, int64_t bytes) {
  if (constantOf(index) == 0)
    return base;
  Type element = b.getIntegerType(8 * bytes);
  return op<LLVM::GEPOp>(base.getType(), element, base,
                         ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(index)});
}

static unsigned alignmentOf(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    type = vector.getElementType();
  return type.isIntOrFloat() ? std::max(1u, type.getIntOrFloatBitWidth() / 8)
                             : 8;
}

Value KernelBuilder::load(Type type, Value pointer) {
  return op<LLVM::LoadOp>(type, pointer, alignmentOf(type));
}

void KernelBuilder::store(Value value, Value pointer) {
  LLVM::StoreOp::create(b, loc, value, pointer, alignmentOf(value.getType()));
}

Value KernelBuilder::stack(int64_t bytes) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function.getBody().front());
  return op<LLVM::AllocaOp>(pointer(), b.getI8Type(), i64(bytes), 64);
}

void KernelBuilder::loop(Value from, Value to, int64_t step,
                         function_ref<void(Value)> body) {
  loop(from, to, step, {}, [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

KernelBuilder::Values
KernelBuilder::loop(Value from, Value to, Value step, ValueRange carried,
                    function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, from, to, step, carried);
  OpBuilder::InsertionGuard guard(b);
  Block *block = loop.getBody();
  if (carried.empty())
    b.setInsertionPoint(block->getTerminator());
  else
    b.setInsertionPointToEnd(block);
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(b, loc, results);
  return Values(loop.getResults());
}

KernelBuilder::Values
KernelBuilder::loopWhile(ValueRange start,
                         function_ref<Value(ValueRange)> condition,
                         function_ref<Values(ValueRange)> body) {
  auto inside = [&](OpBuilder &block, function_ref<void()> emit) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(block.saveInsertionPoint());
    emit();
  };
  auto loop = scf::WhileOp::create(
      b, loc, start.getTypes(), start,
      [&](OpBuilder &block, Location, ValueRange carried) {
        inside(block, [&] {
          scf::ConditionOp::create(b, loc, condition(carried), carried);
        });
      },
      [&](OpBuilder &block, Location, ValueRange carried) {
        inside(block, [&] { scf::YieldOp::create(b, loc, body(carried)); });
      });
  return Values(loop.getResults());
}

void KernelBuilder::ifThen(Value condition, function_ref<void()> then,
                           function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(b, loc, condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  then();
  if (otherwise) {
    b.setInsertionPoint(branch.elseBlock()->getTerminator());
    otherwise();
  }
}

KernelBuilder::Values KernelBuilder::select(Value condition,
                                            function_ref<Values()> then,
                                            function_ref<Values()> otherwise) {
  OpBuilder::InsertionGuard guard(b);
  auto branch = [&](function_ref<Values()> body) {
    return [this, body](OpBuilder &inside, Location loc) {
      b.restoreInsertionPoint(inside.saveInsertionPoint());
      Values results = body();
      scf::YieldOp::create(b, loc, results);
    };
  };
  auto op =
      scf::IfOp::create(b, loc, condition, branch(then), branch(otherwise));
  return Values(op.getResults());
}

} // namespace gptc
