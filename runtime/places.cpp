//===- places.cpp - where the buffers of a program stand ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "places.h"

#include <cstdlib>
#include <string_view>

using namespace gptc;

Guard gptc::requestedGuard() {
  const char *value = std::getenv("GPTC_GUARD");
  std::string_view text = value ? value : "";
  return text == "before"  ? Guard::Before
         : text == "after" ? Guard::After
                           : Guard::None;
}

Places::Places(const ProgramView &program, const MemoryPlan &plan, Guard guard)
    : program(program), workspaceAt(plan.workspaceAt),
      arena(guard == Guard::None ? plan.workspaceAt + plan.workspaceBytes : 0) {
  auto buffers = program.buffers();
  places.resize(buffers.size());
  guarded.resize(buffers.size());
  if (guard == Guard::None) {
    for (size_t i = 0; i < buffers.size(); ++i)
      if (isUsedBy(buffers[i], plan.ranks))
        places[i] = arena.data() + placeOf(program, plan, uint32_t(i));
    return;
  }
  auto add = [&](uint32_t index) {
    if (index == kNone || places[index] ||
        !isUsedBy(buffers[index], plan.ranks))
      return;
    // What shares are a range of stands before them.
    if (buffers[index].inPlace) {
      places[index] =
          places[buffers[index].whole] + plan.rank * buffers[index].bytes;
      return;
    }
    // The members of a stack lie one after the other, as kernels read them.
    uint64_t members = 1 + buffers[index].following;
    uint64_t bytes = buffers[index].bytes;
    guarded[index] = std::make_unique<Arena>(buffers[index].room, guard);
    for (uint64_t i = 0; i < members; ++i)
      places[index + i] = guarded[index]->data() + i * bytes;
  };
  // What the host reads and writes, whichever parts run.
  for (uint32_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].kind != BufferKind::Workspace)
      add(i);
  for (size_t i = 0; i < plan.parts.size(); ++i)
    if (plan.parts[i])
      for (const Launch &launch :
           program.launches().slice(program.parts()[i].launches))
        for (const Argument &use : program.arguments().slice(launch.arguments))
          add(use.buffer);
}

void Places::poison(const Part &part) {
  if (arena.size()) {
    arena.poison(workspaceAt, part.workspaceBytes);
    return;
  }
  for (const Launch &launch : program.launches().slice(part.launches))
    for (const Argument &use : program.arguments().slice(launch.arguments)) {
      if (use.buffer == kNone)
        continue;
      const Buffer &buffer = program.buffers()[use.buffer];
      if (buffer.kind == BufferKind::Workspace)
        guarded[use.buffer]->poison(0, buffer.bytes);
    }
}
