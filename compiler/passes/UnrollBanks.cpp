//===- UnrollBanks.cpp - one parameter an op ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A bank `11 x [F, D]` becomes eleven parameters NAME.0 … NAME.10, and
// `gpt.row %bank[3]` the fourth of them; a pack becomes one vector, and its
// parts views of it. What follows knows only single parameters.
//
// Here it is known which member a row is, so here a member that no graph reads
// is reported: it costs memory and an optimizer's states.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/GptAttrs.h"
#include "dialect/GptDialect.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "dialect/gpt/PackOp.h.inc"
#include "dialect/gpt/ParamOp.h.inc"
#include "dialect/gpt/RowOp.h.inc"
#include "dialect/gpt/RowsOp.h.inc"
#include "llvm/ADT/DenseSet.h"

namespace gptc {
#define GEN_PASS_DEF_UNROLLBANKS
#include "compiler/passes/UnrollBanks.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc::gpt;

/// A bank of which nothing is read was reported where it is declared by name.
static void reportUnread(ParamOp bank, const llvm::DenseSet<int64_t> &read) {
  if (read.empty())
    return;
  SmallVector<std::string> names, members;
  for (int64_t i = 0; i < int64_t(*bank.getCount()); ++i) {
    if (read.contains(i) ||
        llvm::is_contained(bank.getWithout().value_or(ArrayRef<int64_t>()), i))
      continue;
    names.push_back(("'" + bank.getName() + "." + Twine(i) + "'").str());
    members.push_back(std::to_string(i));
  }
  if (!names.empty())
    bank.emitWarning("nothing reads ")
        << llvm::join(names, ", ") << "; declare the bank `without "
        << llvm::join(members, ", ") << "`, or name them where they belong";
}

namespace {

struct UnrollBanks : gptc::impl::UnrollBanksBase<UnrollBanks> {
  using UnrollBanksBase::UnrollBanksBase;

  void runOnOperation() override {
    for (ModelOp model : getOperation().getOps<ModelOp>()) {
      for (ParamOp bank : llvm::make_early_inc_range(model.getOps<ParamOp>()))
        if (bank.getCount() && failed(unroll(bank)))
          return signalPassFailure();
      for (PackOp pack : llvm::make_early_inc_range(model.getOps<PackOp>()))
        unroll(pack);
    }
  }

  LogicalResult unroll(ParamOp bank) {
    OpBuilder b(bank);
    SmallVector<Value> members(*bank.getCount());
    for (auto [i, member] : llvm::enumerate(members)) {
      if (llvm::is_contained(bank.getWithout().value_or(ArrayRef<int64_t>()),
                             int64_t(i)))
        continue;
      auto param = cast<ParamOp>(b.clone(*bank));
      param.removeCountAttr();
      param.removeWithoutAttr();
      param.setName((bank.getName() + "." + Twine(i)).str());
      param.getY().setType(cast<TensorType>(bank.getShape()));
      member = param.getY();
    }
    llvm::DenseSet<int64_t> read;
    for (Operation *user : llvm::make_early_inc_range(bank->getUsers())) {
      auto row = dyn_cast<RowOp>(user);
      auto index = row ? integer(row.getIndex()) : std::nullopt;
      if (!index)
        return user->emitOpError("reads the bank '")
               << bank.getName() << "' as a whole: read its members, `gpt.row %"
               << bank.getName() << "[i]`";
      if (!row->use_empty())
        read.insert(*index);
      row.getY().replaceAllUsesWith(members[*index]);
      row.erase();
    }
    reportUnread(bank, read);
    bank.erase();
    return success();
  }

  void unroll(PackOp pack) {
    OpBuilder b(pack);
    SmallVector<Attribute> inits;
    int64_t size = 0;
    for (auto [part, init] : llvm::zip(pack.getParts(), pack.getInits())) {
      int64_t n = cast<RankedTensorType>(part.getType()).getNumElements();
      inits.append({b.getI64IntegerAttr(n), init});
      size += n;
    }
    auto element =
        cast<RankedTensorType>(pack.getParts()[0].getType()).getElementType();
    auto type = RankedTensorType::get({size}, element);
    auto param = ParamOp::create(
        b, pack.getLoc(), type, pack.getNameAttr(), TypeAttr::get(type),
        IntegerAttr(), DenseI64ArrayAttr(),
        ExprAttr::get(b.getContext(), "parts", inits), pack.getOptimizer(),
        pack.getVars(), pack.getArgs(), DimsAttr());
    int64_t at = 0;
    for (Value part : pack.getParts()) {
      auto partType = cast<RankedTensorType>(part.getType());
      int64_t n = partType.getNumElements();
      Value rows = RowsOp::create(
          b, pack.getLoc(), RankedTensorType::get({n}, element), param,
          b.getI64IntegerAttr(at), b.getI64IntegerAttr(n));
      part.replaceAllUsesWith(reshaped(b, pack.getLoc(), rows, partType));
      at += n;
    }
    pack.erase();
  }
};

} // namespace
