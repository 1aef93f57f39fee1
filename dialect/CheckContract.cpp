//===- CheckContract.cpp - shape rules: contractions, attention, loss -----===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/Check.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptContract.h"
#include "dialect/gpt/InputOp.h.inc"

using namespace mlir;
using namespace gptc::gpt;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// Matrices, or stacks of matrices.
static bool areMatrices(const Dims &a, const Dims &b) {
  return a.size() == b.size() && (a.size() == 2 || a.size() == 3);
}

static LogicalResult contract(Operation *op, ArrayRef<Type> in, Types &out,
                              bool transposed) {
  Dims x = dimsOf(in[0]), w = dimsOf(in[1]);
  if (!areMatrices(x, w))
    return op->emitOpError("(C1) contracts matrices, not ")
           << text(in[0]) << " and " << text(in[1])
           << ": reshape to [rows, columns] first";
  if (x.size() == 3 && x[0] != w[0])
    return op->emitOpError("(C3) contracts matrix by matrix: ")
           << text(in[0]) << " has " << text(x[0]) << " of them, "
           << text(in[1]) << " " << text(w[0]);
  Attrs matrix = Attrs(w).take_back(2);
  if (x.back() != matrix[transposed])
    return op->emitOpError("(C2) contracts the last dimension of ")
           << text(in[0]) << " with the "
           << (transposed      ? "last"
               : x.size() == 3 ? "second"
                               : "first")
           << " of " << text(in[1]) << ": " << text(x.back()) << " is not "
           << text(matrix[transposed]);
  x.back() = matrix[!transposed];
  return give(out, x, elementOf(in[0]));
}
INFER(LinearOp) { return contract(*this, in, out, true); }
INFER(MatmulOp) { return contract(*this, in, out, false); }
INFER(OuterOp) {
  Dims a = dimsOf(in[0]), b = dimsOf(in[1]);
  if (!areMatrices(a, b) || Attrs(a).drop_back() != Attrs(b).drop_back())
    return emitOpError("(C1) contracts the rows of two matrices, not of ")
           << text(in[0]) << " and " << text(in[1]);
  a[a.size() - 2] = a.back();
  a.back() = b.back();
  return giveF32(out, a, *this);
}

/// (C1) of `gram` and `transpose`.
static LogicalResult checkMatrix(Operation *op, Type x, StringRef what) {
  if (size_t rank = dimsOf(x).size(); rank == 2 || rank == 3)
    return success();
  return op->emitOpError("(C1) ")
         << what << " of a matrix or of a stack of matrices, [B, M, N], not of "
         << text(x);
}
INFER(GramOp) {
  if (failed(checkMatrix(*this, in[0], "multiplies the rows")))
    return failure();
  Dims d = dimsOf(in[0]);
  d.back() = d[d.size() - 2];
  return give(out, d, elementOf(in[0]));
}

/// `yes` where the condition holds, else `no`; what a choice by the same
/// condition gave is known, so that a second transposition takes back the first
/// whatever the sizes will be.
static Attribute choose(Attribute condition, Attribute yes, Attribute no) {
  if (auto value = number(condition))
    return *value != 0 ? yes : no;
  auto branch = [&](Attribute dim, unsigned which) {
    auto e = dyn_cast<ExprAttr>(dim);
    return e && e.getOp() == "if" && e.getArgs()[1] == condition
               ? e.getArgs()[which]
               : dim;
  };
  yes = branch(yes, 0);
  no = branch(no, 2);
  return yes == no
             ? yes
             : makeExpr(condition.getContext(), "if", {yes, condition, no});
}
INFER(TransposeOp) {
  if (failed(checkMatrix(*this, in[0], "swaps rows and columns")))
    return failure();
  Dims d = dimsOf(in[0]);
  Attribute on = lookup(getArgs(), "on");
  if (on) // in the form that a condition has in a shape
    on = substitute(on, [](StringRef) { return Attribute(); });
  Attribute &rows = d[d.size() - 2], &columns = d.back();
  Attribute m = rows, n = columns;
  rows = on ? choose(on, n, m) : n;
  columns = on ? choose(on, m, n) : m;
  return give(out, d, elementOf(in[0]));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static LogicalResult checkHeads(Operation *op, Type x) {
  if (dimsOf(x).size() != 3)
    return op->emitOpError("(C1) works on heads, [T, H, K], not ") << text(x);
  return success();
}
INFER(RotaryOp) {
  if (failed(checkHeads(*this, in[0])))
    return failure();
  if (dimsOf(in[1]).size() != 1)
    return emitOpError("(C2) needs a vector of frequencies, not ")
           << text(in[1]);
  auto k = integer(dimsOf(in[0])[2]), r = integer(dimsOf(in[1])[0]);
  if (k.value_or(0) % 4)
    return emitOpError("(C2) rotates quarters of a head: K must be a multiple "
                       "of 4, not ")
           << *k;
  int64_t rotated = 2 * r.value_or(0);
  if (rotated > k.value_or(rotated))
    return emitOpError("(C2) rotates ")
           << rotated << " of " << *k
           << " dimensions of a head: K must hold twice the frequencies";
  return same(in, out);
}
INFER(RotaryTableOp) {
  auto r = integer(dimsOf(in[0])[0]);
  if (getRows() < 1 || getGroup() < 1 || (r && int64_t(getHalf()) < *r))
    return emitOpError("(C1) cannot hold ")
           << text(in[0]) << " in " << getRows() << " rows of " << getGroup()
           << " x " << getHalf();
  auto type = RankedTensorType::get(
      {int64_t(getRows()), int64_t(getGroup() * getHalf())},
      BFloat16Type::get(getContext()));
  out.append({type, type});
  return success();
}
INFER(RotateOp) {
  if (failed(checkHeads(*this, in[0])) || failed(sameDims(*this, in[1], in[2])))
    return failure();
  Dims x = dimsOf(in[0]), table = dimsOf(in[1]);
  auto k = integer(x[2]), columns = integer(table.back());
  if (table.size() != 2 || table[0] != x[0] ||
      (k && columns && *columns != int64_t(getGroup()) * *k / 2))
    return emitOpError("(C2) needs a table [T, group*K/2] for ")
           << text(in[0]) << ", not " << text(in[1]);
  return same(in, out);
}
/// (C2) of `gpt.key_offset`: a head has four quarters.
static LogicalResult inferKeyOffset(Operation *op, ArrayRef<Type> in,
                                    Types &out) {
  if (failed(checkHeads(op, in[0])))
    return failure();
  if (auto k = integer(dimsOf(in[0])[2]); k.value_or(0) % 4)
    return op->emitOpError(
               "(C2) moves quarters of a head: K must be a multiple "
               "of 4, not ")
           << *k;
  return same(in, out);
}
INFER(KeyOffsetOp) { return inferKeyOffset(*this, in, out); }
INFER(KeyOffsetBackwardOp) { return inferKeyOffset(*this, in, out); }

/// q, k, v and the documents, from operand `first` on.
static LogicalResult checkAttention(Operation *op, ArrayRef<Type> in,
                                    unsigned first, unsigned documents,
                                    ArrayAttr args) {
  Type q = in[first], k = in[first + 1], v = in[first + 2];
  Type docs = in[documents];
  Dims d = dimsOf(q);
  if (d.size() != 3 || q != k || q != v)
    return op->emitOpError("(C1) needs q, k and v of one shape [T, H, K], not ")
           << text(q) << ", " << text(k) << " and " << text(v);
  if (dimsOf(docs).size() != 1 || dimsOf(docs)[0] != d[0] ||
      !elementOf(docs).isInteger(32))
    return op->emitOpError("(C2) needs for each of ")
           << text(d[0]) << " rows where its document begins, i32, not "
           << text(docs);
  Attribute group = lookup(args, "group");
  int64_t n = group ? integer(group).value_or(1) : 1;
  if (n < 1 || integer(d[1]).value_or(0) % n)
    return op->emitOpError("(C3) cannot make groups of ")
           << n << " of " << text(d[1]) << " heads";
  auto input = op->getOperand(documents).getDefiningOp<InputOp>();
  std::optional<Feed> feed = input ? input.getFeed() : std::nullopt;
  if (feed && *feed != Feed::Documents)
    return op->emitOpError("(C4) takes '")
           << input.getName()
           << "' for where documents begin: that is an input "
           << "of '" << wordOf(Feed::Documents) << "'";
  return success();
}
INFER(AttentionOp) {
  if (failed(checkAttention(*this, in, 0, 3, getArgs())))
    return failure();
  return same(in, out);
}
INFER(AttentionSavingOp) {
  if (failed(checkAttention(*this, in, 0, 3, getArgs())))
    return failure();
  out.push_back(in[0]);
  return giveF32(out, Attrs(dimsOf(in[0])).take_front(2), *this);
}
INFER(AttentionBackwardOp) {
  // in: cotangent, q, k, v, y, lse, docs
  if (failed(checkAttention(*this, in, 1, 6, getArgs())) ||
      failed(sameDims(*this, in[0], in[1])) ||
      failed(sameDims(*this, in[4], in[1])))
    return failure();
  out.append({in[1], in[2], in[3]});
  return success();
}

//===----------------------------------------------------------------------===//
// The loss
//===----------------------------------------------------------------------===//

INFER(SoftcapOp) { return same(in, out); }

static LogicalResult checkLoss(Operation *op, Value index, Type logits,
                               Type targets, ArrayAttr args) {
  Dims d = dimsOf(logits), t = dimsOf(targets);
  if (d.size() != 2 || t.size() != 1 || d[0] != t[0] ||
      !elementOf(targets).isInteger(32))
    return op->emitOpError("(C1) needs logits [T, V] and targets [T] i32, not ")
           << text(logits) << " and " << text(targets);
  bool isConstant = true;
  if (Attribute rounds = lookup(args, "bf16"))
    forEachName(rounds,
                [&](StringRef name) { isConstant &= !operandIndex(name); });
  if (!isConstant)
    return op->emitOpError("(C3) rounds or does not: `bf16` is a constant, not "
                           "a number of the step");
  return checkPositions(op, index, targets, d[1], " columns");
}
INFER(CrossEntropyOp) {
  if (failed(checkLoss(*this, getTargets(), in[0], in[1], getArgs())))
    return failure();
  return giveF32(out, {}, *this);
}
INFER(CrossEntropyBackwardOp) {
  if (failed(checkLoss(*this, getTargets(), in[1], in[2], getArgs())))
    return failure();
  out.push_back(in[1]);
  return success();
}
