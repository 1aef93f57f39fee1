//===- Rows.cpp - a row program for Hopper --------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A warp computes a row. Column c of a row belongs to lane (c / 8) % 32, so a
// lane's eight columns of each chunk of 256 are one access of 16 bytes (bf16).
// A program with reductions holds its rows in registers; one without takes
// chunk after chunk, rows of any width. One-column values are held by all
// lanes.
//
// A row sum is taken over windows of 64 columns, then over the windows in
// ascending order: a lane's eight columns in order, eight lanes by a butterfly,
// then window after window.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Scalar.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {

/// Columns of a lane in a chunk; columns of a chunk.
constexpr int64_t kLane = 8, kChunk = 32 * kLane;
constexpr int64_t kWarps = 8;
/// Columns of a row that is held in registers: 48 registers a value.
constexpr int64_t kWidest = 6 * kChunk;

int64_t width(Value rowValue) {
  return cast<VectorType>(rowValue.getType()).getDimSize(0);
}

class RowKernel {
public:
  RowKernel(kern::RowsOp op, ModuleOp module, llvm::SetVector<Value> &numbers)
      : op(op), e(module, numbers, op.getLoc(), 32 * kWarps) {}

  LogicalResult verify();
  LLVM::LLVMFuncOp build(Launch &launch);

private:
  /// Computes the program on the lane's columns of `chunks` chunks, the first
  /// of which begins at column `start` (an i32).
  void emit(Value start, int64_t chunks);
  Values load(kern::LoadOp op);
  void store(kern::StoreOp op);
  Value reduce(kern::ReduceOp op);
  Value access(Value buffer, Value row, int64_t chunk);
  /// The lane's first column in a chunk, and whether the row has it.
  Value column(int64_t chunk);
  Value inside(int64_t chunk);

  kern::RowsOp op;
  Kernel e;
  /// Columns of the program's wide values; whether it has reductions.
  int64_t columns = 1;
  bool reduces = false;
  Value rowArgument, row, rows, lane, start;
  int64_t chunks = 0;
  llvm::DenseMap<Value, Values> values;
};

LogicalResult RowKernel::verify() {
  Block &body = op.getBody().front();
  rowArgument = body.getArgument(0);
  for (Operation &inner : body)
    for (ValueRange list :
         {ValueRange(inner.getOperands()), ValueRange(inner.getResults())})
      for (Value v : list)
        if (isa<VectorType>(v.getType()))
          columns = std::max(columns, width(v));
  for (Operation &inner : body) {
    auto refuse = [&]() {
      return inner.emitOpError("has no row kernel for sm_90a; served are "
                               "elementwise ops, sums and maxima over the row, "
                               "loads and stores of f32 or bf16 at a constant "
                               "distance from the own row, one or ")
             << columns << " columns wide";
    };
    auto access = [&](Value buffer, Value v) -> LogicalResult {
      auto type = cast<MemRefType>(buffer.getType());
      Type element = type.getElementType();
      if ((!element.isBF16() && !element.isF32()) ||
          (width(v) != 1 && width(v) != columns))
        return refuse();
      int64_t bytes = elementBytes(element);
      if (width(v) != 1 && (kern::rowStrideOf(type) * bytes % 16 ||
                            kern::offsetOf(type) * bytes % 16))
        return inner.emitOpError("accesses ")
               << type << "; on sm_90a rows begin at multiples of 16 bytes";
      return success();
    };
    if (auto load = dyn_cast<kern::LoadOp>(inner)) {
      if (load.getRow() && load.getRow() != rowArgument)
        return refuse();
      if (failed(access(load.getBuffer(), load.getY())))
        return failure();
    } else if (auto store = dyn_cast<kern::StoreOp>(inner)) {
      if (failed(access(store.getBuffer(), store.getValue())))
        return failure();
    } else if (auto reduce = dyn_cast<kern::ReduceOp>(inner)) {
      if (width(reduce.getX()) != columns || width(reduce.getY()) != 1)
        return refuse();
      reduces = true;
    } else if (auto spread = dyn_cast<kern::SpreadOp>(inner)) {
      if (width(spread.getX()) != 1 || width(spread.getY()) != columns)
        return refuse();
    } else if (isa<kern::NumberOp>(inner)) {
      if (width(inner.getResult(0)) != 1)
        return refuse();
    } else if (!isScalar(&inner) || (width(inner.getResult(0)) != 1 &&
                                     width(inner.getResult(0)) != columns)) {
      return refuse();
    }
  }
  if (columns != 1 && columns % kern::kSumWindow)
    return op.emitOpError("has rows of ")
           << columns << " columns; on sm_90a they are a multiple of "
           << kern::kSumWindow;
  if (reduces && columns > kWidest)
    return op.emitOpError("sums over rows of ")
           << columns << " columns; on sm_90a served are at most " << kWidest;
  return success();
}

Value RowKernel::column(int64_t chunk) {
  return e.add(e.add(start, chunk * kChunk), e.shl(lane, 3));
}

Value RowKernel::inside(int64_t chunk) {
  return e.less(column(chunk), e.i32(columns));
}

Value RowKernel::access(Value buffer, Value row, int64_t chunk) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = elementBytes(type.getElementType());
  Value at = e.address(buffer);
  if (row)
    at = e.offset(at,
                  e.mul(e.widen(row), e.i64(kern::rowStrideOf(type) * bytes)));
  if (kern::columnsOf(type) == 1)
    return at;
  // A lane beyond the row reads its first columns, which nothing uses.
  Value first = e.choose(inside(chunk), column(chunk), e.i32(0));
  return e.offset(at, e.mul(e.widen(first), e.i64(bytes)));
}

Values RowKernel::load(kern::LoadOp load) {
  Value buffer = load.getBuffer();
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType(), f32 = e.f32Type();
  Value from = load.getRow() ? row : Value(), exists;
  if (from && load.getDelta()) {
    // A negative row is a large one as an unsigned number.
    from = e.add(from, int64_t(load.getDelta()));
    exists = e.less(from, rows);
    from = e.choose(exists, from, e.i32(0));
  }
  Values result;
  auto add = [&](Value x) {
    result.push_back(exists ? e.choose(exists, x, e.f32(0)) : x);
  };
  if (width(load.getY()) == 1) {
    Value x = e.op<LLVM::LoadOp>(element, access(buffer, from, 0));
    add(element.isF32() ? x : e.op<LLVM::FPExtOp>(f32, x));
    return result;
  }
  int64_t count = 16 / elementBytes(element);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value at = access(buffer, from, chunk);
    for (int64_t i = 0; i < kLane; i += count) {
      Value x = e.op<LLVM::LoadOp>(VectorType::get({count}, element),
                                   e.offset(at, i * elementBytes(element)),
                                   /*alignment=*/16);
      if (!element.isF32())
        x = e.op<LLVM::FPExtOp>(VectorType::get({count}, f32), x);
      for (int64_t j = 0; j < count; ++j)
        add(e.op<LLVM::ExtractElementOp>(x, e.i32(j)));
    }
  }
  return result;
}

void RowKernel::store(kern::StoreOp store) {
  Value buffer = store.getBuffer();
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType();
  Values &elements = values[store.getValue()];
  if (width(store.getValue()) == 1) {
    Value x = elements[0];
    if (!element.isF32())
      x = e.op<LLVM::FPTruncOp>(element, x);
    Value at = access(buffer, row, 0);
    e.ifThen(e.equal(lane, 0),
             [&] { LLVM::StoreOp::create(e.b, e.loc, x, at); });
    return;
  }
  int64_t count = 16 / elementBytes(element);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value at = access(buffer, row, chunk);
    auto write = [&] {
      for (int64_t i = 0; i < kLane; i += count) {
        Value x = e.op<LLVM::PoisonOp>(VectorType::get({count}, e.f32Type()));
        for (int64_t j = 0; j < count; ++j)
          x = e.op<LLVM::InsertElementOp>(x, elements[chunk * kLane + i + j],
                                          e.i32(j));
        if (!element.isF32())
          x = e.op<LLVM::FPTruncOp>(VectorType::get({count}, element), x);
        LLVM::StoreOp::create(e.b, e.loc, x,
                              e.offset(at, i * elementBytes(element)),
                              /*alignment=*/16);
      }
    };
    if (columns % kChunk)
      e.ifThen(inside(chunk), write);
    else
      write();
  }
}

Value RowKernel::reduce(kern::ReduceOp op) {
  bool sum = op.getHow() == "add";
  auto combine = [&](Value x, Value y) {
    return sum ? e.op<arith::AddFOp>(x, y) : e.op<arith::MaximumFOp>(x, y);
  };
  Values &elements = values[op.getX()];
  constexpr int64_t window = kern::kSumWindow, lanes = window / kLane;
  Value total;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    Value part = elements[chunk * kLane];
    for (int64_t i = 1; i < kLane; ++i)
      part = combine(part, elements[chunk * kLane + i]);
    for (int64_t distance = 1; distance < lanes; distance *= 2)
      part = combine(part, e.shuffleXor(part, distance));
    for (int64_t w = 0; w < kChunk / window; ++w) {
      if (chunk * kChunk + w * window >= columns)
        break;
      Value x = e.shuffleFrom(part, e.i32(w * lanes));
      total = total ? combine(total, x) : x;
    }
  }
  return total;
}

void RowKernel::emit(Value start, int64_t chunks) {
  this->start = start;
  this->chunks = chunks;
  values.clear();
  for (Operation &inner : op.getBody().front()) {
    if (auto x = dyn_cast<kern::StoreOp>(inner)) {
      store(x);
      continue;
    }
    Value y = inner.getResult(0);
    int64_t count = width(y) == 1 ? 1 : chunks * kLane;
    Values result;
    if (auto x = dyn_cast<kern::LoadOp>(inner)) {
      result = load(x);
    } else if (auto x = dyn_cast<kern::ReduceOp>(inner)) {
      result = {reduce(x)};
    } else if (auto x = dyn_cast<kern::NumberOp>(inner)) {
      result = {e.number(x)};
    } else if (auto x = dyn_cast<kern::SpreadOp>(inner)) {
      result = Values(count, values[x.getX()][0]);
    } else {
      for (int64_t i = 0; i < count; ++i) {
        Values operands;
        for (Value x : inner.getOperands())
          operands.push_back(values[x][i]);
        result.push_back(emitScalar(e, &inner, operands));
      }
    }
    values[y] = std::move(result);
  }
}

LLVM::LLVMFuncOp RowKernel::build(Launch &launch) {
  rows = e.integer(op.getRows());
  // Parameters stand in the program's order.
  for (Operation &inner : op.getBody().front()) {
    if (auto load = dyn_cast<kern::LoadOp>(inner))
      e.address(load.getBuffer());
    if (auto store = dyn_cast<kern::StoreOp>(inner))
      e.address(store.getBuffer());
  }
  Value thread = e.threadIndex();
  lane = e.bitAnd(thread, 31);
  row = e.add(e.mul(e.blockIndex(), kWarps), e.shr(thread, 5));
  int64_t count = llvm::divideCeil(columns, kChunk);
  e.ifThen(e.less(row, rows), [&] {
    if (reduces || count == 1) {
      emit(e.i32(0), count);
      return;
    }
    e.loop(e.i32(0), e.i32(columns), e.i32(kChunk), {},
           [&](Value from, ValueRange) -> Values {
             emit(from, 1);
             return {};
           });
  });
  LLVM::LLVMFuncOp function = e.finish();
  e.launch.blocks = llvm::divideCeil(int64_t(op.getRows()), kWarps);
  launch = e.launch;
  return function;
}

} // namespace

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildRows(kern::RowsOp op, ModuleOp module,
                       llvm::SetVector<Value> &numbers, Launch &launch) {
  RowKernel kernel(op, module, numbers);
  if (failed(kernel.verify()))
    return failure();
  return kernel.build(launch);
}
