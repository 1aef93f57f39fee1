//===- collectives.cpp - what passes between the ranks --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "collectives.h"

using namespace gptc;

void gptc::runCollective(const ProgramView &program,
                         const Collective &collective, const void *from,
                         void *to, Communicator &ranks) {
  std::string name = program.string(collective.name);
  switch (collective.kind) {
  case CollectiveKind::AllReduce:
    return ranks.allReduce(to, collective.elements, collective.element,
                           collective.reduction, name);
  case CollectiveKind::ReduceScatter:
    return ranks.reduceScatter(from, to, collective.elements,
                               collective.element, collective.reduction, name);
  case CollectiveKind::AllGather:
    return ranks.allGather(
        from, to, collective.elements * elementBytes(collective.element), name);
  case CollectiveKind::Await:
    return;
  }
}

uint64_t gptc::bytesOf(const Collective &collective, unsigned world) {
  uint64_t bytes = collective.elements * elementBytes(collective.element);
  return collective.kind == CollectiveKind::AllReduce ? bytes : bytes * world;
}
