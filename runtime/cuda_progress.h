//===- cuda_progress.h - how far a GPU is -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A GPU that waits for another rank's waits for ever if that is gone, and so
// would the driver's calls that wait for the GPU. So a host of several ranks
// marks what it puts on streams, asks how far the GPU is, and looks after the
// other ranks meanwhile. The host of one rank waits in the driver.
//
// What stands on one stream may wait for another. It waits for what was put
// there before, so of all that has not ended the first that was put on a stream
// is what the GPU is at.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_PROGRESS_H
#define GPTC_RUNTIME_CUDA_PROGRESS_H

#include "communicator.h"
#include "cuda_driver.h"

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace gptc {

class CudaProgress {
public:
  /// How long a GPU may take from one mark to the next, in seconds.
  static constexpr double kLimit = 20;

  explicit CudaProgress(const CudaDriver &driver) : driver(driver) {}

  /// From now on `ranks` are looked after.
  void watch(Communicator &others, double seconds = kLimit) {
    ranks = &others;
    limit = seconds;
  }

  /// `what` ends here, on a stream: a part, or the `operation` of all ranks.
  void mark(CUstream stream, const std::string &what, uint64_t operation);

  /// Returns when the GPU has come to `event`, or has done all of the stream.
  void wait(CUevent event);
  void finish(CUstream stream);

  /// Gives all events back.
  void release();

private:
  struct Mark {
    CUevent event;
    std::string what;
    uint64_t operation;
    uint64_t number; ///< of all marks
  };
  using Marks = std::deque<Mark>;

  bool isOver(CUevent event) const;
  void advance();
  const Mark *first() const;
  void look();

  const CudaDriver &driver;
  Communicator *ranks = nullptr;
  double limit = kLimit;
  /// By stream: those that the GPU has not come to, as far as seen.
  std::map<CUstream, Marks> marks;
  uint64_t marked = 0;
  std::vector<CUevent> spare; ///< events of marks that it has come to
  std::chrono::steady_clock::time_point since; ///< it is seen at the first mark
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_PROGRESS_H
