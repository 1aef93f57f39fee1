//===- Ranges.cpp - what indices of the data may be -----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Ranges.h"
#include "dialect/OpHelpers.h"
#include "dialect/gpt/AccumulateRowsOp.h.inc"
#include "dialect/gpt/CrossEntropyBackwardOp.h.inc"
#include "dialect/gpt/CrossEntropyOp.h.inc"
#include "dialect/gpt/EmbedOp.h.inc"
#include "dialect/gpt/InputOp.h.inc"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::gpt;

/// How many rows or columns an op picks one of, by the values of `index`.
static std::optional<int64_t> extentOf(Operation *op, Value index) {
  using Extent = std::optional<int64_t>;
  auto dim = [](Value v, unsigned i) -> Extent {
    return cast<RankedTensorType>(v.getType()).getDimSize(i);
  };
  return llvm::TypeSwitch<Operation *, Extent>(op)
      .Case([&](EmbedOp o) {
        return index == o.getTokens() ? dim(o.getTable(), 0) : Extent();
      })
      .Case([&](AccumulateRowsOp o) {
        return index == o.getTokens()  ? dim(o.getTarget(), 0)
               : index == o.getOrder() ? dim(o.getValue(), 0)
                                       : Extent();
      })
      .Case<CrossEntropyOp, CrossEntropyBackwardOp>([&](auto o) {
        return index == o.getTargets() ? dim(o.getLogits(), 1) : Extent();
      })
      .Default([](Operation *) { return Extent(); });
}

static void tighten(Value index, std::optional<IndexBound> &bound) {
  for (Operation *user : index.getUsers()) {
    if (isView(user))
      for (Value view : user->getResults())
        tighten(view, bound);
    auto extent = extentOf(user, index);
    // Of equal bounds the first op's, which a user has written.
    if (extent &&
        (!bound || *extent < bound->below ||
         (*extent == bound->below && user->isBeforeInBlock(bound->by))))
      bound = {*extent, user};
  }
}

std::optional<IndexBound> gptc::boundOf(InputOp input) {
  std::optional<IndexBound> bound;
  tighten(input.getY(), bound);
  return bound;
}

std::optional<std::pair<std::string, unsigned>> gptc::placeOf(Operation *op) {
  Location loc = op->getLoc();
  while (true) {
    if (auto site = dyn_cast<CallSiteLoc>(loc))
      loc = site.getCallee();
    else if (auto fused = dyn_cast<FusedLoc>(loc);
             fused && !fused.getLocations().empty())
      loc = fused.getLocations().front();
    else
      break;
  }
  auto place = dyn_cast<FileLineColLoc>(loc);
  if (!place)
    return std::nullopt;
  return {
      {llvm::sys::path::filename(place.getFilename()).str(), place.getLine()}};
}

std::string gptc::describe(const IndexBound &bound) {
  std::string what = isa<CrossEntropyOp, CrossEntropyBackwardOp>(bound.by)
                         ? "the columns of the logits"
                     : isa<EmbedOp>(bound.by) ? "the rows of the table"
                                              : "the rows";
  if (auto place = placeOf(bound.by))
    what += " at " + place->first + ":" + std::to_string(place->second);
  return what;
}
