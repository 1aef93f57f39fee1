//===- end_in_time.cpp - an end for what may never end --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "end_in_time.h"

#include "communicator.h"

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace gptc;

struct EndInTime::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  std::thread thread;
};

EndInTime::EndInTime(std::string text, double seconds)
    : state(std::make_unique<State>()) {
  state->thread = std::thread([this, text = std::move(text), seconds] {
    std::unique_lock<std::mutex> lock(state->mutex);
    if (state->changed.wait_for(lock, std::chrono::duration<double>(seconds),
                                [&] { return state->over; }))
      return;
    print(stderr, "error: {}\n", text);
    _exit(kLostRankCode);
  });
}

EndInTime::~EndInTime() {
  {
    std::lock_guard<std::mutex> lock(state->mutex);
    state->over = true;
  }
  state->changed.notify_all();
  state->thread.join();
}
