//===- Epilogue.cpp - a row program on accumulator registers --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/targets/nvptx/Scalar.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static int64_t width(Value rowValue) {
  return cast<VectorType>(rowValue.getType()).getDimSize(0);
}

static Type elementType(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

LogicalResult gptc::nvptx::verifyEpilogue(kern::ContractOp contract) {
  int64_t n = contract.getN();
  Value row = contract.getBody().getArgument(0);
  auto served = [&](Value buffer) {
    return elementType(buffer).isBF16() || elementType(buffer).isF32();
  };
  for (Operation &op : contract.getBody().front()) {
    auto refuse = [&]() {
      return op.emitOpError("cannot stand in an epilogue on sm_90a; served are "
                            "elementwise ops, and loads and stores of f32 or "
                            "bf16 at the product's own row, one or ")
             << n << " columns wide";
    };
    auto wide = [&](Value v) { return width(v) == n || width(v) == 1; };
    if (auto load = dyn_cast<kern::LoadOp>(op)) {
      if ((load.getRow() && load.getRow() != row) || load.getDelta() != 0 ||
          !served(load.getBuffer()) || !wide(load.getY()))
        return refuse();
    } else if (auto store = dyn_cast<kern::StoreOp>(op)) {
      if (store.getRow() != row || !served(store.getBuffer()) ||
          width(store.getValue()) != n)
        return refuse();
    } else if (auto spread = dyn_cast<kern::SpreadOp>(op)) {
      if (width(spread.getX()) != 1 || !wide(spread.getY()))
        return refuse();
    } else if (!isScalar(&op) || !wide(op.getResult(0))) {
      return refuse();
    }
  }
  return success();
}

Epilogue::Epilogue(Kernel &e, kern::ContractOp op) : e(e), op(op) {
  Value thread = e.bitAnd(e.threadIndex(), 127);
  lane = e.bitAnd(thread, 31);
  warp = e.shr(thread, 5);
  // Parameters are asked for in the region's order, whatever the tile is.
  for (Operation &inner : op.getBody().front()) {
    if (auto load = dyn_cast<kern::LoadOp>(inner))
      e.address(load.getBuffer());
    if (auto store = dyn_cast<kern::StoreOp>(inner))
      e.address(store.getBuffer());
  }
}

Value Epilogue::rowAddress(Value buffer, Value row, int64_t r) {
  Value &base = bases[{buffer, row ? r : kRows}];
  if (base)
    return base;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = elementBytes(type.getElementType());
  base = e.address(buffer);
  if (row) {
    Value stride = e.i64(kern::rowStrideOf(type) * bytes);
    base = e.offset(base, e.mul(e.widen(rows[r]), stride));
  }
  if (kern::columnsOf(type) != 1)
    base = e.offset(base, e.mul(e.widen(firstColumn), e.i64(bytes)));
  return base;
}

void Epilogue::load(kern::LoadOp load) {
  Value buffer = load.getBuffer();
  Type type = elementType(buffer), f32 = e.f32Type();
  Values &result = values[load.getY()];
  if (width(load.getY()) == 1) {
    for (int64_t r = 0; r < kRows; ++r) {
      Value x = e.op<LLVM::LoadOp>(type, rowAddress(buffer, load.getRow(), r));
      result.push_back(type.isF32() ? x : e.op<LLVM::FPExtOp>(f32, x));
    }
    return;
  }
  int64_t bytes = elementBytes(type);
  auto pair = VectorType::get({kPair}, type);
  Values pairs;
  for (int64_t g = 0; g < kGroups; ++g)
    for (int64_t r = 0; r < kRows; ++r) {
      Value at = e.offset(rowAddress(buffer, load.getRow(), r),
                          (chunk + 8 * g) * bytes);
      pairs.push_back(e.op<LLVM::LoadOp>(pair, at, /*alignment=*/2 * bytes));
    }
  if (!type.isF32())
    for (Value &x : pairs)
      x = e.op<LLVM::FPExtOp>(VectorType::get({kPair}, f32), x);
  for (Value x : pairs)
    for (int64_t c = 0; c < kPair; ++c)
      result.push_back(e.op<LLVM::ExtractElementOp>(x, e.i32(c)));
}

void Epilogue::store(kern::StoreOp store) {
  Value buffer = store.getBuffer();
  Type type = elementType(buffer);
  int64_t bytes = elementBytes(type);
  ValueRange elements = values[store.getValue()];
  auto pair = VectorType::get({kPair}, e.f32Type());
  for (int64_t g = 0; g < kGroups; ++g)
    for (int64_t r = 0; r < kRows; ++r) {
      Value x = e.op<LLVM::PoisonOp>(pair);
      for (int64_t c = 0; c < kPair; ++c)
        x = e.op<LLVM::InsertElementOp>(
            x, elements[(g * kRows + r) * kPair + c], e.i32(c));
      if (!type.isF32())
        x = e.op<LLVM::FPTruncOp>(VectorType::get({kPair}, type), x);
      Value at = e.offset(rowAddress(buffer, store.getRow(), r),
                          (chunk + 8 * g) * bytes);
      LLVM::StoreOp::create(e.b, e.loc, x, at, /*alignment=*/2 * bytes);
    }
}

void Epilogue::emit(Value row, Value column, Accumulator &layout,
                    Value accumulator, int64_t columns) {
  bases.clear();
  Value first = e.add(e.add(row, e.shl(warp, 4)), e.shr(lane, 2));
  for (int64_t r = 0; r < kRows; ++r)
    rows[r] = e.add(first, 8 * r);
  firstColumn = e.add(column, e.shl(e.bitAnd(lane, 3), 1));
  Block &body = op.getBody().front();
  for (chunk = 0; chunk < columns; chunk += kChunk) {
    values.clear();
    Values &product = values[body.getArgument(1)];
    for (int64_t i = 0; i < kChunk / 2; ++i)
      product.push_back(layout.element(accumulator, chunk / 2 + i));
    for (Operation &inner : body) {
      if (auto x = dyn_cast<kern::LoadOp>(inner)) {
        load(x);
      } else if (auto x = dyn_cast<kern::StoreOp>(inner)) {
        store(x);
      } else if (auto x = dyn_cast<kern::SpreadOp>(inner)) {
        Values source = values[x.getX()], &result = values[x.getY()];
        if (width(x.getY()) == 1)
          result = source;
        else
          for (int64_t i = 0; i < kGroups * kRows * kPair; ++i)
            result.push_back(source[i / kPair % kRows]);
      } else {
        Value y = inner.getResult(0);
        int64_t count = width(y) == 1 ? kRows : kGroups * kRows * kPair;
        Values result;
        for (int64_t i = 0; i < count; ++i) {
          Values operands;
          for (Value x : inner.getOperands())
            operands.push_back(values[x][i]);
          result.push_back(emitScalar(e, &inner, operands));
        }
        values[y] = result;
      }
    }
  }
}
