//===- FakeStreams.h - streams of a driver without a GPU --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What is put on a stream is done in its order, and only when somebody waits:
// the host for an event or a stream, a stream for another's event. So all that
// nothing orders comes as late as it may. FAKE_CUDA_EAGER=1 is the other end:
// all streams but the first made do at once what they can. A program whose
// waits are enough has the same result under both.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CUDA_FAKESTREAMS_H
#define GPTC_TEST_CUDA_FAKESTREAMS_H

#include <cstdlib>
#include <cuda.h>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unistd.h>

/// As the driver's, it may be destroyed before what waits for it is done, which
/// holds it until then.
struct FakeEvent : std::enable_shared_from_this<FakeEvent> {
  explicit FakeEvent(size_t number) : number(number) {}

  size_t number; ///< in the order of their making
  CUstream stream = nullptr;
  size_t recorded = 0; ///< times
  size_t reached = 0;  ///< of them
  size_t time = 0;     ///< when it was reached
  unsigned asked = 0;  ///< since it was recorded
  bool isOver() const { return reached == recorded; }
};

class FakeStreams {
public:
  /// `work` is called until it returns that it is done.
  void put(CUstream stream, const std::function<bool()> &work) {
    add(stream, [this, work] {
      bool isDone = work();
      clock += isDone;
      return isDone;
    });
  }
  void record(CUstream stream, FakeEvent &event) {
    event.stream = stream;
    event.asked = 0;
    add(stream,
        [this, held = event.shared_from_this(), number = ++event.recorded] {
          held->reached = number;
          held->time = clock;
          return true;
        });
  }
  /// For the event as it is now.
  void wait(CUstream stream, FakeEvent &event) {
    add(stream,
        [this, held = event.shared_from_this(), number = event.recorded] {
          return drive(held->stream, [&] { return held->reached >= number; });
        });
  }
  /// Whether the event could be reached.
  bool drive(FakeEvent &event) {
    return drive(event.stream, [&] { return event.isOver(); });
  }
  void finish(FakeEvent &event) {
    while (!drive(event))
      usleep(100);
  }
  void finish(CUstream stream) {
    while (!drive(stream, [&] { return queues[stream].empty(); }))
      usleep(100);
  }
  /// What nobody waited for.
  void clear() {
    queues.clear();
    first = nullptr;
  }

private:
  void add(CUstream stream, const std::function<bool()> &work) {
    if (!first)
      first = stream;
    queues[stream].push_back(work);
    const char *eager = std::getenv("FAKE_CUDA_EAGER");
    if (eager && stream != first)
      drive(stream, [&] { return queues[stream].empty(); });
  }
  bool drive(CUstream stream, const std::function<bool()> &isEnough) {
    std::deque<std::function<bool()>> &queue = queues[stream];
    while (!isEnough()) {
      if (queue.empty() || !queue.front()())
        return false;
      queue.pop_front();
    }
    return true;
  }

  std::map<CUstream, std::deque<std::function<bool()>>> queues;
  CUstream first = nullptr;
  size_t clock = 0; ///< work that was done
};

#endif // GPTC_TEST_CUDA_FAKESTREAMS_H
