//===- Ring.cpp - stages of shared memory between warps -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Ring.h"

using namespace mlir;
using namespace gptc::nvptx;

Value Ring::barrier(Value stage, int64_t kind) {
  return e.offset(shared, e.add(e.shl(stage, 3), barriers + kind * 8 * stages));
}

void Ring::init(int64_t consumerWarps, int64_t producers) {
  for (int64_t stage = 0; stage < stages; ++stage) {
    Value at = e.i32(stage);
    NVVM::MBarrierInitOp::create(e.b, e.loc, full(at), e.i32(producers),
                                 Value());
    NVVM::MBarrierInitOp::create(e.b, e.loc, empty(at),
                                 e.i32(consumerWarps * team.size()), Value());
  }
  // The bulk copies see the barriers through the async proxy.
  NVVM::FenceMbarrierInitOp::create(e.b, e.loc);
}

void Ring::share(ValueRange maps, int64_t consumerWarps, Registers registers,
                 function_ref<void()> produce,
                 function_ref<void(Value)> consume) {
  Value thread = e.threadIndex();
  // Through lane 0, so that ptxas sees one value in the whole warp.
  Value warpgroup = e.shuffleFrom(e.shr(thread, 7), e.i32(0));
  Value first = e.equal(thread, 0);
  e.ifThen(first, [&] {
    for (Value map : maps)
      NVVM::PrefetchOp::create(e.b, e.loc, NVVM::PrefetchCacheLevelAttr(),
                               NVVM::CacheEvictionPriorityAttr(), map,
                               /*predicate=*/Value(), /*tensormap=*/true);
    init(consumerWarps);
  });
  team.barrier();
  e.ifThen(
      e.equal(warpgroup, 0),
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, registers.producer,
                                       NVVM::SetMaxRegisterAction::decrease);
        e.ifThen(first, produce);
      },
      [&] {
        NVVM::SetMaxRegisterOp::create(e.b, e.loc, registers.consumer,
                                       NVVM::SetMaxRegisterAction::increase);
        for (int64_t other = 1; other < team.size(); ++other)
          empties.push_back(team.addressIn(e.bitXor(team.rank(), e.i32(other)),
                                           empty(e.i32(0))));
        consume(e.sub(warpgroup, e.i32(1)));
      });
  // Others release this block's stages, and copy into them, until their end.
  if (!team.isAlone())
    team.barrier();
}

Ring::Position Ring::next(Position at) {
  Value stage = e.add(at.stage, 1);
  Value wrapped = e.equal(stage, stages);
  return {e.choose(wrapped, e.i32(0), stage),
          e.choose(wrapped, e.bitXor(at.parity, e.i32(1)), at.parity)};
}

Ring::Position Ring::skip(Position at, Value count) {
  Value to = e.add(at.stage, count), rounds = e.div(to, e.i32(stages));
  return {e.sub(to, e.mul(rounds, stages)),
          e.bitXor(at.parity, e.bitAnd(rounds, 1))};
}

void Ring::announce(Position at, Value bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(
      e.b, e.loc, Type(), full(at.stage), bytes, NVVM::MemScopeKind::CTA,
      /*relaxed=*/false, /*predicate=*/Value());
}

void Ring::arrive(Position at) {
  NVVM::MBarrierArriveOp::create(e.b, e.loc, e.b.getI64Type(), full(at.stage),
                                 Value());
}

void Ring::release(Value stage) {
  for (Value there : empties)
    team.arriveAt(e.add(there, e.shl(stage, 3)));
  NVVM::MBarrierArriveOp::create(e.b, e.loc, e.b.getI64Type(), empty(stage),
                                 Value());
}
