//===- places.h - where the buffers of a program stand ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// As planned: all in one arena, which is what runs. Or, to test kernels, each
// buffer alone beside a page that nobody may touch: an access beyond a buffer
// then ends the process.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PLACES_H
#define GPTC_RUNTIME_PLACES_H

#include "arena.h"
#include "memory.h"
#include "view.h"

#include <memory>
#include <vector>

namespace gptc {

/// What the environment variable GPTC_GUARD asks for: `before`, `after`, else
/// none.
Guard requestedGuard();

class Places {
public:
  /// Memory for the parts of the plan.
  Places(const ProgramView &program, const MemoryPlan &plan, Guard guard);

  /// By buffer; null for one that none of the parts touches, if guarded.
  std::byte *operator[](uint32_t buffer) const { return places[buffer]; }

  /// Fills a part's workspace with NaN.
  void poison(const Part &part);

private:
  ProgramView program;
  uint64_t workspaceAt;
  Arena arena;                                 ///< empty if guarded
  std::vector<std::unique_ptr<Arena>> guarded; ///< by buffer
  std::vector<std::byte *> places;
};

} // namespace gptc

#endif // GPTC_RUNTIME_PLACES_H
