//===- instance.h - a program on its device ---------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What every command needs: the device, and the numbers of each step with the
// host's columns filled in.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_INSTANCE_H
#define GPTC_RUNTIME_INSTANCE_H

#include "costs.h"
#include "device.h"
#include "feed.h"
#include "memory.h"
#include "numbers.h"

#include <optional>

namespace gptc {

class Instance {
public:
  /// Opens the device with memory for the parts that will be run (and the init
  /// part). Throws an `Error` as `openDevice` does. `given` is what
  /// `StepNumbers` takes; `ranks` is needed as long as the instance.
  Instance(const ProgramView &program, unsigned threads, uint64_t seed,
           const std::vector<uint32_t> &parts,
           const std::vector<double> &given = {},
           Communicator &ranks = singleRank(), const GpuOptions &gpu = {});
  /// The same with all parts.
  Instance(const ProgramView &program, unsigned threads, uint64_t seed)
      : Instance(program, threads, seed, allParts(program)) {}

  /// Runs the init part: parameters by their recipes, states zero.
  void initialize();

  /// Runs the events of step `step` and of all later ones (the split of tied
  /// tables). What they write is read only after them, so they may come early:
  /// then the parameters are complete, whichever step they are from.
  void runEvents(int64_t step);

  /// Runs part `part` (an index) with the numbers of step `step`.
  void run(uint32_t part, int64_t step) { runVariant(part, step, false); }
  /// `last`: of the step's micro-batches; all ranks begin what they exchange.
  void run(uint32_t part, int64_t step, const MicroBatch &batch,
           bool last = false);

  /// What a profile does: the inputs of a part alone, one launch of one (an
  /// index in the program), marks as `Device` has them.
  void feed(uint32_t part, const MicroBatch &batch);
  void runLaunch(uint32_t launch, int64_t step);
  Device &onDevice() { return *device; }
  void mark() { device->mark(); }
  std::vector<double> takeMarks() { return device->takeMarks(); }

  void beginTrace() { device->beginTrace(); }
  std::vector<TraceEntry> takeTrace() { return device->takeTrace(); }

  /// The scalar that the last run of `part` left; empty if it has none.
  std::optional<double> result(uint32_t part, Result result) const;
  /// Asks for the scalar that `part` leaves, as it is now; whether it has one.
  /// `post` ends what belongs together, `take` waits for the oldest of it.
  bool fetch(uint32_t part, Result result);
  /// The loss, which every part that is run for it has.
  void fetchLoss(uint32_t part);
  void post() { device->post(); }
  std::vector<double> take() { return device->take(); }
  unsigned lettersUnderWay() const { return device->lettersUnderWay(); }

  /// The loss that the last run of `part` left, as the graph gives it; every
  /// part that is run for it has one.
  double loss(uint32_t part) const;
  /// The same a token.
  double tokenLoss(uint32_t part, Result which = Result::Loss) const;
  /// How many tokens the loss of `part` sums over; 1 for a mean, and for one
  /// that is shown as it is.
  int64_t lossTokens(uint32_t part, Result which = Result::Loss) const;
  /// The output buffer of `part`; null if it has none.
  const Buffer *output(uint32_t part, Result result) const;

  /// All of a buffer, as `Device` copies it.
  void write(const Buffer &buffer, const void *from) {
    device->write(indexOf(buffer), from, buffer.bytes);
  }
  const std::byte *read(const Buffer &buffer,
                        std::vector<std::byte> &storage) const {
    return device->view(indexOf(buffer), storage);
  }
  /// All of a buffer to memory of the host, best that which `Device` gives.
  void copy(const Buffer &buffer, std::byte *to) const {
    device->read(indexOf(buffer), to, buffer.bytes);
  }
  std::byte *hostMemory(uint64_t bytes) const {
    return device->hostMemory(bytes);
  }
  const ProgramView &program() const { return view; }

  /// The step's row of numbers, with the host's in their places.
  std::vector<double> numbers(int64_t step);

  /// What the program runs on, as a log says it.
  nlohmann::ordered_json describeDevice() const;

  /// What its GPU does at best; null on a CPU.
  const Card *card() const { return ownCard; }

  /// Bytes of all memory that the parts touch, the threads' scratch included.
  uint64_t allocatedBytes() const { return device->allocatedBytes(); }

private:
  void runVariant(uint32_t part, int64_t step, bool last);
  const Output *find(uint32_t part, Result result) const;
  uint32_t indexOf(const Buffer &buffer) const {
    return static_cast<uint32_t>(&buffer - view.buffers().begin());
  }

  ProgramView view;
  MemoryPlan plan;
  double seed;
  unsigned ranks, rank;
  int64_t microBatches; ///< that this rank accumulates a step
  StepNumbers stepNumbers;
  std::unique_ptr<Device> device;
  const Card *ownCard = nullptr;
};

} // namespace gptc

#endif // GPTC_RUNTIME_INSTANCE_H
