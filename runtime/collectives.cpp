//===- collectives.cpp - what passes between the ranks --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "collectives.h"

using namespace gptc;

void gptc::runCollective(const ProgramView &program,
                         const Collective &collective, void *place,
                         Communicator &ranks) {
  const Buffer &buffer = program.buffers()[collective.buffer];
  ranks.allReduce(place, collective.elements, collective.element,
                  Reduction::Mean,
                  "the mean of '" + program.string(buffer.name) + "'");
}
