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

#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
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

/// A value scale · e4m3(x).
struct OnGrid {
  Value codes; ///< the rounded value, on the grid itself
  double scale;
};

std::optional<OnGrid> matchOnGrid(Value value) {
  double scale = 1;
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    DenseFPElementsAttr by;
    if (!matchPattern(product.getRhs(), m_Constant(&by)) || !by.isSplat())
      return std::nullopt;
    scale = by.getSplatValue<APFloat>().convertToFloat();
    value = product.getLhs();
  }
  auto round = value.getDefiningOp<RoundOp>();
  if (!round || round.getGrid() != "e4m3" || round.getStored())
    return std::nullopt;
  return OnGrid{value, scale};
}

/// All of a buffer in memory of the part or of the run, no view.
bool isWholeBuffer(Value buffer) {
  auto op = buffer.getDefiningOp<BufferOp>();
  return op && (op.getKind() == "workspace" || op.getKind() == "derived");
}

/// Whether a user of a buffer or of a view of it writes there.
bool writes(Operation *user, Value buffer) {
  if (auto view = dyn_cast<ViewOp>(user))
    return llvm::any_of(view->getUsers(), [&](Operation *inner) {
      return writes(inner, view.getY());
    });
  return writtenBuffers(user).contains(buffer);
}

/// A buffer of which every element is on the grid, with one scale.
struct Codes {
  double scale;
  SmallVector<std::pair<StoreOp, Value>> stores; ///< and the rounded value
};

class Contractions {
public:
  void run(ContractOp op);

private:
  /// Why a buffer holds no codes; empty if it does.
  StringRef whyNot(Value buffer, Codes &codes);
  /// The buffer of the codes, made the first time.
  Value codesOf(Value buffer, const Codes &codes);

  DenseMap<Value, Value> made;
};

StringRef Contractions::whyNot(Value buffer, Codes &codes) {
  if (!isWholeBuffer(buffer))
    return "an operand is a part of another buffer, or no value of the graph";
  for (Operation *user : buffer.getUsers()) {
    if (!writes(user, buffer))
      continue;
    auto store = dyn_cast<StoreOp>(user);
    // An epilogue holds its rows in the order of the tensor cores.
    if (!store || !isa<RowsOp>(store->getParentOp()))
      return "an operand is not written by row programs alone";
    std::optional<OnGrid> found = matchOnGrid(store.getValue());
    if (!found)
      return "an operand is not on the grid of e4m3";
    if (!codes.stores.empty() && found->scale != codes.scale)
      return "an operand has more than one scale";
    codes.scale = found->scale;
    codes.stores.push_back({store, found->codes});
  }
  if (codes.stores.empty())
    return "nothing writes an operand";
  if (columnsOf(cast<MemRefType>(buffer.getType())) % kRowAlignment)
    return "k is no multiple of 16";
  return "";
}

Value Contractions::codesOf(Value buffer, const Codes &codes) {
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
  Codes a, b;
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
  Block &body = op.getBody().front();
  Value product = body.getArgument(1);
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  auto type = cast<VectorType>(product.getType());
  Value scale = arith::ConstantOp::create(
      builder, op.getLoc(),
      DenseElementsAttr::get(type, float(a.scale * b.scale)));
  auto scaled = arith::MulFOp::create(builder, op.getLoc(), product, scale);
  product.replaceAllUsesExcept(scaled, scaled);
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
