//===- cuda_trace.cpp - when a GPU did what -------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cuda_trace.h"

using namespace gptc;

CudaTrace::CudaTrace(const CudaDriver &driver, CUstream launches)
    : driver(driver), launches(launches), zero(record(launches)) {}

CudaTrace::~CudaTrace() {
  for (CUevent event : events)
    if (event)
      driver.cuEventDestroyFunction(event);
}

CUevent CudaTrace::record(CUstream stream) {
  events.push_back(nullptr);
  GPTC_CUDA(driver, cuEventCreate, &events.back(), CU_EVENT_DEFAULT);
  GPTC_CUDA(driver, cuEventRecord, events.back(), stream);
  return events.back();
}

void CudaTrace::begin(CUstream stream) { open = record(stream); }

void CudaTrace::end(CUstream stream, const std::string &name,
                    const std::string &part, uint64_t bytes) {
  CUevent over = record(stream);
  entries.push_back({stream, open, over, name, part, bytes});
}

std::vector<TraceEntry> CudaTrace::take() const {
  auto seconds = [&](CUevent event) {
    float milliseconds = 0;
    GPTC_CUDA(driver, cuEventElapsedTime, &milliseconds, zero, event);
    return 1e-3 * static_cast<double>(milliseconds);
  };
  std::vector<TraceEntry> all;
  for (const Entry &entry : entries)
    all.push_back({entry.name, entry.part, entry.stream != launches,
                   seconds(entry.begin), seconds(entry.end), entry.bytes});
  return all;
}
