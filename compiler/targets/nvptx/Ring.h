//===- Ring.h - stages of shared memory between warps -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A ring of stages, filled by bulk copies and read by the tensor cores. Each
// stage has two mbarriers: "full" completes when one producer has announced the
// stage's bytes and they have all landed; "empty" when every consumer warp has
// released it. A position is (stage, parity); a wait for parity p returns when
// the phase of parity p is over, so a consumer waits with the position's parity
// and the producer with the other one, which lets its first round pass.
//
// In a team of blocks a stage of each is filled by the producers of all, so
// that it is empty when the consumers of all have released it: they release the
// stages of all blocks.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_RING_H
#define GPTC_COMPILER_TARGETS_NVPTX_RING_H

#include "compiler/targets/nvptx/Team.h"

namespace gptc::nvptx {

class Ring {
public:
  struct Position {
    Value stage, parity;
  };

  /// The barriers stand `barriers` bytes into `shared`: 16 bytes a stage.
  Ring(NvptxBuilder &e, Value shared, int64_t barriers, int64_t stages)
      : Ring(e, shared, barriers, stages, Team(e)) {}
  Ring(NvptxBuilder &e, Value shared, int64_t barriers, int64_t stages,
       Team team)
      : e(e), shared(shared), barriers(barriers), stages(stages), team(team) {}

  /// By one thread, before a barrier of the block. `producers` threads end the
  /// filling of a stage: one that expects bytes, others that arrive.
  void init(int64_t consumerWarps, int64_t producers = 1);
  /// Registers of a thread of the producer's and of a consumer's warpgroup.
  struct Registers {
    int64_t producer, consumer;
  };
  /// The roles of a block: one thread of warpgroup 0, which knows the tensor
  /// maps, brings tiles; each other warpgroup consumes them, told its number.
  void share(mlir::ValueRange maps, int64_t consumerWarps, Registers registers,
             llvm::function_ref<void()> produce,
             llvm::function_ref<void(Value)> consume);
  Position start() { return {e.i32(0), e.i32(0)}; }
  Position next(Position at);
  /// So many stages further.
  Position skip(Position at, Value count);

  void waitFull(Position at) { e.waitFor(full(at.stage), at.parity); }
  void waitEmpty(Position at) {
    e.waitFor(empty(at.stage), e.bitXor(at.parity, e.i32(1)));
  }
  /// Announces the bytes that the stage will receive, which may be known (an
  /// i32) when the kernel runs.
  void expect(Position at, int64_t bytes) { announce(at, e.i32(bytes)); }
  void announce(Position at, Value bytes);
  /// What this thread has written of the stage is there.
  void arrive(Position at);
  /// By one thread of each consumer warp.
  void release(Value stage);
  Value full(Value stage) { return barrier(stage, 0); }

private:
  Value empty(Value stage) { return barrier(stage, 1); }
  Value barrier(Value stage, int64_t kind);

  NvptxBuilder &e;
  Value shared;
  int64_t barriers, stages;
  Team team;
  /// Where the barriers "empty" of the team's other blocks lie, for a consumer.
  Values empties;
};

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_RING_H
