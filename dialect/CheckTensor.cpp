//===- CheckTensor.cpp - shape rules: views, columns, arithmetic, rows ----===//
//
// Part of gptc, under the MIT License.
//
// Each rule gives result shapes from operand shapes, with names or numbers
// alike. The numbers in parentheses are those of the ops' descriptions.
//
//===----------------------------------------------------------------------===//

#include "dialect/Check.h"
#include "dialect/GptStep.h"
#include "dialect/GptTensor.h"
#include "dialect/gpt/InputOp.h.inc"
#include "dialect/gpt/PackOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/SoftcapBackwardOp.h.inc"
#include "dialect/gpt/YarnOp.h.inc"

using namespace mlir;
using namespace gptc::gpt;

/// How many elements; none while a name is among the dimensions.
static std::optional<int64_t> elements(Attrs dims) {
  int64_t n = 1;
  for (Attribute a : dims)
    if (auto i = integer(a); !i || llvm::MulOverflow(n, *i, n))
      return std::nullopt;
  return n;
}

LogicalResult gptc::gpt::sameDims(Operation *op, Type a, Type b) {
  if (dimsOf(a) == dimsOf(b))
    return success();
  return op->emitOpError("(C4) needs two tensors of one shape, not ")
         << text(a) << " and " << text(b);
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

INFER(InputOp) {
  if (getFeed() && !isOrder(*getFeed()) &&
      (dimsOf(getShape()).size() != 1 || !elementOf(getShape()).isInteger(32)))
    return emitOpError("(C1) has a whole number a token: '")
           << getName() << "' is [T] i32, not " << text(getShape());
  out.push_back(getShape());
  return success();
}
/// Whether a bank is declared without its member i.
static bool isWithout(ParamOp bank, int64_t i) {
  return llvm::is_contained(bank.getWithout().value_or(ArrayRef<int64_t>()), i);
}
/// (C5) of `gpt.param` and `gpt.pack`.
static LogicalResult checkTrainable(Operation *op, Type t) {
  if (isa<BFloat16Type, Float32Type>(elementOf(t)))
    return success();
  return op->emitOpError("(C5) has elements of bf16 or f32, not ") << text(t);
}
INFER(ParamOp) {
  Dims d = dimsOf(getShape());
  int64_t members = getCount().value_or(0);
  ArrayRef<int64_t> without = getWithout().value_or(ArrayRef<int64_t>());
  for (auto [i, member] : llvm::enumerate(without)) {
    if (member < 0 || member >= members)
      return emitOpError("(C4) is without ")
             << member << ", which is none of "
             << (members ? "its " + std::to_string(members) + " members"
                         : std::string("a bank's members: write `N x [D, D]`"));
    if (llvm::is_contained(without.take_front(i), member))
      return emitOpError("(C4) is without ") << member << " twice";
  }
  if (members && int64_t(without.size()) == members)
    return emitOpError("(C4) is a bank without any member");
  if (members)
    d.insert(d.begin(), Builder(getContext()).getI64IntegerAttr(members));
  if (failed(checkTrainable(*this, getShape())))
    return failure();
  return give(out, d, elementOf(getShape()));
}
INFER(PackOp) {
  for (Attribute s : getShapes()) {
    Type part = cast<TypeAttr>(s).getValue();
    if (failed(checkTrainable(*this, part)))
      return failure();
    out.push_back(part);
    if (elementOf(part) != elementOf(out[0]))
      return emitOpError("(C4) packs ")
             << text(out[0]) << " with " << text(part)
             << ": its parts have one element type, for they are one parameter";
  }
  return success();
}
INFER(YarnOp) {
  Attribute count = lookup(getArgs(), "count");
  if (!count)
    return emitOpError("needs 'count = …'");
  (void)giveF32(out, {count}, *this);
  out.push_back(Float64Type::get(getContext()));
  return success();
}

/// What has no tensor operand keeps the type that it was built with.
static LogicalResult asBuilt(Operation *op, Types &out) {
  if (!isa<RankedTensorType>(op->getResult(0).getType()))
    return op->emitOpError("has no shape of its own: write its type, `-> [D]`");
  out.push_back(op->getResult(0).getType());
  return success();
}
INFER(FillOp) { return asBuilt(*this, out); }
INFER(NumbersOp) {
  ArrayRef<int64_t> counts = getCounts();
  if (counts.size() != getValues().size() ||
      llvm::any_of(counts, [](int64_t n) { return n < 1; }))
    return emitOpError("(C1) needs a count, at least 1, for each number");
  if (failed(asBuilt(*this, out)))
    return failure();
  auto type = cast<RankedTensorType>(getY().getType());
  int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t(0));
  int64_t size = type.getRank() == 1 ? type.getDimSize(0) : -1;
  // Each of the ranks has room for as many as the first one has.
  int64_t ranks = std::max<int64_t>(getRanks().value_or(1), 1);
  if (getRanks() ? (all + ranks - 1) / ranks > size : all != size)
    return emitOpError("(C2) has ")
           << text(type) << " for another number of elements";
  return success();
}
INFER(CycleOp) {
  if (getValues().empty())
    return emitOpError("has no values to repeat");
  return asBuilt(*this, out);
}
INFER(RandomOp) { return asBuilt(*this, out); }
INFER(SeedCotangentOp) { return asBuilt(*this, out); }

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

INFER(TiedOp) {
  if (in[0] != in[1])
    return emitOpError("(C1) ties ") << text(in[0]) << " to " << text(in[1])
                                     << ": the shapes must be equal";
  return same(in, out);
}
INFER(RowOp) {
  Dims d = dimsOf(in[0]);
  if (d.empty())
    return emitOpError("(C1) needs a tensor with rows, not a single number");
  auto i = integer(getIndex()), n = integer(d[0]);
  bool whole = i || !number(getIndex());
  int64_t row = i.value_or(0);
  if (!whole || row < 0 || row >= n.value_or(row + 1))
    return emitOpError("(C2) reads row ")
           << text(getIndex()) << " of " << text(d[0]) << " (" << text(in[0])
           << ")";
  auto bank = getX().getDefiningOp<ParamOp>();
  if (bank && i && isWithout(bank, *i))
    return emitOpError("(C3) reads row ")
           << *i << ", which '" << bank.getName() << "' is declared without";
  return give(out, Attrs(d).drop_front(), elementOf(in[0]));
}

/// [at, at + size) must lie inside dimension `dim` of x.
static LogicalResult checkRange(Operation *op, Type x, unsigned dim,
                                Attribute at, Attribute size) {
  auto a = integer(at), s = integer(size), n = integer(dimsOf(x)[dim]);
  bool whole = (a || !number(at)) && (s || !number(size));
  // What is not known yet may be the least that is possible, or fit.
  int64_t first = a.value_or(0), count = s.value_or(1);
  if (whole && first >= 0 && count >= 1 &&
      first + count <= n.value_or(first + count))
    return success();
  return op->emitOpError("(C2) takes ")
         << text(at) << " to "
         << text(makeExpr(op->getContext(), "+", {at, size})) << " of "
         << text(dimsOf(x)[dim]) << (dim ? " columns" : " rows") << " ("
         << text(x) << ")";
}
INFER(SliceOp) {
  Dims d = dimsOf(in[0]);
  if (d.empty())
    return emitOpError("(C1) needs a tensor with columns, not a single number");
  if (d.size() > 2)
    return emitOpError("(C1) slices the heads of ")
           << text(in[0]) << ": slice the row before it is reshaped";
  if (failed(checkRange(*this, in[0], d.size() - 1, getAt(), getSize())))
    return failure();
  d.back() = getSize();
  return give(out, d, elementOf(in[0]));
}
INFER(RowsOp) {
  Dims d = dimsOf(in[0]);
  if (d.empty())
    return emitOpError("(C1) needs a tensor with rows, not a single number");
  if (failed(checkRange(*this, in[0], 0, getAt(), getSize())))
    return failure();
  d[0] = getSize();
  return give(out, d, elementOf(in[0]));
}
INFER(ReshapeOp) {
  auto a = elements(dimsOf(in[0])), b = elements(getDims().getDims());
  (void)give(out, getDims().getDims(), elementOf(in[0]));
  if (a && b && *a != *b)
    return emitOpError("(C1) makes ")
           << text(out[0]) << ", " << *b << " elements, of " << text(in[0])
           << ", " << *a << " elements";
  return success();
}
INFER(SplitOp) {
  Dims d = dimsOf(in[0]);
  auto a = elements(d), b = elements(getDims().getDims());
  if (d.size() != 2)
    return emitOpError("(C2) splits the columns of a matrix, not of ")
           << text(in[0]) << ": reshape it to [rows, columns] first";
  if (auto columns = integer(d[1]); columns && *columns % 3)
    return emitOpError("(C2) splits ")
           << *columns << " columns (" << text(in[0]) << ") in three";
  for (int i = 0; i < 3; ++i)
    (void)give(out, getDims().getDims(), elementOf(in[0]));
  if (a && b && *a != 3 * *b)
    return emitOpError("(C1) makes three of ")
           << text(out[0]) << ", 3 x " << *b << " elements, of " << text(in[0])
           << ", " << *a << " elements";
  return success();
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

INFER(ConcatOp) {
  Dims d = dimsOf(in[0]);
  Builder b(getContext());
  if (d.empty() || in[0] != in[1] || in[0] != in[2])
    return emitOpError(
               "(C1) puts three tensors of one shape beside each other, not ")
           << text(in[0]) << ", " << text(in[1]) << " and " << text(in[2]);
  Attribute columns = b.getI64IntegerAttr(3);
  for (Attribute n : Attrs(d).drop_front())
    columns = makeExpr(getContext(), "*", {columns, n});
  return give(out, {d[0], columns}, elementOf(in[0]));
}

/// Dimension `dim` of x stands at `at` in `size`.
static LogicalResult inferPad(Operation *op, Type x, unsigned dim, Attribute at,
                              Attribute size, Types &out) {
  Dims d = dimsOf(x);
  auto a = integer(at), own = integer(d[dim]), s = integer(size);
  bool whole = (a || !number(at)) && (s || !number(size));
  int64_t first = a.value_or(0), end = first + own.value_or(1);
  if (!whole || first < 0 || end > s.value_or(end))
    return op->emitOpError("(C2) puts ")
           << text(x) << " at " << (dim ? "column " : "row ") << text(at)
           << " of " << text(size);
  d[dim] = size;
  return give(out, d, elementOf(x));
}
INFER(PadOp) {
  if (dimsOf(in[0]).size() != 2)
    return emitOpError("(C1) pads the columns of a matrix, not of ")
           << text(in[0]) << ": reshape it to [rows, columns] first";
  return inferPad(*this, in[0], 1, getAt(), getSize(), out);
}
INFER(PadRowsOp) {
  if (dimsOf(in[0]).empty())
    return emitOpError("(C1) needs a tensor with rows, not a single number");
  return inferPad(*this, in[0], 0, getAt(), getSize(), out);
}

/// Whether `from` repeats to `to` over rows and whole trailing dimensions:
/// [T, H] to [T, H, K], not [T, 1, K] to [T, H, K]. Row programs repeat columns
/// only at the end.
static bool repeatsAtEnd(Attrs from, Attrs to) {
  bool ended = false;
  for (size_t i = 1; i < to.size(); ++i) {
    bool repeats = i >= from.size() || from[i] != to[i];
    if (ended && !repeats && integer(to[i]) != 1)
      return false;
    ended |= repeats;
  }
  return true;
}
INFER(ReduceOp) {
  Dims from = dimsOf(in[0]), to(getDims().getDims());
  bool fits = to.size() <= from.size();
  for (size_t i = 0; fits && i < to.size(); ++i)
    fits = to[i] == from[i] || integer(to[i]) == 1;
  if (!fits)
    return emitOpError("(C1) cannot sum ")
           << text(in[0]) << " to " << text(makeShape(to, elementOf(in[0])))
           << ", which does not repeat to it";
  if (!repeatsAtEnd(to, from))
    return emitOpError("(C2) sums ")
           << text(in[0]) << " over dimensions inside it, to "
           << text(makeShape(to, elementOf(in[0])))
           << ": only rows and whole trailing dimensions can be summed";
  return give(out, to, elementOf(in[0]));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static LogicalResult broadcast(Operation *op, ArrayRef<Type> in, Types &out) {
  Dims a = dimsOf(in[0]), b = dimsOf(in[1]);
  bool aLonger = a.size() >= b.size();
  const Dims &longer = aLonger ? a : b, &shorter = aLonger ? b : a;
  Dims d(longer);
  for (size_t i = 0; i < shorter.size(); ++i) {
    if (longer[i] == shorter[i] || integer(shorter[i]) == 1)
      continue;
    if (integer(longer[i]) != 1)
      return op->emitOpError("(C1) cannot combine ")
             << text(in[0]) << " and " << text(in[1]) << ": dimension " << i
             << " is " << text(a[i], /*signs=*/true) << " and "
             << text(b[i], /*signs=*/true);
    d[i] = shorter[i];
  }
  (void)give(out, d, elementOf(aLonger ? in[0] : in[1]));
  for (Type x : in)
    if (!repeatsAtEnd(dimsOf(x), d))
      return op->emitOpError("(C2) repeats ")
             << text(x) << " inside " << text(out[0])
             << ": only rows and trailing dimensions can be repeated";
  return success();
}
INFER(AddOp) { return broadcast(*this, in, out); }
INFER(SubOp) { return broadcast(*this, in, out); }
INFER(MulOp) { return broadcast(*this, in, out); }
INFER(DivOp) { return broadcast(*this, in, out); }
INFER(ScaleOp) { return same(in, out); }
INFER(OffsetOp) { return same(in, out); }
INFER(SigmoidOp) { return same(in, out); }
INFER(Relu2Op) { return same(in, out); }
INFER(SqrtOp) { return same(in, out); }
INFER(PositiveOp) { return same(in, out); }
INFER(SignOp) { return same(in, out); }

/// (C1) of `gpt.clamp`.
static LogicalResult checkLimits(Operation *op, ArrayAttr args) {
  if (lookup(args, "min") || lookup(args, "max"))
    return success();
  return op->emitOpError(
      "(C1) has no limit: give `min = …`, `max = …` or both");
}
INFER(ClampOp) {
  if (failed(checkLimits(*this, getArgs())))
    return failure();
  return same(in, out);
}
INFER(StoredOp) {
  if (!isa<BFloat16Type>(getTo()))
    return emitOpError("(C1) is as a parameter of bf16 keeps it, not of ")
           << getTo();
  return give(out, dimsOf(in[0]), getTo());
}
INFER(CastOp) {
  if (!isa<BFloat16Type, Float32Type>(getTo()))
    return emitOpError("(C1) casts to bf16 or f32, not ") << getTo();
  return give(out, dimsOf(in[0]), getTo());
}

/// (C1) of `gpt.round` and `gpt.round_gradient`: a grid that exists.
static LogicalResult inferRounding(Operation *op, StringRef grid,
                                   ArrayRef<Type> in, Types &out) {
  if (grid != "e4m3" && grid != "e5m2" && grid != "bf16")
    return op->emitOpError("(C1) rounds to \"e4m3\", \"e5m2\" or \"bf16\", "
                           "not \"")
           << grid << "\"";
  return same(in, out);
}
INFER(RoundOp) { return inferRounding(*this, getGrid(), in, out); }
INFER(RoundGradientOp) { return inferRounding(*this, getGrid(), in, out); }

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Ops over the last dimension of a row (C1).
static LogicalResult inferColumns(Operation *op, ArrayRef<Type> in,
                                  Types &out) {
  size_t rank = dimsOf(in[0]).size();
  if (rank == 0)
    return op->emitOpError(
        "(C1) needs a tensor with columns, not a single number");
  if (rank == 1)
    return op->emitOpError("(C1) works on the columns of a row; ")
           << text(in[0]) << " has rows alone: reshape it to [1, "
           << text(dimsOf(in[0])[0]) << "]";
  return same(in, out);
}
INFER(RmsNormOp) { return inferColumns(*this, in, out); }
INFER(SoftmaxOp) { return inferColumns(*this, in, out); }
INFER(ShiftOp) {
  if (dimsOf(in[0]).empty())
    return emitOpError("(C1) needs a tensor with rows, not a single number");
  return same(in, out);
}
LogicalResult gptc::gpt::checkPositions(Operation *op, Value index, Type type,
                                        Attribute extent, StringRef what) {
  auto input = index.getDefiningOp<InputOp>();
  Feed feed = input ? input.getFeed().value_or(Feed::Tokens) : Feed::Tokens;
  if (feed == Feed::Tokens || feed == Feed::Targets)
    return success();
  int64_t rows = integer(dimsOf(type)[0]).value_or(0);
  int64_t n = integer(extent).value_or(rows);
  if (n >= rows)
    return success();
  return op->emitOpError("(C2) takes '")
         << input.getName() << "', positions up to " << rows - 1 << ", among "
         << n << what << ": it needs as many as there are tokens, " << rows;
}
INFER(EmbedOp) {
  Dims d = dimsOf(in[0]);
  if (d.size() != 2 || dimsOf(in[1]).size() != 1 ||
      !elementOf(in[1]).isInteger(32))
    return emitOpError(
               "(C1) looks up i32 tokens in a table [rows, columns], not ")
           << text(in[1]) << " in " << text(in[0]);
  if (failed(checkPositions(*this, getTokens(), in[1], d[0], " rows")))
    return failure();
  d[0] = dimsOf(in[1])[0];
  return give(out, d, elementOf(in[0]));
}

//===----------------------------------------------------------------------===//
// Gates
//===----------------------------------------------------------------------===//

/// w [G, n] reads columns [at, at + n) of x [T, D].
static LogicalResult checkGate(Operation *op, Type w, Type x, int64_t at) {
  Dims dw = dimsOf(w), dx = dimsOf(x);
  if (dw.size() != 2 || dx.size() != 2)
    return op->emitOpError("(C1) needs weights [G, n] and rows [T, D], not ")
           << text(w) << " and " << text(x);
  int64_t end = at + integer(dw[1]).value_or(1);
  if (at < 0 || end > integer(dx[1]).value_or(end))
    return op->emitOpError("(C2) reads columns ")
           << at << " to " << end << " of " << text(x);
  return success();
}
/// (C3) of `gate`: a gate a row or a gate a head of y.
static LogicalResult checkGated(Operation *op, Type value, Type w, Type x) {
  Dims y = dimsOf(value), gates = dimsOf(w);
  if (integer(gates[0]) != 1 && (y.size() < 2 || y[1] != gates[0]))
    return op->emitOpError("(C3) has ")
           << text(gates[0]) << " gates for " << text(value);
  if (y.empty() || y[0] != dimsOf(x)[0])
    return op->emitOpError("(C3) has gates for the rows of ")
           << text(x) << ", not of " << text(value);
  return success();
}
INFER(GateOp) {
  if (failed(checkGate(*this, in[1], in[2], getAt())) ||
      failed(checkGated(*this, in[0], in[1], in[2])))
    return failure();
  return same(in, out);
}
INFER(GateBackwardOp) {
  // in: cotangent, value, w, x, times
  if (failed(sameDims(*this, in[0], in[1])) ||
      failed(checkGate(*this, in[2], in[3], getAt())) ||
      failed(checkGated(*this, in[1], in[2], in[3])))
    return failure();
  out.push_back(in[1]);
  (void)give(out, {dimsOf(in[3])[0], dimsOf(in[2])[1]}, elementOf(in[3]));
  (void)giveF32(out, dimsOf(in[2]), *this);
  if (in.size() > 4)
    (void)giveF32(out, {}, *this);
  return success();
}
/// (C3) of `smear`: one gate a row.
static LogicalResult checkSmear(Operation *op, Type w, Type x, int64_t at) {
  if (failed(checkGate(op, w, x, at)))
    return failure();
  if (integer(dimsOf(w)[0]) != 1)
    return op->emitOpError("(C3) has one gate a row, not ")
           << text(dimsOf(w)[0]);
  return success();
}
INFER(SmearOp) {
  if (failed(checkSmear(*this, in[1], in[0], getAt())))
    return failure();
  return same(in, out);
}
INFER(SmearBackwardOp) {
  // in: cotangent, x, w, λ
  if (failed(sameDims(*this, in[0], in[1])) ||
      failed(checkSmear(*this, in[2], in[1], getAt())))
    return failure();
  out.push_back(in[1]);
  (void)give(out, {dimsOf(in[1])[0], dimsOf(in[2])[1]}, elementOf(in[1]));
  (void)giveF32(out, dimsOf(in[2]), *this);
  return giveF32(out, dimsOf(in[3]), *this);
}

//===----------------------------------------------------------------------===//
// Cotangents
//===----------------------------------------------------------------------===//

static LogicalResult inferPair(Operation *op, ArrayRef<Type> in, Types &out) {
  if (failed(sameDims(op, in[0], in[1])))
    return failure();
  return same(in, out);
}
INFER(SigmoidBackwardOp) { return inferPair(*this, in, out); }
INFER(Relu2BackwardOp) { return inferPair(*this, in, out); }
INFER(ClampBackwardOp) {
  if (failed(checkLimits(*this, getArgs())))
    return failure();
  return inferPair(*this, in, out);
}
INFER(RmsNormBackwardOp) { return inferPair(*this, in, out); }
INFER(SoftcapBackwardOp) { return inferPair(*this, in, out); }
INFER(IfFiniteOp) {
  if (!dimsOf(in[0]).empty())
    return emitOpError("(C1) looks at a scalar, not at ") << text(in[0]);
  if (failed(sameDims(*this, in[1], in[2])))
    return failure();
  return give(out, dimsOf(in[1]), elementOf(in[1]));
}
INFER(DotOp) {
  if (failed(sameDims(*this, in[0], in[1])))
    return failure();
  return giveF32(out, {}, *this);
}
