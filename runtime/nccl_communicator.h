//===- nccl_communicator.h - ranks on GPUs ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The communicator of what GPUs hold: addresses are those of the GPU's memory,
// and an operation is put on a stream, behind what stands there, and returns.
// NCCL does it. What the hosts have to say to each other goes through another
// communicator, the control.
//
// NCCL's order of terms follows from W, sizes and links: the same machine gives
// the same bits, all ranks have the same, and two ranks have those of the
// CPU's.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_NCCL_COMMUNICATOR_H
#define GPTC_RUNTIME_NCCL_COMMUNICATOR_H

#include "communicator.h"
#include "nccl_library.h"

#include <functional>

namespace gptc {

class NcclCommunicator : public Communicator {
public:
  /// All ranks of `control` call it, each with its GPU's context current and a
  /// stream of it. `control` is needed as long as this is.
  NcclCommunicator(const NcclLibrary &library, Communicator &control,
                   CUstream stream);
  /// Takes leave of the others, where all that was put on the stream is done.
  ~NcclCommunicator() override;

  /// Operations that `operations` calls for go out together.
  void group(const std::function<void()> &operations);
  /// The last operation that was put on the stream, or the last group; the same
  /// with where the run is.
  std::string groupName() const;
  std::string describe() const;
  uint64_t operation() const { return count; }

  /// Ends what is under way, whatever the others do; nothing else may follow.
  void abort();

  void allReduce(void *data, uint64_t count, Element element,
                 Reduction reduction, const std::string &what) override;
  void reduceScatter(const void *from, void *to, uint64_t count,
                     Element element, Reduction reduction,
                     const std::string &what) override;
  void allGather(const void *from, void *to, uint64_t bytes,
                 const std::string &what) override;
  void gather(const void *from, void *to, uint64_t bytes,
              const std::string &what) override {
    control.gather(from, to, bytes, what);
  }
  /// Of the hosts: it waits for no GPU.
  void barrier(const std::string &what) override { control.barrier(what); }
  void lookAfter(const std::string &what, uint64_t operation) override;
  void leave() override { control.leave(); }
  std::unique_ptr<Communicator> beside() override { return control.beside(); }

private:
  void begin(const std::string &what);
  void end(NcclStatus status, const char *function);
  void settle(NcclStatus status, const char *function);
  [[noreturn]] void lose(NcclStatus status, const char *function,
                         const std::string &what);

  const NcclLibrary &library;
  Communicator &control;
  CUstream stream;
  NcclComm comm = nullptr;
  bool grouped = false;
  uint64_t count = 0; ///< operations and groups so far
  std::string first;  ///< of the last group
  unsigned others = 0;
};

} // namespace gptc

#endif // GPTC_RUNTIME_NCCL_COMMUNICATOR_H
