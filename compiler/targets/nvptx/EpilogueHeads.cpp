//===- EpilogueHeads.cpp - a row program on the fragments of a head -------===//
//
// Part of gptc, under the MIT License.
//
// What is stored of one gradient is computed alone: the gradients are there one
// after the other, and in items of queries, or of keys. All that a head needs
// of memory is asked for at once, and the program then runs on whole heads, for
// sums and rotations need all columns.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Accepts.h"
#include "compiler/targets/nvptx/Epilogue.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RotateOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/SaveAndRestore.h"
#include <bitset>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

namespace {
/// What a store of a program needs: the ops, itself among them, and gradients.
struct Behind {
  explicit Behind(kern::StoreOp store) {
    SmallVector<Operation *> work{store};
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (!ops.insert(op))
        continue;
      for (Value x : op->getOperands()) {
        auto argument = dyn_cast<BlockArgument>(x);
        if (argument && argument.getArgNumber() > 0)
          gradients.set(argument.getArgNumber() - 1);
        else if (Operation *made = x.getDefiningOp();
                 made && made->getBlock() == op->getBlock())
          work.push_back(made);
      }
    }
  }

  llvm::SetVector<Operation *> ops;
  std::bitset<3> gradients;
};
} // namespace

LogicalResult gptc::nvptx::verifyEpilogue(kern::AttentionBackwardOp attention) {
  int64_t head = attention.getHead(), columns = attention.getHeads() * head;
  std::string why = whyNotOnCores(attention);
  if (!why.empty())
    return attention.emitOpError("has a program, which runs on tensor cores "
                                 "alone: ")
           << why;
  if (attention.getGroup() != 1)
    return attention.emitOpError("has a program, and rows of several "
                                 "positions");
  for (Operation &op : *attention.getProgram()) {
    why = whyNotByHeads(&op, columns, head);
    for (Value operand : op.getOperands())
      if (auto type = dyn_cast<MemRefType>(operand.getType());
          type && why.empty() && !type.getElementType().isBF16() &&
          !type.getElementType().isF32())
        why = "it loads or stores something else than f32 and bf16";
    auto store = dyn_cast<kern::StoreOp>(op);
    if (store && why.empty() && Behind(store).gradients.count() > 1)
      why = "it is made of several gradients";
    if (!why.empty())
      return op.emitOpError("cannot stand in attention on sm_90a: ") << why;
  }
  return success();
}

Epilogue::Epilogue(Kernel &e, kern::AttentionBackwardOp op, Value m)
    : e(e), body(*op.getProgram()), n(op.getHeads() * op.getHead()),
      head(op.getHead()), m(m) {
  Value thread = e.bitAnd(e.threadIndex(), 127);
  lane = e.bitAnd(thread, 31);
  warp = e.shr(thread, 5);
  for (Operation &inner : body)
    for (Value operand : inner.getOperands())
      if (isa<MemRefType>(operand.getType()))
        e.address(operand);
}

SmallVector<Operation *> Epilogue::opsOf(unsigned gradient) {
  llvm::SetVector<Operation *> needed;
  for (auto store : body.getOps<kern::StoreOp>()) {
    Behind behind(store);
    // What is made of none is stored with the first.
    if (behind.gradients.none() ? gradient : !behind.gradients[gradient])
      continue;
    needed.insert(behind.ops.begin(), behind.ops.end());
  }
  SmallVector<Operation *> ops;
  for (Operation &op : body)
    if (needed.contains(&op))
      ops.push_back(&op);
  return ops;
}

void Epilogue::prefetchHead(Value row, Value head, unsigned gradient) {
  // Two threads a row, each takes half of the head.
  Value thread = e.bitAnd(e.threadIndex(), 127);
  Value own =
      e.op<arith::MinUIOp>(e.add(row, e.shr(thread, 1)), e.sub(m, e.i32(1)));
  Value column = e.add(e.mul(head, this->head),
                       e.mul(e.bitAnd(thread, 1), this->head / 2));
  for (Operation *op : opsOf(gradient)) {
    auto load = dyn_cast<kern::LoadOp>(op);
    if (!load || !load.getRow() || isNarrow(load.getY()) || isTable(load))
      continue;
    prefetch(load.getBuffer(), own, column);
  }
}

void Epilogue::emitHead(Value row, Value number, ArrayRef<Gradient> gradients) {
  setRows(row);
  for (int64_t r = 0; r < kRows; ++r) {
    inside[r] = e.inside(rows[r], m);
    rows[r] = e.op<arith::MinUIOp>(rows[r], e.sub(m, e.i32(1)));
  }
  headNumber = number;
  Value first = e.mul(number, head), quad = e.bitAnd(lane, kQuad - 1);
  pairColumn = e.add(first, e.shl(quad, 1));
  octetColumn = e.add(first, e.shl(quad, 3));
  groups = head / 8;
  addresses.clear();
  values.clear();
  fetched.clear();
  // Before anything is stored, which would keep the loads back.
  for (const Gradient &gradient : gradients)
    for (Operation *op : opsOf(gradient.number))
      if (auto load = dyn_cast<kern::LoadOp>(op))
        inPart(load, [&] { fetched[load] = fetch(load); });
  for (const Gradient &gradient : gradients) {
    llvm::append_range(values[body.getArgument(1 + gradient.number)],
                       gradient.elements);
    run(opsOf(gradient.number));
  }
  std::fill(std::begin(inside), std::end(inside), Value());
}

void Epilogue::inPart(kern::LoadOp op, function_ref<void()> body) {
  if (!head || !isTable(op))
    return body();
  // Head h turns by part h mod group of the table.
  int64_t half = head / 2;
  int64_t parts = cast<VectorType>(op.getY().getType()).getDimSize(0) / half;
  Value first = e.mul(e.rem(headNumber, parts), half);
  Value quad = e.bitAnd(lane, kQuad - 1);
  llvm::SaveAndRestore ofPairs(pairColumn, e.add(first, e.shl(quad, 1)));
  llvm::SaveAndRestore ofOctets(octetColumn, e.add(first, e.shl(quad, 3)));
  llvm::SaveAndRestore count(groups, half / 8);
  body();
}

/// Windows ascend, as everywhere.
void Epilogue::reduceHead(kern::ReduceOp op) {
  constexpr int64_t elements = kern::kSumWindow / 8 * kRows * kPair;
  ValueRange all = values[op.getX()];
  Values total;
  for (; !all.empty(); all = all.drop_front(elements)) {
    Values lanes;
    addToLanes(lanes, all.take_front(elements));
    Values sum = sumOfLanes(lanes);
    for (int64_t r = 0; r < kRows; ++r)
      if (total.size() < kRows)
        total.push_back(sum[r]);
      else
        total[r] = e.fadd(total[r], sum[r]);
  }
  values[op.getY()] = total;
}

/// (a, b) → (a cos + b sin, b cos − a sin), of columns half a head apart, which
/// one thread has.
void Epilogue::rotate(kern::RotateOp op) {
  Values x = values[op.getX()], cos = values[op.getCos()],
         sin = values[op.getSin()], result;
  size_t half = x.size() / 2;
  for (size_t i = 0; i < x.size(); ++i) {
    bool minus = (i >= half) != op.getInverse();
    Value by = minus ? e.fmul(sin[i % half], e.f32(-1)) : sin[i % half];
    result.push_back(e.fadd(e.fmul(x[i], cos[i % half]),
                            e.fmul(x[(i + half) % x.size()], by)));
  }
  values[op.getY()] = result;
}
