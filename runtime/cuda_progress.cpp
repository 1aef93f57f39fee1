//===- cuda_progress.cpp - how far a GPU is -------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cuda_progress.h"

#include "error.h"

#include <unistd.h>

using namespace gptc;
using Clock = std::chrono::steady_clock;

static constexpr unsigned kAskMicroseconds = 50;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void CudaProgress::mark(CUstream stream, const std::string &what,
                        uint64_t operation) {
  if (!ranks)
    return;
  advance();
  if (spare.empty()) {
    CUevent made = nullptr;
    GPTC_CUDA(driver, cuEventCreate, &made, CU_EVENT_DISABLE_TIMING);
    spare.push_back(made);
  }
  GPTC_CUDA(driver, cuEventRecord, spare.back(), stream);
  marks[stream].push_back({spare.back(), what, operation, marked++});
  spare.pop_back();
}

bool CudaProgress::isOver(CUevent event) const {
  CUresult status = driver.cuEventQueryFunction(event);
  if (status == CUDA_ERROR_NOT_READY)
    return false;
  driver.check(status, "cuEventQuery");
  return true;
}

/// Forgets the marks that the GPU has come to.
void CudaProgress::advance() {
  for (auto &[stream, own] : marks)
    while (!own.empty() && isOver(own.front().event)) {
      spare.push_back(own.front().event);
      own.pop_front();
      since = Clock::now();
    }
}

/// What the GPU is at; null: nothing.
const CudaProgress::Mark *CudaProgress::first() const {
  const Mark *first = nullptr;
  for (const auto &[stream, own] : marks)
    if (!own.empty() && (!first || own.front().number < first->number))
      first = &own.front();
  return first;
}

/// Looks after the others, and after the GPU.
void CudaProgress::look() {
  advance();
  const Mark *at = first();
  if (!at)
    return ranks->lookAfter("the GPU", 0);
  ranks->lookAfter(at->what, at->operation);
  if (at->operation == 0 && secondsSince(since) >= limit)
    throw RankError(
        formatText("the GPU of rank {} has worked for {:.0f} s on {}",
                   ranks->rank(), limit, at->what));
}

void CudaProgress::wait(CUevent event) {
  if (!ranks) {
    GPTC_CUDA(driver, cuEventSynchronize, event);
    return;
  }
  auto last = since = Clock::now(); // before, nobody looked
  while (!isOver(event)) {
    usleep(kAskMicroseconds);
    if (secondsSince(last) < 1 / Communicator::kLooksPerSecond)
      continue;
    look();
    last = Clock::now();
  }
}

void CudaProgress::finish(CUstream stream) {
  if (ranks) {
    mark(stream, "the GPU", 0);
    wait(marks[stream].back().event);
    advance();
  }
  GPTC_CUDA(driver, cuStreamSynchronize, stream);
}

void CudaProgress::release() {
  for (const auto &[stream, own] : marks)
    for (const Mark &each : own)
      spare.push_back(each.event);
  marks.clear();
  for (CUevent event : spare)
    driver.cuEventDestroyFunction(event);
  spare.clear();
}
