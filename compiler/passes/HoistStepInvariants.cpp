//===- HoistStepInvariants.cpp - the prologue of a step -------------------===//
//
// Part of gptc, under the MIT License.
//
// What depends on parameters and numbers alone (λ·W, FP8 copies of weights,
// rotary tables) has one value for all micro-batches of a step. It moves from
// the training graphs to a part "prologue" that stores it in states of the kind
// "derived"; equal computations of several program variants share one state, so
// memory does not grow with the variants. Validation and sampling run outside
// the step: their graphs keep their own computation.
//
// Views of parameters (`row`, `rows`, `reshape`) cost nothing and stay.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/Gpt.h"
#include "dialect/OpHelpers.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace gptc {
#define GEN_PASS_DEF_HOISTSTEPINVARIANTS
#include "compiler/passes/Passes.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

struct HoistStepInvariants
    : gptc::impl::HoistStepInvariantsBase<HoistStepInvariants> {
  using HoistStepInvariantsBase::HoistStepInvariantsBase;

  /// The derived state of a computation, by the computation's text.
  llvm::StringMap<Value> states;
  unsigned count = 0;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      states.clear();
      count = 0;
      for (GraphOp graph : llvm::make_early_inc_range(model.getOps<GraphOp>()))
        if (auto kind = graph->getAttrOfType<StringAttr>("kind");
            kind && kind.getValue() == "train")
          hoist(graph);
    }
  }

  void hoist(GraphOp graph) {
    Block &body = graph.getBody().front();
    // Values of the graph that no input reaches. Those defined outside it are
    // parameters, their views and numbers.
    DenseSet<Operation *> invariant;
    auto isInvariant = [&](Value v) {
      Operation *def = v.getDefiningOp();
      return def && (def->getBlock() != &body || invariant.contains(def));
    };
    for (Operation &op : body)
      if (isPure(&op) && op.getNumResults() && !isa<InputOp>(op) &&
          !isa<ReturnOp>(op) && llvm::all_of(op.getOperands(), isInvariant))
        invariant.insert(&op);

    OpBuilder b(graph);
    std::string name = graph.getSymName().str();
    StringRef suffix = StringRef(name).substr(name.find_last_of('_'));
    auto part = PartOp::create(b, graph.getLoc(), ("prologue" + suffix).str(),
                               "prologue");
    part->setAttr("steps", graph->getAttr("steps"));
    part.getBody().emplaceBlock();
    OpBuilder inside = OpBuilder::atBlockBegin(&part.getBody().front());
    IRMapping mapping;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      if (!invariant.contains(&op))
        continue;
      Operation *moved = inside.clone(op, mapping);
      if (isRowView(&op))
        continue;
      for (auto [value, copy] :
           llvm::zip(op.getResults(), moved->getResults())) {
        bool read = llvm::any_of(value.getUsers(), [&](Operation *user) {
          return !invariant.contains(user) || isRowView(user);
        });
        if (!read)
          continue;
        Value state = stateOf(graph, copy);
        // Views that follow in the prologue read the value, not the state.
        mapping.map(state, copy);
        UpdateOp::create(inside, op.getLoc(), state, copy);
        value.replaceUsesWithIf(state, [&](OpOperand &use) {
          return !invariant.contains(use.getOwner()) ||
                 isRowView(use.getOwner());
        });
      }
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (invariant.contains(&op) && op.use_empty())
        op.erase();
  }

  /// Everything that a value is computed from, as text: equal texts are equal
  /// values, because names of parameters and numbers are unique.
  void describe(Value v, llvm::raw_ostream &os) {
    Operation *def = v.getDefiningOp();
    if (!def || isa<ModelOp>(def->getParentOp()))
      return os << v.getAsOpaquePointer(), void();
    os << def->getName() << def->getAttrDictionary() << v.getType() << "#"
       << cast<OpResult>(v).getResultNumber() << "(";
    for (Value operand : def->getOperands()) {
      describe(operand, os);
      os << ",";
    }
    os << ")";
  }

  Value stateOf(GraphOp graph, Value value) {
    std::string key;
    llvm::raw_string_ostream os(key);
    describe(value, os);
    Value &state = states[key];
    if (!state) {
      OpBuilder b(graph);
      if (Operation *first = firstPart(graph))
        b.setInsertionPoint(first);
      std::string name = (value.getDefiningOp()->getName().stripDialect() +
                          "_" + Twine(count++))
                             .str();
      state = StateOp::create(b, value.getLoc(), value.getType(), name,
                              "derived", StringAttr());
    }
    return state;
  }
  static Operation *firstPart(GraphOp graph) {
    auto parts = graph->getParentRegion()->getOps<PartOp>();
    return parts.empty() ? nullptr : *parts.begin();
  }
};

} // namespace
