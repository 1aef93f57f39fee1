//===- Fills.cpp - fills and copies of any shape --------------------------===//
//
// Part of gptc, under the MIT License.
//
// A program that stores a constant in all of a matrix whose rows lie side by
// side fills so many bytes, whatever its rows and elements are, and one that
// stores what it loads of a matrix of the same type copies them: one kernel
// each serves all shapes and types. Threads take 16 bytes at a time; what is
// left at the end, and what does not begin at 16 bytes, two by two.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Threads of a block, and how often each takes 16 bytes.
static constexpr int64_t kThreads = 256, kTurns = 4;
/// Bytes that a thread takes at once, and those of what is left.
static constexpr int64_t kBytes = 16, kRest = 2;

/// Bytes of a matrix that a program of all its rows stores or loads; none where
/// rows lie apart, or elements are not bf16 or f32.
static std::optional<int64_t> bytesOf(Value buffer, kern::RowsOp op) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rows = kern::rowsOf(type), columns = kern::columnsOf(type);
  Type element = type.getElementType();
  if (rows != int64_t(op.getRows()) || !(element.isF32() || element.isBF16()) ||
      (rows > 1 && kern::rowStrideOf(type) != columns))
    return std::nullopt;
  return rows * columns * elementBytes(element);
}

/// What an element of the row is, as 32 bits.
static uint32_t patternOf(DenseElementsAttr constant, Type element) {
  auto value = constant.getSplatValue<APFloat>();
  bool exact;
  if (!element.isBF16())
    return uint32_t(value.bitcastToAPInt().getZExtValue());
  value.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &exact);
  return uint32_t(value.bitcastToAPInt().getZExtValue()) * 0x10001u;
}

namespace {

/// What is stored, and where: a constant, or what `from` holds.
struct Fill {
  Value to, from;
  int64_t bytes = 0;
  uint32_t pattern = 0;
};

} // namespace

static std::optional<Fill> fillOf(kern::RowsOp op) {
  Block &program = op.getBody().front();
  auto store = dyn_cast<kern::StoreOp>(program.back());
  Operation *value = &program.front();
  if (!store || value->getNextNode() != store ||
      store.getValue().getDefiningOp() != value ||
      store.getRow() != program.getArgument(0))
    return std::nullopt;
  Fill fill{store.getBuffer(), {}};
  std::optional<int64_t> bytes = bytesOf(fill.to, op);
  if (!bytes || *bytes > std::numeric_limits<int32_t>::max())
    return std::nullopt;
  fill.bytes = *bytes;
  auto element = cast<MemRefType>(fill.to.getType()).getElementType();
  if (auto constant = dyn_cast<arith::ConstantOp>(value)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense || !dense.isSplat() || !dense.getElementType().isF32())
      return std::nullopt;
    fill.pattern = patternOf(dense, element);
    return fill;
  }
  auto load = dyn_cast<kern::LoadOp>(value);
  if (!load || load.getDelta() || load.getRow() != program.getArgument(0))
    return std::nullopt;
  fill.from = load.getBuffer();
  if (bytesOf(fill.from, op) != bytes ||
      cast<MemRefType>(fill.from.getType()).getElementType() != element ||
      kern::rootOf(fill.from) == kern::rootOf(fill.to))
    return std::nullopt;
  return fill;
}

/// Whether the matrix begins at 16 bytes, as buffers do.
static bool isWhole(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return kern::offsetOf(type) * elementBytes(type.getElementType()) % kBytes ==
         0;
}

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildFill(kern::RowsOp op, ModuleOp module,
                       llvm::SetVector<Value> &numbers, Launch &launch) {
  Fill fill = *fillOf(op);
  bool whole = isWhole(fill.to) && (!fill.from || isWhole(fill.from));
  int64_t wholes = whole ? fill.bytes / kBytes : 0;
  int64_t rest = (fill.bytes - wholes * kBytes) / kRest;
  Kernel e(module, numbers, op.getLoc(), kThreads);
  Value to = e.address(fill.to);
  Value from = fill.from ? e.address(fill.from) : e.integer(fill.pattern);
  Value wholeCount = e.integer(wholes), restCount = e.integer(rest);
  Value threadIndex = e.threadIndex(), blockIndex = e.blockIndex();
  NvptxBuilder k = e.wide();
  Value thread = k.index(threadIndex), block = k.index(blockIndex);
  Type four = k.vector(kBytes / 4, k.i32Type()), half = k.b.getI16Type();
  Value lower, all;
  if (!fill.from) {
    all = k.op<vector::BroadcastOp>(four, from);
    lower = k.op<arith::TruncIOp>(half, from);
  }
  SmallVector<Value> places, loaded;
  for (int64_t turn = 0; turn < kTurns; ++turn)
    places.push_back(
        k.add(k.mul(k.add(k.mul(block, kTurns), turn), kThreads), thread));
  Value count = k.index(wholeCount);
  for (Value place : places) {
    if (!fill.from)
      continue;
    Value last = k.max(k.sub(count, k.i64(1)), k.i64(0));
    loaded.push_back(k.select(
        k.less(place, count),
        [&] {
          return Values{k.op<LLVM::LoadOp>(
              four, k.at(from, k.min(place, last), kBytes), kBytes)};
        },
        [&] { return Values{k.splat(0.0, 4, k.i32Type())}; })[0]);
  }
  for (auto [turn, place] : llvm::enumerate(places))
    k.ifThen(k.less(place, count), [&, turn = turn, place = place] {
      LLVM::StoreOp::create(k.b, k.loc, fill.from ? loaded[turn] : all,
                            k.at(to, place, kBytes), kBytes);
    });
  Value place = k.add(k.mul(block, kThreads), thread);
  k.ifThen(k.less(place, k.index(restCount)), [&] {
    Value at = k.add(k.mul(count, kBytes / kRest), place);
    Value value = lower;
    if (fill.from)
      value = k.op<LLVM::LoadOp>(half, k.at(from, at, kRest), kRest);
    else // elements of four bytes have two such halves
      value = k.choose(k.equal(k.rem(at, 2), 0), lower,
                       k.op<arith::TruncIOp>(half, k.shr(from, 16)));
    LLVM::StoreOp::create(k.b, k.loc, value, k.at(to, at, kRest), kRest);
  });
  e.launch.blocks =
      std::max<int64_t>(1, std::max(llvm::divideCeil(wholes, kThreads * kTurns),
                                    llvm::divideCeil(rest, kThreads)));
  return e.finish(launch);
}

bool gptc::nvptx::isFill(kern::RowsOp op) { return bool(fillOf(op)); }
