//===- thread_pool.cpp - splits independent units over threads ------------===//
//
// Part of gptc, under the MIT License.
//
// One atomic word holds the live job's number and its open units; claiming a
// piece is one compare-and-swap on it. The job's description is read only
// after a successful claim: it cannot change before that piece is finished.
// Idle threads spin for some microseconds (a training step launches hundreds
// of kernels in a row) and then sleep.
//
//===----------------------------------------------------------------------===//

#include "thread_pool.h"

#include <algorithm>
#include <sched.h>

using namespace gptc;

static constexpr uint64_t kUnitMask = 0xffffffff;
static constexpr int kSpins = 4000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  sched_yield();
#endif
}

unsigned gptc::availableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
  return std::max(1u, std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(unsigned threads) {
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back([this, i] { workerLoop(i); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

bool ThreadPool::runPiece(unsigned thread) {
  uint64_t seen = open.load(std::memory_order_acquire);
  while (uint64_t left = seen & kUnitMask) {
    uint64_t take = std::max<uint64_t>(grain.load(std::memory_order_relaxed),
                                       left / (2 * threads()));
    take = std::min(take, left);
    if (!open.compare_exchange_weak(seen, seen - take,
                                    std::memory_order_acq_rel))
      continue;
    int64_t begin = jobUnits - static_cast<int64_t>(left);
    job(jobContext, begin, begin + static_cast<int64_t>(take), thread);
    finished.fetch_add(static_cast<int64_t>(take), std::memory_order_release);
    return true;
  }
  return false;
}

void ThreadPool::workerLoop(unsigned thread) {
  for (;;) {
    int spins = 0;
    while (spins < kSpins) {
      if (runPiece(thread)) {
        spins = 0;
        continue;
      }
      if (stopping)
        return;
      relax();
      ++spins;
    }
    std::unique_lock<std::mutex> lock(mutex);
    ++sleepers;
    wake.wait(lock, [&] { return stopping || (open.load() & kUnitMask) != 0; });
    --sleepers;
    if (stopping)
      return;
  }
}

void ThreadPool::run(int64_t units, Work work, void *context) {
  if (units <= 0)
    return;
  if (workers.empty() || units == 1) {
    work(context, 0, units, 0);
    return;
  }
  job = work;
  jobContext = context;
  jobUnits = units;
  finished.store(0, std::memory_order_relaxed);
  grain.store(static_cast<uint32_t>(
                  std::max<int64_t>(1, units / (16 * int64_t(threads())))),
              std::memory_order_relaxed);
  uint64_t number = (open.load(std::memory_order_relaxed) >> 32) + 1;
  open.store((number << 32) | static_cast<uint64_t>(units));
  if (sleepers.load() != 0) {
    std::lock_guard<std::mutex> lock(mutex);
    wake.notify_all();
  }
  while (runPiece(0))
    ;
  for (int spins = 0; finished.load(std::memory_order_acquire) != units;
       ++spins)
    spins < kSpins ? relax() : static_cast<void>(sched_yield());
}
