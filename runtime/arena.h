//===- arena.h - the one allocation of a training run -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Memory is planned at compile time: a program needs one block of a known
// size, and every buffer has its offset in it. The block is reserved without
// being committed, so pages that no part touches cost nothing.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_ARENA_H
#define GPTC_RUNTIME_ARENA_H

#include <cstddef>
#include <cstdint>

namespace gptc {

/// Where a page lies that nobody may touch.
enum class Guard {
  None,
  Before, ///< right before the first byte
  After,  ///< right behind the last one, which then decides the alignment
};

/// Zeroed, page-aligned memory, given back on destruction.
class Arena {
public:
  /// Throws an `Error` when the machine refuses `bytes`.
  explicit Arena(uint64_t bytes, Guard guard = Guard::None);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  std::byte *data() const { return memory; }
  uint64_t size() const { return bytes; }

  /// Fills [begin, begin + count) with all-one bits: NaN as bf16, f32 and f64,
  /// −1 as i32. What reads memory that nobody wrote then shows.
  void poison(uint64_t begin, uint64_t count);

private:
  std::byte *memory = nullptr;
  uint64_t bytes;
  void *block = nullptr; ///< what was mapped, the guard included
  uint64_t mapped = 0;
};

} // namespace gptc

#endif // GPTC_RUNTIME_ARENA_H
