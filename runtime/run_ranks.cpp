//===- run_ranks.cpp - a run's ranks as processes of this host ------------===//
//
// Part of gptc, under the MIT License.
//
// The parent only starts, waits and reports. A rank that fails leaves its
// message in shared memory; the others see it end, or are ended. What is
// reported is the root: a rank that was killed before one that failed, one that
// failed by itself before those that missed it.
//
//===----------------------------------------------------------------------===//

#include "ranks.h"
#include "shared_communicator.h"
#include "stop_signals.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gptc;
using Clock = std::chrono::steady_clock;

/// How long the others may take to end by themselves, in seconds: while some
/// have not met the others once they may fail for the same reason.
static constexpr double kGraceAtFirst = 25, kGrace = 2;
static constexpr double kLookSeconds = 0.05;

//===----------------------------------------------------------------------===//
// A rank
//===----------------------------------------------------------------------===//

/// Only rank 0 speaks.
static void silence() {
  int null = open("/dev/null", O_WRONLY);
  if (null < 0)
    return;
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  close(null);
}

/// A rank is told to stop by its parent alone, once.
static void ignoreTerminal() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

static void leave(SharedRank &state, SharedFailure failure,
                  const char *message) {
  std::strncpy(state.message, message, sizeof(state.message) - 1);
  state.failedAt = uint64_t(Clock::now().time_since_epoch().count());
  state.failed = failure;
}

[[noreturn]] static void
runRank(SharedMemory &memory, unsigned rank,
        const std::function<void(Communicator &)> &work) {
  SharedRank &state = memory.rank(rank);
  if (rank != 0)
    silence();
  try {
    SharedCommunicator ranks(memory, rank);
    workAs(ranks, work);
    if (std::fflush(nullptr) != 0)
      fail("cannot write to the standard output");
    _exit(0);
  } catch (const Stopped &stopped) {
    leave(state, kStopped, stopped.what());
  } catch (const RankError &error) {
    leave(state, kPeerFailure, error.what());
  } catch (const std::bad_alloc &) {
    leave(state, kOwnFailure, "out of memory");
  } catch (const std::exception &error) {
    leave(state, kOwnFailure, error.what());
  }
  std::fflush(nullptr);
  _exit(1);
}

//===----------------------------------------------------------------------===//
// The parent
//===----------------------------------------------------------------------===//

namespace {

class Parent {
public:
  Parent(unsigned count, bool heedsSignals)
      : memory(count), states(count), heedsSignals(heedsSignals) {}
  ~Parent() { killAll(); }

  void start(const std::function<void(Communicator &)> &work);
  void wait();
  [[noreturn]] void report() const;
  bool hasFailed() const { return failed; }

private:
  struct State {
    int pid = 0;
    bool ended = false, killed = false;
    int status = 0;
  };

  bool reap();
  void killAll();
  void obey(int signal);
  bool passOn(int signal);
  bool haveAllMet() const;

  SharedMemory memory;
  std::vector<State> states;
  bool failed = false;
  bool heedsSignals;
  int passed = 0;       ///< the signal that the ranks were told of
  sigset_t before = {}; ///< the signals that were blocked
};

} // namespace

/// That of a rank's end, and those that end the caller: not what it ignores,
/// as nohup asks for.
static sigset_t watchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (int signal : stopSignals())
    sigaddset(&signals, signal);
  return signals;
}

void Parent::start(const std::function<void(Communicator &)> &work) {
  std::fflush(nullptr); // or each rank would write it again
  sigset_t signals = watchedSignals();
  sigprocmask(SIG_BLOCK, &signals, &before);
  int parent = getpid();
  for (unsigned rank = 0; rank < states.size(); ++rank) {
    int pid = fork();
    if (pid < 0)
      failErrno(formatText("rank {}", rank), "cannot start its process");
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent)
        _exit(1);
      if (heedsSignals)
        ignoreTerminal();
      sigprocmask(SIG_SETMASK, &before, nullptr);
      runRank(memory, rank, work);
    }
    states[rank].pid = pid;
    memory.rank(rank).pid = pid;
  }
}

/// Collects the ranks that have ended; whether all have.
bool Parent::reap() {
  bool all = true;
  for (State &state : states) {
    if (!state.ended && state.pid &&
        waitpid(state.pid, &state.status, WNOHANG) == state.pid) {
      state.ended = true;
      failed |= state.status != 0;
    }
    all &= state.ended || !state.pid;
  }
  return all;
}

void Parent::killAll() {
  for (State &state : states)
    if (state.pid && !state.ended) {
      state.killed = true;
      kill(state.pid, SIGKILL);
    }
  for (State &state : states)
    if (state.pid && !state.ended) {
      while (waitpid(state.pid, &state.status, 0) < 0 && errno == EINTR)
        continue;
      state.ended = true;
    }
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

bool Parent::haveAllMet() const {
  for (unsigned rank = 0; rank < states.size(); ++rank)
    if (!states[rank].ended && memory.rank(rank).arrivals == 0)
      return false;
  return true;
}

void Parent::wait() {
  sigset_t signals = watchedSignals();
  Clock::time_point first{}; // failure
  while (!reap()) {
    if (failed && first == Clock::time_point{})
      first = Clock::now();
    std::chrono::duration<double> since = Clock::now() - first;
    if (failed && since.count() >= (haveAllMet() ? kGrace : kGraceAtFirst))
      break;
    timespec time = {0, long(kLookSeconds * 1e9)};
    int signal = sigtimedwait(&signals, nullptr, &time);
    if (signal < 0 || signal == SIGCHLD)
      continue;
    if (!passOn(signal))
      obey(signal);
  }
  // A rank that was told before it heeded signals was ended by it.
  for (const State &state : states)
    if (passed && state.ended && WIFSIGNALED(state.status) &&
        WTERMSIG(state.status) == SIGTERM)
      obey(passed);
  killAll();
}

/// Ends the ranks, and itself.
void Parent::obey(int signal) {
  killAll();
  raise(signal); // now that it is not blocked
  throw RankError(formatText("ended by signal {}", signal));
}

/// Tells the ranks, where they heed it; whether that is all there is to do.
bool Parent::passOn(int signal) {
  if (!heedsSignals || (passed && signal == SIGINT))
    return false;
  for (const State &state : states)
    if (!passed && state.pid && !state.ended)
      kill(state.pid, SIGTERM);
  passed = signal;
  return true;
}

void Parent::report() const {
  auto place = [&](unsigned rank) {
    const char *text = memory.rank(rank).place;
    return *text ? "in " + std::string(text) : std::string("before step 0");
  };
  for (unsigned rank = 0; rank < states.size(); ++rank) {
    const State &state = states[rank];
    if (state.killed || !WIFSIGNALED(state.status))
      continue;
    int signal = WTERMSIG(state.status);
    throw RankError(formatText("rank {} was ended by signal {} ({}) {}", rank,
                               signal, strsignal(signal), place(rank)));
  }
  auto failure = [&](unsigned rank) -> uint32_t {
    return memory.rank(rank).failed;
  };
  bool isSame = true; // on all ranks
  for (unsigned rank = 0; rank < states.size(); ++rank)
    isSame &=
        failure(rank) == failure(0) &&
        std::strcmp(memory.rank(rank).message, memory.rank(0).message) == 0;
  for (unsigned rank = 0; rank < states.size(); ++rank)
    if (failure(rank) == kOwnFailure) {
      std::string message = memory.rank(rank).message;
      throw Error(isSame ? message : formatText("rank {}: {}", rank, message));
    }
  const SharedRank *first = nullptr; // of those that missed another
  for (unsigned rank = 0; rank < states.size(); ++rank)
    if (failure(rank) == kPeerFailure &&
        (!first || memory.rank(rank).failedAt < first->failedAt))
      first = &memory.rank(rank);
  if (first)
    throw RankError(first->message);
  if (failure(0) == kStopped)
    throw Stopped(memory.rank(0).message);
  for (unsigned rank = 0; rank < states.size(); ++rank)
    if (!states[rank].killed && states[rank].status != 0)
      throw RankError(formatText("rank {} has ended with code {} {}", rank,
                                 WEXITSTATUS(states[rank].status),
                                 place(rank)));
  throw RankError("the ranks have failed");
}

void gptc::runRanks(unsigned count,
                    const std::function<void(Communicator &)> &work,
                    bool heedsSignals) {
  Parent parent(count, heedsSignals);
  parent.start(work);
  parent.wait();
  if (parent.hasFailed())
    parent.report();
}
