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
// Views of whole rows (`row`, `rows`, `reshape`) cost nothing: those that the
// graph reads stay, as views of a parameter or of a derived state. So do
// numbers, which are no tensors.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/GraphOp.h.inc"
#include "dialect/gpt/InputOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/ReturnOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"
#include "mlir/IR/IRMapping.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_HOISTSTEPINVARIANTS
#include "compiler/passes/HoistStepInvariants.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

struct HoistStepInvariants
    : gptc::impl::HoistStepInvariantsBase<HoistStepInvariants> {
  using HoistStepInvariantsBase::HoistStepInvariantsBase;

  /// The derived state of a computation, by the computation's number.
  DenseMap<unsigned, Value> states;
  DenseMap<Value, unsigned> numbers;
  std::map<SmallVector<uintptr_t>, unsigned> numberOfKey;
  unsigned count = 0;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      states.clear();
      numbers.clear();
      numberOfKey.clear();
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

    // What the graph goes on to read: by an op that stays, or by a view or a
    // number that does.
    DenseSet<Operation *> staying;
    auto isFree = [](Operation *op) {
      return isRowView(op) || isa<Float64Type>(op->getResult(0).getType());
    };
    auto stays = [&](Operation *op) {
      return !invariant.contains(op) || staying.contains(op);
    };
    for (Operation &op : llvm::reverse(body))
      if (invariant.contains(&op) && isFree(&op) &&
          llvm::any_of(op.getUsers(), stays))
        staying.insert(&op);
    IRMapping mapping;
    SmallVector<std::pair<Value, Value>> stored;
    // Computed twice where no pass has merged the computations, stored once:
    // the epilogue gives a state's cotangent to each value that is stored.
    DenseSet<Value> written;
    for (Operation &op : body) {
      if (!invariant.contains(&op))
        continue;
      Operation *copy = inside.clone(op, mapping);
      if (isFree(&op))
        continue;
      for (auto [value, computed] :
           llvm::zip(op.getResults(), copy->getResults()))
        if (llvm::any_of(value.getUsers(), stays)) {
          Value state = stateOf(graph, computed);
          if (written.insert(state).second)
            UpdateOp::create(inside, op.getLoc(), state, computed);
          stored.push_back({value, state});
        }
    }
    // Only now: the prologue computes with values, it does not read its states.
    for (auto [value, state] : stored)
      value.replaceUsesWithIf(
          state, [&](OpOperand &use) { return stays(use.getOwner()); });
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (invariant.contains(&op) && op.use_empty())
        op.erase();
  }

  /// A number for everything that a value is computed from: equal numbers are
  /// equal values. What stands in the model, parameters and numbers, is itself.
  unsigned numberOf(Value v) {
    if (auto known = numbers.find(v); known != numbers.end())
      return known->second;
    SmallVector<uintptr_t> key;
    auto add = [&](const void *p) {
      key.push_back(reinterpret_cast<uintptr_t>(p));
    };
    Operation *def = v.getDefiningOp();
    if (!def || isa<ModelOp>(def->getParentOp())) {
      add(v.getAsOpaquePointer());
    } else {
      add(def->getName().getAsOpaquePointer());
      add(def->getAttrDictionary().getAsOpaquePointer());
      add(v.getType().getAsOpaquePointer());
      key.push_back(cast<OpResult>(v).getResultNumber());
      for (Value operand : def->getOperands())
        key.push_back(numberOf(operand));
    }
    unsigned number =
        numberOfKey.try_emplace(key, numberOfKey.size()).first->second;
    return numbers[v] = number;
  }

  Value stateOf(GraphOp graph, Value value) {
    Value &state = states[numberOf(value)];
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
