//===- RankProcesses.h - tests whose ranks are processes --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_RANKPROCESSES_H
#define GPTC_TEST_UNIT_RANKPROCESSES_H

#include "shared_communicator.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gptc::test {

/// What each of the processes leaves in the memory: its message, "" if it went
/// well, "lost" if it was ended. One that stops is ended after `pause`
/// microseconds, in which the others are to find it out.
inline std::vector<std::string>
messagesOf(const std::vector<int> &pids, SharedMemory &memory, unsigned pause) {
  std::vector<std::string> messages(pids.size());
  for (unsigned rank = 0; rank < pids.size(); ++rank) {
    int status = 0;
    while (waitpid(pids[rank], &status, WUNTRACED) == pids[rank] &&
           WIFSTOPPED(status)) {
      usleep(pause);
      kill(pids[rank], SIGKILL);
    }
    messages[rank] = WIFSIGNALED(status) ? "lost" : memory.rank(rank).message;
  }
  return messages;
}

inline void expectWell(const std::vector<std::string> &messages) {
  for (size_t rank = 0; rank < messages.size(); ++rank)
    EXPECT_EQ(messages[rank], "") << "rank " << rank;
}

/// For a rank, whose process has no test's report.
inline void check(bool holds, const char *what) {
  if (!holds)
    fail("{}", what);
}

} // namespace gptc::test

#endif // GPTC_TEST_UNIT_RANKPROCESSES_H
