//===- RowEmitter.cpp - row programs by column chunks ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/RowEmitter.h"
#include "dialect/KernDialect.h"
#include "dialect/KernRow.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace gptc {

int64_t RowEmitter::widthOf(Value v) {
  auto type = dyn_cast<VectorType>(v.getType());
  return type ? type.getDimSize(0) : 0;
}

bool isElementwise(Operation *op) {
  if (isa<kern::RoundOp>(op))
    return true;
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         !isa<arith::ConstantOp>(op);
}

static Value bufferOf(Operation *op) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([](kern::StoreOp s) { return s.getBuffer(); })
      .Case([](kern::PartialOp p) { return p.getPartials(); })
      .Case([](kern::LoadOp l) { return l.getBuffer(); })
      .Case([](kern::LoadIndexOp l) { return l.getBuffer(); })
      .Default(Value());
}

static bool isStore(Operation *op) {
  return isa<kern::StoreOp, kern::PartialOp>(op);
}

bool crosses(MemRefType a, MemRefType b) {
  if (a == b)
    return false;
  int64_t stride = kern::rowStrideOf(a);
  if (stride <= 0 || stride != kern::rowStrideOf(b) ||
      kern::rowsOf(a) != kern::rowsOf(b))
    return true;
  int64_t atA = kern::offsetOf(a) % stride, atB = kern::offsetOf(b) % stride;
  int64_t endA = atA + kern::columnsOf(a), endB = atB + kern::columnsOf(b);
  return endA > stride || endB > stride || (atA < endB && atB < endA);
}

//===----------------------------------------------------------------------===//
// A program: phases, groups of stores
//===----------------------------------------------------------------------===//

LogicalResult RowEmitter::emitRow(Block &block, Value index) {
  program = &block;
  row = index;
  if (auto kernel = dyn_cast<kern::RowsOp>(block.getParentOp()))
    rows = kernel.getRows();
  else if (auto contract = dyn_cast<kern::ContractOp>(block.getParentOp()))
    rows = contract.getRows();
  else if (auto attention =
               dyn_cast<kern::AttentionBackwardOp>(block.getParentOp()))
    rows = kern::rowsOf(cast<MemRefType>(attention.getQ().getType()));
  if (failed(check(block)))
    return failure();
  // A load of what was stored above waits for the stores, and so does a store
  // over other columns of them: chunks of one phase are stored in any order.
  SmallVector<SmallVector<Operation *>> phases(1);
  llvm::DenseMap<Operation *, SmallVector<MemRefType>> stored;
  for (Operation &op : block) {
    Value buffer = bufferOf(&op);
    Operation *root = buffer ? kern::rootOf(buffer).getOperation() : nullptr;
    auto type = root ? cast<MemRefType>(buffer.getType()) : MemRefType();
    if (root && stored.contains(root) &&
        (!isStore(&op) || llvm::any_of(stored[root], [&](MemRefType other) {
          return crosses(type, other);
        }))) {
      phases.emplace_back();
      stored.clear();
    }
    if (root && isStore(&op))
      stored[root].push_back(type);
    phases.back().push_back(&op);
  }
  phaseCount = phases.size();
  for (ArrayRef<Operation *> phase : phases) {
    begin(phase);
    SmallVector<Operation *> stores;
    bool hazard = false;
    for (Operation *op : phase)
      if (auto load = dyn_cast<kern::LoadOp>(op); load && overwritten(load)) {
        hazard = true;
        prepare(load.getY());
        if (widthOf(load.getY()) > 1 && !ownRow(widthOf(load.getY())))
          materialise(load.getY());
      }
    for (Operation *op : phase)
      if (isStore(op)) {
        stores.push_back(op);
        prepare(op->getOperand(0));
      }
    if (hazard)
      sync();
    emitStores(stores);
    if (phase.data() != phases.back().data())
      sync();
  }
  return success();
}

LogicalResult RowEmitter::check(Block &block) {
  for (Operation &op : block) {
    if (!isa<kern::KernDialect, arith::ArithDialect, math::MathDialect>(
            op.getDialect()))
      return op.emitError("has no place in a row program");
    if (auto c = dyn_cast<arith::ConstantOp>(op))
      if (auto dense = dyn_cast<DenseElementsAttr>(c.getValue());
          dense && !dense.isSplat())
        return op.emitError("a row program's constant has one value");
    if (Value buffer = bufferOf(&op); buffer && !kern::rootOf(buffer))
      return op.emitError("accesses no kern.buffer");
  }
  return success();
}

/// Whether a load must be kept because its buffer is overwritten before all of
/// its columns were used.
bool RowEmitter::overwritten(kern::LoadOp load) {
  Operation *root = kern::rootOf(load.getBuffer());
  bool after = false, hazard = false;
  bool aligned = phaseCount == 1 && load.getDelta() == 0 &&
                 load.getRow() == program->getArgument(0);
  for (Operation &op : *program) {
    if (&op == load.getOperation())
      after = true;
    if (!isStore(&op))
      continue;
    if (widthOf(op.getOperand(0)) != widthOf(load.getY()))
      aligned = false;
    if (after && kern::rootOf(bufferOf(&op)).getOperation() == root) {
      hazard = true;
      if (bufferOf(&op) != load.getBuffer())
        aligned = false;
    }
  }
  if (!hazard || !aligned)
    return hazard;
  // One loop reads and writes; every use must stay in its column.
  SmallVector<Operation *> work(load.getY().getUsers());
  llvm::DenseSet<Operation *> seen;
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (!seen.insert(op).second || isStore(op))
      continue;
    if (!isElementwise(op))
      return true;
    for (Operation *user : op->getUsers())
      work.push_back(user);
  }
  return false;
}

void RowEmitter::emitStores(ArrayRef<Operation *> stores) {
  llvm::MapVector<int64_t, SmallVector<Operation *>> groups;
  llvm::DenseMap<Operation *, Value> pointers;
  for (Operation *op : stores) {
    groups[widthOf(op->getOperand(0))].push_back(op);
    Value at = scalarOf(op->getOperand(2));
    if (isa<kern::PartialOp>(op))
      at = k.div(at, kern::kSumWindow);
    pointers[op] = addressOf(bufferOf(op), at, /*check=*/false).pointer;
  }
  for (auto &[columns, group] : groups) {
    SmallVector<Value> values;
    for (Operation *op : group)
      values.push_back(op->getOperand(0));
    auto store = [&, &group = group](const Chunk &c) {
      // All chunks first: a store must not change what a later one reads.
      SmallVector<Value> made;
      for (Operation *op : group)
        made.push_back(chunkOf(op->getOperand(0), c));
      for (auto [op, value] : llvm::zip_equal(group, made))
        write(op, pointers[op], c, value);
    };
    llvm::SetVector<Operation *> meetings, loads;
    llvm::DenseSet<Value> seen;
    for (Value v : values)
      if (columns >= kSeldom)
        gatherMeetings(v, meetings, loads, seen);
    auto ahead = [&](const Chunk &c) {
      for (Operation *load : loads)
        chunkOf(load->getResult(0), c);
    };
    auto body = [&](const Chunk &c) {
      if (meetings.empty())
        return store(c);
      ahead(c); // loads need not wait for the branch
      k.ifThen(
          meets(meetings.getArrayRef(), c), [&] { inScope([&] { store(c); }); },
          [&] {
            unmet = {&c, meetings.getArrayRef()};
            inScope([&] { store(c); });
            unmet = {};
          });
    };
    forChunks(columns, values, body, ahead);
  }
}

void RowEmitter::gatherMeetings(Value v, llvm::SetVector<Operation *> &meetings,
                                llvm::SetVector<Operation *> &loads,
                                llvm::DenseSet<Value> &seen) {
  Operation *op = v.getDefiningOp();
  if (!op || widthOf(v) <= 1 || buffered.count(v) || !seen.insert(v).second)
    return;
  if (auto is = dyn_cast<kern::ColumnIsOp>(op);
      is && is.getJ().getDefiningOp<kern::IotaOp>())
    meetings.insert(op);
  else if (isa<kern::LoadOp>(op))
    loads.insert(op);
  else if (isElementwise(op))
    for (Value operand : op->getOperands())
      gatherMeetings(operand, meetings, loads, seen);
}

Value RowEmitter::meets(ArrayRef<Operation *> meetings, const Chunk &c) {
  Value column = k.narrow(columnOf(c)), any;
  Value width =
      k.op<arith::ConstantOp>(k.b.getI32IntegerAttr(int32_t(c.width)));
  for (Operation *op : meetings) {
    Value index = k.narrow(scalarOf(cast<kern::ColumnIsOp>(op).getIndex()));
    Value one = k.op<arith::CmpIOp>(arith::CmpIPredicate::ult,
                                    k.op<arith::SubIOp>(index, column), width);
    any = any ? k.bitOr(any, one) : one;
  }
  return any;
}

//===----------------------------------------------------------------------===//
// Loops over columns
//===----------------------------------------------------------------------===//

Value RowEmitter::productChunk(const Chunk &) {
  llvm_unreachable("only a contraction's program has a product");
}

Value RowEmitter::read(Value, Value pointer, const Chunk &c) {
  return k.load(k.vector(c.width), k.at(pointer, columnOf(c)));
}

void RowEmitter::keep(Value value, Value buffer, const Chunk &c) {
  k.store(value, k.at(buffer, columnOf(c)));
}

Value RowEmitter::fetch(Value buffer, const Chunk &c) {
  return k.load(k.vector(c.width), k.at(buffer, columnOf(c)));
}

void RowEmitter::forColumns(int64_t low, int64_t high, int64_t width,
                            function_ref<void(Value)> body,
                            function_ref<void(Value)>) {
  auto scoped = [&](Value j) { inScope([&] { body(j); }); };
  if (high - low == width)
    return scoped(k.index(low));
  k.loop(k.index(low), k.index(high), width, scoped);
}

void RowEmitter::inScope(function_ref<void()> body) {
  auto saved = chunks;
  body();
  chunks = std::move(saved);
}

void RowEmitter::forLimits(int64_t columns, const Limits &limits,
                           function_ref<void(const Chunk &)> body,
                           function_ref<void(const Chunk &)> ahead) {
  if (std::optional<Chunk> own = ownRow(columns))
    return body(*own);
  SmallVector<int64_t> edges(limits.cuts);
  edges.append({0, columns});
  llvm::sort(edges);
  edges.erase(llvm::unique(edges), edges.end());
  int64_t most = widest(columns);
  if (limits.grain) {
    most = std::gcd(most, limits.grain);
    for (int64_t edge : edges)
      most = std::gcd(most, edge);
  }
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    int64_t low = edges[i], high = edges[i + 1];
    for (int64_t at = low, width = most; at < high; width /= 2) {
      int64_t end = at + (high - at) / width * width;
      if (end == at)
        continue;
      auto given = [&](function_ref<void(const Chunk &)> to) {
        return [=](Value j) { to({j, 0, low, high, width}); };
      };
      if (ahead)
        forColumns(at, end, width, given(body), given(ahead));
      else
        forColumns(at, end, width, given(body));
      at = end;
    }
  }
}

void RowEmitter::forChunks(int64_t columns, ValueRange values,
                           function_ref<void(const Chunk &)> body,
                           function_ref<void(const Chunk &)> ahead) {
  Limits all;
  for (Value v : values) {
    Limits limits = limitsOf(v);
    all.grain = std::gcd(all.grain, limits.grain);
    all.cuts.append(limits.cuts);
  }
  forLimits(columns, all, body, ahead);
}

//===----------------------------------------------------------------------===//
// What is made before the loops
//===----------------------------------------------------------------------===//

void RowEmitter::prepare(Value v) {
  Operation *op = v.getDefiningOp();
  if (!prepared.insert(v).second)
    return;
  if (op) {
    for (Value operand : op->getOperands()) {
      if (isa<VectorType>(operand.getType()))
        prepare(operand);
      else if (operand.getType().isIndex() || operand.getType().isInteger())
        scalarOf(operand);
    }
    auto keep = [&](Value x) {
      if (!direct(x))
        materialise(x);
    };
    if (auto load = dyn_cast<kern::LoadOp>(op)) {
      Value at = load.getRow() ? scalarOf(load.getRow()) : Value();
      auto type = cast<MemRefType>(load.getBuffer().getType());
      bool own =
          load.getRow() == program->getArgument(0) && load.getDelta() == 0;
      if (own && kern::rowsOf(type) == 1 && !ownRow(widthOf(load.getY())))
        at = Value();
      own &= kern::rowsOf(type) >= rows;
      if (at)
        at = k.add(at, load.getDelta());
      addresses[op] = addressOf(load.getBuffer(), at, at && !own);
    } else if (auto reduce = dyn_cast<kern::ReduceOp>(op)) {
      reduceRow(reduce);
    } else if (auto spread = dyn_cast<kern::SpreadOp>(op)) {
      if (!holdsHeads())
        keep(spread.getX());
    } else if (auto pad = dyn_cast<kern::PadOp>(op)) {
      if (!cutsAtPads()) {
        keep(pad.getX());
        beginPad(pad);
      }
    } else if (auto pick = dyn_cast<kern::PickOp>(op)) {
      if (!limitsOf(pick.getX()).cuts.empty())
        materialise(pick.getX());
    } else if (auto outer = dyn_cast<kern::OuterOp>(op)) {
      keep(outer.getA());
      keep(outer.getB());
    } else if (auto rotate = dyn_cast<kern::RotateOp>(op)) {
      if (!holdsHeads())
        keep(rotate.getX());
      keep(rotate.getCos());
      keep(rotate.getSin());
    } else if (auto matvec = dyn_cast<kern::MatvecOp>(op)) {
      keep(matvec.getW());
      keep(matvec.getX());
      if (!matvec.getTransposed())
        multiplyMatrix(matvec);
    } else if (auto angles = dyn_cast<kern::AnglesOp>(op)) {
      prepared.insert(angles.getCos());
      prepared.insert(angles.getSin());
      if (!frequencies.count(op)) {
        Value table = rowBuffer(angles.getHalf(), 8);
        for (int64_t e = 0; e < int64_t(angles.getHalf()); ++e) {
          Value f = e < int64_t(angles.getFreqs().size())
                        ? numberOf(angles.getFreqs()[e])
                        : k.op<arith::ConstantOp>(k.b.getF64FloatAttr(0));
          k.store(f, k.at(table, e, 8));
        }
        sync();
        frequencies[op] = table;
      }
    }
  }
  if (widthOf(v) == 1 && !single.count(v)) {
    Value zero = k.index(0);
    inScope([&] { single[v] = chunkOf(v, {zero, 0, 0, 1, 1}); });
  }
}

void RowEmitter::materialise(Value v) {
  if (buffered.count(v) || widthOf(v) == 1)
    return;
  Value buffer = rowBuffer(widthOf(v));
  forLimits(widthOf(v), limitsOf(v),
            [&](const Chunk &c) { keep(chunkOf(v, c), buffer, c); });
  sync();
  buffered[v] = buffer;
}

bool RowEmitter::direct(Value v, int budget) {
  Operation *op = v.getDefiningOp();
  if (!op || widthOf(v) == 1 || buffered.count(v) ||
      isa<kern::LoadOp, kern::IotaOp, arith::ConstantOp>(op))
    return true;
  if (budget == 0)
    return false;
  if (auto slice = dyn_cast<kern::SliceOp>(op))
    return direct(slice.getX(), budget);
  if (auto spread = dyn_cast<kern::SpreadOp>(op))
    return widthOf(spread.getX()) == 1;
  if (!isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::MaximumFOp>(op))
    return false;
  return llvm::all_of(op->getOperands(),
                      [&](Value x) { return direct(x, budget - 1); });
}

/// An index of the program, as the builder has them, or another scalar.
Value RowEmitter::scalarOf(Value v) {
  if (v == program->getArgument(0))
    return row;
  if (Value known = scalars.lookup(v))
    return known;
  Operation *op = v.getDefiningOp();
  Value result;
  if (auto load = dyn_cast<kern::LoadIndexOp>(op)) {
    Value at = k.add(scalarOf(load.getRow()), load.getDelta());
    RowAddress address = addressOf(load.getBuffer(), at, /*check=*/true);
    Value loaded = k.load(k.i32Type(), address.pointer);
    result = k.signedIndex(loaded);
    if (address.inside)
      result = k.choose(address.inside, result, k.index(-1));
  } else if (auto c = dyn_cast<arith::ConstantOp>(op);
             c && v.getType().isIndex()) {
    result = k.index(cast<IntegerAttr>(c.getValue()).getInt());
  } else {
    Operation *copy = cloneOver(op, {});
    result = copy->getResult(cast<OpResult>(v).getResultNumber());
  }
  return scalars[v] = result;
}

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

/// The same op on chunks (vectors) and on indices.
Operation *RowEmitter::cloneOver(Operation *op, const Chunk &c) {
  IRMapping map;
  for (Value operand : op->getOperands())
    map.map(operand, isa<VectorType>(operand.getType()) ? chunkOf(operand, c)
                                                        : scalarOf(operand));
  Operation *copy = k.b.clone(*op, map);
  for (Value result : copy->getResults()) {
    if (auto type = dyn_cast<VectorType>(result.getType()))
      result.setType(k.vector(c.width, type.getElementType()));
    else if (result.getType().isIndex())
      result.setType(k.indexType());
  }
  return copy;
}

Value RowEmitter::chunkOf(Value v, const Chunk &c) {
  if (widthOf(v) == 1)
    if (Value known = single.lookup(v))
      return known;
  if (Value buffer = buffered.lookup(v))
    return fetch(buffer, c);
  Key key = keyOf(v, c);
  auto known = chunks.find(key);
  if (known != chunks.end())
    return known->second;
  Operation *op = v.getDefiningOp();
  Value made = op ? makeChunk(op, v, c) : productChunk(c);
  return chunks[key] = made;
}

Value RowEmitter::chunkAt(Value v, Value column, int64_t width) {
  return chunkOf(v, {column, 0, 0, widthOf(v), width});
}

Value RowEmitter::elementAt(Value v, Value column) {
  return k.element(chunkAt(v, column, 1), 0);
}

Value RowEmitter::makeChunk(Operation *op, Value v, const Chunk &c) {
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](kern::LoadOp o) { return loadChunk(o, c); })
      .Case([&](kern::SpreadOp o) { return spreadChunk(o, c); })
      .Case([&](kern::RotateOp o) { return rotateChunk(o, c); })
      .Case([&](kern::OuterOp o) { return outerChunk(o, c); })
      .Case([&](kern::MatvecOp o) { return matvecChunk(o, c); })
      .Case([&](kern::RandomOp o) { return randomChunk(o, c); })
      .Case([&](kern::ConcatOp o) { return concatChunk(o, c); })
      .Case(
          [&](kern::AnglesOp o) { return anglesChunk(o, v == o.getCos(), c); })
      .Case([&](kern::SliceOp o) {
        return chunkOf(o.getX(), c.moved(o.getAt()));
      })
      .Case([&](kern::PadOp o) { return padChunk(o, c); })
      .Case([&](kern::PickOp o) {
        Value column = scalarOf(o.getColumn());
        Value inside = k.inside(column, k.index(widthOf(o.getX())));
        Value at = k.choose(inside, column, k.index(0));
        return k.choose(inside, chunkAt(o.getX(), at, 1), k.splat(0.0, 1));
      })
      .Case([&](kern::NumberOp o) {
        return k.splat(
            k.op<arith::TruncFOp>(k.f32Type(), numberOf(o.getNumber())), 1);
      })
      .Case([&](kern::RowIndexOp o) {
        return k.splat(k.narrow(scalarOf(o.getRow())), 1);
      })
      .Case([&](kern::IotaOp o) -> Value {
        SmallVector<int32_t> lanes(c.width);
        std::iota(lanes.begin(), lanes.end(), 0);
        Value first = k.narrow(columnOf(c));
        Value count = k.op<arith::ConstantOp>(DenseElementsAttr::get(
            k.vector(c.width, k.i32Type()), ArrayRef<int32_t>(lanes)));
        return k.op<arith::AddIOp>(k.splat(first, c.width), count);
      })
      .Case([&](kern::ColumnIsOp o) -> Value {
        if (const Chunk *own = unmet.chunk;
            own && c.base == own->base && c.shift == own->shift &&
            c.width == own->width && llvm::is_contained(unmet.by, o))
          return k.op<arith::ConstantOp>(DenseElementsAttr::get(
              k.vector(c.width, k.b.getI1Type()), false));
        Value index = k.narrow(scalarOf(o.getIndex()));
        return k.equal(chunkOf(o.getJ(), c), k.splat(index, c.width));
      })
      .Case([&](arith::ConstantOp o) -> Value {
        auto dense = cast<DenseElementsAttr>(o.getValue());
        return k.op<arith::ConstantOp>(
            dense.resizeSplat(k.vector(c.width, dense.getElementType())));
      })
      .Default([&](Operation *o) {
        return cloneOver(o, c)->getResult(cast<OpResult>(v).getResultNumber());
      });
}

} // namespace gptc
