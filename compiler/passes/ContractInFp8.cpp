//===- ContractInFp8.cpp - products of FP8 values as FP8 codes ------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: values that a row program rounds to the grid of e4m3, each a code of 8
// bits times one scale, are multiplied as codes: FP8 tensor cores take half the
// bytes of bf16's and do twice the work.
// Method: beside each operand stands a buffer of its codes, which the rounding
// stores too; the contraction reads those, and its program begins with the
// product of both scales. Who else reads the rounded values, the backward pass,
// reads what it did.
// Reason: a rounding that a model asks for is an op, not a type; only here,
// with all writers in sight, is it known that a buffer holds nothing else.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/OnGrid.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_CONTRACTINFP8
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// Rows of codes begin at multiples of so many bytes, or no bulk copy reads
/// them.
constexpr int64_t kRowAlignment = 16;

class Contractions {
public:
  void run(ContractOp op);

private:
  /// Why a buffer holds no codes; empty if it does.
  static StringRef whyNot(Value buffer, OnGrid &codes);
  /// The buffer of the codes, made the first time.
  Value codesOf(Value buffer, const OnGrid &codes);

  DenseMap<Value, Value> made;
};

StringRef Contractions::whyNot(Value buffer, OnGrid &codes) {
  StringRef why = matchOnGrid(buffer, {"e4m3"},
                              "an operand is not on the grid of e4m3", codes);
  if (why.empty() &&
      columnsOf(cast<MemRefType>(buffer.getType())) % kRowAlignment)
    return "k is no multiple of 16";
  return why;
}

Value Contractions::codesOf(Value buffer, const OnGrid &codes) {
  Value &own = made[buffer];
  if (own)
    return own;
  auto root = buffer.getDefiningOp<BufferOp>();
  OpBuilder b(root);
  auto type = cast<MemRefType>(buffer.getType());
  own = BufferOp::create(
      b, root.getLoc(),
      MemRefType::get(type.getShape(), b.getType<Float8E4M3FNType>()),
      b.getStringAttr(root.getName() + "_codes"), root.getKindAttr(),
      StringAttr(), IntegerAttr(), ArrayAttr());
  for (auto [store, rounded] : codes.stores) {
    b.setInsertionPoint(store);
    StoreOp::create(b, store.getLoc(), rounded, own, store.getRow());
  }
  return own;
}

void Contractions::run(ContractOp op) {
  OnGrid a, b;
  if (op.getTransposedA() || op.getTransposedB() || op.getBatch() != 1)
    return; // FP8 tensor cores take both operands with k contiguous
  StringRef notA = whyNot(op.getA(), a), notB = whyNot(op.getB(), b);
  if (a.stores.empty() && b.stores.empty())
    return; // nothing of it is FP8: not worth a word
  StringRef why = notA.empty() ? notB : notA;
  auto about = remark::RemarkOpts::name("contract").category("contract-in-fp8");
  if (!why.empty()) {
    remark::missed(op.getLoc(), about)
        << remark::add("{0} multiplies rounded values as bf16", op.getName())
        << remark::reason("{0}", why);
    return;
  }
  op.getAMutable().assign(codesOf(op.getA(), a));
  op.getBMutable().assign(codesOf(op.getB(), b));
  scaleProduct(op, a.scale * b.scale);
  remark::passed(op.getLoc(), about)
      << remark::add("{0} multiplies codes of e4m3", op.getName());
}

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
  }
};

} // namespace
