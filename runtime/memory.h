//===- memory.h - what a command needs of the machine -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Every part's memory is known before anything runs. A command names the parts
// that it will run, gets an arena for those alone, and is refused at once where
// the machine has less memory than they take.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_MEMORY_H
#define GPTC_RUNTIME_MEMORY_H

#include "view.h"

#include <vector>

namespace gptc {

/// What a choice of a program's parts takes.
struct MemoryPlan {
  std::vector<bool> parts;      ///< by index: whether it may run
  std::vector<bool> touched;    ///< by index: buffers of the parts
  uint64_t persistentBytes = 0; ///< of the buffers that the parts touch; on a
                                ///< GPU, whose pages are all there, of all
  uint64_t workspaceBytes = 0;  ///< the largest part's
  uint64_t scratchBytes = 0;    ///< a thread, in whole pages
  uint32_t largest = kNone;     ///< the part of that workspace
  unsigned ranks = 1, rank = 0; ///< of the run
  uint64_t workspaceAt = 0;     ///< the byte of the arena where it begins

  uint64_t bytes(unsigned threads) const {
    return persistentBytes + workspaceBytes + scratchBytes * threads;
  }
};

/// The plan of `parts` (indices, kNone left out) and of the init part, for one
/// rank of a run.
MemoryPlan planMemory(const ProgramView &program,
                      const std::vector<uint32_t> &parts, unsigned ranks = 1,
                      unsigned rank = 0);

/// The byte of the arena at which a buffer begins.
uint64_t placeOf(const ProgramView &program, const MemoryPlan &plan,
                 uint32_t buffer);

/// Whether a run of so many ranks has the buffer.
inline bool isUsedBy(const Buffer &buffer, unsigned ranks) {
  return buffer.ranks == 0 || buffer.ranks == ranks;
}

/// All parts, but for what runs of several ranks have in the place of some.
std::vector<uint32_t> allParts(const ProgramView &program);
/// The parts that steps [begin, end) run, validations left out.
std::vector<uint32_t> partsOfSteps(const ProgramView &program, int64_t begin,
                                   int64_t end);
/// The events of step `begin` and of all later ones.
std::vector<uint32_t> eventsFrom(const ProgramView &program, int64_t begin);

/// Bytes that this process may still take: what the system has available, swap
/// space included, within the limits of the process's control groups; the
/// largest number if neither is known.
uint64_t availableMemory();

/// Throws an `Error`, with a mend, if the plan takes more than the `available`
/// bytes of a device ("this machine") on `threads` threads.
void checkMemory(const ProgramView &program, const MemoryPlan &plan,
                 unsigned threads, uint64_t available,
                 const char *device = "this machine");

} // namespace gptc

#endif // GPTC_RUNTIME_MEMORY_H
