//===- stop_signals.h - signals that ask for an end -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A run with checkpoints that is told to end (SIGTERM of a batch system, SIGINT
// of a keyboard, SIGHUP of a terminal) ends its step and writes one first.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_STOP_SIGNALS_H
#define GPTC_RUNTIME_STOP_SIGNALS_H

#include "error.h"

#include <csignal>
#include <vector>

namespace gptc {

/// A signal has ended the run, and its checkpoint is written.
class Stopped : public Error {
public:
  using Error::Error;
};

/// SIGINT, SIGTERM and SIGHUP, without those that the process ignores, as nohup
/// asks for.
std::vector<int> stopSignals();

/// As long as it lives the signals are noted, not obeyed. One from a keyboard
/// that comes again ends the process at once.
class StopRequest {
public:
  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest &) = delete;
  StopRequest &operator=(const StopRequest &) = delete;

  /// The signal that came; 0 if none has.
  int signal() const;

private:
  std::vector<std::pair<int, struct sigaction>> before;
};

} // namespace gptc

#endif // GPTC_RUNTIME_STOP_SIGNALS_H
