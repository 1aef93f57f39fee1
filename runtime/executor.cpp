//===- executor.cpp - runs the parts of a program -------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every kernel argument is resolved to an address once, at construction.
//
//===----------------------------------------------------------------------===//

#include "executor.h"

#include "collectives.h"
#include "error.h"

#include <utility>

using namespace gptc;

Executor::Executor(const ProgramView &program, Places &places, unsigned threads,
                   uint64_t scratchBytes, Guard guard, bool poison,
                   Communicator &ranks)
    : program(program), places(places), ranks(ranks), guard(guard),
      poison(poison), pool(threads) {
  for (unsigned i = 0; i < threads; ++i)
    scratch.push_back(std::make_unique<Arena>(scratchBytes, guard));
  for (const Launch &launch : program.launches())
    if (launch.units < 0 || launch.units > INT64_C(0xffffffff))
      fail("the embedded program is damaged: launch {} has {} units",
           program.string(launch.name), launch.units);
  for (const Launch &launch : program.launches()) {
    first.push_back({pointers.size(), sizes.size()});
    for (const Argument &argument : program.arguments().slice(launch.arguments))
      if (argument.kind == ArgumentKind::Buffer)
        pointers.push_back(places[argument.buffer]
                               ? places[argument.buffer] + argument.value
                               : nullptr);
      else
        sizes.push_back(argument.value);
  }
}

namespace {
/// What one launch hands to all its threads.
struct Call {
  Kernel kernel;
  void *const *buffers;
  const double *numbers;
  const int64_t *sizes;
  const std::vector<std::unique_ptr<Arena>> &scratch;
  uint64_t scratchAt; ///< where in it the launch's begins
};
} // namespace

static void runUnits(void *context, int64_t begin, int64_t end,
                     unsigned thread) {
  const Call &call = *static_cast<const Call *>(context);
  call.kernel(call.buffers, call.numbers, call.sizes, begin, end,
              call.scratch[thread]->data() + call.scratchAt);
}

void Executor::run(uint32_t index, const double *numbers) {
  const Launch &launch = program.launches()[index];
  uint64_t used = (launch.scratchBytes + 63) / 64 * 64;
  Call call{program.kernels()[launch.kernel],
            pointers.data() + first[index].pointer,
            numbers,
            sizes.data() + first[index].size,
            scratch,
            guard == Guard::After ? scratch[0]->size() - used : 0};
  pool.run(launch.units, runUnits, &call);
}

void Executor::run(const Part &part, const double *numbers) {
  if (poison) {
    places.poison(part);
    for (const std::unique_ptr<Arena> &own : scratch)
      own->poison(0, own->size());
  }
  Array<Collective> collectives = program.collectives().slice(part.collectives);
  size_t next = ranks.world() > 1 ? 0 : collectives.size();
  uint32_t end = part.launches.begin + part.launches.count;
  for (uint32_t index = part.launches.begin; index <= end; ++index) {
    for (; next < collectives.size() && collectives[next].before == index;
         ++next)
      exchange(collectives[next], part);
    if (index == end)
      break;
    double begin = trace ? traceSeconds() : 0;
    run(index, numbers);
    if (trace)
      trace->push_back({program.string(program.launches()[index].name),
                        program.string(part.name), false, begin, traceSeconds(),
                        0});
  }
}

void Executor::exchange(const Collective &collective, const Part &part) {
  if (collective.kind == CollectiveKind::Await)
    return;
  double begin = trace ? traceSeconds() : 0;
  runCollective(program, collective, places[collective.from],
                places[collective.to], ranks);
  if (trace)
    trace->push_back({program.string(collective.name),
                      program.string(part.name), true, begin, traceSeconds(),
                      bytesOf(collective, ranks.world())});
}

void Executor::beginTrace() {
  trace.emplace();
  traceStart = Clock::now();
}

std::vector<TraceEntry> Executor::takeTrace() {
  return *std::exchange(trace, std::nullopt);
}
