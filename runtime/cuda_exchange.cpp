//===- cuda_exchange.cpp - what GPUs exchange, beside kernels -------------===//
//
// Part of gptc, under the MIT License.
//
// Two streams meet at events. The driver takes an event as it is when the wait
// is put on a stream, so one event serves every step, and a wait for what was
// recorded never, or long ago, is none.
//
//===----------------------------------------------------------------------===//

#include "cuda_exchange.h"

#include "collectives.h"
#include "cuda_kernels.h"

using namespace gptc;

/// The highest that there is: blocks of a collective are few, and every rank
/// waits for the last of them, while kernels have many. The driver takes the
/// nearest that it has.
static constexpr int kPriority = -100;

CudaExchange::CudaExchange(const CudaDriver &driver, const NcclLibrary &library,
                           Communicator &control, const ProgramView &program,
                           const MemoryPlan &plan, CUdeviceptr arena,
                           CUstream launches, CudaProgress &progress)
    : driver(driver), program(program), plan(plan), arena(arena),
      launches(launches), progress(progress) {
  GPTC_CUDA(driver, cuStreamCreateWithPriority, &stream, CU_STREAM_NON_BLOCKING,
            kPriority);
  try {
    nccl = std::make_unique<NcclCommunicator>(library, control, stream);
  } catch (...) {
    driver.cuStreamDestroyFunction(stream);
    throw;
  }
}

CudaExchange::~CudaExchange() {
  nccl.reset();
  driver.cuStreamSynchronizeFunction(stream);
  if (ready)
    driver.cuEventDestroyFunction(ready);
  for (auto &[first, event] : overs)
    if (event)
      driver.cuEventDestroyFunction(event);
  driver.cuStreamDestroyFunction(stream);
}

/// Makes the event the first time.
void CudaExchange::record(CUevent &event, CUstream on) {
  if (!event)
    GPTC_CUDA(driver, cuEventCreate, &event, CU_EVENT_DISABLE_TIMING);
  GPTC_CUDA(driver, cuEventRecord, event, on);
}

void CudaExchange::begin(const std::vector<uint32_t> &group,
                         const std::string &part, CudaTrace *trace) {
  record(ready, launches);
  GPTC_CUDA(driver, cuStreamWaitEvent, stream, ready, 0);
  if (trace)
    trace->begin(stream);
  uint64_t bytes = 0;
  nccl->group([&] {
    for (uint32_t number : group) {
      const Collective &collective = program.collectives()[number];
      bytes += bytesOf(collective, nccl->world());
      runCollective(
          program, collective,
          driverPointer(arena + placeOf(program, plan, collective.from)),
          driverPointer(arena + placeOf(program, plan, collective.to)), *nccl);
    }
  });
  if (trace)
    trace->end(stream, nccl->groupName(), part, bytes);
  CUevent &over = overs[group.front()];
  record(over, stream);
  last = {over, last.number + 1};
  for (uint32_t number : group) {
    const Collective &collective = program.collectives()[number];
    for (uint32_t buffer : {collective.from, collective.to})
      touched[wholeOf(buffer)] = last;
  }
  progress.mark(stream, nccl->describe(), nccl->operation());
}

/// They end in their order: who waits for one has waited for those before it.
void CudaExchange::await(const Begun &begun) {
  if (begun.number <= awaited)
    return;
  GPTC_CUDA(driver, cuStreamWaitEvent, launches, begun.over, 0);
  awaited = begun.number;
}

void CudaExchange::await(uint32_t buffer) {
  if (auto found = touched.find(wholeOf(buffer)); found != touched.end()) {
    await(found->second);
    touched.erase(found);
  }
}

void CudaExchange::awaitAll() {
  await(last);
  touched.clear();
}
