//===- executor.cpp - runs the parts of a program -------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every kernel argument is resolved to an address once, at construction.
//
//===----------------------------------------------------------------------===//

#include "executor.h"

#include "error.h"

using namespace gptc;

Executor::Executor(const ProgramView &program, Arena &arena, unsigned threads,
                   uint64_t scratchBytes, bool poison)
    : program(program), arena(arena), poison(poison),
      scratchStride(scratchBytes), scratch(scratchStride * threads),
      pool(threads) {
  for (const Launch &launch : program.launches())
    if (launch.units < 0 || launch.units > INT64_C(0xffffffff))
      fail("the embedded program is damaged: launch %s has %lld units",
           program.string(launch.name).c_str(),
           static_cast<long long>(launch.units));
  for (const BufferUse &use : program.bufferUses())
    pointers.push_back(arena.data() + program.buffers()[use.buffer].offset +
                       use.byteOffset);
}

namespace {
/// What one launch hands to all its threads.
struct Call {
  Kernel kernel;
  void *const *buffers;
  const double *numbers;
  const int64_t *sizes;
  std::byte *scratch;
  uint64_t scratchStride;
};
} // namespace

static void runUnits(void *context, int64_t begin, int64_t end,
                     unsigned thread) {
  const Call &call = *static_cast<const Call *>(context);
  call.kernel(call.buffers, call.numbers, call.sizes, begin, end,
              call.scratch + thread * call.scratchStride);
}

void Executor::run(const Part &part, const double *numbers) {
  if (poison) {
    arena.poison(program.header().persistentBytes, part.workspaceBytes);
    scratch.poison(0, scratch.size());
  }
  for (const Launch &launch : program.launches().slice(part.launches)) {
    Call call{program.kernels()[launch.kernel],
              pointers.data() + launch.buffers.begin,
              numbers,
              program.sizes().data() + launch.sizes.begin,
              scratch.data(),
              scratchStride};
    pool.run(launch.units, runUnits, &call);
  }
}
