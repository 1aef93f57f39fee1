//===- JoinedPrograms.cpp - programs that are others' parts ---------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/JoinedPrograms.h"
#include "compiler/kernels/Cores.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/Staging.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/LoadIndexOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/RowsOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// Ops of a program by their numbers, or operands: twice the number of a sum,
/// and 1 for the second.
using Places = llvm::SmallSetVector<size_t, 4>;

/// What a program lacks of another one, whose part it is.
struct JoinedPrograms::Part {
  size_t whole;
  /// Of the whole program: stores that are not made, factors that are 1, and
  /// terms that are not there, each an operand of a sum.
  Places stores, units, terms;
  /// Its f32 constants, and the part's that have their place.
  SmallVector<std::pair<size_t, size_t>> constants;
  /// For each thing that the whole names from outside the part's number of its
  /// own; none where it has none.
  SmallVector<std::optional<size_t>> outside;
};

/// A program, by one op of all that have its key.
struct JoinedPrograms::Program {
  Operation *op;
  llvm::SetVector<Value> outside;
  std::optional<Part> part;
  /// What some part lacks of it.
  Places stores, terms;
};

JoinedPrograms::~JoinedPrograms() = default;

static Block &bodyOf(Operation *op) { return op->getRegion(0).front(); }

static bool isStore(Operation *op) {
  return isa<kern::StoreOp, kern::PartialOp>(op);
}

static bool isF32Constant(Operation *op) {
  return isa_and_nonnull<arith::ConstantOp>(op) &&
         getElementTypeOrSelf(op->getResult(0).getType()).isF32();
}

static int64_t widthOf(Value v) {
  return cast<VectorType>(v.getType()).getDimSize(0);
}

namespace {

/// A comparison of a program, which may be a part, with a whole one.
struct Alignment {
  /// Of a value of the whole program, the part's that is the same number; of
  /// what the whole names from outside, what the part does, and back.
  DenseMap<Value, Value> same, back;
  /// What the whole loads, and constants, that the part lacks.
  llvm::SmallSetVector<Operation *, 8> lacks;

  bool matchOutside(Value part, Value whole);
  bool match(Operation *part, Operation *whole, bool inBody);
  bool leaveOut(Operation *whole);
};

} // namespace

static bool isOutside(Value v) {
  return isa<MemRefType>(v.getType()) || v.getType().isF64();
}

bool Alignment::matchOutside(Value part, Value whole) {
  Value known = same.lookup(whole), other = back.lookup(part);
  if (known || other)
    return known == part && other == whole;
  if (looseTypeOf(part.getType()) != looseTypeOf(whole.getType()))
    return false;
  same[whole] = part;
  back[part] = whole;
  return true;
}

/// Whether two ops do the same, but for f32 constants and rows.
bool Alignment::match(Operation *part, Operation *whole, bool inBody) {
  if (part->getName() != whole->getName() ||
      part->getNumOperands() != whole->getNumOperands() ||
      part->getResultTypes() != whole->getResultTypes())
    return false;
  if (inBody && !isF32Constant(part) &&
      part->getAttrDictionary() != whole->getAttrDictionary())
    return false;
  auto saved = std::make_pair(same, back);
  for (auto [x, y] : llvm::zip(part->getOperands(), whole->getOperands()))
    if (isOutside(x) != isOutside(y) ||
        !(isOutside(x) ? matchOutside(x, y) : same.lookup(y) == x)) {
      std::tie(same, back) = saved;
      return false;
    }
  for (auto [x, y] : llvm::zip(part->getResults(), whole->getResults()))
    same[y] = x;
  return true;
}

/// Whether the part is the same without this op of the whole program.
bool Alignment::leaveOut(Operation *whole) {
  if (isF32Constant(whole))
    return lacks.insert(whole);
  if (auto load = dyn_cast<kern::LoadOp>(whole)) {
    // A row is not read in vain, even if it is at hand.
    return widthOf(load.getY()) == 1 && lacks.insert(whole);
  }
  bool scales = isa<arith::MulFOp>(whole);
  if (!scales && !isa<arith::AddFOp>(whole))
    return false;
  for (unsigned i : {0, 1}) {
    Operation *left = whole->getOperand(i).getDefiningOp();
    Value known = same.lookup(whole->getOperand(1 - i));
    if (!left || !known || !lacks.contains(left) ||
        isa<kern::LoadOp>(left) == scales || !left->hasOneUse())
      continue;
    same[whole->getResult(0)] = known;
    return true;
  }
  return false;
}

/// Whether a program loads what it has stored: then the order of its stores
/// counts.
static bool loadsStored(Block &program) {
  llvm::DenseSet<Operation *> stored;
  for (Operation &op : program) {
    if (isStore(&op))
      stored.insert(kern::rootOf(op.getOperand(1)));
    else if (isa<kern::LoadOp, kern::LoadIndexOp>(op) &&
             stored.contains(kern::rootOf(op.getOperand(0))))
      return true;
  }
  return false;
}

/// What the program of `part` lacks of another one, if it is a part of that.
static bool align(Operation *part, Operation *whole, Alignment &a,
                  SmallVector<Operation *> &stores) {
  auto attributesOf = [](Operation *op) {
    NamedAttrList list(op->getAttrDictionary());
    for (StringRef name : {"name", "rows", "m", "batch", "descending"})
      list.erase(name);
    return list.getDictionary(op->getContext());
  };
  if (attributesOf(part) != attributesOf(whole) ||
      !a.match(part, whole, /*inBody=*/false))
    return false;
  Block &mine = bodyOf(part), &all = bodyOf(whole);
  if (mine.getArgumentTypes() != all.getArgumentTypes() || loadsStored(mine) ||
      loadsStored(all))
    return false;
  for (auto [x, y] : llvm::zip(mine.getArguments(), all.getArguments()))
    a.same[y] = x;
  auto isOther = [](Operation &op) { return !isStore(&op); };
  auto others = llvm::make_filter_range(mine, isOther);
  auto next = others.begin();
  for (Operation &op : all) {
    if (isStore(&op))
      continue;
    if (next != others.end() && a.match(&*next, &op, /*inBody=*/true))
      ++next;
    else if (!a.leaveOut(&op))
      return false;
  }
  if (next != others.end())
    return false;
  // A factor or a term is left out by an op that has it; what else is lacking
  // would be computed in vain.
  for (Operation *op : a.lacks) {
    if (!op->hasOneUse())
      return false;
    Operation *user = *op->getUsers().begin();
    if (isStore(user) || !a.same.lookup(user->getResult(0)))
      return false;
  }
  SmallVector<Operation *> missing;
  for (Operation &op : all)
    if (isStore(&op))
      missing.push_back(&op);
  for (Operation &op : mine) {
    if (!isStore(&op))
      continue;
    auto *found = llvm::find_if(missing, [&](Operation *other) {
      return a.match(&op, other, /*inBody=*/true);
    });
    if (found == missing.end())
      return false;
    missing.erase(found);
  }
  // A value that is not stored must have been computed anyway.
  for (Operation *op : missing)
    if (!isa<kern::StoreOp>(op) || !a.same.lookup(op->getOperand(0)))
      return false;
  stores = missing;
  return true;
}

JoinedPrograms::JoinedPrograms(ModuleOp module) {
  module.walk([&](Operation *op) {
    if (!isa<kern::RowsOp, kern::ContractOp>(op))
      return;
    KernelKey key(op, KernelKey::Kind::Loose);
    if (byKey.try_emplace(key.key, programs.size()).second)
      programs.push_back({op, key.outside, std::nullopt, {}, {}});
  });
  auto sizeOf = [&](size_t i) {
    return bodyOf(programs[i].op).getOperations().size();
  };
  auto bySize = llvm::to_vector(llvm::seq<size_t>(0, programs.size()));
  llvm::sort(bySize, [&](size_t a, size_t b) {
    return std::make_pair(sizeOf(a), a) < std::make_pair(sizeOf(b), b);
  });
  // The largest first, which are parts of none.
  for (size_t at = bySize.size(); at-- > 0;) {
    Program &program = programs[bySize[at]];
    for (size_t other : ArrayRef(bySize).drop_front(at + 1)) {
      Program &whole = programs[other];
      if (whole.part || sizeOf(other) == sizeOf(bySize[at]))
        continue;
      program.part = partOf(program, other);
      if (!program.part)
        continue;
      whole.stores.insert_range(program.part->stores);
      whole.terms.insert_range(program.part->terms);
      break;
    }
  }
}

static int64_t rowsOf(Operation *op) {
  auto rows = dyn_cast<kern::RowsOp>(op);
  return rows ? int64_t(rows.getRows()) : cast<kern::ContractOp>(op).getRows();
}

/// What an op has at hand that is like what it lacks of another one: a number,
/// or a matrix of as many rows as the op takes. Null: nothing.
static Value insteadOf(Value lacking, Operation *whole, Operation *op,
                       const llvm::SetVector<Value> &outside) {
  auto rowsIn = [](Value v) {
    return kern::rowsOf(cast<MemRefType>(v.getType()));
  };
  if (!isa<MemRefType>(lacking.getType()) ||
      (rowsIn(lacking) > 1 && rowsIn(lacking) != rowsOf(whole)))
    return {};
  int64_t rows = rowsIn(lacking) == 1 ? 1 : rowsOf(op);
  for (Value v : outside)
    if (looseTypeOf(v.getType()) == looseTypeOf(lacking.getType()) &&
        rowsIn(v) == rows)
      return v;
  return {};
}

std::optional<JoinedPrograms::Part>
JoinedPrograms::partOf(const Program &program, size_t other) {
  const Program &whole = programs[other];
  Alignment a;
  SmallVector<Operation *> stores;
  if (!align(program.op, whole.op, a, stores))
    return std::nullopt;
  Part part{other, {}, {}, {}, {}, {}};
  DenseMap<Operation *, size_t> mine, all;
  for (auto [i, op] : llvm::enumerate(bodyOf(program.op)))
    mine[&op] = i;
  for (auto [i, op] : llvm::enumerate(bodyOf(whole.op)))
    all[&op] = i;
  for (auto [i, op] : llvm::enumerate(bodyOf(whole.op))) {
    if (llvm::is_contained(stores, &op))
      part.stores.insert(i);
    if (isF32Constant(&op)) {
      if (a.lacks.contains(&op))
        part.units.insert(i);
      else
        part.constants.push_back(
            {i, mine[a.same.lookup(op.getResult(0)).getDefiningOp()]});
    } else if (a.lacks.contains(&op)) {
      OpOperand &term = *op.getResult(0).use_begin();
      part.terms.insert(2 * all[term.getOwner()] + term.getOperandNumber());
    }
  }
  for (Value v : whole.outside) {
    std::optional<size_t> own;
    if (Value known = a.same.lookup(v))
      own = llvm::find(program.outside, known) - program.outside.begin();
    else if (!insteadOf(v, whole.op, program.op, program.outside))
      return std::nullopt;
    part.outside.push_back(own);
  }
  return part;
}

/// A buffer of the type of what an op lacks, as many rows as it has of `v`.
static Value makeBuffer(OpBuilder &b, Location loc, Value lacking, Value v) {
  auto type = cast<MemRefType>(lacking.getType());
  auto shape = cast<MemRefType>(v.getType()).getShape();
  kern::BufferOp root = kern::rootOf(v);
  auto buffer = cast<kern::BufferOp>(b.clone(*root));
  buffer.getY().setType(
      MemRefType::get(shape, type.getElementType(), type.getLayout()));
  return buffer.getY();
}

/// Adds -0 in the term's place, if it is not there.
static void guardTerm(OpOperand &term, bool isThere) {
  OpBuilder b(term.getOwner());
  Location loc = term.getOwner()->getLoc();
  Value x = term.get();
  auto splat = [&](float value) -> Value {
    auto type = cast<VectorType>(x.getType());
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, b.getF32FloatAttr(value)));
  };
  Value there = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                      splat(isThere), splat(0.5f));
  term.set(arith::SelectOp::create(b, loc, there, x, splat(-0.0f)));
}

std::optional<JoinedPrograms::Form> JoinedPrograms::formOf(Operation *op) {
  if (!isa<kern::RowsOp, kern::ContractOp>(op))
    return std::nullopt;
  KernelKey key(op, KernelKey::Kind::Loose);
  const Program &program = programs[byKey.at(key.key)];
  const std::optional<Part> &part = program.part;
  const Program &whole = part ? programs[part->whole] : program;
  if (!part && whole.stores.empty() && whole.terms.empty())
    return std::nullopt;
  OpBuilder b(op);
  Form form;
  IRMapping map;
  if (part) {
    for (auto [v, own] : llvm::zip_equal(whole.outside, part->outside)) {
      if (own) {
        map.map(v, key.outside[*own]);
        continue;
      }
      Value at = insteadOf(v, whole.op, op, key.outside);
      if (!at) {
        form.eraseBuffers();
        return std::nullopt;
      }
      Value lacking = makeBuffer(b, op->getLoc(), v, at);
      form.instead[lacking] = at;
      map.map(v, lacking);
    }
    form.op = b.clone(*whole.op, map);
    form.op->setAttrs(op->getAttrDictionary());
  } else {
    form.op = b.clone(*op);
  }
  SmallVector<Operation *> ops, own;
  for (Operation &inner : bodyOf(form.op))
    ops.push_back(&inner);
  for (Operation &inner : bodyOf(op))
    own.push_back(&inner);
  auto set = [&](size_t i, DenseElementsAttr value) {
    cast<arith::ConstantOp>(ops[i]).setValueAttr(value);
  };
  if (part) {
    for (auto [i, mine] : part->constants)
      set(i, cast<DenseElementsAttr>(
                 cast<arith::ConstantOp>(own[mine]).getValue()));
    for (size_t i : part->units)
      set(i, DenseElementsAttr::get(
                 cast<VectorType>(ops[i]->getResult(0).getType()),
                 b.getF32FloatAttr(1)));
  }
  for (size_t i : whole.stores)
    ops[i]->setAttr(kAbsent, b.getBoolAttr(part && part->stores.contains(i)));
  for (size_t i : whole.terms)
    guardTerm(ops[i / 2]->getOpOperand(i % 2),
              !part || !part->terms.contains(i));
  // Without tensor cores, or by its threads, a product is stored in any case.
  if (auto contract = dyn_cast<kern::ContractOp>(form.op);
      contract && !whole.stores.empty() &&
      !(whyNotOnCores(contract).empty() && Staging::servesAbsent(contract))) {
    form.erase();
    return std::nullopt;
  }
  return form;
}

void JoinedPrograms::Form::erase() {
  op->erase();
  eraseBuffers();
}

void JoinedPrograms::Form::eraseBuffers() {
  for (auto [lacking, at] : instead)
    lacking.getDefiningOp()->erase();
}
