//===- shared_communicator.cpp - ranks of one host ------------------------===//
//
// Part of gptc, under the MIT License.
//
// Data go through slots, one a rank, piece by piece. Every rank puts a piece
// into its slot, all meet, each makes its share of the result, all meet again:
// so every element is added once, whatever W is.
//
//===----------------------------------------------------------------------===//

#include "shared_communicator.h"

#include "view.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace gptc;

//===----------------------------------------------------------------------===//
// The memory
//===----------------------------------------------------------------------===//

namespace {
/// What stands before the ranks.
struct alignas(64) Meeting {
  std::atomic<uint32_t> arrived;
  alignas(64) std::atomic<uint32_t> generation;
};
} // namespace

static uint64_t headBytes(unsigned world) {
  return (sizeof(Meeting) + world * sizeof(SharedRank) + 4095) / 4096 * 4096;
}

SharedMemory::SharedMemory(unsigned world, uint64_t slotBytes)
    : size(world), bytesOfSlot(slotBytes),
      mappedBytes(headBytes(world) + (world + 1) * slotBytes) {
  int made = memfd_create("gptc-ranks", MFD_CLOEXEC); // all zero
  if (made < 0 || ftruncate(made, off_t(mappedBytes)) != 0)
    failErrno("memory of the ranks", "cannot be made");
  map(made);
}

SharedMemory::SharedMemory(const std::string &path, unsigned world)
    : size(world), bytesOfSlot(kSlotBytes),
      mappedBytes(headBytes(world) + (world + 1) * kSlotBytes) {
  int opened = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat found = {};
  if (opened < 0 || fstat(opened, &found) != 0)
    failErrno(path, "cannot open the memory of rank 0");
  if (uint64_t(found.st_size) != mappedBytes)
    fail("{}: the memory of rank 0 has another size", path);
  map(opened);
}

void SharedMemory::map(int opened) {
  file = opened;
  void *mapped =
      mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  memory = static_cast<std::byte *>(mapped);
}

SharedMemory::~SharedMemory() {
  munmap(memory, mappedBytes);
  close(file);
}

std::string SharedMemory::path() const {
  return formatText("/proc/{}/fd/{}", int(getpid()), file);
}

SharedRank &SharedMemory::rank(unsigned rank) const {
  return reinterpret_cast<SharedRank *>(memory + sizeof(Meeting))[rank];
}

std::byte *SharedMemory::slot(unsigned rank) const {
  return memory + headBytes(size) + rank * bytesOfSlot;
}

std::atomic<uint32_t> &SharedMemory::arrived() const {
  return reinterpret_cast<Meeting *>(memory)->arrived;
}

std::atomic<uint32_t> &SharedMemory::generation() const {
  return reinterpret_cast<Meeting *>(memory)->generation;
}

//===----------------------------------------------------------------------===//
// Meeting
//===----------------------------------------------------------------------===//

/// Sleeps while `word` is `value`, until woken or it is time to look.
static void sleepWhile(std::atomic<uint32_t> &word, uint32_t value) {
  timespec look = {0, long(1e9 / Communicator::kLooksPerSecond)};
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &look, nullptr, 0);
}

static void wakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

/// Whether a process is no more; one that its parent has not heard of yet too.
static bool isGone(int pid) {
  if (kill(pid, 0) != 0 && errno == ESRCH)
    return true;
  std::FILE *file = std::fopen(formatText("/proc/{}/stat", pid).c_str(), "r");
  if (!file)
    return false;
  char text[512] = {};
  size_t size = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  const char *name = static_cast<const char *>(memrchr(text, ')', size));
  return name && (name[2] == 'Z' || name[2] == 'X');
}

/// Nanoseconds of processor time that a process has used; −1 if unknown.
static int64_t processorTime(int pid) {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    return -1;
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// A zero-terminated text in `size` bytes, cut if need be.
static void copyText(char *to, size_t size, const std::string &from) {
  std::memset(to, 0, size);
  from.copy(to, size - 1);
}

SharedCommunicator::SharedCommunicator(SharedMemory &memory, unsigned rank,
                                       double timeLimit)
    : Communicator(rank, memory.world(), rank), memory(memory),
      self(memory.rank(rank)), idleLimit(unsigned(timeLimit * kLooksPerSecond)),
      elsewhere(memory.world()) {
  self.pid = getpid();
}

SharedCommunicator::SharedCommunicator(std::unique_ptr<SharedMemory> memory,
                                       unsigned rank, double timeLimit)
    : SharedCommunicator(*memory, rank, timeLimit) {
  owned = std::move(memory);
}

std::unique_ptr<Communicator> SharedCommunicator::beside() {
  static constexpr size_t kPathBytes = 64;
  std::vector<char> path(kPathBytes), all(kPathBytes * world());
  std::unique_ptr<SharedMemory> made;
  if (rank() == 0) {
    made = std::make_unique<SharedMemory>(world());
    copyText(path.data(), path.size(), made->path());
  }
  allGather(path.data(), all.data(), kPathBytes, "more memory of the ranks");
  if (rank() != 0)
    made = std::make_unique<SharedMemory>(std::string(all.data()), world());
  auto other = std::make_unique<SharedCommunicator>(
      std::move(made), rank(), idleLimit / kLooksPerSecond);
  barrier("more memory of the ranks"); // now each of them is known there
  return other;
}

void SharedCommunicator::enter(const std::string &where) {
  Communicator::enter(where);
  copyText(self.place, sizeof(self.place), where);
}

/// Throws if a rank has ended, and is missed, or has done nothing for too long.
/// `what`: where the others wait for it.
void SharedCommunicator::judge(unsigned rank, Watch &watch, bool isMissed,
                               const std::string &what) const {
  int pid = memory.rank(rank).pid;
  if (isMissed)
    throw RankError(formatText(
        "rank {} has ended; the others wait for it at {}", rank, what));
  int64_t time = pid ? processorTime(pid) : -1;
  watch.idle = time == watch.processorTime ? watch.idle + 1 : 0;
  watch.processorTime = time;
  if (watch.idle >= idleLimit)
    throw RankError(formatText(
        "rank {} has done nothing for {:.0f} s; the others wait for it at {}",
        rank, idleLimit / kLooksPerSecond, what));
}

void SharedCommunicator::watchFor(std::vector<Watch> &watches,
                                  uint32_t arrivals) const {
  for (unsigned r = 0; r < world(); ++r) {
    const SharedRank &other = memory.rank(r);
    if (other.arrivals - arrivals < UINT32_MAX / 2) // has come
      continue;
    int pid = other.pid;
    // A rank that ends comes to all meetings before.
    bool isMissed =
        pid && isGone(pid) && other.arrivals - arrivals >= UINT32_MAX / 2;
    judge(r, watches[r], isMissed, nameOf(operation(rank())));
  }
}

void SharedCommunicator::lookAfter(const std::string &what,
                                   uint64_t operation) {
  self.waitsAt = operation;
  bool allWait = operation != 0 && operation == lastWaitedAt;
  lastWaitedAt = operation;
  for (unsigned r = 0; r < world(); ++r) {
    const SharedRank &other = memory.rank(r);
    allWait &= other.waitsAt == operation;
    int pid = other.pid;
    if (r == rank() || other.left)
      continue;
    bool isMissed = pid && isGone(pid) && !other.left;
    judge(r, elsewhere[r], isMissed, what);
  }
  stuck = allWait ? stuck + 1 : 0;
  if (stuck >= idleLimit)
    throw RankError(formatText("all ranks have waited for {:.0f} s at {}",
                               idleLimit / kLooksPerSecond, what));
}

void SharedCommunicator::meet() {
  uint32_t generation = memory.generation();
  uint32_t arrivals = ++self.arrivals;
  if (++memory.arrived() == world()) {
    memory.arrived() = 0;
    ++memory.generation();
    wakeAll(memory.generation());
    return;
  }
  std::vector<Watch> watches(world());
  while (true) {
    sleepWhile(memory.generation(), generation);
    if (memory.generation() != generation)
      return;
    watchFor(watches, arrivals);
  }
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

const RankOperation &SharedCommunicator::operation(unsigned rank) const {
  return memory.rank(rank).operations[operations % 2];
}

void SharedCommunicator::begin(const RankOperation &operation,
                               const std::string &what) {
  RankOperation &own = self.operations[++operations % 2];
  own = operation;
  name(own, what, place());
}

void SharedCommunicator::meetFirst() {
  meet();
  for (unsigned r = 1; r < world(); ++r)
    compare(operation(0), r, operation(r));
}

// A rank that has nothing to give may have no memory for it: null, which
// std::copy_n takes where nothing is copied, and memcpy never.

/// Elements [begin, begin + count) of all slots.
void SharedCommunicator::sum(uint64_t begin, uint64_t count, Element element,
                             Reduction reduction, void *to) const {
  std::vector<const std::byte *> slots;
  for (unsigned r = 0; r < world(); ++r)
    slots.push_back(memory.slot(r) + begin * elementBytes(element));
  sumOf(slots, count, element, reduction, to);
}

void SharedCommunicator::allReduce(void *data, uint64_t count, Element element,
                                   Reduction reduction,
                                   const std::string &what) {
  checkElement(element, what);
  begin({RankOperation::AllReduce, element, reduction, 0, count, {}}, what);
  uint64_t size = elementBytes(element), most = memory.slotBytes() / size;
  for (uint64_t at = 0; at == 0 || at < count; at += most) {
    uint64_t piece = std::min(most, count - at);
    std::byte *place = static_cast<std::byte *>(data) + at * size;
    std::copy_n(place, piece * size, memory.slot(rank()));
    at == 0 ? meetFirst() : meet();
    uint64_t from = piece * rank() / world();
    uint64_t end = piece * (rank() + 1) / world();
    sum(from, end - from, element, reduction, memory.result() + from * size);
    meet();
    std::copy_n(memory.result(), piece * size, place);
  }
}

void SharedCommunicator::reduceScatter(const void *from, void *to,
                                       uint64_t count, Element element,
                                       Reduction reduction,
                                       const std::string &what) {
  checkElement(element, what);
  begin({RankOperation::ReduceScatter, element, reduction, 0, count, {}}, what);
  uint64_t size = elementBytes(element);
  uint64_t most = memory.slotBytes() / size / world();
  const std::byte *source = static_cast<const std::byte *>(from);
  for (uint64_t at = 0; at == 0 || at < count; at += most) {
    uint64_t piece = std::min(most, count - at);
    for (unsigned r = 0; r < world(); ++r)
      std::copy_n(source + (r * count + at) * size, piece * size,
                  memory.slot(rank()) + r * piece * size);
    at == 0 ? meetFirst() : meet();
    sum(rank() * piece, piece, element, reduction,
        static_cast<std::byte *>(to) + at * size);
    meet();
  }
}

/// What each rank has, to those that have a place for it.
void SharedCommunicator::copyAll(RankOperation::Kind kind, const void *from,
                                 void *to, uint64_t bytes,
                                 const std::string &what) {
  begin({kind, Element::F32, Reduction::Sum, 0, bytes, {}}, what);
  uint64_t most = memory.slotBytes();
  for (uint64_t at = 0; at == 0 || at < bytes; at += most) {
    uint64_t piece = std::min(most, bytes - at);
    std::copy_n(static_cast<const std::byte *>(from) + at, piece,
                memory.slot(rank()));
    at == 0 ? meetFirst() : meet();
    for (unsigned r = 0; to && r < world(); ++r)
      std::copy_n(memory.slot(r), piece,
                  static_cast<std::byte *>(to) + r * bytes + at);
    meet();
  }
}

void SharedCommunicator::allGather(const void *from, void *to, uint64_t bytes,
                                   const std::string &what) {
  copyAll(RankOperation::AllGather, from, to, bytes, what);
}

void SharedCommunicator::gather(const void *from, void *to, uint64_t bytes,
                                const std::string &what) {
  copyAll(RankOperation::Gather, from, rank() == 0 ? to : nullptr, bytes, what);
}

void SharedCommunicator::barrier(const std::string &what) {
  begin({RankOperation::Barrier, Element::F32, Reduction::Sum, 0, 0, {}}, what);
  meetFirst();
}

void SingleRank::reduceScatter(const void *from, void *to, uint64_t count,
                               Element element, Reduction,
                               const std::string &what) {
  allGather(from, to, count * elementBytes(element), what);
}
