//===- Epilogue.cpp - a row program on accumulator registers --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Epilogue.h"
#include "compiler/kernels/Accepts.h"
#include "compiler/targets/nvptx/Scalar.h"
#include "dialect/KernRow.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

static int64_t width(Value rowValue) {
  return cast<VectorType>(rowValue.getType()).getDimSize(0);
}

static Type elementType(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

/// What `fuse-epilogues` moves into an epilogue (compiler/kernels/Accepts.h) is
/// all served, so no model is refused here: a hand-written kernel may be.
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
      bool ofWindows = isWindows(store.getValue().getType(), n) &&
                       elementType(store.getBuffer()).isF32();
      if (store.getRow() != row || !served(store.getBuffer()) ||
          (width(store.getValue()) != n && !ofWindows))
        return refuse();
    } else if (isa<kern::ReduceOp>(op)) {
      if (!whyNotInEpilogue(&op, n).empty())
        return refuse();
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

static int64_t tilesIn(Block &body, int64_t n) {
  return llvm::count_if(body, [&](Operation &inner) {
    auto load = dyn_cast<kern::LoadOp>(inner);
    auto store = dyn_cast<kern::StoreOp>(inner);
    return (store && width(store.getValue()) == n) ||
           (load && width(load.getY()) > 1);
  });
}

int64_t gptc::nvptx::tilesOf(kern::ContractOp op) {
  return tilesIn(op.getBody().front(), op.getN());
}

Epilogue::Epilogue(Kernel &e, kern::ContractOp op, Value m, Staging *staging)
    : e(e), body(op.getBody().front()), n(op.getN()), staging(staging), m(m) {
  Value thread = e.bitAnd(e.threadIndex(), 127);
  lane = e.bitAnd(thread, 31);
  warp = e.shr(thread, 5);
  // Parameters are asked for in the region's order, whatever the tile is.
  for (Operation &inner : body) {
    auto load = dyn_cast<kern::LoadOp>(inner);
    if (load && !(staging && staging->copies(load)))
      e.address(load.getBuffer());
    auto store = dyn_cast<kern::StoreOp>(inner);
    if (store && !(staging && staging->holds(store)))
      e.address(store.getBuffer());
  }
}

SmallVector<Epilogue::Access> Epilogue::accesses(Value buffer) {
  // An access must be whole: a product cut within it is taken by elements.
  bool f32 = elementType(buffer).isF32();
  int64_t unit = f32 ? kPair : 2 * kQuad;
  bool whole = beginAt(buffer, unit) && (!ragged || n % unit == 0);
  SmallVector<Access> result;
  for (int64_t g = 0; g < groups; g += whole && !f32 ? kQuad : 1) {
    if (whole)
      result.push_back({f32 ? pairColumn : octetColumn, chunk + 8 * g, unit});
    else
      for (int64_t c = 0; c < kPair; ++c)
        result.push_back({pairColumn, chunk + 8 * g + c, 1});
  }
  return result;
}

Value Epilogue::address(Value buffer, Value row, int64_t r, Value base) {
  Value &known = addresses[{buffer, row ? r : kRows, base}];
  if (known)
    return known;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = elementBytes(type.getElementType());
  known = e.address(buffer);
  if (row) {
    Value stride = e.i64(kern::rowStrideOf(type) * bytes);
    known = e.offset(known, e.mul(e.widen(rows[r]), stride));
  }
  if (base)
    known = e.offset(known, e.mul(e.widen(base), e.i64(bytes)));
  return known;
}

Value Epilogue::place(Value buffer, Value row, int64_t r,
                      const Access &access) {
  int64_t bytes = elementBytes(elementType(buffer));
  if (!ragged)
    return e.offset(address(buffer, row, r, access.base),
                    access.offset * bytes);
  Value column = e.op<arith::MinUIOp>(e.add(access.base, access.offset),
                                      e.i32(n - access.columns));
  return e.offset(address(buffer, row, r, {}),
                  e.mul(e.widen(column), e.i64(bytes)));
}

/// What one access to `columns` elements of `type` brings.
static Type accessType(NvptxBuilder &e, Type type, int64_t columns) {
  if (columns == 1)
    return type;
  if (type.isF32())
    return VectorType::get({columns}, type);
  return VectorType::get({columns / 2}, e.i32Type());
}

Values Epilogue::fetch(kern::LoadOp load) {
  Value buffer = load.getBuffer(), row = load.getRow();
  Type type = elementType(buffer);
  Values result;
  for (int64_t r = 0; r < kRows; ++r) {
    if (isNarrow(load.getY())) {
      Value column = width(load.getY()) == 1 ? Value() : headNumber;
      result.push_back(
          e.op<LLVM::LoadOp>(type, address(buffer, row, r, column)));
      continue;
    }
    for (const Access &access : accesses(buffer))
      result.push_back(e.op<LLVM::LoadOp>(
          accessType(e, type, access.columns), place(buffer, row, r, access),
          /*alignment=*/access.columns * elementBytes(type)));
  }
  return result;
}

Values Epilogue::pairsOf(kern::LoadOp load, ValueRange fetched) {
  auto pair = [&](Value two) {
    return e.op<LLVM::FPExtOp>(
        VectorType::get({kPair}, e.f32Type()),
        e.bitcast(VectorType::get({kPair}, e.b.getBF16Type()), two));
  };
  if (staging && staging->copies(load))
    return llvm::map_to_vector(fetched, pair);
  if (staging)
    return llvm::map_to_vector(staging->exchange(fetched), pair);
  Values result(4 * fetched.size());
  size_t perRow = fetched.size() / kRows;
  for (auto [i, x] : llvm::enumerate(fetched)) {
    Values four;
    for (int64_t j = 0; j < kQuad; ++j)
      four.push_back(e.op<LLVM::ExtractElementOp>(x, e.i32(j)));
    e.transposeQuad(lane, four);
    for (int64_t j = 0; j < kQuad; ++j)
      result[(i % perRow * kQuad + j) * kRows + i / perRow] = pair(four[j]);
  }
  return result;
}

void Epilogue::load(kern::LoadOp load, ValueRange fetched) {
  Type type = elementType(load.getBuffer()), f32 = e.f32Type();
  Values &result = values[load.getY()];
  auto asF32 = [&](Value x) {
    return type.isF32() ? x : e.op<LLVM::FPExtOp>(f32, x);
  };
  if (isNarrow(load.getY())) {
    for (Value x : fetched)
      result.push_back(asF32(x));
    return;
  }
  size_t perRow = fetched.size() / kRows;
  if (fetched[0].getType() == type) {
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t r = 0; r < kRows; ++r)
        for (int64_t c = 0; c < kPair; ++c)
          result.push_back(asF32(fetched[r * perRow + g * kPair + c]));
    return;
  }
  // Pairs in the order (group, row).
  Values pairs;
  if (type.isF32()) {
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t r = 0; r < kRows; ++r)
        pairs.push_back(fetched[r * perRow + g]);
  } else {
    pairs = pairsOf(load, fetched);
  }
  for (Value two : pairs)
    for (int64_t c = 0; c < kPair; ++c)
      result.push_back(e.op<LLVM::ExtractElementOp>(two, e.i32(c)));
}

Value Epilogue::pairOf(Value low, Value high) {
  Value x = e.op<LLVM::PoisonOp>(VectorType::get({kPair}, e.f32Type()));
  x = e.op<LLVM::InsertElementOp>(x, low, e.i32(0));
  return e.op<LLVM::InsertElementOp>(x, high, e.i32(1));
}

void Epilogue::store(kern::StoreOp store) {
  Value buffer = store.getBuffer(), row = store.getRow();
  Type type = elementType(buffer);
  ValueRange elements = values[store.getValue()];
  if (elements.empty()) // of a window that is not over
    return;
  if (mirrored.below)
    mirror(store);
  auto pair = [&](int64_t g, int64_t r) {
    int64_t first = (g * kRows + r) * kPair;
    return pairOf(elements[first], elements[first + 1]);
  };
  auto roundedPair = [&](int64_t g, int64_t r) {
    int64_t first = (g * kRows + r) * kPair;
    return e.pack(elements[first], elements[first + 1]);
  };
  if (staging && staging->holds(store)) {
    for (int64_t g = 0; g < groups; g += 2)
      staging->write(store, (chunk / 8 + g) % Staging::kGroups,
                     {roundedPair(g, 0), roundedPair(g, 1),
                      roundedPair(g + 1, 0), roundedPair(g + 1, 1)});
    return;
  }
  auto rounded = [&](Value x) {
    return type.isF32() ? x : e.op<LLVM::FPTruncOp>(type, x);
  };
  auto write = [&](Value x, Value to, Value condition) {
    auto act = [&] {
      LLVM::StoreOp::create(e.b, e.loc, x, to,
                            /*alignment=*/x.getType().isIntOrFloat()
                                ? elementBytes(x.getType())
                                : 16 / (type.isF32() ? 2 : 1));
    };
    condition ? e.ifThen(condition, act) : act();
  };
  auto both = [&](Value x, Value y) { return x ? e.bitAnd(x, y) : y; };
  for (int64_t r = 0; r < kRows; ++r) {
    // One column of a row, or of a chunk its window's sum.
    if (n == 1 || width(store.getValue()) != n) {
      Value owner = e.equal(e.bitAnd(lane, kQuad - 1), 0);
      Value to = address(buffer, row, r, n == 1 ? Value() : window);
      int64_t number = chunk / kern::kSumWindow;
      if (chunk >= everywhere)
        owner = e.bitAnd(owner, e.inside(e.add(window, number),
                                         e.i32(n / kern::kSumWindow)));
      write(rounded(elements[r]), e.offset(to, number * elementBytes(type)),
            both(inside[r], owner));
      continue;
    }
    for (const Access &access : accesses(buffer)) {
      int64_t g = (access.offset - chunk) / 8, c = access.offset % 8;
      Value x;
      if (access.columns == 1) {
        x = rounded(elements[(g * kRows + r) * kPair + c]);
      } else if (type.isF32()) {
        x = pair(g, r);
      } else {
        Values four;
        for (int64_t i = 0; i < kQuad; ++i)
          four.push_back(roundedPair(g + i, r));
        e.transposeQuad(lane, four);
        x = e.op<LLVM::PoisonOp>(VectorType::get({kQuad}, e.i32Type()));
        for (int64_t i = 0; i < kQuad; ++i)
          x = e.op<LLVM::InsertElementOp>(x, four[i], e.i32(i));
      }
      Value condition = inside[r];
      if (ragged)
        condition = both(condition,
                         e.inside(e.add(access.base, access.offset), e.i32(n)));
      write(x, place(buffer, row, r, access), condition);
    }
  }
}

/// Lane l of sixteen adds the columns l, l + 16, l + 32 and l + 48 of a window,
/// and the lanes are added by halves, as everywhere (RowEmitter.h): a thread
/// has four of these lanes a row, its quad the others.
void Epilogue::addWindow(kern::ReduceOp op) {
  Values &lanes = sums[op];
  addToLanes(lanes, values[op.getX()]);
  if ((chunk + 8 * groups) % kern::kSumWindow == 0)
    values[op.getY()] = sumOfLanes(lanes);
}

void Epilogue::addToLanes(Values &lanes, ValueRange elements) {
  constexpr int64_t own = 2 * kRows * kPair;
  for (auto [i, x] : llvm::enumerate(elements))
    if (lanes.size() < own)
      lanes.push_back(x);
    else
      lanes[i % own] = e.fadd(lanes[i % own], x);
}

Values Epilogue::sumOfLanes(ValueRange lanes) {
  Values result;
  for (int64_t r = 0; r < kRows; ++r) {
    Value columns[kPair];
    for (int64_t c = 0; c < kPair; ++c) {
      int64_t lane = r * kPair + c;
      columns[c] = e.fadd(lanes[lane], lanes[lane + lanes.size() / 2]);
      for (int64_t mask : {2, 1})
        columns[c] = e.fadd(columns[c], e.shuffleXor(columns[c], mask));
    }
    result.push_back(e.fadd(columns[0], columns[1]));
  }
  return result;
}

void Epilogue::prefetch(Value buffer, Value row, Value column) {
  auto type = cast<MemRefType>(buffer.getType());
  Value place =
      e.add(e.op<arith::MulIOp>(e.widen(row), e.i64(kern::rowStrideOf(type))),
            e.widen(column));
  Value bytes = e.mul(place, e.i64(elementBytes(type.getElementType())));
  NVVM::PrefetchOp::create(e.b, e.loc,
                           NVVM::PrefetchCacheLevelAttr::get(
                               e.b.getContext(), NVVM::PrefetchCacheLevel::L2),
                           NVVM::CacheEvictionPriorityAttr(),
                           e.offset(e.address(buffer), bytes),
                           /*predicate=*/Value());
}

void Epilogue::prefetch(Value row, Value column, int64_t columns) {
  // Two threads a row, each takes half of the row's lines of 128 bytes.
  Value thread = e.bitAnd(e.threadIndex(), 127);
  Value own = e.add(row, e.shr(thread, 1)), half = e.bitAnd(thread, 1);
  if (m)
    own = e.op<arith::MinUIOp>(own, e.sub(m, e.i32(1)));
  for (kern::LoadOp load : body.getOps<kern::LoadOp>()) {
    auto type = cast<MemRefType>(load.getBuffer().getType());
    if (!load.getRow() || kern::columnsOf(type) == 1 ||
        (staging && staging->copies(load)))
      continue;
    int64_t bytes = elementBytes(type.getElementType());
    Value start = e.add(column, e.mul(half, columns / 2));
    for (int64_t i = 0; i < columns / 2; i += 128 / bytes) {
      Value at = e.add(start, i);
      auto touch = [&] { prefetch(load.getBuffer(), own, at); };
      if (n % columns == 0)
        touch();
      else
        e.ifThen(e.inside(at, e.i32(n)), touch);
    }
  }
}

void Epilogue::setRows(Value row) {
  firstRow = row;
  warpRow = e.add(row, e.shl(warp, 4));
  Value own = e.shr(lane, 2);
  Value first = e.add(warpRow, interleaved ? e.shl(own, 1) : own);
  for (int64_t r = 0; r < kRows; ++r)
    rows[r] = e.add(first, interleaved ? r : 8 * r);
}

void Epilogue::request(Value row, Value column) {
  if (staging)
    staging->request(row, column);
}

void Epilogue::emit(Value row, Value column, ValueRange elements,
                    int64_t columns, int64_t group) {
  this->group = group;
  setRows(row);
  Value quad = e.bitAnd(lane, kQuad - 1);
  pairColumn = e.add(column, e.shl(quad, 1));
  octetColumn = e.add(column, e.shl(quad, 3));
  window = e.shr(column, llvm::Log2_64(kern::kSumWindow));
  if (!m)
    return tile(column, elements, columns);
  e.ifThen(
      e.op<arith::CmpIOp>(arith::CmpIPredicate::ule, e.add(row, 64), m),
      [&] { tile(column, elements, columns); },
      [&] {
        // Nothing of a warpgroup's rows may be there.
        auto some = [&] {
          for (int64_t r = 0; r < kRows; ++r) {
            inside[r] = e.inside(rows[r], m);
            rows[r] = e.op<arith::MinUIOp>(rows[r], e.sub(m, e.i32(1)));
          }
          tile(column, elements, columns);
          std::fill(std::begin(inside), std::end(inside), Value());
        };
        e.ifThen(e.inside(row, m), some, [&] {
          if (staging)
            staging->passBy(group);
        });
      });
}

void Epilogue::tile(Value column, ValueRange elements, int64_t columns) {
  addresses.clear();
  bool ofWindows = !body.getOps<kern::ReduceOp>().empty();
  // Narrow chunks where a chunk of 64 columns would not fit the registers:
  // roots of what is loaded are issued for all of a chunk. What copies bring
  // need not be asked for ahead: a chunk of it is as small as fragments are.
  auto copies = [&](kern::LoadOp load) {
    return staging && staging->copies(load);
  };
  bool copied = llvm::any_of(body.getOps<kern::LoadOp>(), copies);
  bool ofRoots = !body.getOps<kern::LoadOp>().empty() &&
                 !body.getOps<math::SqrtOp>().empty();
  // Not where sums are taken: a chunk is a whole window there, but beside
  // copies. These bring zeros beyond the product, so that no chunk of a window
  // is in a branch; and there are no registers for more than the chunk's own.
  bool inWindows = copied && ofWindows;
  bool narrow =
      columns % 64 || (!ofWindows && (ofRoots || tilesIn(body, n) > 3));
  int64_t width = copied ? 16 : narrow ? 32 : 64;
  groups = width / 8;
  // What is one value for all rows is loaded once, if the region leaves it so.
  same.clear();
  DenseSet<Operation *> written;
  for (auto store : body.getOps<kern::StoreOp>())
    written.insert(kern::rootOf(store.getBuffer()));
  for (auto load : body.getOps<kern::LoadOp>())
    if (!load.getRow() && isNarrow(load.getY()) &&
        !written.contains(kern::rootOf(load.getBuffer())))
      same[load] = fetch(load);
  // What the last tile has of the product is there in every tile; the first
  // chunk, which computes the addresses for all, is most often a part of it.
  everywhere = n - (llvm::divideCeil(n, columns) - 1) * columns;
  int64_t unbranched = inWindows ? columns : everywhere;
  auto whole = [&](int64_t at) { return at + width <= unbranched; };
  // A chunk's loads are issued before the program of the chunk before it, for
  // its stores would keep them back: those of buffers that the region has not
  // stored to before.
  auto fetchAhead = [&](int64_t next) {
    fetched.clear();
    chunk = next;
    int64_t block = next / Staging::kColumns, from = next % Staging::kColumns;
    DenseSet<Operation *> stored;
    if (copied && next < columns && from == 0)
      staging->await(group, block);
    for (Operation &inner : body) {
      if (auto store = dyn_cast<kern::StoreOp>(inner))
        stored.insert(kern::rootOf(store.getBuffer()));
      auto load = dyn_cast<kern::LoadOp>(inner);
      if (!load || same.contains(load))
        continue;
      if (copies(load) && next < columns)
        fetched[load] = staging->read(load, group, block, from / 8, groups);
      else if (!copies(load) && whole(next) &&
               !stored.contains(kern::rootOf(load.getBuffer())))
        fetched[load] = fetch(load);
    }
    return std::move(fetched);
  };
  // What a branch computes is not there behind it.
  auto branch = [&](bool cut, ValueRange product) {
    auto outside = addresses;
    ragged = cut;
    program(product);
    ragged = false;
    addresses = std::move(outside);
  };
  auto next = fetchAhead(inWindows ? columns : 0);
  for (int64_t at = 0; at < columns; at += width) {
    if (inWindows)
      next = fetchAhead(at);
    auto current = std::move(next);
    next = fetchAhead(inWindows ? columns : at + width);
    fetched = std::move(current);
    chunk = at;
    ValueRange product = elements.slice(chunk / 2, width / 2);
    bool cut = at < everywhere, alone = n <= columns;
    int64_t block = at / Staging::kColumns;
    if (staging && at % Staging::kColumns == 0)
      staging->begin(group, block, !whole(at + Staging::kColumns - width));
    if (copied) // before what is stored takes the place of what was read
      e.barrierOfWarp();
    if (whole(at))
      program(product);
    else if (cut && (alone || inside[0]))
      branch(/*cut=*/true, product);
    else if (cut)
      e.ifThen(
          e.inside(e.add(column, at + width - 1), e.i32(n)),
          [&] { branch(/*cut=*/false, product); },
          [&] { branch(/*cut=*/true, product); });
    else if (!alone)
      e.ifThen(e.inside(e.add(column, chunk), e.i32(n)),
               [&] { branch(/*cut=*/false, product); });
    if (copied && at % Staging::kColumns == 0)
      staging->goOn(group, block);
    if (staging && (at + width) % Staging::kColumns == 0)
      staging->end(firstRow, e.add(column, at + width - Staging::kColumns));
  }
}

void Epilogue::program(ValueRange product) {
  // A window's terms are made in parts where nothing has been fetched for it as
  // a whole: what they take would not fit beside many accumulators.
  int64_t first = chunk, all = groups;
  bool inParts = !body.getOps<kern::ReduceOp>().empty() &&
                 body.getOps<kern::LoadOp>().empty();
  groups = inParts ? all / 2 : all;
  if (chunk % kern::kSumWindow == 0)
    sums.clear();
  for (; chunk < first + 8 * all; chunk += 8 * groups)
    part(product.slice((chunk - first) / 2, 4 * groups));
  groups = all;
  chunk = first;
}

void Epilogue::part(ValueRange product) {
  values.clear();
  // A product of one column is a value of one column: of the quad's first lane.
  Values &whole = values[body.getArgument(1)];
  for (int64_t r = 0; r < kRows && n == 1; ++r)
    whole.push_back(product[r * kPair]);
  if (n != 1)
    whole.append(product.begin(), product.end());
  run(llvm::map_to_vector(body, [](Operation &inner) { return &inner; }));
}

bool Epilogue::isNarrow(Value rowValue) {
  return width(rowValue) == 1 || (head && width(rowValue) == n / head);
}

void Epilogue::run(ArrayRef<Operation *> ops) {
  for (Operation *op : ops) {
    Operation &inner = *op;
    if (auto x = dyn_cast<kern::LoadOp>(inner)) {
      inPart(x, [&] {
        if (auto known = same.find(x); known != same.end())
          load(x, known->second);
        else
          load(x, fetched.count(x) ? fetched[x] : fetch(x));
      });
    } else if (auto x = dyn_cast<kern::StoreOp>(inner)) {
      store(x);
    } else if (auto x = dyn_cast<kern::NumberOp>(inner)) {
      values[x.getY()] = Values(kRows, e.number(x));
    } else if (auto x = dyn_cast<kern::ReduceOp>(inner)) {
      head ? reduceHead(x) : addWindow(x);
    } else if (auto x = dyn_cast<kern::RotateOp>(inner)) {
      rotate(x);
    } else if (auto x = dyn_cast<kern::RoundOp>(inner);
               x && x.getGrid() == "bf16" && !isNarrow(x.getY())) {
      // In pairs, as they are stored: one conversion serves both.
      Values source = values[x.getX()], &result = values[x.getY()];
      for (size_t i = 0; i < source.size(); i += kPair) {
        auto [low, high] = e.unpack(e.pack(source[i], source[i + 1]));
        result.append({low, high});
      }
    } else if (auto x = dyn_cast<kern::SpreadOp>(inner)) {
      Values source = values[x.getX()], &result = values[x.getY()];
      if (isNarrow(x.getY()))
        result = source;
      else
        for (int64_t i = 0; i < groups * kRows * kPair; ++i)
          result.push_back(source[i / kPair % kRows]);
    } else {
      Value y = inner.getResult(0);
      int64_t count = isNarrow(y) ? kRows : groups * kRows * kPair;
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
