//===- Differentiate.cpp - from training graphs to parts ------------------===//
//
// Part of gptc, under the MIT License.
//
// Reverse mode on flat graphs. A training graph becomes the part "micro": its
// ops, then their vector-Jacobian products in reverse order. Cotangents of what
// outlives the micro-batch (parameters, derived states) are not values but
// accumulations into states of the kind "gradient", as soon as each is there;
// a weight's gradient is one op with its accumulator, so no temporary exists.
// No gradient is lost in silence: an op that a parameter reaches has a
// cotangent for the operand that it comes through, or is an error. The
// prologue's own reverse, applied once a step to the accumulated gradients of
// the derived states, is the part "epilogue".
//
// Validation and sampling graphs become parts without a reverse.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/LossMeaning.h"
#include "compiler/passes/Passes.h"
#include "dialect/Differentiable.h"
#include "dialect/GptDialect.h"
#include "dialect/GptStep.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/CrossEntropyOp.h.inc"
#include "dialect/gpt/EmbedOp.h.inc"
#include "dialect/gpt/GraphOp.h.inc"
#include "dialect/gpt/InputOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/OuterOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/RecipeOp.h.inc"
#include "dialect/gpt/ReturnOp.h.inc"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

namespace gptc {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "compiler/passes/Differentiate.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

/// The name in files of a parameter, or of a derived state.
StringRef nameOf(Operation *op) {
  return op->getAttrOfType<StringAttr>("name").getValue();
}

/// The values that a parameter reaches.
class Trained {
public:
  void add(Value v) { values.insert(v); }
  void addReached(Block::OpListType &ops) {
    for (Operation &op : ops) {
      if (auto update = dyn_cast<UpdateOp>(op)) {
        if (contains(update.getValue()))
          add(update.getTarget());
      } else if (isReached(&op)) {
        for (Value result : op.getResults())
          add(result);
      }
    }
  }
  bool contains(Value v) const {
    Operation *def = v.getDefiningOp();
    return values.contains(v) || isa<ParamOp>(def) ||
           (isRowView(def) && contains(def->getOperand(0)));
  }
  bool isReached(Operation *op) const {
    return llvm::any_of(op->getOperands(), [&](Value v) {
      return isa<TensorType>(v.getType()) && contains(v);
    });
  }

private:
  DenseSet<Value> values;
};

/// Whether the recipe sums gradients in their parameters' types.
bool sumsAsStored(ModelOp model) {
  for (auto recipe : model.getOps<RecipeOp>())
    if (Attribute flag = lookup(recipe.getArgs(), "bf16_gradients"))
      return number(flag).value_or(0) != 0;
  return false;
}

/// Reverse mode over one straight line of ops.
class Reverse {
public:
  Reverse(llvm::MapVector<Operation *, Value> &accumulators,
          const Trained &trained, bool asStored)
      : accumulators(accumulators), trained(trained), asStored(asStored) {}

  /// Adds d to the cotangent of v: a running sum for a value of the line, an
  /// accumulation for one that outlives it.
  void give(OpBuilder &b, Location loc, Value v, Value d) {
    if (Value target = accumulatorOf(b, v)) {
      AccumulateOp::create(b, loc, target, d);
      return;
    }
    Value &sum = cotangents[v];
    sum = sumOf(b, loc, sum, d);
  }

  LogicalResult run(ArrayRef<Operation *> line, OpBuilder &b) {
    for (Operation *op : llvm::reverse(line)) {
      SmallVector<Value> dy;
      for (Value result : op->getResults())
        dy.push_back(cotangents.lookup(result));
      if (llvm::none_of(dy, [](Value d) { return bool(d); }) ||
          !trained.isReached(op))
        continue;
      if (failed(step(op, dy, b)))
        return failure();
    }
    fuseOuters(b.getInsertionBlock());
    return success();
  }

private:
  LogicalResult step(Operation *op, ArrayRef<Value> dy, OpBuilder &b) {
    if (auto embed = dyn_cast<EmbedOp>(op))
      return stepEmbed(embed, dy[0], b);
    auto rule = dyn_cast<Differentiable>(op);
    if (!rule)
      return op->emitOpError(
          "has no vector-Jacobian product: the loss must not "
          "depend on it through a parameter");
    SmallVector<Value> operands(op->getOperands());
    SmallVector<Value> dx = rule.buildVjp(b, dy);
    // Indices and numbers stand at the end and have none; what comes behind the
    // operands' own are more of the first one's.
    dx.resize(std::max(dx.size(), operands.size()));
    for (auto [i, d] : llvm::enumerate(dx)) {
      Value operand = i < operands.size() ? operands[i] : operands.front();
      if (d)
        give(b, op->getLoc(), operand, d);
      else if (i < operands.size() && isa<TensorType>(operand.getType()) &&
               trained.contains(operand))
        return op->emitOpError("gives no gradient to its operand ")
               << i << ": the loss must not depend on a parameter through it";
    }
    return success();
  }

  LogicalResult stepEmbed(EmbedOp embed, Value dy, OpBuilder &b) {
    Value target = accumulatorOf(b, embed.getTable());
    if (!target)
      return embed.emitOpError("looks up in a table that is not a parameter: "
                               "it cannot be trained");
    auto tokens = embed.getTokens().getDefiningOp<InputOp>();
    if (!tokens)
      return embed.emitOpError("looks up by what is no input of the "
                               "micro-batch: it cannot be trained");
    AccumulateRowsOp::create(b, embed.getLoc(), target, dy, tokens,
                             orderOf(tokens));
    return success();
  }

  /// A product that nothing but one accumulation reads is that accumulation.
  static void fuseOuters(Block *block) {
    for (auto accumulate :
         llvm::make_early_inc_range(block->getOps<AccumulateOp>())) {
      auto outer = accumulate.getValue().getDefiningOp<OuterOp>();
      if (!outer || !outer->hasOneUse())
        continue;
      OpBuilder b(accumulate);
      AccumulateOuterOp::create(b, accumulate.getLoc(), accumulate.getTarget(),
                                outer.getA(), outer.getB());
      accumulate.erase();
      outer.erase();
    }
  }

  /// Where the cotangent of a parameter, a derived state or a view of one is
  /// accumulated; null for a value of the line.
  Value accumulatorOf(OpBuilder &b, Value v) {
    Operation *def = v.getDefiningOp();
    if (isa<ParamOp>(def) ||
        (isa<StateOp>(def) && cast<StateOp>(def).getKind() == "derived")) {
      Value &state = accumulators[def];
      if (!state)
        state = makeAccumulator(def);
      return state;
    }
    if (!isRowView(def))
      return {};
    auto known = views.find(v);
    if (known != views.end())
      return known->second;
    Value of = accumulatorOf(b, def->getOperand(0));
    if (!of)
      return {};
    Operation *view = b.clone(*def);
    view->setOperand(0, of);
    auto type = cast<RankedTensorType>(v.getType());
    auto sum = cast<RankedTensorType>(of.getType());
    view->getResult(0).setType(type.clone(sum.getElementType()));
    return views[v] = view->getResult(0);
  }

  /// The state that a gradient is summed in, declared where the parameter is.
  Value makeAccumulator(Operation *def) {
    OpBuilder b(def);
    b.setInsertionPointAfter(def);
    auto type = cast<RankedTensorType>(def->getResult(0).getType());
    StringAttr of;
    if (isa<ParamOp>(def))
      of = b.getStringAttr(nameOf(def));
    Type sum = asStored ? type.getElementType() : b.getF32Type();
    return StateOp::create(b, def->getLoc(), type.clone(sum),
                           (nameOf(def) + "_gradient").str(), "gradient", of);
  }

  /// The work list of ordered segments, an input of the part beside what it
  /// sorts.
  Value orderOf(InputOp tokens) {
    OpBuilder b(tokens);
    std::string name = (tokens.getName() + "_order").str();
    StringAttr kind; // what its name says
    if (std::optional<Feed> feed = tokens.getFeed()) {
      StringRef word = wordOf(gptc::gpt::orderOf(*feed));
      if (tokens.getKind())
        kind = b.getStringAttr(word);
      else
        name = word.str();
    }
    for (auto input : tokens->getBlock()->getOps<InputOp>())
      if (input.getName() == name)
        return input.getY();
    b.setInsertionPointAfter(tokens);
    Type type = tokens.getY().getType();
    return InputOp::create(b, tokens.getLoc(), type, b.getStringAttr(name),
                           kind, TypeAttr::get(type));
  }

  llvm::MapVector<Operation *, Value> &accumulators;
  const Trained &trained;
  bool asStored; ///< gradients are summed in their parameters' types
  DenseMap<Value, Value> cotangents, views;
};

struct Differentiate : gptc::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  /// The gradient state of each parameter and derived state that has one.
  llvm::MapVector<Operation *, Value> accumulators;
  DenseMap<StringRef, Value> outputs;
  Trained trained;
  bool asStored = false;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      accumulators.clear();
      outputs.clear();
      trained = Trained();
      asStored = sumsAsStored(model);
      for (PartOp part : model.getOps<PartOp>())
        if (part.getKind() == "prologue")
          trained.addReached(part.getBody().front().getOperations());
      for (GraphOp graph : llvm::make_early_inc_range(model.getOps<GraphOp>()))
        if (failed(convert(model, graph)))
          return signalPassFailure();
      reportUntrained(model);
    }
  }

  /// A parameter that graphs read, and that no training graph gives a gradient.
  /// A tied one that splits at the end of the run has its values from another.
  void reportUntrained(ModelOp model) {
    for (auto param : model.getOps<ParamOp>()) {
      if (accumulators.contains(param))
        continue;
      SmallVector<Operation *> readers;
      findReaders(param.getY(), readers);
      bool isAdopted = llvm::any_of(
          readers, [](Operation *reader) { return isa<AdoptOp>(reader); });
      if (!readers.empty() && !isAdopted)
        param.emitWarning("no loss reaches '")
            << param.getName()
            << "': it stays as it begins; @train must read it, or leave it out";
    }
  }

  /// What reads a value, or a view of it.
  static void findReaders(Value v, SmallVectorImpl<Operation *> &readers) {
    for (Operation *user : v.getUsers()) {
      if (!isRowView(user))
        readers.push_back(user);
      else
        for (Value view : user->getResults())
          findReaders(view, readers);
    }
  }

  LogicalResult convert(ModelOp model, GraphOp graph) {
    auto kind = graph->getAttrOfType<StringAttr>("kind");
    if (!kind)
      return graph.emitOpError("is no program variant: run instantiate first");
    std::string name = graph.getSymName().str();
    std::string suffix = name.substr(name.find_last_of('_'));
    bool train = kind.getValue() == "train";
    std::string as = train ? "micro" : kind.getValue().str();

    OpBuilder b(graph);
    auto part = PartOp::create(b, graph.getLoc(), as + suffix, as);
    for (StringRef attr : {"tokens", "steps"})
      if (Attribute value = graph->getAttr(attr))
        part->setAttr(attr, value);
    part.getBody().takeBody(graph.getBody());
    graph.erase();

    Block &body = part.getBody().front();
    auto ret = cast<ReturnOp>(body.back());
    if (ret.getValues().size() != 1)
      return ret.emitOpError("of a graph gives one value, not ")
             << ret.getValues().size();
    Value result = ret.getValues()[0];
    auto type = cast<RankedTensorType>(result.getType());
    if (as != "sample" && type.getRank() != 0)
      return ret.emitOpError("of @")
             << kind.getValue() << " gives the loss, a scalar, not "
             << text(Type(type));
    SmallVector<Operation *> line(
        llvm::make_pointer_range(body.without_terminator()));
    b.setInsertionPoint(ret);
    if (as == "sample")
      output(b, part, "probabilities", type.clone(b.getF32Type()), result);
    else
      output(b, part, "loss", RankedTensorType::get({}, b.getF64Type()),
             result);
    describeLoss(part, result, b);
    if (train) {
      watchLoss(b, part, result);
      trained.addReached(body.getOperations());
      Reverse reverse(accumulators, trained, asStored);
      Value seed = SeedCotangentOp::create(
          b, ret.getLoc(), RankedTensorType::get({}, b.getF32Type()));
      reverse.give(b, ret.getLoc(), result, seed);
      if (failed(reverse.run(line, b)))
        return failure();
    }
    ret.erase();
    return train ? reversePrologue(model, part, suffix) : success();
  }

  /// A state that the host reads.
  Value outputState(PartOp part, StringRef name, Type type) {
    Value &state = outputs[name];
    if (!state) {
      Block *block = part->getBlock();
      OpBuilder outside(part);
      outside.setInsertionPointToStart(block);
      for (Operation &op : *block)
        if (isa<ParamOp>(op))
          outside.setInsertionPointAfter(&op);
      state = StateOp::create(outside, part.getLoc(), type, name, "output",
                              StringAttr());
    }
    return state;
  }

  /// What the host reads of a part.
  void output(OpBuilder &b, PartOp part, StringRef name, Type type,
              Value result) {
    UpdateOp::create(b, result.getLoc(), outputState(part, name, type), result);
  }

  /// Keeps the first loss that is not finite, so that updates do not happen
  /// (`expand-optimizer`); 0 until then.
  void watchLoss(OpBuilder &b, PartOp part, Value loss) {
    auto scalar = RankedTensorType::get({}, b.getF32Type());
    Value nonfinite = outputState(part, "nonfinite", scalar);
    Location loc = loss.getLoc();
    UpdateOp::create(b, loc, nonfinite,
                     IfFiniteOp::create(b, loc, scalar, loss, nonfinite, loss));
  }

  /// How the host reports a loss: it divides a sum over tokens by their number,
  /// and beside the loss of a training graph shows that of the next tokens
  /// alone, which every validation can be compared with. Row kernels over the
  /// same logits merge, so the second loss costs no pass over them.
  void describeLoss(PartOp part, Value result, OpBuilder &b) {
    if (part.getKind() == "sample")
      return;
    gptc::LossMeaning meaning = gptc::meaningOf(result);
    part->setAttr("loss_tokens", b.getI64IntegerAttr(meaning.tokens));
    auto loss = dyn_cast_or_null<CrossEntropyOp>(meaning.main);
    if (part.getKind() != "micro" || !loss)
      return;
    auto targets = loss.getTargets().getDefiningOp<InputOp>();
    auto tokens = part->getAttrOfType<IntegerAttr>("tokens");
    if (!targets || targets.getFeed() != Feed::Targets || !tokens ||
        rowsOf(loss.getLogits().getType()) != tokens.getInt())
      return;
    if (meaning.isMain && isOfNextTokens(loss)) {
      part->setAttr("next_token_loss", b.getUnitAttr());
      return;
    }
    Value plain = CrossEntropyOp::create(
        b, loss.getLoc(), loss.getY().getType(), loss.getLogits(), targets,
        UnitAttr(), ValueRange(), b.getArrayAttr({}));
    output(b, part, "next_token_loss",
           RankedTensorType::get({}, b.getF64Type()), plain);
  }

  /// Whether the weight of the next token is 1 and of those behind it 0.
  static bool isOfNextTokens(CrossEntropyOp loss) {
    auto weights = targetWeights(loss.getArgs());
    return weights.front().first == 0 &&
           llvm::all_of(weights, [](const auto &weight) {
             return number(weight.second) == (weight.first == 0 ? 1.0 : 0.0);
           });
  }

  LogicalResult reversePrologue(ModelOp model, PartOp micro, StringRef suffix) {
    PartOp prologue;
    for (PartOp part : model.getOps<PartOp>())
      if (part.getSymName() == ("prologue" + suffix).str())
        prologue = part;
    if (!prologue)
      return success();
    OpBuilder b(micro);
    b.setInsertionPointAfter(micro);
    auto part = PartOp::create(b, micro.getLoc(), ("epilogue" + suffix).str(),
                               "epilogue");
    part->setAttr("steps", micro->getAttr("steps"));
    // The reverse reads values of the prologue: here they are computed anew,
    // and what it does not read is dead code.
    IRMapping mapping;
    prologue.getBody().cloneInto(&part.getBody(), mapping);
    Block &body = part.getBody().front();
    SmallVector<std::pair<Value, Value>> derived;
    for (UpdateOp update :
         llvm::make_early_inc_range(body.getOps<UpdateOp>())) {
      derived.push_back({update.getTarget(), update.getValue()});
      update.erase();
    }
    SmallVector<Operation *> line(llvm::make_pointer_range(body));
    b.setInsertionPointToEnd(&body);
    trained.addReached(body.getOperations());
    Reverse reverse(accumulators, trained, asStored);
    SmallVector<Value> consumed;
    for (auto [state, value] : derived) {
      auto gradient = accumulators.find(state.getDefiningOp());
      if (gradient == accumulators.end())
        continue;
      reverse.give(b, value.getLoc(), value, gradient->second);
      consumed.push_back(gradient->second);
    }
    if (failed(reverse.run(line, b)))
      return failure();
    for (Value gradient : consumed) {
      Value zero = FillOp::create(b, gradient.getLoc(), gradient.getType(),
                                  ValueRange(), b.getF64FloatAttr(0));
      UpdateOp::create(b, gradient.getLoc(), gradient, zero);
    }
    return success();
  }
};

} // namespace
