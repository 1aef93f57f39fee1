//===- TileContractions.cpp - tiles of contractions, from a table ---------===//
//
// Part of gptc, under the MIT License.
//
// Idea: which tile is fastest is a matter of registers, of the L2 and of what
// an epilogue moves: measured, not known. What was measured is data.
// Method: a contraction for tensor cores that the table knows by its key
// (compiler/kernels/Tiles.h) gets the attribute `tile`. Where the table is
// silent, `split-sums` and the kernel's builder choose by the shape.
// Reason: in the IR a choice can be read, printed, changed by hand, and is in
// the program's fingerprint.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cores.h"
#include "compiler/kernels/Tiles.h"
#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/ContractOp.h.inc"
#include "mlir/IR/Remarks.h"

namespace gptc {
#define GEN_PASS_DEF_TILECONTRACTIONS
#include "compiler/passes/TileContractions.h.inc"
} // namespace gptc

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

struct TileContractions : gptc::impl::TileContractionsBase<TileContractions> {
  using TileContractionsBase::TileContractionsBase;

  void runOnOperation() override {
    if (target != "sm_90a")
      return markAllAnalysesPreserved();
    FailureOr<TileTable> found = readTiles(&getContext(), table);
    if (failed(found))
      return signalPassFailure();
    getOperation()->walk([&](ContractOp op) {
      // What stands there already was asked for by hand.
      if (!whyNotOnCores(op).empty() || tileOf(op))
        return;
      std::string key = tileKey(op);
      std::optional<Tile> tile = findTile(*found, key, op);
      if (!tile) {
        remark::missed(
            op.getLoc(),
            remark::RemarkOpts::name("contract").category("tile-contractions"))
            << remark::add("the table has no '{0}'", key);
        return;
      }
      setTile(op, *tile);
      remark::passed(
          op.getLoc(),
          remark::RemarkOpts::name("contract").category("tile-contractions"))
          << remark::add("'{0}' has its tile", key)
          << remark::metric("columns", tile->columns)
          << remark::metric("rows", tile->rows ? tile->rows : kTileM)
          << remark::metric("turns", int64_t(tile->turns))
          << remark::metric("blocks", tile->blocks);
    });
  }
};

} // namespace
