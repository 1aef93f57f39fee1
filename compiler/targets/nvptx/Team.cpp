//===- Team.cpp - neighbouring blocks that share copies -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Team.h"

using namespace mlir;
using namespace gptc::nvptx;

void Team::barrier() {
  if (isAlone())
    return e.barrier();
  // Not the aligned forms: the warps of a producer come here thread by thread.
  NVVM::ClusterArriveRelaxedOp::create(e.b, e.loc, UnitAttr());
  NVVM::ClusterWaitOp::create(e.b, e.loc, UnitAttr());
}

Value Team::addressIn(Value rank, Value place) {
  Value there = e.op<NVVM::MapaOp>(e.pointer(kSharedCluster), place, rank);
  return e.op<LLVM::PtrToIntOp>(e.i32Type(), there);
}

void Team::arriveAt(Value address) {
  // Relaxed: what the arrival tells of are reads of the tensor cores, which
  // were waited for. A release to the cluster is a MEMBAR.ALL.GPU: it would
  // wait, at each stage, for all memory accesses of the thread.
  NVVM::MBarrierArriveOp::create(
      e.b, e.loc, Type(),
      e.op<LLVM::IntToPtrOp>(e.pointer(kSharedCluster), address), Value(),
      NVVM::MemScopeKind::CLUSTER, /*relaxed=*/true);
}

Value Team::everyone() {
  if (isAlone())
    return {};
  return e.op<arith::ConstantOp>(
      e.b.getI16IntegerAttr(int16_t((1 << blocks) - 1)));
}
