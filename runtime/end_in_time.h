//===- end_in_time.h - an end for what may never end ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_END_IN_TIME_H
#define GPTC_RUNTIME_END_IN_TIME_H

#include <memory>
#include <string>

namespace gptc {

/// Ends the process with `text` and the exit code of a lost rank unless it ends
/// within some seconds: for what cleans up after a failure.
class EndInTime {
public:
  EndInTime(std::string text, double seconds);
  ~EndInTime();
  EndInTime(const EndInTime &) = delete;
  EndInTime &operator=(const EndInTime &) = delete;

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace gptc

#endif // GPTC_RUNTIME_END_IN_TIME_H
