//===- Staging.cpp - an epilogue's way through shared memory --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Staging.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"

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

bool Staging::holds(kern::LoadOp op) const {
  return cast<VectorType>(op.getY().getType()).getDimSize(0) > 1 &&
         isWhole(op.getBuffer());
}

Staging::Staging(Kernel &e, kern::ContractOp op) : e(e) {
  // A copy lands at its time: what the region loads behind a store, or stores
  // into one buffer twice, is stored in order. Of a batch the rows behind a
  // product are the next one's, which a tensor map does not know. And a copy
  // writes whole 16 bytes, of a row's last columns, too.
  bool isRead = false;
  DenseMap<Operation *, int64_t> times;
  for (auto store : op.getBody().getOps<kern::StoreOp>())
    ++times[kern::rootOf(store.getBuffer())];
  for (Operation &inner : llvm::reverse(op.getBody().front())) {
    if (auto load = dyn_cast<kern::LoadOp>(inner)) {
      isRead = true;
      loads |= holds(load);
    }
    auto store = dyn_cast<kern::StoreOp>(inner);
    if (!store || isRead || op.getBatch() != 1 || op.getN() % 8 ||
        !isWhole(store.getBuffer()) ||
        times[kern::rootOf(store.getBuffer())] > 1 ||
        kern::rowsOf(cast<MemRefType>(store.getBuffer().getType())) !=
            int64_t(op.getM()))
      continue;
    stores.push_back(store);
  }
}

void Staging::allot(int64_t blocks, int64_t columns) {
  perTile = llvm::divideCeil(columns, kColumns);
  if (!stores.empty())
    slots = std::min<int64_t>(perTile, (blocks - loads) / stores.size());
}

void Staging::place(Value shared, Value lane) {
  this->shared = shared;
  this->lane = lane;
  for (kern::StoreOp store : stores)
    maps.push_back(e.tensorMap(store.getBuffer(), kRows));
  // Chunk c of row r, 16 bytes, lies at chunk c ^ r % 8. Of four fragments lane
  // l has the address of row l % 16, in the first group or the second.
  Value base = e.op<LLVM::PtrToIntOp>(e.i32Type(), shared);
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

void Staging::byLeader(function_ref<void()> body) {
  e.ifThen(e.equal(lane, 0), body);
}

void Staging::begin(int64_t block) {
  if (stores.empty())
    return;
  slot = block % slots;
  // The block that had the slot before: of this tile, or of the one before.
  int64_t last = slot + (perTile - 1 - slot) / slots * slots;
  int64_t behind = block >= slots ? slots - 1 : perTile - 1 - last + block;
  byLeader([&] {
    NVVM::CpAsyncBulkWaitGroupOp::create(e.b, e.loc, uint32_t(behind),
                                         e.b.getUnitAttr());
  });
  e.barrierOfWarp();
}

void Staging::write(kern::StoreOp op, int64_t group, ValueRange four) {
  int64_t block =
      loads + slot * stores.size() + (llvm::find(stores, op) - stores.begin());
  NVVM::StMatrixOp::create(
      e.b, e.loc, e.offset(fragmentAt(group), block * kBytes), four,
      NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(e.b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
}

void Staging::end(Value row, Value column) {
  if (stores.empty())
    return;
  // The copies see shared memory through the async proxy.
  NVVM::FenceProxyOp::create(
      e.b, e.loc, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(e.b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
  e.barrierOfWarp();
  byLeader([&] {
    for (auto [i, map] : llvm::enumerate(maps)) {
      int64_t block = loads + slot * stores.size() + i;
      NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
          e.b, e.loc, map, e.offset(shared, block * kBytes),
          ValueRange{column, row}, /*l2CacheHint=*/Value(),
          NVVM::TMAStoreMode::TILE, /*predicate=*/Value());
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
  MLIRContext *context = e.b.getContext();
  Type four = LLVM::LLVMStructType::getLiteral(
      context, SmallVector<Type>(4, e.i32Type()));
  int64_t perRow = loaded.size() / 2;
  e.barrierOfWarp(); // the block may still be read
  for (auto [i, x] : llvm::enumerate(loaded)) {
    int64_t lower = int64_t(i) / perRow, quad = int64_t(i) % perRow;
    LLVM::StoreOp::create(e.b, e.loc, x,
                          e.offset(octetAt(4 * quad), lower * kBytes / 2),
                          /*alignment=*/16);
  }
  e.barrierOfWarp();
  Values result;
  for (int64_t group = 0; group < 4 * perRow; group += 2) {
    Value pieces = NVVM::LdMatrixOp::create(
        e.b, e.loc, four, fragmentAt(group), 4, NVVM::MMALayout::row,
        NVVM::LdStMatrixShapeAttr::get(context, 8, 8),
        NVVM::LdStMatrixEltType::B16);
    for (int64_t i = 0; i < 4; ++i)
      result.push_back(
          e.op<LLVM::ExtractValueOp>(pieces, ArrayRef<int64_t>{i}));
  }
  return result;
}
