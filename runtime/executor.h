//===- executor.h - runs the parts of a program -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A part is a straight line of launches. Each launch's units are split over
// the threads of a pool, and the next launch begins when the last unit is
// done. Units are independent, so the number of threads changes no bit.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_EXECUTOR_H
#define GPTC_RUNTIME_EXECUTOR_H

#include "arena.h"
#include "thread_pool.h"
#include "view.h"

#include <memory>
#include <vector>

namespace gptc {

class Executor {
public:
  /// `arena` holds the program's buffers; a thread has `scratchBytes`, a
  /// multiple of 4096. With `poison`, a part finds its workspace and the
  /// threads' scratch full of NaN.
  Executor(const ProgramView &program, Arena &arena, unsigned threads,
           uint64_t scratchBytes, bool poison);

  /// Runs all launches of `part` with `numbers` as the step's row.
  void run(const Part &part, const double *numbers);

  unsigned threads() const { return pool.threads(); }

private:
  ProgramView program;
  Arena &arena;
  bool poison;
  uint64_t scratchStride; ///< bytes of a thread's scratch
  Arena scratch;
  std::vector<void *> pointers; ///< one a buffer use
  ThreadPool pool;
};

} // namespace gptc

#endif // GPTC_RUNTIME_EXECUTOR_H
