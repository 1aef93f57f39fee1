//===- cuda_exchange.h - what GPUs exchange, beside kernels -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A program's collectives on a stream of their own. Each begins when all that
// stands on the stream of the launches is done; what is put there afterwards
// runs beside it, up to an await of what it touches.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_EXCHANGE_H
#define GPTC_RUNTIME_CUDA_EXCHANGE_H

#include "cuda_progress.h"
#include "cuda_trace.h"
#include "memory.h"
#include "nccl_communicator.h"

#include <map>
#include <memory>

namespace gptc {

class CudaExchange {
public:
  /// All ranks of `control` call it, each with its GPU's context current.
  /// Buffers stand in `arena` as planned; `launches` is the stream of launches.
  /// All that it is given is needed as long as it is.
  CudaExchange(const CudaDriver &driver, const NcclLibrary &library,
               Communicator &control, const ProgramView &program,
               const MemoryPlan &plan, CUdeviceptr arena, CUstream launches,
               CudaProgress &progress);
  ~CudaExchange();

  /// Puts collectives of the program, by number, on their stream, as one group:
  /// they have no order.
  void begin(const std::vector<uint32_t> &group, const std::string &part,
             CudaTrace *trace);
  /// Launches put on their stream from now on come behind what touches a
  /// buffer, or behind all.
  void await(uint32_t buffer);
  void awaitAll();

  NcclCommunicator &communicator() { return *nccl; }
  CUstream ownStream() const { return stream; }

  /// Ends what is under way, whatever the others do; nothing else may follow.
  void abort() { nccl->abort(); }

private:
  struct Begun {
    CUevent over;
    uint64_t number;
  };
  void await(const Begun &begun);
  void record(CUevent &event, CUstream on);
  uint32_t wholeOf(uint32_t buffer) const {
    const Buffer &own = program.buffers()[buffer];
    return own.inPlace ? own.whole : buffer;
  }

  const CudaDriver &driver;
  const ProgramView &program;
  const MemoryPlan &plan;
  CUdeviceptr arena;
  CUstream launches, stream = nullptr;
  CudaProgress &progress;
  std::unique_ptr<NcclCommunicator> nccl;
  CUevent ready = nullptr;
  std::map<uint32_t, CUevent> overs; ///< by the first collective of a group
  std::map<uint32_t, Begun> touched; ///< by whole buffer: the last that does
  Begun last{nullptr, 0};
  uint64_t awaited = 0; ///< all that have begun up to this one are
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_EXCHANGE_H
