//===- trace.h - the timeline of a step as a file ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_TRACE_H
#define GPTC_RUNTIME_TRACE_H

#include "communicator.h"
#include "device.h"

#include <string>
#include <vector>

namespace gptc {

/// Writes what all ranks did, on rank 0, in Chrome's trace event format, which
/// chrome://tracing and Perfetto show: a process a rank, in it a thread of the
/// launches and one of what ranks exchange. All ranks call it.
void writeTrace(const std::string &path, std::vector<TraceEntry> entries,
                int64_t step, Communicator &ranks);

} // namespace gptc

#endif // GPTC_RUNTIME_TRACE_H
