//===- device.cpp - where a program's buffers stand and run ---------------===//
//
// Part of gptc, under the MIT License.
//
// The processor as a device: buffers at their places, parts on threads.
//
//===----------------------------------------------------------------------===//

#include "device.h"

#include "cuda_device.h"
#include "error.h"
#include "executor.h"
#include "places.h"
#include "processor.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>

using namespace gptc;

static bool poisonRequested() {
  const char *value = std::getenv("GPTC_POISON");
  return value && std::strcmp(value, "1") == 0;
}

namespace {
class CpuDevice : public Device {
public:
  CpuDevice(const ProgramView &program, const MemoryPlan &plan,
            unsigned threads, Communicator &ranks)
      : program(program), plan(plan), places(program, plan, requestedGuard()),
        executor(program, places, threads, plan.scratchBytes, requestedGuard(),
                 poisonRequested(), ranks) {}

  void write(uint32_t buffer, const void *from, uint64_t bytes) override {
    std::memcpy(places[buffer], from, bytes);
  }
  void read(uint32_t buffer, void *to, uint64_t bytes) const override {
    std::memcpy(to, places[buffer], bytes);
  }
  std::byte *hostMemory(uint64_t bytes) override {
    // Not touched before it is copied to: what is never copied takes nothing.
    taken.emplace_back(new std::byte[bytes]);
    return taken.back().get();
  }
  const std::byte *view(uint32_t buffer,
                        std::vector<std::byte> &) const override {
    return places[buffer];
  }
  void run(uint32_t part, const double *numbers) override {
    executor.run(program.parts()[part], numbers);
  }
  void runLaunch(uint32_t launch, const double *numbers) override {
    executor.run(launch, numbers);
  }
  void flushCaches() override {}
  void mark() override { marks.push_back(Clock::now()); }
  std::vector<double> takeMarks() override {
    std::vector<double> seconds;
    for (Clock::time_point mark : marks)
      seconds.push_back(
          std::chrono::duration<double>(mark - marks.front()).count());
    marks.clear();
    return seconds;
  }
  void beginTrace() override { executor.beginTrace(); }
  std::vector<TraceEntry> takeTrace() override { return executor.takeTrace(); }
  void fetch(uint32_t buffer) override {
    open.push_back(scalarOf(places[buffer], program.buffers()[buffer].element));
  }
  void post() override { letters.push_back(std::move(open)); }
  std::vector<double> take() override {
    std::vector<double> values = std::move(letters.front());
    letters.pop_front();
    return values;
  }
  unsigned lettersUnderWay() const override { return 0; }
  nlohmann::ordered_json describe() const override {
    return {{"name", processorName()}, {"processors", availableProcessors()}};
  }
  uint64_t allocatedBytes() const override {
    return plan.bytes(executor.threads());
  }

private:
  using Clock = std::chrono::steady_clock;

  ProgramView program;
  MemoryPlan plan;
  Places places;
  Executor executor;
  std::vector<std::unique_ptr<std::byte[]>> taken;
  std::vector<double> open;
  std::deque<std::vector<double>> letters;
  std::vector<Clock::time_point> marks;
};
} // namespace

double gptc::scalarOf(const void *stored, Element element) {
  if (element == Element::F64) {
    double value;
    std::memcpy(&value, stored, sizeof(value));
    return value;
  }
  float value;
  std::memcpy(&value, stored, sizeof(value));
  return static_cast<double>(value);
}

std::string Device::openProducts(const std::string &) {
  fail("--contractions: this program computes on the processor, which has no "
       "such library");
}

bool Device::runProduct(const Contraction &) { return false; }

std::unique_ptr<Device> gptc::openDevice(const ProgramView &program,
                                         const MemoryPlan &plan,
                                         unsigned threads, Communicator &ranks,
                                         const GpuOptions &gpu) {
  unsigned world = ranks.world();
  if (program.header().target == Target::Sm90a)
    return openCudaDevice(program, plan, poisonRequested(), ranks, gpu);
  if (world > 1)
    checkMemory(program, plan, threads, availableMemory() / world,
                formatText("each of {} ranks", world).c_str());
  else
    checkMemory(program, plan, threads, availableMemory());
  return std::make_unique<CpuDevice>(program, plan, threads, ranks);
}
