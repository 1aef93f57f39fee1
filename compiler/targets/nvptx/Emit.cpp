//===- Emit.cpp - short forms for what kernels are made of ----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Emit.h"

using namespace mlir;
using namespace gptc::nvptx;

Value Emit::i32(int64_t value) {
  return op<arith::ConstantIntOp>(i32Type(), value);
}
Value Emit::i64(int64_t value) {
  return op<arith::ConstantIntOp>(b.getI64Type(), value);
}
Value Emit::f32(double value) {
  return op<arith::ConstantOp>(b.getF32FloatAttr(value));
}

Value Emit::widen(Value x) { return op<arith::ExtUIOp>(b.getI64Type(), x); }
Value Emit::equal(Value x, int64_t n) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::eq, x, i32(n));
}
Value Emit::less(Value x, Value y) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::ult, x, y);
}
Value Emit::choose(Value condition, Value yes, Value no) {
  return op<arith::SelectOp>(condition, yes, no);
}
Value Emit::notAbove(Value x, Value y) {
  return op<arith::CmpIOp>(arith::CmpIPredicate::sle, x, y);
}

Value Emit::fma(Value x, Value y, Value z) {
  return op<LLVM::FMAOp>(f32Type(), x, y, z);
}
Value Emit::approximate(StringRef function, Value x) {
  auto name = b.getStringAttr("llvm.nvvm." + function + ".approx.ftz.f");
  return LLVM::CallIntrinsicOp::create(b, loc, f32Type(), name, ValueRange{x})
      .getResults();
}
Value Emit::pack(Value low, Value high) {
  Value two = op<LLVM::PoisonOp>(VectorType::get({2}, f32Type()));
  two = op<LLVM::InsertElementOp>(two, low, i32(0));
  two = op<LLVM::InsertElementOp>(two, high, i32(1));
  return bitcast(i32Type(), op<LLVM::FPTruncOp>(
                                VectorType::get({2}, b.getBF16Type()), two));
}

Value Emit::offset(Value base, Value bytes) {
  return op<LLVM::GEPOp>(base.getType(), b.getI8Type(), base,
                         ArrayRef<LLVM::GEPArg>{bytes});
}
Value Emit::offset(Value base, int64_t bytes) {
  return bytes ? offset(base, i64(bytes)) : base;
}

Value Emit::threadIndex() { return op<NVVM::ThreadIdXOp>(i32Type()); }
Value Emit::blockIndex() { return op<NVVM::BlockIdXOp>(i32Type()); }
Value Emit::blockCount() { return op<NVVM::GridDimXOp>(i32Type()); }

Value Emit::shuffleXor(Value x, int64_t mask) {
  return op<NVVM::ShflOp>(x.getType(), i32(-1), x, i32(mask), i32(31),
                          NVVM::ShflKind::bfly, UnitAttr());
}
Value Emit::shuffleFrom(Value x, Value lane) {
  return op<NVVM::ShflOp>(x.getType(), i32(-1), x, lane, i32(31),
                          NVVM::ShflKind::idx, UnitAttr());
}

void Emit::transposeQuad(Value lane, MutableArrayRef<Value> four) {
  for (int64_t bit : {1, 2}) {
    Value odd =
        op<arith::CmpIOp>(arith::CmpIPredicate::ne, bitAnd(lane, bit), i32(0));
    for (int64_t low = 0; low < 4; ++low) {
      if (low & bit)
        continue;
      Value &x = four[low], &y = four[low | bit];
      Value other = shuffleXor(choose(odd, x, y), bit);
      x = choose(odd, other, x);
      y = choose(odd, y, other);
    }
  }
}

void Emit::barrierOfWarp() { NVVM::SyncWarpOp::create(b, loc, i32(-1)); }

void Emit::barrier(Value id, int64_t threads) {
  if (!id)
    NVVM::BarrierOp::create(b, loc);
  else
    NVVM::BarrierOp::create(b, loc, Type(), id, i32(threads),
                            NVVM::BarrierReductionAttr(), Value());
}

void Emit::arrive(Value id, int64_t threads) {
  NVVM::BarrierArriveOp::create(b, loc, id, i32(threads));
}

void Emit::ifThen(Value condition, function_ref<void()> then) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  then();
}

void Emit::ifElse(Value condition, function_ref<void()> then,
                  function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  then();
  b.setInsertionPointToStart(op.elseBlock());
  otherwise();
}

Values Emit::select(Value condition, function_ref<Values()> then,
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

Values Emit::loop(Value from, Value to, Value step, ValueRange carried,
                  function_ref<Values(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(b, loc, from, to, step, carried);
  OpBuilder::InsertionGuard guard(b);
  if (carried.empty()) {
    b.setInsertionPoint(op.getBody()->getTerminator());
    body(op.getInductionVar(), {});
    return {};
  }
  b.setInsertionPointToStart(op.getBody());
  Values next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return Values(op.getResults());
}

Values Emit::loopWhileLess(Value index, Value to, ValueRange carried,
                           function_ref<Values(Value, ValueRange)> body) {
  Values start{index};
  llvm::append_range(start, carried);
  auto at = [&](OpBuilder &inside, function_ref<void()> make) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(inside.saveInsertionPoint());
    make();
  };
  auto before = [&](OpBuilder &inside, Location loc, ValueRange values) {
    at(inside,
       [&] { scf::ConditionOp::create(b, loc, less(values[0], to), values); });
  };
  auto after = [&](OpBuilder &inside, Location loc, ValueRange values) {
    at(inside, [&] {
      scf::YieldOp::create(b, loc, body(values[0], values.drop_front()));
    });
  };
  auto op = scf::WhileOp::create(b, loc, ValueRange(start).getTypes(), start,
                                 before, after);
  return Values(op.getResults().drop_front());
}

void Emit::repeatWhile(function_ref<Value()> condition) {
  auto before = [&](OpBuilder &inside, Location loc, ValueRange) {
    OpBuilder::InsertionGuard guard(b);
    b.restoreInsertionPoint(inside.saveInsertionPoint());
    Value again = condition();
    scf::ConditionOp::create(b, loc, again, ValueRange());
  };
  auto after = [](OpBuilder &inside, Location loc, ValueRange) {
    scf::YieldOp::create(inside, loc);
  };
  scf::WhileOp::create(b, loc, TypeRange(), ValueRange(), before, after);
}
