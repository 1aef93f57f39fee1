//===- Staging.cpp - an epilogue's way through shared memory --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Staging.h"
#include "compiler/kernels/Cores.h"
#include "compiler/targets/nvptx/JoinedPrograms.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

bool gptc::nvptx::beginAt(Value buffer, int64_t elements) {
  auto type = cast<MemRefType>(buffer.getType());
  return kern::rowStrideOf(type) % elements == 0 &&
         kern::offsetOf(type) % elements == 0;
}

/// Whether 16 bytes of bf16 can be accessed at every eighth column.
static bool isWhole(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getElementType().isBF16() && beginAt(buffer, 8);
}

static int64_t columnsOf(Value row) {
  return cast<VectorType>(row.getType()).getDimSize(0);
}

bool Staging::holds(kern::LoadOp op) const {
  return columnsOf(op.getY()) > 1 && isWhole(op.getBuffer());
}

static Type elementType(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType();
}

/// Rows further than any matrix has: a copy there stores nothing.
static constexpr int64_t kAway = 1 << 30;

/// The stores that copies out serve. A copy lands at its time: what the region
/// loads behind a store, or stores into one buffer twice, is stored in order.
/// Of a batch the rows behind a product are the next one's, which a tensor map
/// does not know. And a copy writes whole 16 bytes, of a row's last columns,
/// too.
static SmallVector<kern::StoreOp> storesOf(kern::ContractOp op) {
  SmallVector<kern::StoreOp> result;
  DenseSet<Operation *> read;
  DenseMap<Operation *, int64_t> times;
  for (auto store : op.getBody().getOps<kern::StoreOp>())
    ++times[kern::rootOf(store.getBuffer())];
  for (Operation &inner : llvm::reverse(op.getBody().front())) {
    if (auto load = dyn_cast<kern::LoadOp>(inner))
      read.insert(kern::rootOf(load.getBuffer()));
    auto store = dyn_cast<kern::StoreOp>(inner);
    if (!store || read.contains(kern::rootOf(store.getBuffer())) ||
        op.getBatch() != 1 || op.getN() % 8 || !isWhole(store.getBuffer()) ||
        times[kern::rootOf(store.getBuffer())] > 1 ||
        kern::rowsOf(cast<MemRefType>(store.getBuffer().getType())) !=
            int64_t(op.getM()))
      continue;
    result.push_back(store);
  }
  return result;
}

bool Staging::servesAbsent(kern::ContractOp op) {
  SmallVector<kern::StoreOp> copied = storesOf(op);
  return llvm::all_of(
      op.getBody().getOps<kern::StoreOp>(), [&](kern::StoreOp store) {
        return !store->hasAttr(kAbsent) || llvm::is_contained(copied, store);
      });
}

SmallVector<kern::LoadOp> Staging::tilesIn(kern::ContractOp op) {
  Region &body = op.getBody();
  SmallVector<kern::StoreOp> copiedOut = storesOf(op);
  SmallVector<kern::LoadOp> result;
  DenseSet<Operation *> stored;
  // A block is asked for before those in front of it are stored, so that it is
  // of a buffer that the region does not store. Accesses of bf16 by the threads
  // themselves take whole chunks of 64 columns. Chunks of a sum's window follow
  // each other without a branch: threads access no columns there.
  bool ofWindows = !body.getOps<kern::ReduceOp>().empty();
  for (auto store : body.getOps<kern::StoreOp>()) {
    stored.insert(kern::rootOf(store.getBuffer()));
    bool ofColumns = columnsOf(store.getValue()) == int64_t(op.getN());
    if (!llvm::is_contained(copiedOut, store) &&
        (!elementType(store.getBuffer()).isF32() || (ofWindows && ofColumns)))
      return {};
  }
  if (op.getTransposedA() || op.getBatch() != 1 || op.getN() % kColumns)
    return {};
  for (auto load : body.getOps<kern::LoadOp>()) {
    auto type = cast<MemRefType>(load.getBuffer().getType());
    if (kern::columnsOf(type) == 1)
      continue;
    if (type.getElementType().isF32() && ofWindows)
      return {};
    if (type.getElementType().isF32())
      continue;
    if (!load.getRow() || !isWhole(load.getBuffer()) ||
        kern::rowsOf(type) != int64_t(op.getM()) ||
        kern::columnsOf(type) != int64_t(op.getN()) ||
        stored.contains(kern::rootOf(load.getBuffer())))
      return {};
    result.push_back(load);
  }
  return result;
}

Staging::Staging(Kernel &e, kern::ContractOp op, int64_t columns,
                 int64_t groups)
    : e(e), stores(storesOf(op)), perTile(llvm::divideCeil(columns, kColumns)),
      perTurn(groups * perTile) {
  // A slot that is asked for again is not the one that is computed.
  if (columns % kColumns == 0 && perTurn > 1)
    copied = tilesIn(op);
  loads = llvm::any_of(op.getBody().getOps<kern::LoadOp>(),
                       [&](kern::LoadOp load) {
                         return holds(load) && !copies(load);
                       }) ||
          isTriangle(op);
}

/// The first divisor of `n` from `least` on.
static int64_t divisorFrom(int64_t least, int64_t n) {
  while (n % least)
    ++least;
  return least;
}

int64_t Staging::least() const {
  return loads + width() * (copied.empty() ? 1 : divisorFrom(2, perTurn));
}

int64_t Staging::wanted() const {
  return loads +
         width() * (copied.empty()
                        ? perTile
                        : divisorFrom(std::min<int64_t>(3, perTurn), perTurn));
}

void Staging::allot(int64_t room) {
  blocks = std::min(wanted(), room / kBytes);
  if (!width())
    return;
  slots = std::min<int64_t>(perTile, (blocks - loads) / width());
  if (copied.empty())
    return;
  // Whole rounds a tile.
  slots = (blocks - loads) / width();
  while (perTurn % slots)
    --slots;
  assert(slots > 1 && "too few blocks");
}

void Staging::place(Value shared, Value barriers, Value warpgroup) {
  Value thread = e.bitAnd(e.threadIndex(), 127);
  this->barriers = e.offset(barriers, e.mul(warpgroup, barrierBytes()));
  own = e.offset(shared, e.add(e.mul(warpgroup, bytes()),
                               e.mul(e.shr(thread, 5), kWarpBytes)));
  lane = e.bitAnd(thread, 31);
  leader = e.equal(thread, 0);
  meeting = e.add(warpgroup, kBarriers);
  for (kern::LoadOp load : copied)
    mapsIn.push_back(e.tensorMap(load.getBuffer(), kRows));
  for (kern::StoreOp store : stores) {
    maps.push_back(e.tensorMap(store.getBuffer(), kRows));
    auto absent = store->getAttrOfType<BoolAttr>(kAbsent);
    away.push_back(absent ? e.integer(absent.getValue() ? kAway : 0) : Value());
  }
  if (!copied.empty()) {
    byLeader([&] {
      for (int64_t slot = 0; slot < slots; ++slot)
        NVVM::MBarrierInitOp::create(e.b, e.loc, barrierOf(slot), e.i32(1),
                                     Value());
      // The bulk copies see them through the async proxy.
      NVVM::FenceMbarrierInitOp::create(e.b, e.loc);
    });
    meet();
  }
  // Chunk c of row r, 16 bytes, lies at chunk c ^ r % 8. Of four fragments lane
  // l has the address of row l % 16, in the first group or the second.
  Value base = e.op<LLVM::PtrToIntOp>(e.i32Type(), own);
  auto at = [&](Value row, Value chunk) {
    Value swizzled = e.bitXor(chunk, e.bitAnd(row, 7));
    return e.add(e.add(base, e.shl(row, 7)), e.shl(swizzled, 4));
  };
  fragment = at(e.bitAnd(lane, 15), e.shr(lane, 4));
  octet = at(e.shr(lane, 2), e.bitAnd(lane, 3));
}

Value Staging::fragmentAt(int64_t group) {
  Value at = group ? e.bitXor(fragment, e.i32(16 * group)) : fragment;
  return e.op<LLVM::IntToPtrOp>(e.pointer(kShared), at);
}

Value Staging::octetAt(int64_t group) {
  Value at = group ? e.bitXor(octet, e.i32(16 * group)) : octet;
  return e.op<LLVM::IntToPtrOp>(e.pointer(kShared), at);
}

void Staging::byLeader(function_ref<void()> body) { e.ifThen(leader, body); }

/// The leader's own fragments begin where the warpgroup's blocks do, so that no
/// register has to keep that place.
Value Staging::blockOfLeader(int64_t slot, int64_t i) {
  return e.offset(fragmentAt(0), blockOf(slot, i));
}

void Staging::meet() {
  // A warp comes as one: lanes may have parted at what is guarded.
  e.barrierOfWarp();
  e.barrier(meeting, 128);
}

void Staging::ask(int64_t number) {
  int64_t slot = number % slots;
  Value barrier = barrierOf(number);
  NVVM::MBarrierArriveExpectTxOp::create(
      e.b, e.loc, Type(), barrier, e.i32(copied.size() * kBytes),
      NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
  Value row = e.add(tileRow, 64 * (number / perTile));
  Value column = e.add(tileColumn, number % perTile * kColumns);
  for (auto [i, map] : llvm::enumerate(mapsIn)) {
    e.copyBox(blockOfLeader(slot, i), map, column, row, barrier);
  }
}

void Staging::waitRead(int64_t behind) {
  if (!stores.empty())
    NVVM::CpAsyncBulkWaitGroupOp::create(e.b, e.loc, uint32_t(behind),
                                         e.b.getUnitAttr());
}

void Staging::request(Value row, Value column) {
  if (copied.empty())
    return;
  tileRow = row;
  tileColumn = column;
  // All threads have what the last tile's copies brought: they have met since.
  byLeader([&] {
    waitRead(0);
    for (int64_t slot = 0; slot < slots; ++slot) {
      if (isOdd()) {
        NVVM::MBarrierArriveOp::create(e.b, e.loc, e.b.getI64Type(),
                                       barrierOf(slot), Value());
        // It is over at once; but no phase is to be followed by another that
        // nobody has waited for (compute-sanitizer's synccheck).
        e.waitFor(barrierOf(slot), e.i32(0));
      }
      ask(slot);
    }
  });
  if (isOdd()) // a parity means the last tile's phase until then
    meet();
}

void Staging::await(int64_t group, int64_t block) {
  if (copied.empty())
    return;
  int64_t number = group * perTile + block;
  e.waitFor(barrierOf(number), e.i32((number / slots + isOdd()) % 2));
}

Values Staging::read(kern::LoadOp op, int64_t group, int64_t block,
                     int64_t from, int64_t count) {
  return readBlock(blockOf((group * perTile + block) % slots,
                           llvm::find(copied, op) - copied.begin()),
                   from, count);
}

void Staging::goOn(int64_t group, int64_t block) {
  int64_t number = group * perTile + block;
  int64_t next = number - 1 + slots;
  if (!copied.empty() && number > 0 && next < perTurn)
    byLeader([&] {
      waitRead(0);
      ask(next);
    });
}

void Staging::passBy(int64_t group) {
  if (copied.empty())
    return;
  for (int64_t block = 0; block < perTile; ++block) {
    await(group, block);
    meet();
    goOn(group, block);
  }
}

void Staging::begin(int64_t group, int64_t block, bool inBranches) {
  if (!copied.empty())
    slot = (group * perTile + block) % slots;
  if (stores.empty() || !copied.empty())
    return;
  slot = block % slots;
  // The block that had the slot before: of this tile, or of the one before.
  int64_t last = slot + (perTile - 1 - slot) / slots * slots;
  behind = block >= slots ? slots - 1 : perTile - 1 - last + block;
  // With a slot for each block there is nothing to wait for.
  if (inBranches || slots >= perTile)
    awaitSlot();
}

void Staging::awaitSlot() {
  if (!behind)
    return;
  byLeader([&] { waitRead(*behind); });
  meet();
  behind.reset();
}

void Staging::write(kern::StoreOp op, int64_t group, ValueRange four) {
  awaitSlot();
  int64_t at = blockOf(slot, llvm::find(stores, op) - stores.begin());
  NVVM::StMatrixOp::create(
      e.b, e.loc, e.offset(fragmentAt(group), at), four, NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(e.b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
}

void Staging::end(Value row, Value column) {
  if (!width())
    return;
  // The copies see shared memory through the async proxy, and those into it
  // come behind what has been read there.
  e.fenceOfProxies();
  meet();
  if (stores.empty())
    return;
  byLeader([&] {
    for (auto [i, map] : llvm::enumerate(maps)) {
      Value to = away[i] ? e.add(row, away[i]) : row;
      NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
          e.b, e.loc, map, blockOfLeader(slot, i), ValueRange{column, to},
          /*l2CacheHint=*/Value(), NVVM::TMAStoreMode::TILE,
          /*predicate=*/Value());
    }
    NVVM::CpAsyncBulkCommitGroupOp::create(e.b, e.loc);
  });
}

void Staging::finish() {
  if (!stores.empty())
    byLeader([&] {
      NVVM::CpAsyncBulkWaitGroupOp::create(e.b, e.loc, 0, UnitAttr());
    });
}

Values Staging::exchange(ValueRange loaded) {
  int64_t perRow = loaded.size() / 2;
  e.barrierOfWarp(); // the block may still be read
  for (auto [i, x] : llvm::enumerate(loaded)) {
    int64_t lower = int64_t(i) / perRow, quad = int64_t(i) % perRow;
    LLVM::StoreOp::create(e.b, e.loc, x,
                          e.offset(octetAt(4 * quad), lower * kWarpBytes / 2),
                          /*alignment=*/16);
  }
  e.barrierOfWarp();
  return readBlock(0, 0, 4 * perRow);
}

Values Staging::turn(ValueRange fragments) {
  // Row r has 32 bytes: chunk c of 16 lies at chunk c ^ r / 4 % 2.
  auto at = [&](Value row, Value chunk) {
    Value swizzled = e.bitXor(chunk, e.bitAnd(e.shr(row, 2), 1));
    return e.offset(own, e.add(e.shl(row, 5), e.shl(swizzled, 4)));
  };
  Value row = e.add(e.bitAnd(lane, 7), e.shl(e.shr(lane, 4), 3));
  Value to = at(row, e.bitAnd(e.shr(lane, 3), 1));
  e.barrierOfWarp(); // the block may still be read
  constexpr int64_t four = 4, sixteenRows = 16 * 32;
  for (int64_t i = 0; i < int64_t(fragments.size()); i += four)
    NVVM::StMatrixOp::create(
        e.b, e.loc, e.offset(to, i / four * sixteenRows),
        fragments.slice(i, four), NVVM::MMALayout::col,
        NVVM::LdStMatrixShapeAttr::get(e.b.getContext(), 8, 8),
        NVVM::LdStMatrixEltType::B16);
  e.barrierOfWarp();
  Value from = at(e.shr(lane, 1), e.bitAnd(lane, 1));
  Values result;
  for (int64_t i = 0; i < int64_t(fragments.size()); i += four)
    result.push_back(e.op<LLVM::LoadOp>(VectorType::get({four}, e.i32Type()),
                                        e.offset(from, i / four * sixteenRows),
                                        /*alignment=*/16));
  return result;
}

Values Staging::readBlock(int64_t at, int64_t from, int64_t count) {
  MLIRContext *context = e.b.getContext();
  Type four = LLVM::LLVMStructType::getLiteral(
      context, SmallVector<Type>(4, e.i32Type()));
  Values result;
  for (int64_t group = from; group < from + count; group += 2) {
    Value pieces = NVVM::LdMatrixOp::create(
        e.b, e.loc, four, e.offset(fragmentAt(group), at), 4,
        NVVM::MMALayout::row, NVVM::LdStMatrixShapeAttr::get(context, 8, 8),
        NVVM::LdStMatrixEltType::B16);
    for (int64_t i = 0; i < 4; ++i)
      result.push_back(
          e.op<LLVM::ExtractValueOp>(pieces, ArrayRef<int64_t>{i}));
  }
  return result;
}
