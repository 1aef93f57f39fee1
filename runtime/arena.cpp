//===- arena.cpp - the one allocation of a training run -------------------===//
//
// Part of gptc, under the MIT License.
//
// mmap without reservation, on huge pages where the kernel has them.
//
//===----------------------------------------------------------------------===//

#include "arena.h"

#include "error.h"

#include <cstring>
#include <sys/mman.h>

using namespace gptc;

static constexpr uint64_t kPage = 4096;

Arena::Arena(uint64_t bytes, Guard guard) : bytes(bytes) {
  if (bytes == 0)
    return;
  uint64_t pages = (bytes + kPage - 1) / kPage * kPage;
  mapped = guard == Guard::None ? bytes : pages + kPage;
  block = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED)
    fail("cannot reserve the {} MiB of memory that this program needs",
         (bytes + (1 << 20) - 1) >> 20);
  memory = static_cast<std::byte *>(block);
  if (guard == Guard::None) {
    madvise(block, bytes, MADV_HUGEPAGE); // Advice: a refusal changes nothing.
    return;
  }
  bool behind = guard == Guard::After;
  std::byte *outside = behind ? memory + pages : memory;
  memory += behind ? pages - bytes : kPage;
  if (mprotect(outside, kPage, PROT_NONE) != 0)
    fail("cannot guard a buffer");
}

Arena::~Arena() {
  if (memory)
    munmap(block, mapped);
}

void Arena::poison(uint64_t begin, uint64_t count) {
  std::memset(memory + begin, 0xff, count);
}
