//===- cuda_trace.h - when a GPU did what -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Pairs of events around what is put on streams, read when all is done.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_TRACE_H
#define GPTC_RUNTIME_CUDA_TRACE_H

#include "cuda_driver.h"
#include "device.h"

#include <string>
#include <vector>

namespace gptc {

class CudaTrace {
public:
  /// Times count from what stands on `launches` so far; another stream is that
  /// of collectives. The driver is needed as long as this.
  CudaTrace(const CudaDriver &driver, CUstream launches);
  ~CudaTrace();
  CudaTrace(const CudaTrace &) = delete;
  CudaTrace &operator=(const CudaTrace &) = delete;

  void begin(CUstream stream);
  /// Of what began last. `bytes` pass between ranks.
  void end(CUstream stream, const std::string &name, const std::string &part,
           uint64_t bytes = 0);

  /// When all of the streams is done.
  std::vector<TraceEntry> take() const;

private:
  struct Entry {
    CUstream stream;
    CUevent begin, end;
    std::string name, part;
    uint64_t bytes;
  };
  CUevent record(CUstream stream);

  const CudaDriver &driver;
  CUstream launches;
  std::vector<CUevent> events;
  std::vector<Entry> entries;
  CUevent zero, open = nullptr;
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_TRACE_H
