//===- GateAttention.cpp - gates behind attention, where it stores --------===//
//
// Part of gptc, under the MIT License.
//
// Idea: y' = g y, a gate of each head behind attention, is a factor of what
// attention divides by a sum of weights anyway.
// Method: a row program in front of attention stores g, a number a head;
// attention stores g y where y' stood, and who read y for the backward reads
// g y / g. Guards: row programs alone read y, one of them makes y' of it, and
// g, which is above 0 and bounded, can be computed before.
// Reason: a row is read and written less, and y need not be kept. Before
// form-row-kernels, which puts the gates where their operands are at hand.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/passes/Gates.h"
#include "compiler/passes/Kernels.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/AttentionOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/SpreadOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace gptc {
#define GEN_PASS_DEF_GATEATTENTION
#include "compiler/passes/GateAttention.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

/// Gates below this one count as it is where they divide: what they were
/// multiplied with is nothing in bf16, and a quotient by 0 would be NaN.
static constexpr float kLeastGate = 0x1p-100f;

namespace {

struct Gate {
  AttentionOp attention;
  RowsOp rows;
  StoreOp store;                      ///< of g y
  Value factor;                       ///< a column a head, or one
  llvm::SetVector<Operation *> made;  ///< what the factor is made of, in order
  llvm::SmallVector<LoadOp> backward; ///< of y, by others
};

struct GateAttention : gptc::impl::GateAttentionBase<GateAttention> {
  using GateAttentionBase::GateAttentionBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    getOperation()->walk([&](PartOp part) { run(part); });
  }

  static void run(PartOp part) {
    KernelGraph graph(part);
    SmallVector<Gate> gates;
    for (auto [k, kernel] : llvm::enumerate(graph.kernels())) {
      auto op = dyn_cast<AttentionOp>(kernel);
      Gate gate;
      if (!op || op.getGates() || !findGate(op, graph, gate))
        continue;
      StringRef reason = whyNot(k, graph, gate);
      auto options = remark::RemarkOpts::name("gate")
                         .category("gate-attention")
                         .function(part.getSymName());
      if (reason.empty()) {
        remark::passed(op.getLoc(), options)
            << remark::add("{0} stores its rows times the gate of {1}",
                           op.getName(), gate.rows.getName());
        gates.push_back(gate);
      } else {
        remark::missed(op.getLoc(), options)
            << remark::add("{1} reads the rows of {0} and stores them times a "
                           "gate",
                           op.getName(), gate.rows.getName())
            << remark::reason("{0}", reason);
      }
    }
    for (Gate &gate : gates)
      fold(gate);
  }

  /// The rows that a program loads of a buffer.
  static SmallVector<LoadOp> loadsOf(RowsOp rows, BufferOp root) {
    SmallVector<LoadOp> loads;
    for (auto load : rows.getBody().front().getOps<LoadOp>())
      if (rootOf(load.getBuffer()) == root)
        loads.push_back(load);
    return loads;
  }

  /// Whether a row program stores what attention made times what is the same
  /// for a head.
  static bool findGate(AttentionOp op, KernelGraph &graph, Gate &gate) {
    gate.attention = op;
    BufferOp y = rootOf(op.getY());
    for (unsigned k : graph.kernelsOf(y)) {
      auto rows = dyn_cast<RowsOp>(graph.kernels()[k]);
      if (!rows)
        continue;
      for (LoadOp load : loadsOf(rows, y))
        for (Operation *user : load->getUsers()) {
          auto product = dyn_cast<arith::MulFOp>(user);
          if (!product || gate.store || !load->hasOneUse())
            continue;
          Value other = product.getLhs() == load.getY() ? product.getRhs()
                                                        : product.getLhs();
          auto spread = other.getDefiningOp<SpreadOp>();
          auto store = product->hasOneUse()
                           ? dyn_cast<StoreOp>(*product->user_begin())
                           : StoreOp();
          if (!spread || !store)
            continue;
          gate.rows = rows;
          gate.store = store;
          gate.factor = spread.getX();
        }
    }
    return bool(gate.store);
  }

  /// What the factor is made of, if that is computed of rows that are loaded.
  static bool findMade(Gate &gate) {
    SmallVector<Value> work{gate.factor};
    llvm::SmallPtrSet<Operation *, 16> seen;
    while (!work.empty()) {
      Operation *op = work.pop_back_val().getDefiningOp();
      if (!op || op->getBlock() != &gate.rows.getBody().front() ||
          !seen.insert(op).second)
        continue;
      if (!isa<LoadOp>(op) &&
          (!isPure(op) || llvm::any_of(op->getOperandTypes(), [](Type type) {
            return isa<MemRefType>(type);
          })))
        return false;
      llvm::append_range(work, op->getOperands());
    }
    for (Operation &op : gate.rows.getBody().front())
      if (seen.contains(&op))
        gate.made.insert(&op);
    return true;
  }

  static StringRef whyNot(unsigned k, KernelGraph &graph, Gate &gate) {
    AttentionOp op = gate.attention;
    BufferOp y = rootOf(op.getY()), to = rootOf(gate.store.getBuffer());
    if (!whyNotOnCores(op).empty())
      return "it runs without tensor cores";
    if (y.getKind() != "workspace" || to.getKind() != "workspace")
      return "a row is kept";
    // Both are whole, so that a view of the one is a view of the other.
    MemRefType whole = typeOf(gate.store.getBuffer());
    for (MemRefType type : {typeOf(op.getY()), whole, typeOf(to.getY())})
      if (!type.getLayout().isIdentity() ||
          type.getNumElements() != typeOf(y.getY()).getNumElements() ||
          type.getElementType() != typeOf(y.getY()).getElementType())
        return "what is stored stands otherwise than its product";
    int64_t heads = columnsOf(whole) / int64_t(op.getHead());
    if (widthOf(gate.factor) != heads && widthOf(gate.factor) != 1)
      return "the factor is not the same for all of a head";
    auto bounds = boundsOf(gate.factor);
    if (!bounds)
      return "the factor may be 0 or below";
    if (bounds->most > double(std::numeric_limits<float>::max()))
      return "the factor has no bound";
    unsigned last = 0;
    for (unsigned other : graph.kernelsOf(y)) {
      if (other == k)
        continue;
      auto rows = dyn_cast<RowsOp>(graph.kernels()[other]);
      if (!rows || other < k ||
          llvm::any_of(
              graph.group(other).accesses[y],
              [](const Access &access) { return access.write; }))
        return "another kernel touches what is multiplied";
      for (LoadOp load : loadsOf(rows, y)) {
        if (!loadsOwnRow(load) || !load.getRow() ||
            typeOf(load.getBuffer()) != whole)
          return "what is multiplied is read otherwise than by its rows";
        if (rows != gate.rows)
          gate.backward.push_back(load);
        else if (!load->hasOneUse())
          return "what is multiplied has another use";
      }
      if (rows == gate.rows)
        last = other;
    }
    if (loadsOf(gate.rows, y).size() != 1)
      return "what is multiplied has another use";
    if (!findMade(gate))
      return "the factor is made of more than rows";
    auto writes = [&](BufferOp root, unsigned from, unsigned to) {
      return llvm::any_of(graph.kernelsOf(root), [&](unsigned other) {
        return other >= from && other < to &&
               llvm::any_of(
                   graph.group(other).accesses[root],
                   [](const Access &access) { return access.write; });
      });
    };
    for (Operation *made : gate.made)
      if (auto load = dyn_cast<LoadOp>(made))
        if (writes(rootOf(load.getBuffer()), k, last + 1))
          return "the factor is not known before";
    for (unsigned other : graph.kernelsOf(to))
      if (other < last || (other > last && writes(to, other, other + 1)))
        return "the product's place is used for something else";
    return "";
  }

  static void fold(Gate &gate) {
    AttentionOp op = gate.attention;
    Location loc = gate.rows.getLoc();
    MemRefType whole = typeOf(gate.store.getBuffer());
    int64_t rows = rowsOf(whole), head = op.getHead();
    int64_t heads = columnsOf(whole) / head;
    OpBuilder b(op);
    Type f32 = b.getF32Type(), each = VectorType::get({heads}, f32);
    auto gates = BufferOp::create(
        b, loc, MemRefType::get({rows, heads}, f32), gate.rows.getNameAttr(),
        b.getStringAttr("workspace"), StringAttr(), IntegerAttr(), ArrayAttr());

    // The gates, in front of attention.
    auto before = cast<RowsOp>(b.clone(*gate.rows));
    Block &program = before.getBody().front();
    while (!program.empty())
      program.back().erase();
    IRMapping mapping;
    mapping.map(gate.rows.getBody().front().getArguments(),
                program.getArguments());
    OpBuilder inside = OpBuilder::atBlockEnd(&program);
    for (Operation *made : gate.made)
      inside.clone(*made, mapping);
    Value g = mapping.lookup(gate.factor), t = program.getArgument(0);
    if (g.getType() != each)
      g = SpreadOp::create(inside, loc, each, g);
    StoreOp::create(inside, loc, g, gates.getY(), t);

    // What is read for the backward.
    for (LoadOp load : gate.backward) {
      OpBuilder at(load->getContext());
      at.setInsertionPointAfter(load);
      Value own = LoadOp::create(at, loc, each, gates.getY(), load.getRow(),
                                 /*delta=*/0);
      auto constant = [&](float x) -> Value {
        return arith::ConstantOp::create(
            at, loc, DenseElementsAttr::get(cast<ShapedType>(each), x));
      };
      Value least =
          arith::MaximumFOp::create(at, loc, own, constant(kLeastGate));
      Value inverse = arith::DivFOp::create(at, loc, constant(1.0f), least);
      Value spread = SpreadOp::create(at, loc, load.getY().getType(), inverse);
      auto y = arith::MulFOp::create(at, loc, load.getY(), spread);
      load.getY().replaceAllUsesExcept(y, y);
      load.getBufferMutable().assign(gate.store.getBuffer());
    }

    // The product is attention's own.
    b.setInsertionPoint(op);
    BufferOp y = rootOf(op.getY()), to = rootOf(gate.store.getBuffer());
    op.getYMutable().assign(viewOf(b, to, typeOf(op.getY())));
    int64_t positions = rowsOf(typeOf(op.getQ()));
    op.getGatesMutable().assign(viewOf(
        b, gates, MemRefType::get({positions, int64_t(op.getHeads())}, f32)));
    gate.store.erase();
    Block &rest = gate.rows.getBody().front();
    for (Operation &inner :
         llvm::make_early_inc_range(llvm::reverse(rest.getOperations())))
      if (isOpTriviallyDead(&inner))
        inner.erase();
    if (rest.empty())
      gate.rows.erase();
    for (Operation *view : llvm::make_early_inc_range(y->getUsers()))
      if (view->use_empty())
        view->erase();
    if (y->use_empty())
      y.erase();
  }
};

} // namespace
