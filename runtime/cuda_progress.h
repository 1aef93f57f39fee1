//===- cuda_progress.h - how far a GPU is -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A GPU that waits for another rank's waits for ever if that is gone, and so
// would the driver's calls that wait for the GPU. So a host of several ranks
// marks what it puts on the stream, asks how far the GPU is, and looks after
// the other ranks meanwhile. The host of one rank waits in the driver.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_PROGRESS_H
#define GPTC_RUNTIME_CUDA_PROGRESS_H

#include "communicator.h"
#include "cuda_driver.h"

#include <chrono>
#include <deque>
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

  /// `what` ends here, on the stream: a part, or the `operation` of all ranks.
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
  };

  bool isOver(CUevent event) const;
  void advance();
  void look();

  const CudaDriver &driver;
  Communicator *ranks = nullptr;
  double limit = kLimit;
  std::deque<Mark> marks;     ///< that the GPU has not come to, as far as seen
  std::vector<CUevent> spare; ///< events of marks that it has
  std::chrono::steady_clock::time_point since; ///< it is seen at the first mark
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_PROGRESS_H
