//===- shared_communicator.h - ranks of one host ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Ranks that are processes of one host, over memory that they share: the
// communicator of the CPU target, and the oracle of what any other computes.
// Sums are taken in the order of the ranks, in f64, and rounded once, so the
// bits depend on nothing but the values and W; the mean of equal values is the
// value. There is no other host, and no other transport.
//
// A rank that waits looks at those it waits for, ten times a second. One that
// has ended, and one that has used no processor time for all of the time limit
// (stopped, or blocked for ever), is an error; one that computes may be as slow
// as it likes.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SHARED_COMMUNICATOR_H
#define GPTC_RUNTIME_SHARED_COMMUNICATOR_H

#include "rank_operation.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace gptc {

/// What a rank tells of itself.
struct alignas(64) SharedRank {
  std::atomic<int> pid;
  std::atomic<uint32_t> arrivals; ///< how often it has met the others
  /// Its last operations, which take turns: one is compared while the next is
  /// written.
  RankOperation operations[2];
  std::atomic<uint64_t> waitsAt; ///< an operation of all that is done elsewhere
  std::atomic<uint32_t> left;    ///< 1 if it has done all its work well
  char place[64];
  // Of a rank that failed, for the process that started it.
  std::atomic<uint32_t> failed;   ///< a `SharedFailure`
  std::atomic<uint64_t> failedAt; ///< on a clock that all ranks have
  char message[2048];
};

enum SharedFailure : uint32_t {
  kNoFailure,
  kOwnFailure,  ///< it failed by itself
  kPeerFailure, ///< it failed since another did
  kStopped,     ///< a signal has stopped the run, and its checkpoint is written
};

/// Memory that is shared with the processes that are forked after it was made,
/// and with those that open it by its path while one that has it lives. It has
/// no name that could be left behind.
class SharedMemory {
public:
  static constexpr uint64_t kSlotBytes = 1 << 20;

  explicit SharedMemory(unsigned world, uint64_t slotBytes = kSlotBytes);
  SharedMemory(const std::string &path, unsigned world);
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;

  unsigned world() const { return size; }
  std::string path() const; ///< for processes of the same user and host
  uint64_t slotBytes() const { return bytesOfSlot; }
  SharedRank &rank(unsigned rank) const;
  /// What a rank puts in for the others, and what they make of it.
  std::byte *slot(unsigned rank) const;
  std::byte *result() const { return slot(size); }

  std::atomic<uint32_t> &arrived() const;
  std::atomic<uint32_t> &generation() const;

private:
  void map(int opened);

  unsigned size;
  uint64_t bytesOfSlot, mappedBytes;
  int file = -1;
  std::byte *memory = nullptr;
};

class SharedCommunicator : public Communicator {
public:
  static constexpr double kTimeLimit = 20;

  /// The calling process is `rank` from now on. `timeLimit`: seconds.
  SharedCommunicator(SharedMemory &memory, unsigned rank,
                     double timeLimit = kTimeLimit);
  /// The same, with memory of its own.
  SharedCommunicator(std::unique_ptr<SharedMemory> memory, unsigned rank,
                     double timeLimit);

  void enter(const std::string &where) override;
  void allReduce(void *data, uint64_t count, Element element,
                 Reduction reduction, const std::string &what) override;
  void reduceScatter(const void *from, void *to, uint64_t count,
                     Element element, Reduction reduction,
                     const std::string &what) override;
  void allGather(const void *from, void *to, uint64_t bytes,
                 const std::string &what) override;
  void gather(const void *from, void *to, uint64_t bytes,
              const std::string &what) override;
  void barrier(const std::string &what) override;
  void lookAfter(const std::string &what, uint64_t operation) override;
  void leave() override { self.left = 1; }
  std::unique_ptr<Communicator> beside() override;

private:
  /// How a rank that is waited for has been seen.
  struct Watch {
    int64_t processorTime = -1;
    unsigned idle = 0; ///< looks at which that had not moved
  };

  void begin(const RankOperation &operation, const std::string &what);
  void meetFirst(); ///< and compares what the ranks are about to do
  void copyAll(RankOperation::Kind kind, const void *from, void *to,
               uint64_t bytes, const std::string &what);
  void meet();
  void watchFor(std::vector<Watch> &watches, uint32_t arrivals) const;
  void judge(unsigned rank, Watch &watch, bool isMissed,
             const std::string &what) const;
  const RankOperation &operation(unsigned rank) const;
  void sum(uint64_t begin, uint64_t count, Element element, Reduction reduction,
           void *to) const;

  std::unique_ptr<SharedMemory> owned;
  SharedMemory &memory;
  SharedRank &self;
  unsigned idleLimit;
  uint64_t operations = 0;      ///< begun so far
  std::vector<Watch> elsewhere; ///< of the others, by `lookAfter`
  uint64_t lastWaitedAt = 0;
  unsigned stuck = 0; ///< looks at which all waited there
};

} // namespace gptc

#endif // GPTC_RUNTIME_SHARED_COMMUNICATOR_H
