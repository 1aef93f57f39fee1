//===- stop_signals.cpp - signals that ask for an end ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "stop_signals.h"

using namespace gptc;

static volatile std::sig_atomic_t noted = 0;

static void note(int signal) { noted = signal; }

std::vector<int> gptc::stopSignals() {
  std::vector<int> signals;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN)
      signals.push_back(signal);
  }
  return signals;
}

StopRequest::StopRequest() {
  noted = 0;
  for (int signal : stopSignals()) {
    struct sigaction action = {}, old = {};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART;
    if (signal == SIGINT)
      action.sa_flags |= SA_RESETHAND;
    sigaction(signal, &action, &old);
    before.emplace_back(signal, old);
  }
}

StopRequest::~StopRequest() {
  for (const auto &[signal, action] : before)
    sigaction(signal, &action, nullptr);
}

int StopRequest::signal() const { return noted; }
