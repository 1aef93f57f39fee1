//===- ContractInFp8.cpp - products of FP8 values as FP8 codes ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: values that a row program rounds to a grid of FP8, each a code of 8
// bits times one scale, are multiplied as codes: FP8 tensor cores take half the
// bytes of bf16's and do twice the work.
// Method: beside each operand stands a buffer of its codes, which the rounding
// stores too; the contraction reads those, and its program begins with the
// product of both scales. FP8 tensor cores take operands with k contiguous. A
// second operand that has n contiguous, a weight's or an activation's in the
// backward pass, is transposed behind the rounding: for a weight that is once a
// step. A first one with m contiguous, the gradient in a weight's, is the
// larger by far; it stays as it is, and is turned on its way to the tensor
// cores. What nobody reads any more as values is no longer stored.
// Reason: a rounding that a model asks for is an op, not a type; only here,
// with all writers in sight, is it known that a buffer holds nothing else.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "dialect/kern/TransposeOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace gptc {
#define GEN_PASS_DEF_CONTRACTINFP8
#include "compiler/passes/ContractInFp8.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Rows of codes begin at multiples of so many bytes, or no bulk copy reads
/// them.
constexpr int64_t kRowAlignment = 16;

/// What a buffer's codes are stored as.
struct Stored {
  BufferOp codes, transposed;
};

class Contractions {
public:
  void run(ContractOp op);
  /// The values that only codes are read of go.
  void dropUnread();

private:
  BufferOp codesOf(Value buffer, const OnGrid &found);
  BufferOp transposedOf(Value buffer, const OnGrid &found);

  llvm::MapVector<Value, Stored> made;
};

} // namespace

/// Why an operand holds no codes; empty if it does.
static StringRef whyNot(Value operand, OnGrid &found) {
  return matchOnGrid(operand, {"e4m3", "e5m2"},
                     "an operand is not on a grid of FP8", found);
}

/// Why no bulk copies read the codes of the operands.
static StringRef whyNotByCopies(ContractOp op) {
  if (op.getK() % kRowAlignment)
    return "k is no multiple of 16";
  if (op.getTransposedA() && op.getM() % kRowAlignment)
    return "m, which is contiguous, is no multiple of 16";
  return {};
}

BufferOp Contractions::codesOf(Value buffer, const OnGrid &found) {
  BufferOp &own = made[buffer].codes;
  if (own)
    return own;
  auto root = buffer.getDefiningOp<BufferOp>();
  OpBuilder b(root);
  Type element = found.grid == "e4m3" ? Type(b.getType<Float8E4M3FNType>())
                                      : Type(b.getType<Float8E5M2Type>());
  auto type = cast<MemRefType>(buffer.getType());
  own = BufferOp::create(
      b, root.getLoc(), MemRefType::get(type.getShape(), element),
      b.getStringAttr(root.getName() + "_codes"), root.getKindAttr(),
      StringAttr(), IntegerAttr(), ArrayAttr());
  for (auto [store, rounded] : found.stores) {
    b.setInsertionPoint(store);
    StoreOp::create(b, store.getLoc(), rounded, own, store.getRow());
  }
  return own;
}

BufferOp Contractions::transposedOf(Value buffer, const OnGrid &found) {
  BufferOp codes = codesOf(buffer, found);
  BufferOp &own = made[buffer].transposed;
  if (own)
    return own;
  auto type = cast<MemRefType>(codes.getY().getType());
  int64_t m = rowsOf(type), n = columnsOf(type);
  OpBuilder b(codes);
  own = BufferOp::create(
      b, codes.getLoc(), MemRefType::get({n, m}, type.getElementType()),
      b.getStringAttr(codes.getName() + "_transposed"), codes.getKindAttr(),
      StringAttr(), IntegerAttr(), ArrayAttr());
  llvm::SetVector<Operation *> writers;
  for (auto [store, rounded] : found.stores)
    writers.insert(store->getParentOp());
  for (Operation *writer : writers) {
    b.setInsertionPointAfter(writer);
    TransposeOp::create(b, writer->getLoc(),
                        b.getStringAttr("transpose." + codes.getName()), codes,
                        own, b.getI64IntegerAttr(m), b.getI64IntegerAttr(n),
                        b.getI64IntegerAttr(1));
  }
  return own;
}

void Contractions::run(ContractOp op) {
  if (op.getBatch() != 1)
    return;
  OnGrid a, b;
  StringRef notA = whyNot(op.getA(), a), notB = whyNot(op.getB(), b);
  if (a.stores.empty() && b.stores.empty())
    return; // nothing of it is FP8: not worth a word
  StringRef why = notA.empty() ? notB : notA;
  if (why.empty())
    why = whyNotByCopies(op);
  auto about = remark::RemarkOpts::name("contract").category("contract-in-fp8");
  if (!why.empty()) {
    remark::missed(op.getLoc(), about)
        << remark::add("{0} multiplies rounded values as bf16", op.getName())
        << remark::reason("{0}", why);
    return;
  }
  op.getAMutable().assign(codesOf(op.getA(), a));
  op.getBMutable().assign(op.getTransposedB() ? transposedOf(op.getB(), b)
                                              : codesOf(op.getB(), b));
  op.setTransposedB(false);
  scaleProduct(op, a.scale * b.scale);
  remark::passed(op.getLoc(), about) << remark::add(
      "{0} multiplies codes of {1} and {2}", op.getName(), a.grid, b.grid);
}

void Contractions::dropUnread() {
  for (const auto &[buffer, stored] : made) {
    SmallVector<Operation *> users(buffer.getUsers());
    if (!llvm::all_of(users, llvm::IsaPred<StoreOp>))
      continue;
    for (Operation *user : users) {
      Operation *value = cast<StoreOp>(user).getValue().getDefiningOp();
      user->erase();
      if (value && isOpTriviallyDead(value))
        value->erase();
    }
    buffer.getDefiningOp()->erase();
  }
}

namespace {

struct ContractInFp8 : gptc::impl::ContractInFp8Base<ContractInFp8> {
  using ContractInFp8Base::ContractInFp8Base;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    Contractions contractions;
    SmallVector<ContractOp> all;
    getOperation()->walk([&](ContractOp op) { all.push_back(op); });
    for (ContractOp op : all)
      contractions.run(op);
    contractions.dropUnread();
  }
};

} // namespace
