//===- Base.cpp - models that are variants of other files -----------------===//
//
// Part of gptc, under the MIT License.
//
// `gpt.base "nanogpt.mlir"` is resolved on the IR, not on text: the named file
// is parsed like any other, so its ops keep their places in it and a diagnostic
// shows the right file and line. The names that a variant takes from its base
// are results of the op, so they resolve as all names do; their types are read
// from the base while the variant is parsed.
//
//===----------------------------------------------------------------------===//

#include "dialect/GptStructure.h"
#include "dialect/Reads.h"
#include "dialect/Syntax.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SaveAndRestore.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace gptc::gpt;

namespace {
using Named = llvm::MapVector<StringRef, Value>;
} // namespace

/// Files being read, outermost first: a file that leads back to itself is found
/// here, whether by parsing or by resolving.
static thread_local SmallVector<std::string> readFiles;

static Named namedOf(ModelOp model) {
  Named named;
  forEachNamed(model, [&](StringRef name, Value v) { named[name] = v; });
  return named;
}

/// Parses and resolves the base `name` that stands at `loc`.
static OwningOpRef<ModuleOp> readBase(Location loc, StringRef name) {
  StringRef from = fileOf(loc);
  SmallString<128> path(name);
  if (llvm::sys::path::is_relative(name)) {
    path = llvm::sys::path::parent_path(from);
    llvm::sys::path::append(path, name);
  }
  auto complain = [&](const Twine &message) -> OwningOpRef<ModuleOp> {
    emitError(loc) << message;
    return {};
  };
  if (llvm::sys::fs::is_directory(path))
    return complain("(B1) the base '" + Twine(name) +
                    "' is a directory: name a model file");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return complain("(B1) the base '" + Twine(name) +
                    "' cannot be read: " + buffer.getError().message() +
                    "; it is looked for beside this file, as '" + path + "'");
  // The file that names the base is being read too.
  llvm::SaveAndRestore<SmallVector<std::string>> restore(readFiles);
  auto isOpen = [&](StringRef file) {
    return llvm::any_of(readFiles, [&](const std::string &open) {
      return open == file || llvm::sys::fs::equivalent(open, file);
    });
  };
  if (!from.empty() && !isOpen(from))
    readFiles.push_back(from.str());
  if (isOpen(path))
    return complain("(B2) the base '" + Twine(name) +
                    "' leads back to itself: " +
                    llvm::join(readFiles, " names ") + " names " + path);
  readFiles.push_back(path.str().str());

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), path),
      llvm::SMLoc());
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sources, ParserConfig(loc.getContext()));
  if (!module) {
    emitError(loc) << "the base '" << name << "' has errors";
    return {};
  }
  auto models = module->getOps<ModelOp>();
  if (!llvm::hasSingleElement(models))
    return complain("(B3) the base '" + Twine(name) +
                    "' must hold one gpt.model, it holds " +
                    Twine(std::distance(models.begin(), models.end())));
  if (failed(resolveBases(*models.begin())))
    return {};
  return module;
}

static std::string nearestOf(StringRef name, const Named &named) {
  SmallVector<StringRef> all(llvm::make_first_range(named));
  return nearest(name, all);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

ParseResult gptc::gpt::parseBaseValues(OpAsmParser &p, StringAttr &file,
                                       ArrayAttr &names,
                                       SmallVectorImpl<Type> &types) {
  if (p.parseAttribute(file) || parseResultNames(p, names))
    return failure();
  if (succeeded(p.parseOptionalColon()))
    return p.parseTypeList(types);
  Location loc = p.getEncodedSourceLoc(p.getNameLoc());
  OwningOpRef<ModuleOp> base = readBase(loc, file);
  if (!base)
    return failure();
  Named named = namedOf(*base->getOps<ModelOp>().begin());
  for (auto name : names.getAsRange<StringAttr>()) {
    Value v = named.lookup(name);
    if (!v)
      return p.emitError(p.getNameLoc(), "(B4) '")
             << file.getValue() << "' has no '" << name.getValue() << "'"
             << nearestOf(name, named);
    types.push_back(v.getType());
  }
  return success();
}

void gptc::gpt::printBaseValues(OpAsmPrinter &p, Operation *, StringAttr file,
                                ArrayAttr, TypeRange types) {
  p << file;
  if (!types.empty())
    p << " : " << types;
}

//===----------------------------------------------------------------------===//
// Resolving
//===----------------------------------------------------------------------===//

namespace {
/// Merges one base into a model.
class Merger {
public:
  Merger(ModelOp model, BaseOp op, ModelOp base)
      : model(model), op(op), base(base), own(namedOf(model)),
        theirs(namedOf(base)), whole(!base.getOps<RecipeOp>().empty()) {
    own.remove_if([](auto &it) { // what comes from a base is not the model's
      return isa<BaseOp>(it.second.getDefiningOp());
    });
  }
  LogicalResult merge();

private:
  LogicalResult mergeConstants();
  LogicalResult mergeValues();
  void mergeSymbols();
  LogicalResult checkNewNames();
  void noteReaders();
  void reportUnread();

  /// An op of the model that replaces one of the base, and which of the base's
  /// parameters that one read.
  struct Replacement {
    Location loc;
    std::string name;
    SmallVector<std::pair<std::string, Value>> read;
  };

  ModelOp model;
  BaseOp op;
  ModelOp base;
  Named own, theirs;
  bool whole; ///< the base is a whole model, not a collection of functions
  SmallVector<Replacement> replacements;
  SmallVector<std::pair<Location, StringAttr>> givenConstants;
};
} // namespace

/// The variant's `gpt.let NAME = …` takes the place of the base's.
LogicalResult Merger::mergeConstants() {
  Builder b(model.getContext());
  llvm::MapVector<StringRef, Attribute> given;
  SmallVector<StringRef> known;
  for (auto let : base.getOps<LetOp>())
    for (size_t i = 0; i < let.getArgs().size(); i += 2)
      known.push_back(cast<StringAttr>(let.getArgs()[i]));
  // What the variant's own ops read may be new.
  llvm::SetVector<StringRef> read;
  auto collect = [&](Attribute a) {
    a.walk([&](StringAttr s) { read.insert(s); });
  };
  for (Operation &o : model.getBody().front()) {
    if (auto let = dyn_cast<LetOp>(o))
      for (size_t i = 1; i < let.getArgs().size(); i += 2)
        collect(let.getArgs()[i]);
    else if (!isa<BaseOp>(o))
      o.walk([&](Operation *inner) { collect(inner->getAttrDictionary()); });
  }

  for (auto let : llvm::make_early_inc_range(model.getOps<LetOp>())) {
    SmallVector<Attribute> kept;
    for (size_t i = 0; i < let.getArgs().size(); i += 2) {
      StringRef name = cast<StringAttr>(let.getArgs()[i]);
      if (llvm::is_contained(known, name)) {
        given[name] = let.getArgs()[i + 1];
        givenConstants.push_back(
            {let.getLoc(), cast<StringAttr>(let.getArgs()[i])});
        continue;
      }
      if (whole && !read.contains(name))
        return let.emitError("(B7) '")
               << op.getFile() << "' has no constant '" << name
               << "', and nothing here reads it" << nearest(name, known);
      kept.append({let.getArgs()[i], let.getArgs()[i + 1]});
    }
    if (kept.empty())
      let.erase();
    else
      let.setArgsAttr(b.getArrayAttr(kept));
  }
  for (auto let : base.getOps<LetOp>()) {
    SmallVector<Attribute> args(let.getArgs().getValue());
    for (size_t i = 0; i < args.size(); i += 2)
      if (auto it = given.find(cast<StringAttr>(args[i])); it != given.end())
        args[i + 1] = it->second;
    let.setArgsAttr(b.getArrayAttr(args));
  }
  return success();
}

/// The variant's values take the places of the base's of the same names.
LogicalResult Merger::mergeValues() {
  llvm::SetVector<Operation *> replaced;
  for (auto [name, v] : own) {
    Value old = theirs.lookup(name);
    if (!old)
      continue;
    if (old.getType() != v.getType()) {
      auto d = v.getDefiningOp()->emitError("(B5) '")
               << name << "' replaces something of another kind";
      d.attachNote(old.getLoc()) << "'" << name << "' of the base";
      return d;
    }
    old.replaceAllUsesWith(v);
    theirs[name] = v;
    replaced.insert(old.getDefiningOp());
    // Stand where the base's stood: parameters keep their order.
    v.getDefiningOp()->moveBefore(old.getDefiningOp());
  }
  for (Operation *old : replaced) {
    bool whole = llvm::all_of(old->getResults(), [&](Value v) {
      return llvm::none_of(theirs, [&](auto &it) { return it.second == v; });
    });
    if (whole) {
      old->erase();
    } else if (auto pack = dyn_cast<PackOp>(old)) {
      auto d = op.emitError("(B6) only some parts of the pack '")
               << pack.getName() << "' are replaced: replace all of them";
      d.attachNote(pack.getLoc()) << "the pack of the base";
      return d;
    }
  }
  for (auto [name, v] : llvm::zip(op.getNames(), op.getValues())) {
    Value theirValue = theirs.lookup(cast<StringAttr>(name));
    if (!theirValue || theirValue.getType() != v.getType())
      return op.emitError("(B4) '")
             << op.getFile() << "' has no such value '"
             << cast<StringAttr>(name).getValue() << "'"
             << nearestOf(cast<StringAttr>(name), theirs);
    v.replaceAllUsesWith(theirValue);
  }
  return success();
}

/// Graphs by name, and the recipe.
void Merger::mergeSymbols() {
  for (auto graph : model.getOps<GraphOp>())
    for (auto old : llvm::make_early_inc_range(base.getOps<GraphOp>()))
      if (old.getSymName() == graph.getSymName())
        old.erase();
  if (!model.getOps<RecipeOp>().empty())
    for (auto old : llvm::make_early_inc_range(base.getOps<RecipeOp>()))
      old.erase();
}

/// A misspelt replacement replaces nothing: then nothing reads it either.
LogicalResult Merger::checkNewNames() {
  if (!whole)
    return success();
  for (auto [name, v] : own) {
    Operation *def = v.getDefiningOp();
    if (theirs.count(name) || isa<InputOp>(def) ||
        !llvm::all_of(def->getResults(), [](Value r) { return r.use_empty(); }))
      continue;
    return def->emitError("(B7) '")
           << op.getFile() << "' has no '" << name
           << "', and nothing here reads it" << nearestOf(name, theirs);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// What a variant leaves unread
//===----------------------------------------------------------------------===//

/// Before anything is replaced: what that reads which will be.
void Merger::noteReaders() {
  Reads effective(base);
  auto note = [&](Location loc, StringRef name, Operation *old) {
    Replacement &replacement =
        replacements.emplace_back(Replacement{loc, name.str(), {}});
    Reads its(base, old);
    for (auto [theirName, v] : theirs)
      if (isa<ParamOp, PackOp>(v.getDefiningOp()) && its.reads(v) &&
          effective.reads(v) && !own.contains(theirName))
        replacement.read.push_back({theirName.str(), v});
  };
  for (auto [name, v] : own)
    if (Value old = theirs.lookup(name))
      note(v.getLoc(), ("'%" + name + "'").str(), old.getDefiningOp());
  for (auto graph : model.getOps<GraphOp>())
    for (auto old : base.getOps<GraphOp>())
      if (old.getSymName() == graph.getSymName())
        note(graph.getLoc(), ("@" + graph.getSymName()).str(), old);
}

/// A variant without a part of its base keeps that part's parameters: memory
/// and states of an optimizer for nothing. What costs nothing, functions and
/// constants of the base, may stay without a word.
void Merger::reportUnread() {
  Reads effective(model);
  llvm::DenseSet<Value> reported;
  for (const Replacement &replacement : replacements) {
    SmallVector<std::string> lost;
    for (auto &[name, v] : replacement.read)
      if (!effective.reads(v) && reported.insert(v).second)
        lost.push_back("'" + name + "'");
    if (!lost.empty())
      emitWarning(replacement.loc)
          << "nothing reads " << llvm::join(lost, ", ") << " of '"
          << op.getFile() << "' any more: it was " << replacement.name
          << ", replaced here, that did";
  }
  for (auto [loc, name] : givenConstants)
    if (name != "T" && !effective.reads(name.getValue()))
      emitWarning(loc) << "nothing reads the constant '" << name.getValue()
                       << "' any more: this changes nothing";
}

LogicalResult Merger::merge() {
  if (whole)
    noteReaders();
  if (failed(checkNewNames()) || failed(mergeConstants()))
    return failure();
  mergeSymbols();
  // The base's ops come to stand at the place of the op that names it.
  Block &from = base.getBody().front();
  model.getBody().front().getOperations().splice(op->getIterator(),
                                                 from.getOperations());
  if (failed(mergeValues()))
    return failure();
  if (whole)
    reportUnread();
  return success();
}

LogicalResult gptc::gpt::resolveBases(ModelOp model) {
  for (auto op : llvm::make_early_inc_range(model.getOps<BaseOp>())) {
    OwningOpRef<ModuleOp> module = readBase(op.getLoc(), op.getFile());
    if (!module)
      return failure();
    ModelOp base = *module->getOps<ModelOp>().begin();
    if (failed(Merger(model, op, base).merge()))
      return failure();
    op.erase();
  }
  return success();
}
