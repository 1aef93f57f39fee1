//===- EmitProgram.cpp - the blob that a training binary embeds -----------===//
//
// Part of gptc, under the MIT License.
//
// Turns what is left of the model (buffers at their places, parts, numbers as
// functions of the step) and the target's launches into the arrays of
// runtime/program.h.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/EmitProgram.h"
#include "compiler/kernels/Cost.h"
#include "compiler/passes/Collectives.h"
#include "compiler/passes/Evaluate.h"
#include "compiler/passes/Kernels.h"
#include "compiler/pipeline/NumberTables.h"
#include "compiler/pipeline/Products.h"
#include "compiler/pipeline/ProgramTables.h"
#include "compiler/pipeline/SourceLines.h"
#include "dialect/KernRanks.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/RecipeOp.h.inc"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/HostNumberOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/xxhash.h"
#include <map>

using namespace mlir;
using namespace gptc;

namespace {

class Emitter : ProgramTables {
public:
  explicit Emitter(ProgramInputs &inputs)
      : in(inputs), model(inputs.model), evaluator(inputs.model) {}

  FailureOr<std::string> run();

private:
  LogicalResult addBuffers();
  void addLaunch(const LaunchRecord &from, ArrayRef<Access> accesses,
                 llvm::SetVector<uint32_t> &used);
  void addCosts(ArrayRef<LaunchRecord> ofOneOp);
  void addCollective(Operation *op, uint32_t before,
                     llvm::SetVector<uint32_t> &used);
  void addVariants(kern::PartOp part, Part record,
                   ArrayRef<std::pair<Operation *, uint32_t>> between);
  LogicalResult addParts();
  LogicalResult addSteps();
  LogicalResult addFeeds(kern::PartOp part,
                         const llvm::SetVector<uint32_t> &used, Part &record);
  FailureOr<int64_t> recipe(StringRef name, int64_t fallback = -1);
  Attribute recipeArg(StringRef name) {
    return recipeOp ? gpt::lookup(recipeOp.getArgs(), name) : Attribute();
  }

  ProgramInputs &in;
  gpt::ModelOp model;
  Evaluator evaluator;
  gpt::RecipeOp recipeOp;

  llvm::DenseMap<Value, uint32_t> bufferIndex; // of kern.buffer results
  // The ops of `buffers` and of `parts`.
  std::vector<kern::BufferOp> bufferOps;
  std::vector<kern::PartOp> partOps;
  std::vector<std::string> places; // of `launches`
  uint32_t ops = 0;                // of all parts so far
};

} // namespace

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// Shards hold 16 bits a token.
static constexpr int64_t kEveryToken = 1 << 16;

/// The kind of a name, by the names that runtime/program.h lists in the order
/// of the kinds; an error at the op for one that it does not know.
template <typename Kind, size_t N>
static std::optional<Kind> kindOf(Operation *op, StringRef name,
                                  const char *const (&names)[N]) {
  const auto *found = llvm::find(names, name);
  if (found != std::end(names))
    return static_cast<Kind>(found - std::begin(names));
  op->emitOpError("is \"") << name << "\", which no program has";
  return std::nullopt;
}

std::optional<Element> gptc::elementOf(Type type) {
  if (type.isF32())
    return Element::F32;
  if (type.isBF16())
    return Element::BF16;
  if (type.isF64())
    return Element::F64;
  if (type.isInteger(32))
    return Element::I32;
  if (isa<Float8E4M3FNType>(type))
    return Element::E4M3;
  if (isa<Float8E5M2Type>(type))
    return Element::E5M2;
  return std::nullopt;
}

LogicalResult Emitter::addBuffers() {
  llvm::StringMap<uint32_t> parameters;
  std::map<std::pair<StringRef, StringRef>, uint32_t> wholes; // kind and name
  // By kinds: parameters stand before what is theirs, workspace behind all.
  std::multimap<BufferKind, kern::BufferOp> ops;
  bool isKnown = true;
  model.walk([&](kern::BufferOp op) {
    auto kind = kindOf<BufferKind>(op, op.getKind(), kBufferKindNames);
    isKnown &= kind.has_value();
    ops.emplace(kind.value_or(BufferKind::Workspace), op);
  });
  if (!isKnown)
    return failure();
  for (auto [kind, op] : ops) {
    auto type = cast<MemRefType>(op.getY().getType());
    auto element = elementOf(type.getElementType());
    if (!element || !op.getAt() || type.getRank() > 4)
      return op.emitOpError("is not ready for the program: it needs a place, a "
                            "storable type and at most four dimensions");
    // Files and reports know the members of a stack, one after the other.
    Buffer record{};
    ArrayAttr members = op.getMembersAttr();
    int64_t count = members ? members.size() : 1;
    record.kind = kind;
    record.element = *element;
    record.rank = type.getRank();
    for (auto [i, n] : llvm::enumerate(type.getShape()))
      record.shape[i] = i ? n : n / count;
    record.bytes =
        type.getNumElements() / count * (type.getElementTypeBitWidth() / 8);
    record.parameter = record.whole = kNone;
    record.inPlace = isInPlace(op);
    if (record.kind == BufferKind::Parameter) {
      parameters[op.getName()] = buffers.size();
    } else if (record.kind == BufferKind::Share) {
      auto kind = op->getAttrOfType<StringAttr>("whole");
      auto of =
          wholes.find({kind ? kind.getValue() : "", op.getOf().value_or("")});
      if (of == wholes.end())
        return op.emitOpError("is a share of what is no buffer");
      record.whole = of->second;
      record.parameter = buffers[of->second].parameter;
    } else if (op.getOf()) {
      auto of = parameters.find(*op.getOf());
      if (of == parameters.end())
        return op.emitOpError("is of '")
               << *op.getOf() << "', which is no parameter";
      record.parameter = of->second;
    }
    if (auto ranks = op->getAttrOfType<IntegerAttr>("ranks"))
      record.ranks = ranks.getInt();
    uint64_t room = count * record.bytes;
    if (auto rows = op->getAttrOfType<IntegerAttr>("room"))
      room = rows.getInt() * kern::columnsOf(type) *
             (type.getElementTypeBitWidth() / 8);
    wholes.try_emplace({op.getKind(), op.getName()}, buffers.size());
    bufferIndex[op.getY()] = buffers.size();
    for (int64_t i = 0; i < count; ++i) {
      record.name = text(members ? cast<StringAttr>(members[i]).getValue()
                                 : op.getName());
      record.offset = *op.getAt() + i * record.bytes;
      record.following = i ? 0 : count - 1;
      record.room = i ? 0 : room;
      bufferOps.push_back(op);
      buffers.push_back(record);
      if (members && record.parameter != kNone)
        ++record.parameter; // the next member's
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static Feed hostFeed(gpt::Feed feed) {
  switch (feed) {
  case gpt::Feed::Tokens:
    return Feed::Tokens;
  case gpt::Feed::Targets:
    return Feed::Targets;
  case gpt::Feed::Documents:
    return Feed::DocumentStarts;
  case gpt::Feed::TokenOrder:
    return Feed::TokenOrder;
  case gpt::Feed::TargetOrder:
    return Feed::TargetOrder;
  case gpt::Feed::DocumentOrder:
    break;
  }
  return Feed::DocumentOrder;
}

/// The inputs that the part reads and the outputs that it writes.
LogicalResult Emitter::addFeeds(kern::PartOp part,
                                const llvm::SetVector<uint32_t> &used,
                                Part &record) {
  int64_t lossTokens = 1;
  if (auto tokens = part->getAttrOfType<IntegerAttr>("loss_tokens"))
    lossTokens = tokens.getInt();
  record.inputs = {uint32_t(inputs.size()), 0};
  record.outputs = {uint32_t(outputs.size()), 0};
  for (uint32_t index : used) {
    const Buffer &buffer = buffers[index];
    kern::BufferOp op = bufferOps[index];
    if (buffer.kind == BufferKind::Input) {
      auto kind = op->getAttrOfType<StringAttr>("feed");
      auto feed = gpt::feedOf(kind ? kind.getValue() : op.getName());
      if (!feed)
        return op.emitError("nothing feeds the input '")
               << op.getName()
               << "': say what it is, `gpt.input tokens [T] i32`; there are "
                  "tokens, targets and docs";
      if (buffer.element != Element::I32 || buffer.rank != 1 ||
          buffer.shape[0] != record.tokens)
        return op.emitError("the input '")
               << op.getName() << "' must be one i32 a token, [T] i32";
      Input input{index, hostFeed(*feed), kUnbounded, {}};
      if (auto below = op->getAttrOfType<IntegerAttr>("below"))
        input.below = below.getInt();
      if (auto by = op->getAttrOfType<StringAttr>("bound_by"))
        input.boundedBy = text(by.getValue());
      inputs.push_back(input);
    } else if (buffer.kind == BufferKind::Output) {
      auto known = kindOf<Result>(op, op.getName(), kResultNames);
      if (!known)
        return failure();
      Result result = *known;
      int64_t tokens = result == Result::Loss            ? lossTokens
                       : result == Result::NextTokenLoss ? record.tokens
                                                         : 1;
      outputs.push_back({index, result, tokens});
      if (result == Result::Loss && part->hasAttr("next_token_loss"))
        outputs.push_back({index, Result::NextTokenLoss, lossTokens});
    }
  }
  record.inputs.count = inputs.size() - record.inputs.begin;
  record.outputs.count = outputs.size() - record.outputs.begin;
  return success();
}

std::string gptc::launchName(Operation *kernel) {
  if (auto name = kernel->getAttrOfType<StringAttr>("name"))
    return name.str();
  return kernel->getName().stripDialect().str();
}

void Emitter::addLaunch(const LaunchRecord &from, ArrayRef<Access> accesses,
                        llvm::SetVector<uint32_t> &used) {
  Launch launch{};
  launch.op = ops;
  launch.kernel = from.kernel;
  launch.arguments = {uint32_t(arguments.size()),
                      uint32_t(from.arguments.size())};
  for (const LaunchRecord::Argument &argument : from.arguments) {
    Argument record{argument.kind,    kNone, argument.written, 0, kNone,
                    argument.integer, 0};
    if (argument.buffer) {
      record.read = reads(accesses, argument.buffer);
      auto type = cast<MemRefType>(argument.buffer.getType());
      record.buffer = bufferIndex.lookup(kern::rootOf(argument.buffer).getY());
      int64_t size = type.getElementTypeBitWidth() / 8;
      record.value = kern::offsetOf(type) * size;
      record.bytes = ((kern::rowsOf(type) - 1) * kern::rowStrideOf(type) +
                      kern::columnsOf(type)) *
                     size;
      used.insert(record.buffer);
    }
    if (argument.kind == ArgumentKind::TensorMap) {
      record.map = tensorMaps.size();
      tensorMaps.push_back(argument.map);
    }
    arguments.push_back(record);
  }
  launch.threads = from.threads;
  launch.units = from.units;
  launch.scratchBytes = from.scratchBytes;
  launch.persistent = from.persistent;
  launch.name = text(from.name);
  launches.push_back(launch);
}

/// What the op costs, for its launches, which are the last: each has the share
/// that its units of work are.
void Emitter::addCosts(ArrayRef<LaunchRecord> ofOneOp) {
  Operation *op = ofOneOp.front().op;
  KernelCost whole = costOf(op);
  if (whole.window)
    whole.cost.window = uint32_t(in.columns.columnOf(whole.window));
  double units = 0;
  for (const LaunchRecord &record : ofOneOp)
    units += double(record.units);
  std::string place = sourceLines(op);
  MutableArrayRef<Launch> last =
      MutableArrayRef<Launch>(launches).take_back(ofOneOp.size());
  for (Launch &launch : last) {
    double share = units > 0 ? double(launch.units) / units : 0;
    launch.cost = whole.cost;
    launch.cost.products *= share;
    launch.cost.rowOperations *= share;
    launch.cost.readBytes = uint64_t(double(whole.cost.readBytes) * share);
    launch.cost.writtenBytes =
        uint64_t(double(whole.cost.writtenBytes) * share);
    places.push_back(place);
  }
}

/// Before a launch.
void Emitter::addCollective(Operation *op, uint32_t before,
                            llvm::SetVector<uint32_t> &used) {
  auto record = [&](CollectiveKind kind, Reduction reduction, Value from,
                    Value to, Value counted, const Twine &name) {
    uint32_t first = bufferIndex.lookup(from), second = bufferIndex.lookup(to);
    used.insert(first);
    used.insert(second);
    collectives.push_back(
        {kind, reduction, first, second, before, buffers[second].element,
         uint64_t(cast<MemRefType>(counted.getType()).getNumElements()),
         text(name.str())});
  };
  auto nameOf = [](Value buffer) { return kern::rootOf(buffer).getName(); };
  if (auto reduce = dyn_cast<kern::AllReduceOp>(op)) {
    Value x = reduce.getTarget();
    if (reduce.getSum())
      record(CollectiveKind::AllReduce, Reduction::Sum, x, x, x,
             "the sum of '" + nameOf(x) + "'");
    else
      record(CollectiveKind::AllReduce, Reduction::Mean, x, x, x,
             "the mean of '" + nameOf(x) + "'");
  } else if (auto scatter = dyn_cast<kern::ReduceScatterOp>(op)) {
    record(CollectiveKind::ReduceScatter, Reduction::Mean, scatter.getFrom(),
           scatter.getTo(), scatter.getTo(),
           "the shares of '" + nameOf(scatter.getFrom()) + "'");
  } else if (auto gather = dyn_cast<kern::AllGatherOp>(op)) {
    record(CollectiveKind::AllGather, Reduction::Sum, gather.getFrom(),
           gather.getTo(), gather.getFrom(),
           "the new '" + nameOf(gather.getTo()) + "'");
  } else if (auto await = dyn_cast<kern::AwaitOp>(op)) {
    Value x = await.getBuffer();
    record(CollectiveKind::Await, Reduction::Sum, x, x, x,
           "what exchanges '" + nameOf(x) + "'");
  }
}

/// What runs of several ranks have in the place of a part of every run: the
/// same launches, and what passes between the ranks, `between`, each before a
/// launch. Of a micro part there is one more, for the last micro-batch, which
/// alone exchanges.
void Emitter::addVariants(kern::PartOp part, Part record,
                          ArrayRef<std::pair<Operation *, uint32_t>> between) {
  bool exchanges = llvm::any_of(
      between, [](auto each) { return kern::isExchange(each.first); });
  bool isMicro = record.kind == PartKind::Micro;
  std::string name = part.getSymName().str();
  for (int64_t ranks : worldsOf(model))
    for (bool last : {false, true}) {
      if (last && !(isMicro && exchanges))
        continue;
      record.ranks = ranks;
      record.last = last;
      record.name =
          text(name + "_of_" + std::to_string(ranks) + (last ? "_last" : ""));
      record.collectives = {uint32_t(collectives.size()), 0};
      llvm::SetVector<uint32_t> used;
      for (auto [op, before] : between)
        if ((!ranksOf(op) || ranksOf(op) == ranks) &&
            (!isMicro || last || !kern::isExchange(op)))
          addCollective(op, before, used);
      record.collectives.count = collectives.size() - record.collectives.begin;
      parts.push_back(record);
      partOps.push_back(part);
    }
}

LogicalResult Emitter::addParts() {
  auto next = in.launches.begin();
  for (kern::PartOp op : model.getOps<kern::PartOp>()) {
    Part record{};
    auto kind = kindOf<PartKind>(op, op.getKind(), kPartKindNames);
    if (!kind)
      return failure();
    record.kind = *kind;
    record.name = text(op.getSymName());
    record.launches = {uint32_t(launches.size()), 0};
    record.collectives = {uint32_t(collectives.size()), 0};
    if (auto ranks = op->getAttrOfType<IntegerAttr>("ranks"))
      record.ranks = ranks.getInt();
    llvm::SetVector<uint32_t> used;
    SmallVector<std::pair<Operation *, uint32_t>> between;
    for (Operation &kernel : op.getBody().front()) {
      if (isa<kern::BufferOp, kern::ViewOp>(kernel))
        continue;
      if (kern::isCollective(&kernel)) {
        uint32_t before = launches.size();
        if (record.ranks > 1)
          addCollective(&kernel, before, used);
        else
          between.push_back({&kernel, before});
        continue;
      }
      if (next == in.launches.end() || next->op != &kernel)
        return kernel.emitOpError("has not been compiled");
      auto first = next;
      SmallVector<Access> accesses = accessesOf(&kernel, 0);
      for (; next != in.launches.end() && next->op == &kernel; ++next)
        addLaunch(*next, accesses, used);
      addCosts(ArrayRef(&*first, next - first));
      ++ops;
    }
    record.launches.count = launches.size() - record.launches.begin;
    record.collectives.count = collectives.size() - record.collectives.begin;
    if (auto tokens = op->getAttrOfType<IntegerAttr>("tokens"))
      record.tokens = tokens.getInt();
    if (failed(addFeeds(op, used, record)))
      return failure();
    if (auto bytes = op->getAttrOfType<IntegerAttr>("workspace_bytes"))
      record.workspaceBytes = bytes.getInt();
    bool hasVariants = record.ranks == 0 && !between.empty();
    record.ranks |= hasVariants;
    parts.push_back(record);
    partOps.push_back(op);
    if (hasVariants)
      addVariants(op, record, between);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Steps and numbers
//===----------------------------------------------------------------------===//

FailureOr<int64_t> Emitter::recipe(StringRef name, int64_t fallback) {
  Attribute arg = recipeArg(name);
  if (!arg && fallback >= 0)
    return fallback;
  auto value = arg ? gpt::integer(arg) : std::nullopt;
  if (!value || *value < 0) {
    model.emitError("the recipe's ")
        << name << " must be a whole number that does not change with the step";
    return failure();
  }
  return *value;
}

LogicalResult Emitter::addSteps() {
  int64_t last = evaluator.steps();
  steps.assign(last + 1, {kNone, kNone, kNone, kNone, kNone, kNone});
  for (auto [index, op] : llvm::enumerate(partOps)) {
    auto ranges = op->getAttrOfType<DenseI64ArrayAttr>("steps");
    if (!ranges || parts[index].ranks > 1)
      continue;
    for (size_t i = 0; i + 1 < size_t(ranges.size()); i += 2)
      for (int64_t s = std::max<int64_t>(ranges[i], 0);
           s <= std::min(ranges[i + 1], last); ++s) {
        switch (parts[index].kind) {
        case PartKind::Prologue:
          steps[s].prologue = index;
          break;
        case PartKind::Micro:
          steps[s].micro = index;
          break;
        case PartKind::Epilogue:
          steps[s].epilogue = index;
          break;
        case PartKind::Update:
          steps[s].update = index;
          break;
        case PartKind::Event:
          steps[s].event = index;
          break;
        case PartKind::Validate:
          steps[s].validate = index;
          break;
        case PartKind::Init:
        case PartKind::Sample:
          break;
        }
      }
  }
  for (int64_t s = 0; s < last; ++s)
    if (steps[s].micro == kNone)
      return model.emitError("no training graph runs step ") << s;
  return success();
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

FailureOr<std::string> Emitter::run() {
  auto recipes = model.getOps<gpt::RecipeOp>();
  if (!recipes.empty())
    recipeOp = *recipes.begin();
  if (!recipeOp)
    return model.emitError("has no recipe: say how it is trained with "
                           "gpt.recipe (…)");
  if (failed(addBuffers()) || failed(addParts()) || failed(addSteps()))
    return failure();
  if (in.target != Target::Cpu)
    contractions = productsOf(in.launches, launches, bufferIndex);
  for (auto op : model.getOps<kern::HostNumberOp>())
    if (!kindOf<NumberKind>(op, op.getWhich(), kNumberKindNames))
      return failure();
  in.numbers = addNumbers(model, recipeOp, in.columns, *this);

  header.model = text(model.getSymName());
  header.steps = evaluator.steps();
  if (auto names = model->getAttrOfType<DictionaryAttr>("recipe_constants"))
    for (auto [to, argument] :
         {std::pair(&header.stepsConstant, "steps"),
          {&header.microBatchesConstant, "micro_batches"},
          {&header.validateTokensConstant, "validate_tokens"},
          {&header.validateBatchConstant, "validate_batch"}})
      if (auto name = names.getAs<StringAttr>(argument))
        *to = text(name.getValue());
  int64_t vocabulary = kEveryToken;
  for (const Input &input : inputs)
    if (input.feed == Feed::Tokens || input.feed == Feed::Targets)
      vocabulary = std::min(vocabulary, input.below);
  header.vocabularySize = vocabulary;
  header.vocabulary = text(vocabulary <= 256 ? "bytes" : "tokens");
  struct Field {
    int64_t *to;
    StringRef name;
    int64_t fallback;
  } fields[] = {{&header.microBatches, "micro_batches", -1},
                {&header.documentToken, "document_token", -1},
                {&header.maxDocumentTokens, "max_document", -1},
                {&header.validateTokens, "validate_tokens", 0},
                {&header.validateBatch, "validate_batch", 0}};
  for (Field &field : fields) {
    auto value = recipe(field.name, field.fallback);
    if (failed(value))
      return failure();
    *field.to = *value;
  }
  auto bytesOf = [&](StringRef name) -> uint64_t {
    auto attr = model->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  header.persistentBytes = bytesOf("persistent_bytes");
  header.arenaBytes = bytesOf("arena_bytes");
  header.init = header.sample = kNone;
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (part.kind == PartKind::Init && part.ranks <= 1)
      header.init = i;
    if (part.kind == PartKind::Sample && part.ranks <= 1)
      header.sample = i;
  }

  for (auto &[key, value] : in.notes)
    notes.push_back({text(key), text(value)});
  for (const std::string &name : in.kernelNames)
    kernelNames.push_back(text(name));

  header.target = in.target;
  header.features = in.features;
  // Before it is known where the program comes from: the same one of another
  // file, of a phase that was saved, is the same.
  std::string bytes = blob();
  std::string all = bytes.substr(sizeof(Program)) + llvm::utohexstr(in.code) +
                    llvm::utohexstr(in.features);
  header.fingerprint = llvm::xxh3_64bits(all);
  for (auto [launch, place] : llvm::zip_equal(launches, places))
    launch.place = text(place);
  notes.push_back({text("file"), text(in.origin.file)});
  ptx.assign(in.ptx.begin(), in.ptx.end());
  if (!ptx.empty())
    ptx.push_back('\0');
  cubin.assign(in.cubin.begin(), in.cubin.end());
  for (auto &[name, lines] : in.origin.sources)
    sources.push_back({text(name), text(lines)});
  bytes = blob();
  memcpy(bytes.data(), &header, sizeof(Program));
  return bytes;
}

FailureOr<gpt::ModelOp> gptc::findModel(ModuleOp launches) {
  auto models = launches.getOps<gpt::ModelOp>();
  if (!llvm::hasSingleElement(models))
    return launches.emitError("holds ")
           << llvm::range_size(models) << " models: a program is made of one";
  return *models.begin();
}

FailureOr<std::string> gptc::emitProgram(ProgramInputs &inputs) {
  return Emitter(inputs).run();
}
