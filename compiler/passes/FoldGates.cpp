//===- FoldGates.cpp - gates behind attention, in its weights -------------===//
//
// Part of gptc, under the MIT License.
//
// Idea: y' = g y, a gate behind attention, makes dy = g dz of the gradient that
// comes back. Backward multiplies a query's dy by its weights alone, and these
// are exponentials, so that the gate goes into what they are taken of:
//
//   p = exp(z − lse),  dv = Σ p dy,  ds = p (dy·v − δ),  δ = dy·y
//   q = exp(z − (lse − ln g)),  dv = Σ q dz,  ds = q (dz·v − dz·y).
//
// Method: the one row program that stores dy and δ stores lse − ln g and dz·y;
// attention reads dz where it stands. Guards: nobody else reads them, the
// factor is the same for a head and above 0 as far as what it is made of shows,
// and dz is still there when attention runs.
// Reason: dz·y is there anyway, for the gate's own gradient, and a row less is
// stored. Behind form-row-kernels, which makes one program of all that.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Affine.h"
#include "compiler/passes/Gates.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/ReduceOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace gptc {
#define GEN_PASS_DEF_FOLDGATES
#include "compiler/passes/FoldGates.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// The logarithm of a row that is positive.
static Value lnOf(OpBuilder &b, Location loc, Value x) {
  Operation *op = x.getDefiningOp();
  auto of = [&](unsigned i) { return lnOf(b, loc, op->getOperand(i)); };
  if (auto c = constantOf(x))
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(cast<VectorType>(x.getType()),
                               float(std::log(*c))));
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp exp) { return exp.getOperand(); })
      .Case([&](arith::MulFOp) {
        return arith::AddFOp::create(b, loc, of(0), of(1));
      })
      .Case([&](arith::DivFOp) {
        return arith::SubFOp::create(b, loc, of(0), of(1));
      })
      .Case([&](SpreadOp) {
        return SpreadOp::create(b, loc, x.getType(), of(0));
      })
      .Default([&](Operation *) { return math::LogOp::create(b, loc, x); });
}

namespace {

/// dy = factor · dz, and what else the program stores for attention.
struct Gate {
  RowsOp rows;
  StoreOp dy, delta;
  Value factor; ///< a column a head, or one
  LoadOp dz;
  Value y; ///< δ is Σ dy y
};

struct FoldGates : gptc::impl::FoldGatesBase<FoldGates> {
  using FoldGatesBase::FoldGatesBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  static void run(PartOp part) {
    KernelGraph graph(part);
    for (auto [k, kernel] : llvm::enumerate(graph.kernels())) {
      auto op = dyn_cast<AttentionBackwardOp>(kernel);
      Gate gate;
      if (!op || !findGate(op, graph, gate))
        continue;
      StringRef reason = whyNot(op, k, graph, gate);
      auto options = remark::RemarkOpts::name("gate")
                         .category("fold-gates")
                         .function(part.getSymName());
      if (reason.empty()) {
        remark::passed(op.getLoc(), options)
            << remark::add("{0} has the gate in its weights: {1} stores no "
                           "gradient times it",
                           op.getName(), gate.rows.getName());
        fold(op, gate);
      } else {
        remark::missed(op.getLoc(), options)
            << remark::add("{1} stores the gradient of {0} times a gate",
                           op.getName(), gate.rows.getName())
            << remark::reason("{0}", reason);
      }
    }
  }

  /// The kernel before that alone touches a buffer beside `kernel`.
  static Operation *makerOf(Value buffer, Operation *kernel,
                            KernelGraph &graph) {
    auto kernels = graph.kernelsOf(rootOf(buffer));
    if (rootOf(buffer).getKind() != "workspace" || kernels.size() != 2 ||
        graph.kernels()[kernels[1]] != kernel)
      return nullptr;
    return graph.kernels()[kernels[0]];
  }

  static StoreOp onlyStore(RowsOp rows, Value buffer) {
    StoreOp only;
    for (auto store : rows.getBody().front().getOps<StoreOp>())
      if (rootOf(store.getBuffer()) == rootOf(buffer)) {
        if (only)
          return {};
        only = store;
      }
    return only;
  }

  /// Whether the gradient is a row that a program loads, times what is the same
  /// for a head.
  static bool findGate(AttentionBackwardOp op, KernelGraph &graph, Gate &gate) {
    gate.rows = dyn_cast_or_null<RowsOp>(makerOf(op.getDy(), op, graph));
    gate.dy = gate.rows ? onlyStore(gate.rows, op.getDy()) : StoreOp();
    auto product = gate.dy ? gate.dy.getValue().getDefiningOp<arith::MulFOp>()
                           : arith::MulFOp();
    for (unsigned i = 0; product && i < 2; ++i) {
      auto spread = product->getOperand(i).getDefiningOp<SpreadOp>();
      gate.dz = product->getOperand(1 - i).getDefiningOp<LoadOp>();
      if (spread && gate.dz) {
        gate.factor = spread.getX();
        return true;
      }
    }
    return false;
  }

  static StringRef whyNot(AttentionBackwardOp op, unsigned k,
                          KernelGraph &graph, Gate &gate) {
    if (makerOf(op.getDelta(), op, graph) != gate.rows ||
        !(gate.delta = onlyStore(gate.rows, op.getDelta())))
      return "δ is made elsewhere";
    auto sum = gate.delta.getValue().getDefiningOp<ReduceOp>();
    auto terms = sum && sum.getHow() == "add"
                     ? sum.getX().getDefiningOp<arith::MulFOp>()
                     : arith::MulFOp();
    for (unsigned i = 0; terms && i < 2; ++i)
      if (terms->getOperand(i) == gate.dy.getValue())
        gate.y = terms->getOperand(1 - i);
    int64_t heads = widthOf(gate.delta.getValue());
    if (!gate.y)
      return "δ is no sum of what is multiplied";
    if (heads % widthOf(gate.factor))
      return "the factor is not the same for all of a head";
    if (!boundsOf(gate.factor))
      return "the factor may be 0 or below";
    BufferOp from = rootOf(gate.dz.getBuffer()), to = rootOf(op.getDy());
    if (!loadsOwnRow(gate.dz) ||
        gate.dz.getBuffer().getType() != gate.dy.getBuffer().getType() ||
        typeOf(from.getY()).getNumElements() !=
            typeOf(to.getY()).getNumElements())
      return "what is multiplied stands otherwise than the product";
    BufferOp lse = rootOf(op.getLse()), delta = rootOf(op.getDelta());
    if (typeOf(lse.getY()).getNumElements() !=
            typeOf(delta.getY()).getNumElements() ||
        typeOf(lse.getY()).getElementType() !=
            typeOf(delta.getY()).getElementType())
      return "sums of weights stand otherwise than δ";
    for (BufferOp root : {from, lse})
      for (unsigned other : graph.kernelsOf(root))
        if (graph.kernels()[other]->isBeforeInBlock(op) &&
            !graph.kernels()[other]->isBeforeInBlock(gate.rows) &&
            llvm::any_of(graph.group(other).accesses[root],
                         [](const Access &access) { return access.write; }))
          return "what is read instead is overwritten before";
    return "";
  }

  static void fold(AttentionBackwardOp op, Gate &gate) {
    BufferOp dy = rootOf(op.getDy()), lse = rootOf(op.getLse()),
             delta = rootOf(op.getDelta());
    Location loc = gate.rows.getLoc();
    OpBuilder before(gate.rows);
    auto gated =
        BufferOp::create(before, loc, delta.getY().getType(), lse.getNameAttr(),
                         before.getStringAttr("workspace"), StringAttr(),
                         IntegerAttr(), ArrayAttr());
    MemRefType row = typeOf(gate.delta.getBuffer());
    Value from = viewOf(before, lse, row), to = viewOf(before, gated, row);

    OpBuilder b(gate.delta);
    Type heads = gate.delta.getValue().getType();
    Value ln = lnOf(b, loc, gate.factor);
    if (ln.getType() != heads)
      ln = SpreadOp::create(b, loc, heads, ln);
    Value t = gate.delta.getRow();
    Value old = LoadOp::create(b, loc, heads, from, t, /*delta=*/0);
    StoreOp::create(b, loc, arith::SubFOp::create(b, loc, old, ln), to, t);
    gate.delta.getValueMutable().assign(
        sumOf(b, loc, gate.dz.getY(), gate.y, heads));
    gate.dy.erase();
    for (Operation &inner : llvm::make_early_inc_range(
             llvm::reverse(gate.rows.getBody().front().getOperations())))
      if (isOpTriviallyDead(&inner))
        inner.erase();

    b.setInsertionPoint(op);
    op.getDyMutable().assign(
        viewOf(b, rootOf(gate.dz.getBuffer()), typeOf(op.getDy())));
    op.getLseMutable().assign(viewOf(b, gated, typeOf(op.getLse())));
    for (Operation *view : llvm::make_early_inc_range(dy->getUsers()))
      if (view->use_empty())
        view->erase();
    if (dy->use_empty())
      dy.erase();
  }

  /// Σ x y by heads; the program may have it.
  static Value sumOf(OpBuilder &b, Location loc, Value x, Value y, Type heads) {
    for (Operation *user : x.getUsers()) {
      auto terms = dyn_cast<arith::MulFOp>(user);
      if (!terms || !((terms.getLhs() == x && terms.getRhs() == y) ||
                      (terms.getLhs() == y && terms.getRhs() == x)))
        continue;
      for (Operation *sum : terms->getUsers())
        if (auto reduce = dyn_cast<ReduceOp>(sum);
            reduce && reduce.getHow() == "add" &&
            reduce.getY().getType() == heads &&
            reduce->isBeforeInBlock(&*b.getInsertionPoint()))
          return reduce.getY();
    }
    Value terms = arith::MulFOp::create(b, loc, x, y);
    return ReduceOp::create(b, loc, heads, "add", terms);
  }
};

} // namespace
