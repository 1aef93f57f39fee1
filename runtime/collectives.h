//===- collectives.h - what passes between the ranks ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A program's collectives as calls of a communicator, the same on every device.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COLLECTIVES_H
#define GPTC_RUNTIME_COLLECTIVES_H

#include "communicator.h"
#include "view.h"

namespace gptc {

/// Does a collective whose buffers begin at `from` and `to`, addresses as the
/// communicator takes them. For an await there is nothing to do.
void runCollective(const ProgramView &program, const Collective &collective,
                   const void *from, void *to, Communicator &ranks);

/// Bytes of all that the ranks of a collective have of it.
uint64_t bytesOf(const Collective &collective, unsigned world);

} // namespace gptc

#endif // GPTC_RUNTIME_COLLECTIVES_H
