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

Arena::Arena(uint64_t bytes) : bytes(bytes) {
  if (bytes == 0)
    return;
  void *block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED)
    fail("cannot reserve the %llu MiB of memory that this program needs",
         static_cast<unsigned long long>((bytes + (1 << 20) - 1) >> 20));
  madvise(block, bytes, MADV_HUGEPAGE); // Advice: a refusal changes no result.
  memory = static_cast<std::byte *>(block);
}

Arena::~Arena() {
  if (memory)
    munmap(memory, bytes);
}

void Arena::poison(uint64_t begin, uint64_t count) {
  std::memset(memory + begin, 0xff, count);
}
