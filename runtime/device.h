//===- device.h - where a program's buffers stand and run -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What a program runs on: this machine's processor, or a GPU. Commands name
// buffers and parts and never hold an address of the device's memory.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_DEVICE_H
#define GPTC_RUNTIME_DEVICE_H

#include "communicator.h"
#include "memory.h"
#include "view.h"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gptc {

/// What a device did, and when, in seconds from the begin of a trace.
struct TraceEntry {
  std::string name, part;
  bool isExchange; ///< between ranks, beside the launches
  double begin, end;
  uint64_t bytes; ///< that passed between ranks
};

class Device {
public:
  virtual ~Device() = default;

  /// Copies `bytes` bytes into the buffer from its first on, or out of it,
  /// behind all runs so far. `from` may be changed as soon as `write` returns.
  virtual void write(uint32_t buffer, const void *from, uint64_t bytes) = 0;
  virtual void read(uint32_t buffer, void *to, uint64_t bytes) const = 0;

  /// Memory of the host to which copies from the device are fastest; as long as
  /// the device lives.
  virtual std::byte *hostMemory(uint64_t bytes) = 0;

  /// All bytes of a buffer as the host sees them: in place, or copied to
  /// `storage`. Valid until either changes.
  virtual const std::byte *view(uint32_t buffer,
                                std::vector<std::byte> &storage) const = 0;

  /// Starts the launches of a part (an index), behind all that was started
  /// before, with `numbers` as the step's row. It may return before they end.
  virtual void run(uint32_t part, const double *numbers) = 0;

  /// Starts one launch of a part, of its index in the program, as `run` would
  /// in its turn: what a profile times. The workspace is left as it is.
  virtual void runLaunch(uint32_t launch, const double *numbers) = 0;
  /// Writes so much other memory that what launches read next is in no cache of
  /// a GPU.
  virtual void flushCaches() = 0;
  /// Opens the library that `runProduct` asks, cuBLASLt, and says its version;
  /// `path` as `CublasLtLibrary` takes it. Throws an `Error` where there is
  /// none.
  virtual std::string openProducts(const std::string &path);
  /// Starts what the library has in the place of an op, into memory of its own;
  /// false if it has no such product.
  virtual bool runProduct(const Contraction &contraction);
  /// Notes the time at which all that was started so far is done, by the
  /// device's own clock and without a wait for it.
  virtual void mark() = 0;
  /// Waits for all marks, forgets them, and says how many seconds after the
  /// first of them each was.
  virtual std::vector<double> takeMarks() = 0;

  /// From now on until `takeTrace`, which waits for all, notes when each launch
  /// and each collective begins and ends. Launches are started one by one.
  virtual void beginTrace() = 0;
  virtual std::vector<TraceEntry> takeTrace() = 0;

  /// Copies a scalar output, as it stands behind all runs so far, into the open
  /// letter, without a wait for it.
  virtual void fetch(uint32_t buffer) = 0;
  /// Closes the letter; the next fetch opens another.
  virtual void post() = 0;
  /// The values of the oldest letter that has not been taken, in the order in
  /// which they were fetched. Waits for the last of them, and for nothing
  /// behind it.
  virtual std::vector<double> take() = 0;
  /// How many letters are best on the way: with one, the device has the next
  /// step to do while the host looks at what came of the last.
  virtual unsigned lettersUnderWay() const = 0;

  /// What a log says of it: `name` first, then what its times depend on.
  virtual nlohmann::ordered_json describe() const = 0;

  /// Bytes of memory that the parts touch, scratch included.
  virtual uint64_t allocatedBytes() const = 0;
};

/// A scalar of f64 or f32 as it is stored.
double scalarOf(const void *stored, Element element);

/// How several ranks use GPUs.
struct GpuOptions {
  std::string nccl;   ///< NCCL's file or folder; else as `NcclLibrary` finds it
  bool share = false; ///< ranks may share a GPU
};

/// The device that the program was compiled for, with memory for the parts of
/// the plan, all of it zero. Throws an `Error`, with what is needed and what
/// was found, where the machine has none or less memory. The environment
/// variable GPTC_POISON=1 turns on the poisoning of dead memory;
/// GPTC_GUARD=before and GPTC_GUARD=after set each buffer beside a page that
/// ends the process (on the CPU). Parts meet the other ranks where they say so;
/// those of the CPU are of this machine and share its memory.
std::unique_ptr<Device> openDevice(const ProgramView &program,
                                   const MemoryPlan &plan, unsigned threads,
                                   Communicator &ranks = singleRank(),
                                   const GpuOptions &gpu = {});

} // namespace gptc

#endif // GPTC_RUNTIME_DEVICE_H
