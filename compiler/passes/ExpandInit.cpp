//===- ExpandInit.cpp - init recipes become the part "init" ---------------===//
//
// Part of gptc, under the MIT License.
//
// Parameters are declared with a recipe, never as data: a number, uniform(a),
// normal(s), cycle(a, b, …), rows(n, first n rows, the rest) and parts(n, …) of
// a pack. The part "init" fills each from its recipe and the run's seed, by
// kernels, so that the values are the same bits on every target; states start
// at zero.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptDialect.h"
#include "dialect/gpt/CycleOp.h.inc"
#include "dialect/gpt/FillOp.h.inc"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/PartOp.h.inc"
#include "dialect/gpt/RandomOp.h.inc"
#include "dialect/gpt/RowsOp.h.inc"
#include "dialect/gpt/StateOp.h.inc"
#include "dialect/gpt/UpdateOp.h.inc"

namespace gptc {
#define GEN_PASS_DEF_EXPANDINIT
#include "compiler/passes/ExpandInit.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

namespace {

struct ExpandInit : gptc::impl::ExpandInitBase<ExpandInit> {
  using ExpandInitBase::ExpandInitBase;

  /// Each use of random numbers has a stream of its own.
  int64_t stream = 0;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      OpBuilder b(model.getContext());
      b.setInsertionPointToEnd(&model.getBody().front());
      auto part = PartOp::create(b, model.getLoc(), "init", "init");
      b.setInsertionPointToStart(&part.getBody().emplaceBlock());
      stream = 0;
      for (ParamOp param : model.getOps<ParamOp>())
        if (failed(fill(b, param, param.getY(), param.getInit())))
          return signalPassFailure();
      for (StateOp state : model.getOps<StateOp>())
        if (state.getKind() == "gradient" || state.getKind() == "optimizer")
          UpdateOp::create(b, state.getLoc(), state,
                           constant(b, state.getLoc(), state.getY().getType(),
                                    b.getF64FloatAttr(0)));
    }
  }

  Value constant(OpBuilder &b, Location loc, Type type, Attribute value) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getElementType().isF64())
      type = tensor.clone(b.getF32Type());
    return FillOp::create(b, loc, type, ValueRange(), value);
  }

  LogicalResult fill(OpBuilder &b, ParamOp param, Value target,
                     Attribute init) {
    Location loc = param.getLoc();
    auto type = cast<RankedTensorType>(target.getType());
    if (number(init)) {
      UpdateOp::create(b, loc, target, constant(b, loc, type, init));
      return success();
    }
    auto wrong = [&]() -> LogicalResult {
      return param.emitError("'")
             << param.getName() << "' has the init " << text(init, true)
             << ": a number, uniform(a), normal(s), cycle(a, …) or "
                "rows(n, init, init) is needed";
    };
    auto recipe = dyn_cast<ExprAttr>(init);
    if (!recipe)
      return wrong();
    Attrs args = recipe.getArgs();
    StringRef op = recipe.getOp();
    if ((op == "uniform" || op == "normal") && args.size() == 1 &&
        number(args[0])) {
      UpdateOp::create(b, loc, target,
                       RandomOp::create(b, loc, type, b.getStringAttr(op),
                                        b.getF64FloatAttr(*number(args[0])),
                                        b.getI64IntegerAttr(stream++)));
      return success();
    }
    if (op == "cycle" && !args.empty() &&
        llvm::all_of(args, [](Attribute a) { return bool(number(a)); })) {
      SmallVector<double> values;
      for (Attribute a : args)
        values.push_back(*number(a));
      UpdateOp::create(
          b, loc, target,
          CycleOp::create(b, loc, type, b.getDenseF64ArrayAttr(values)));
      return success();
    }
    // Ranges of rows, each with a recipe of its own.
    SmallVector<std::pair<int64_t, Attribute>> ranges;
    int64_t rows = type.getRank() ? type.getDimSize(0) : 0;
    if (op == "rows" && args.size() == 3 && integer(args[0]))
      ranges = {{*integer(args[0]), args[1]},
                {rows - *integer(args[0]), args[2]}};
    else if (op == "parts" && args.size() % 2 == 0)
      for (size_t i = 0; i < args.size(); i += 2)
        ranges.push_back({integer(args[i]).value_or(0), args[i + 1]});
    else
      return wrong();
    int64_t at = 0;
    for (auto [size, sub] : ranges) {
      if (size < 1 || at + size > rows)
        return param.emitError("'") << param.getName() << "' has an init for "
                                    << at + size << " rows, it has " << rows;
      SmallVector<int64_t> shape(type.getShape());
      shape[0] = size;
      Value part = RowsOp::create(
          b, loc, RankedTensorType::get(shape, type.getElementType()), target,
          b.getI64IntegerAttr(at), b.getI64IntegerAttr(size));
      if (failed(fill(b, param, part, sub)))
        return failure();
      at += size;
    }
    if (at != rows)
      return param.emitError("'") << param.getName() << "' has an init for "
                                  << at << " rows, it has " << rows;
    return success();
  }
};

} // namespace
