//===- executor.h - runs the parts of a program -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A part is a straight line of launches. Each launch's units are split over
// the threads of a pool, and the next launch begins when the last unit is
// done. Units are independent, so the number of threads changes no bit. Where
// there are other ranks, the part's collectives run between, each when it could
// begin: nothing is left to wait for.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_EXECUTOR_H
#define GPTC_RUNTIME_EXECUTOR_H

#include "communicator.h"
#include "device.h"
#include "places.h"
#include "thread_pool.h"
#include "view.h"

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace gptc {

class Executor {
public:
  /// The program's buffers stand in `places`; a thread has `scratchBytes`, a
  /// multiple of 4096, guarded like buffers. With `poison`, a part finds its
  /// workspace and the threads' scratch full of NaN. `ranks` is needed as long
  /// as the executor is.
  Executor(const ProgramView &program, Places &places, unsigned threads,
           uint64_t scratchBytes, Guard guard, bool poison,
           Communicator &ranks = singleRank());

  /// Runs all launches of `part` with `numbers` as the step's row.
  void run(const Part &part, const double *numbers);

  /// Runs launch `index` of the program alone.
  void run(uint32_t index, const double *numbers);

  /// As `Device` has them.
  void beginTrace();
  std::vector<TraceEntry> takeTrace();

  unsigned threads() const { return pool.threads(); }

private:
  using Clock = std::chrono::steady_clock;

  double traceSeconds() const {
    return std::chrono::duration<double>(Clock::now() - traceStart).count();
  }
  void exchange(const Collective &collective, const Part &part);

  ProgramView program;
  Places &places;
  Communicator &ranks;
  Guard guard;
  bool poison;
  std::vector<std::unique_ptr<Arena>> scratch; ///< by thread
  std::vector<void *> pointers;                ///< of all launches
  std::vector<int64_t> sizes;                  ///< likewise
  struct First {
    size_t pointer, size;
  };
  std::vector<First> first; ///< by launch: where in the two its own begin
  ThreadPool pool;
  std::optional<std::vector<TraceEntry>> trace;
  Clock::time_point traceStart;
};

} // namespace gptc

#endif // GPTC_RUNTIME_EXECUTOR_H
