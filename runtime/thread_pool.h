//===- thread_pool.h - splits independent units over threads ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A pool of threads that live as long as it does. `run` hands out the units of
// one job in ever smaller pieces, so that threads of unequal speed end
// together; it returns when all units are done, and never waits for a thread
// that took none. Which thread computes a unit is left open, so a job must
// give the same result for every split.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_THREAD_POOL_H
#define GPTC_RUNTIME_THREAD_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace gptc {

class ThreadPool {
public:
  /// Units [begin, end) of a job, on thread `thread` of the pool.
  using Work = void (*)(void *context, int64_t begin, int64_t end,
                        unsigned thread);

  /// `threads` counts the calling thread, which is number 0; at least 1.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return workers.size() + 1; }

  /// Runs units [0, units), units < 2³², and returns when all are done. Only
  /// one thread may call it, and not from inside a job.
  void run(int64_t units, Work work, void *context);

private:
  void workerLoop(unsigned thread);
  bool runPiece(unsigned thread);

  /// High half: the job's number. Low half: its units that nobody has taken.
  /// A thread that claims a piece has therefore claimed it of the live job.
  std::atomic<uint64_t> open{0};
  std::atomic<int64_t> finished{0};
  std::atomic<uint32_t> grain{1}; ///< smallest piece; only a hint
  Work job = nullptr;
  void *jobContext = nullptr;
  int64_t jobUnits = 0;

  std::atomic<bool> stopping{false};
  std::atomic<unsigned> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;
};

/// Number of processors that this process may use.
unsigned availableProcessors();

} // namespace gptc

#endif // GPTC_RUNTIME_THREAD_POOL_H
