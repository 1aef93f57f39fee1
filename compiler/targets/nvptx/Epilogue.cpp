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
  auto aligned = [&](Operation &op, Value buffer) -> LogicalResult {
    auto type = cast<MemRefType>(buffer.getType());
    int64_t multiple = elementType(buffer).isBF16() ? 8 : 2;
    if (kern::columnsOf(type) == 1 ||
        (kern::rowStrideOf(type) % multiple == 0 &&
         kern::offsetOf(type) % multiple == 0))
      return success();
    return op.emitOpError("accesses ")
           << type << "; in an epilogue on sm_90a rows begin at multiples of "
           << multiple << " elements";
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
      if (failed(aligned(op, load.getBuffer())))
        return failure();
    } else if (auto store = dyn_cast<kern::StoreOp>(op)) {
      if (store.getRow() != row || !served(store.getBuffer()) ||
          width(store.getValue()) != n)
        return refuse();
      if (failed(aligned(op, store.getBuffer())))
        return failure();
    } else if (auto spread = dyn_cast<kern::SpreadOp>(op)) {
      if (width(spread.getX()) != 1 || !wide(spread.getY()))
        return refuse();
    } else if (isa<kern::NumberOp>(op)) {
      if (width(op.getResult(0)) != 1)
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

Value Epilogue::address(Value buffer, Value row, int64_t r, bool octets) {
  Value &known = addresses[{buffer, row ? r : kRows}];
  if (known)
    return known;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = elementBytes(type.getElementType());
  known = e.address(buffer);
  if (row) {
    Value stride = e.i64(kern::rowStrideOf(type) * bytes);
    known = e.offset(known, e.mul(e.widen(rows[r]), stride));
  }
  if (kern::columnsOf(type) != 1) {
    Value column = octets ? octetColumn : pairColumn;
    known = e.offset(known, e.mul(e.widen(column), e.i64(bytes)));
  }
  return known;
}

void Epilogue::transpose(MutableArrayRef<Value> four) {
  for (int64_t bit : {1, 2}) {
    Value odd = e.op<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                    e.bitAnd(lane, bit), e.i32(0));
    for (int64_t low = 0; low < kQuad; ++low) {
      if (low & bit)
        continue;
      Value &x = four[low], &y = four[low | bit];
      Value other = e.shuffleXor(e.choose(odd, x, y), bit);
      x = e.choose(odd, other, x);
      y = e.choose(odd, y, other);
    }
  }
}

Values Epilogue::fetch(kern::LoadOp load) {
  Value buffer = load.getBuffer(), row = load.getRow();
  Type type = elementType(buffer);
  Values result;
  for (int64_t r = 0; r < kRows; ++r) {
    if (width(load.getY()) == 1)
      result.push_back(
          e.op<LLVM::LoadOp>(type, address(buffer, row, r, false)));
    else if (type.isF32())
      for (int64_t g = 0; g < groups; ++g)
        result.push_back(e.op<LLVM::LoadOp>(
            VectorType::get({kPair}, type),
            e.offset(address(buffer, row, r, false), (chunk + 8 * g) * 4),
            /*alignment=*/8));
    else
      for (int64_t g = 0; g < groups; g += kQuad)
        result.push_back(e.op<LLVM::LoadOp>(
            VectorType::get({kQuad}, e.i32Type()),
            e.offset(address(buffer, row, r, true), (chunk + 8 * g) * 2),
            /*alignment=*/16));
  }
  return result;
}

void Epilogue::load(kern::LoadOp load, ValueRange fetched) {
  Type type = elementType(load.getBuffer()), f32 = e.f32Type();
  Values &result = values[load.getY()];
  if (width(load.getY()) == 1) {
    for (Value x : fetched)
      result.push_back(type.isF32() ? x : e.op<LLVM::FPExtOp>(f32, x));
    return;
  }
  auto pairType = VectorType::get({kPair}, f32);
  // Of a row, in the order of groups.
  Values pairs[kRows];
  for (auto [i, x] : llvm::enumerate(fetched)) {
    Values &row = pairs[i / (fetched.size() / kRows)];
    if (type.isF32()) {
      row.push_back(x);
      continue;
    }
    Values four;
    for (int64_t i = 0; i < kQuad; ++i)
      four.push_back(e.op<LLVM::ExtractElementOp>(x, e.i32(i)));
    transpose(four);
    for (Value two : four)
      row.push_back(e.op<LLVM::FPExtOp>(
          pairType, e.bitcast(VectorType::get({kPair}, type), two)));
  }
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t c = 0; c < kPair; ++c)
        result.push_back(e.op<LLVM::ExtractElementOp>(pairs[r][g], e.i32(c)));
}

void Epilogue::store(kern::StoreOp store) {
  Value buffer = store.getBuffer(), row = store.getRow();
  Type type = elementType(buffer);
  ValueRange elements = values[store.getValue()];
  auto pair = [&](int64_t g, int64_t r) {
    Value x = e.op<LLVM::PoisonOp>(VectorType::get({kPair}, e.f32Type()));
    for (int64_t c = 0; c < kPair; ++c)
      x = e.op<LLVM::InsertElementOp>(x, elements[(g * kRows + r) * kPair + c],
                                      e.i32(c));
    return x;
  };
  for (int64_t r = 0; r < kRows; ++r) {
    if (type.isF32()) {
      for (int64_t g = 0; g < groups; ++g)
        LLVM::StoreOp::create(
            e.b, e.loc, pair(g, r),
            e.offset(address(buffer, row, r, false), (chunk + 8 * g) * 4),
            /*alignment=*/8);
      continue;
    }
    for (int64_t g = 0; g < groups; g += kQuad) {
      Values four;
      for (int64_t i = 0; i < kQuad; ++i)
        four.push_back(e.bitcast(
            e.i32Type(), e.op<LLVM::FPTruncOp>(VectorType::get({kPair}, type),
                                               pair(g + i, r))));
      transpose(four);
      Value x = e.op<LLVM::PoisonOp>(VectorType::get({kQuad}, e.i32Type()));
      for (int64_t i = 0; i < kQuad; ++i)
        x = e.op<LLVM::InsertElementOp>(x, four[i], e.i32(i));
      LLVM::StoreOp::create(
          e.b, e.loc, x,
          e.offset(address(buffer, row, r, true), (chunk + 8 * g) * 2),
          /*alignment=*/16);
    }
  }
}

void Epilogue::prefetch(Value row, Value column, int64_t columns) {
  // Two threads a row, each takes half of the row's lines of 128 bytes.
  Value thread = e.bitAnd(e.threadIndex(), 127);
  Value own = e.add(row, e.shr(thread, 1)), half = e.bitAnd(thread, 1);
  for (kern::LoadOp load : op.getBody().getOps<kern::LoadOp>()) {
    auto type = cast<MemRefType>(load.getBuffer().getType());
    if (!load.getRow() || kern::columnsOf(type) == 1)
      continue;
    int64_t bytes = elementBytes(type.getElementType());
    Value start = e.add(column, e.mul(half, columns / 2));
    for (int64_t i = 0; i < columns / 2; i += 128 / bytes) {
      Value at = e.add(start, i);
      auto touch = [&] {
        Value place = e.add(
            e.op<arith::MulIOp>(e.widen(own), e.i64(kern::rowStrideOf(type))),
            e.widen(at));
        NVVM::PrefetchOp::create(
            e.b, e.loc,
            NVVM::PrefetchCacheLevelAttr::get(e.b.getContext(),
                                              NVVM::PrefetchCacheLevel::L2),
            NVVM::CacheEvictionPriorityAttr(),
            e.offset(e.address(load.getBuffer()), e.mul(place, e.i64(bytes))),
            /*predicate=*/Value());
      };
      if (op.getN() % columns == 0)
        touch();
      else
        e.ifThen(e.less(at, e.i32(op.getN())), touch);
    }
  }
}

void Epilogue::emit(Value row, Value column, ValueRange elements,
                    int64_t columns) {
  addresses.clear();
  Value first = e.add(e.add(row, e.shl(warp, 4)), e.shr(lane, 2));
  for (int64_t r = 0; r < kRows; ++r)
    rows[r] = e.add(first, 8 * r);
  Value quad = e.bitAnd(lane, kQuad - 1);
  pairColumn = e.add(column, e.shl(quad, 1));
  octetColumn = e.add(column, e.shl(quad, 3));
  int64_t width = columns % 64 ? 32 : 64, n = op.getN();
  // What the last tile has of the product is there in every tile; the first
  // chunk, which computes the addresses for all, is a part of it.
  int64_t everywhere = n - (llvm::divideCeil(n, columns) - 1) * columns;
  groups = width / 8;
  // A chunk's loads are issued before the program of the chunk before it, for
  // its stores would keep them back: those that no store of the region leads.
  auto fetchAhead = [&](int64_t next) {
    fetched.clear();
    chunk = next;
    if (next < everywhere && next < columns)
      for (Operation &inner : op.getBody().front()) {
        if (isa<kern::StoreOp>(inner))
          break;
        if (auto load = dyn_cast<kern::LoadOp>(inner))
          fetched[load] = fetch(load);
      }
    return std::move(fetched);
  };
  auto next = fetchAhead(0);
  for (int64_t at = 0; at < columns; at += width) {
    auto current = std::move(next);
    next = fetchAhead(at + width);
    fetched = std::move(current);
    chunk = at;
    ValueRange product = elements.slice(chunk / 2, width / 2);
    if (chunk < everywhere)
      program(product);
    else
      e.ifThen(e.less(e.add(column, chunk), e.i32(n)),
               [&] { program(product); });
  }
}

void Epilogue::program(ValueRange product) {
  Block &body = op.getBody().front();
  values.clear();
  values[body.getArgument(1)] = Values(product);
  for (Operation &inner : body) {
    if (auto x = dyn_cast<kern::LoadOp>(inner)) {
      load(x, fetched.count(x) ? fetched[x] : fetch(x));
    } else if (auto x = dyn_cast<kern::StoreOp>(inner)) {
      store(x);
    } else if (auto x = dyn_cast<kern::NumberOp>(inner)) {
      values[x.getY()] = Values(kRows, e.number(x));
    } else if (auto x = dyn_cast<kern::SpreadOp>(inner)) {
      Values source = values[x.getX()], &result = values[x.getY()];
      if (width(x.getY()) == 1)
        result = source;
      else
        for (int64_t i = 0; i < groups * kRows * kPair; ++i)
          result.push_back(source[i / kPair % kRows]);
    } else {
      Value y = inner.getResult(0);
      int64_t count = width(y) == 1 ? kRows : groups * kRows * kPair;
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
