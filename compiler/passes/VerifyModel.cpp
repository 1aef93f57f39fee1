//===- VerifyModel.cpp - the end of the phase `model` ---------------------===//
//
// Part of gptc, under the MIT License.
//
// Whoever writes something down expects an effect of it. An attribute that no
// op knows is an error: `{show}` for `{shown}` would be silently nothing. What
// is declared and read by nobody is a warning, for the program is right
// without it.
//
// One mistake, one warning: a function that nobody calls is at fault, not what
// it reads. What the file of a base declares is not reported here: a collection
// of functions serves many models, and a whole model is compiled by itself.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/VerifyPhase.h"
#include "dialect/GptStructure.h"
#include "dialect/Reads.h"

namespace gptc {
#define GEN_PASS_DEF_VERIFYMODEL
#include "compiler/passes/VerifyModel.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

/// See verifyPhase.
static std::optional<std::string> faultOf(Operation *op) {
  if (isa<BaseOp>(op))
    return "has not been resolved: run resolve-base first";
  std::optional<RegisteredOperationName> info = op->getRegisteredInfo();
  if (!info || isa<ModuleOp>(op) || op->getDiscardableAttrs().empty())
    return std::nullopt;
  StringRef name = op->getDiscardableAttrs().begin()->getName();
  SmallVector<StringRef> known;
  for (StringAttr own : info->getAttributeNames())
    known.push_back(own);
  return ("has no attribute '" + name + "'" + nearest(name, known)).str();
}

//===----------------------------------------------------------------------===//
// What nothing reads
//===----------------------------------------------------------------------===//

namespace {
/// Finds what of a model's own file has no effect.
class Unread {
public:
  explicit Unread(ModelOp model)
      : model(model), effective(model), file(fileOf(model.getLoc())) {}
  void report();

private:
  bool isOwn(Operation *op) { return fileOf(op->getLoc()) == file; }
  void reportConstants();
  void reportValue(StringRef name, Value value);
  void reportOps(Operation *declared);
  void addLost(InFlightDiagnostic &warning, Operation *op);

  ModelOp model;
  Reads effective;
  StringRef file;
};
} // namespace

/// Constants that no op and no other constant names.
void Unread::reportConstants() {
  llvm::StringSet<> named;
  model.walk([&](Operation *op) {
    forEachName(op, [&](StringRef name) { named.insert(name); });
  });
  for (auto let : model.getOps<LetOp>()) {
    SmallVector<std::string> names;
    for (size_t i = 0; isOwn(let) && i < let.getArgs().size(); i += 2) {
      StringRef name = cast<StringAttr>(let.getArgs()[i]);
      // T is what the recipe makes of it.
      if (name != "T" && !effective.reads(name) && !named.contains(name))
        names.push_back(("'" + name + "'").str());
    }
    if (names.empty())
      continue;
    bool one = names.size() == 1;
    let.emitWarning("nothing reads the constant")
        << (one ? " " : "s ") << llvm::join(names, ", ") << "; remove "
        << (one ? "it, or name it where it belongs"
                : "them, or name them where they belong");
  }
}

/// The parameters that only `op` reads.
void Unread::addLost(InFlightDiagnostic &warning, Operation *op) {
  Reads its(model, op);
  SmallVector<std::string> names;
  forEachNamed(model, [&](StringRef name, Value value) {
    if (isa<ParamOp, PackOp>(value.getDefiningOp()) && its.reads(value) &&
        !effective.reads(value))
      names.push_back(("'" + name + "'").str());
  });
  if (!names.empty())
    warning.attachNote(op->getLoc())
        << "so nothing trains " << llvm::join(names, ", ");
}

void Unread::reportValue(StringRef name, Value value) {
  Operation *op = value.getDefiningOp();
  if (effective.reads(value) || !value.use_empty() || !isOwn(op))
    return;
  InFlightDiagnostic warning = op->emitWarning();
  if (auto pack = dyn_cast<PackOp>(op))
    warning << "nothing reads '" << name << "', a part of the pack '"
            << pack.getName() << "'; remove it, or name it where it belongs";
  else if (isa<FuncOp>(op))
    warning << "nothing calls the function '" << name
            << "'; remove it, or call it where it belongs";
  else if (isa<OptimizerOp>(op))
    warning << "no parameter names the optimizer '" << name
            << "'; remove it, or write `by %" << name << "`";
  else if (isa<ScheduleOp>(op))
    warning << "nothing reads the schedule '" << name
            << "'; remove it, or write `{shown}` behind it to log it";
  else
    warning << "nothing reads "
            << (isa<ParamOp>(op)   ? "the parameter "
                : isa<InputOp>(op) ? "the input "
                                   : "")
            << "'" << name << "'; remove it, or name it where it belongs";
  addLost(warning, op);
}

/// Ops of a body that compute for nobody.
void Unread::reportOps(Operation *declared) {
  declared->walk([&](Operation *op) {
    if (op == declared || op->getNumResults() == 0 || !op->use_empty())
      return;
    op->emitWarning("nothing reads what this gives; remove it, or use it");
  });
}

void Unread::report() {
  reportConstants();
  forEachNamed(model, [&](StringRef name, Value value) {
    // Both results of YaRN have one use or none.
    bool isSecond = isa<YarnOp>(value.getDefiningOp()) &&
                    cast<OpResult>(value).getResultNumber() > 0;
    if (!isSecond)
      reportValue(name, value);
  });
  for (Operation &op : model.getBody().front()) {
    bool isRead = isa<GraphOp>(op) || (op.getNumResults() && !op.use_empty());
    if (isRead && op.getNumRegions() && isOwn(&op))
      reportOps(&op);
  }
}

namespace {

struct VerifyModel : gptc::impl::VerifyModelBase<VerifyModel> {
  void runOnOperation() override {
    if (failed(verifyPhase(getOperation(), faultOf)))
      return signalPassFailure();
    for (ModelOp model : getOperation().getOps<ModelOp>())
      Unread(model).report();
    markAllAnalysesPreserved();
  }
};

} // namespace
