//===- Suspects.cpp - one mistake is one error ----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/Suspects.h"
#include "dialect/GptTypes.h"
#include "dialect/gpt/CallOp.h.inc"
#include "dialect/gpt/FuncOp.h.inc"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace gptc::gpt;

/// The function that a call runs; none for any other op.
static FuncOp calleeOf(Operation *op) {
  auto call = dyn_cast_or_null<CallOp>(op);
  return call ? call.getCallee().getDefiningOp<FuncOp>() : FuncOp();
}

/// Functions and optimizers are values too, and have no shape.
static bool isTensor(Value v) {
  return isa<ValueType, RankedTensorType>(v.getType());
}

bool Suspects::reach(Operation *op) {
  bool reached = llvm::any_of(op->getOperands(),
                              [&](Value v) { return values.contains(v); });
  if (reached)
    values.insert_range(op->getResults());
  return reached;
}

void Suspects::blame(Operation *op) {
  for (Value v : op->getOperands())
    if (isTensor(v)) // the function of a call is not at fault
      values.insert(v);
  values.insert_range(op->getResults());
  forEachSource(op, [&](Operation *source) {
    values.insert_range(source->getOperands());
    values.insert_range(source->getResults());
  });
}

void Suspects::forEachSource(Operation *op,
                             function_ref<void(Operation *)> visit) {
  DenseSet<Operation *> seen{op};
  SmallVector<Operation *> work{op};
  auto add = [&](ValueRange operands) {
    for (Value v : operands)
      if (Operation *source = v.getDefiningOp();
          source && isTensor(v) && seen.insert(source).second)
        work.push_back(source);
  };
  while (!work.empty()) {
    Operation *next = work.pop_back_val();
    if (next != op)
      visit(next);
    add(next->getOperands());
    // What a call gives is what the function returns, whoever calls it.
    if (FuncOp f = next == op ? FuncOp() : calleeOf(next);
        f && seen.insert(f).second) {
      visit(f);
      add(f.getBody().front().back().getOperands());
    }
  }
}

HeldDiagnostics::HeldDiagnostics(MLIRContext *context,
                                 function_ref<LogicalResult()> rule)
    : engine(context->getDiagEngine()) {
  uint64_t thread = llvm::get_threadid();
  auto handler = engine.registerHandler([&](Diagnostic &diagnostic) {
    if (llvm::get_threadid() != thread)
      return failure(); // another model's, verified beside this one
    held.push_back(std::move(diagnostic));
    return success();
  });
  good = succeeded(rule());
  engine.eraseHandler(handler);
}

void HeldDiagnostics::tell() {
  for (Diagnostic &diagnostic : held)
    engine.emit(std::move(diagnostic));
}
