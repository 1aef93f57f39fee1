//===- cuda_device.cpp - a program on a GPU -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// One arena, one stream, one graph a part, made before any runs. So a part is
// one call of the driver, and nothing of the host stands between its launches.
// With several ranks a part's graph is cut where one of their collectives
// begins, on another stream, and where its end is waited for.
//
//===----------------------------------------------------------------------===//

#include "cuda_device.h"

#include "cuda_driver.h"
#include "cuda_exchange.h"
#include "cuda_kernels.h"
#include "cuda_products.h"
#include "cuda_progress.h"
#include "end_in_time.h"
#include "error.h"
#include "gpu_sharing.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

using namespace gptc;

/// How long what is left of a failed run may take to be given back, in seconds.
static constexpr double kReleaseSeconds = 8;

namespace {

class CudaDevice : public Device {
public:
  CudaDevice(const ProgramView &program, const MemoryPlan &plan, bool poison,
             Communicator &ranks, const GpuOptions &options);
  ~CudaDevice() override;

  void write(uint32_t buffer, const void *from, uint64_t bytes) override;
  void read(uint32_t buffer, void *to, uint64_t bytes) const override;
  std::byte *hostMemory(uint64_t bytes) override;
  const std::byte *view(uint32_t buffer,
                        std::vector<std::byte> &storage) const override;
  void run(uint32_t part, const double *numbers) override;
  void runLaunch(uint32_t launch, const double *numbers) override;
  void flushCaches() override;
  std::string openProducts(const std::string &path) override;
  bool runProduct(const Contraction &contraction) override;
  void mark() override;
  std::vector<double> takeMarks() override;
  void beginTrace() override { trace.emplace(driver, stream); }
  std::vector<TraceEntry> takeTrace() override;
  void fetch(uint32_t buffer) override;
  void post() override;
  std::vector<double> take() override;
  unsigned lettersUnderWay() const override { return kLetters - 1; }
  nlohmann::ordered_json describe() const override;
  uint64_t allocatedBytes() const override { return arenaBytes + rowBytes; }

private:
  size_t letterSize() const;
  void send(CUdeviceptr to, const void *from, uint64_t bytes);
  void release(bool failed);
  void findDevice();
  void allocate(const MemoryPlan &plan);
  void setNumbers(const double *given);
  void cut(uint32_t index);
  void runPieces(uint32_t index);
  void finish() const;
  CUdeviceptr place(uint32_t buffer) const {
    return arena + placeOf(program, plan, buffer);
  }

  /// Scalars on their way to the host, in memory that the GPU writes by itself.
  struct Letter {
    void *values = nullptr; ///< 8 bytes each
    std::vector<Element> elements;
    CUevent written = nullptr;
  };
  static constexpr unsigned kLetters = 2;

  /// Pinned memory from which the GPU copies what the host has put there,
  /// while the host goes on: a step's inputs are filled in while those of the
  /// step before are still to be read.
  struct Stage {
    void *memory = nullptr;
    uint64_t used = 0;
    CUevent read = nullptr; ///< recorded when the stage was full
    bool wasFull = false;
  };
  static constexpr unsigned kStages = 2;

  /// Launches of a part that nothing comes between, and what comes before them:
  /// groups of collectives that begin, buffers that are waited for.
  struct Piece {
    std::vector<std::vector<uint32_t>> groups;
    std::vector<uint32_t> awaits;
    Span launches;
    CUgraphExec graph; ///< null without launches
  };

  ProgramView program;
  MemoryPlan plan;
  bool poison;
  Communicator &ranks;
  int failures = std::uncaught_exceptions();
  CudaDriver driver;
  mutable CudaProgress progress{driver};
  std::optional<NcclLibrary> library;     ///< of several ranks
  std::unique_ptr<CudaExchange> exchange; ///< likewise
  CUdevice device = 0;
  CUcontext context = nullptr;
  std::string name;
  uint64_t memoryBytes = 0; ///< that the GPU has
  size_t available = 0;     ///< of it, for all ranks that have it
  unsigned sharers = 1;     ///< ranks that have it
  int multiprocessors = 0;
  CUstream stream = nullptr;
  CUdeviceptr arena = 0, row = 0;
  CUdeviceptr flushed = 0; ///< memory that is written to no other end
  uint64_t arenaBytes = 0, rowBytes = 0;
  std::unique_ptr<CudaKernels> kernels;
  std::unique_ptr<CudaProducts> products; ///< once they are asked for
  std::vector<std::vector<Piece>>
      pieces;                  ///< by part; none of one that will not run
  std::vector<double> numbers; ///< what `row` holds
  Stage stages[kStages];
  unsigned stage = 0;               ///< that is being filled
  uint64_t stageBytes = 0;          ///< of each
  std::vector<void *> hostMemories; ///< pinned, for others
  Letter letters[kLetters];
  uint64_t posted = 0, taken = 0; ///< letters, of all time
  std::vector<CUevent> marks;     ///< of the time
  size_t marked = 0;              ///< how many of them are set
  std::optional<CudaTrace> trace;
};

} // namespace

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

CudaDevice::CudaDevice(const ProgramView &program, const MemoryPlan &plan,
                       bool poison, Communicator &ranks,
                       const GpuOptions &options)
    : program(program), plan(plan), poison(poison), ranks(ranks),
      pieces(program.parts().size()) {
  if (ranks.world() > 1) // not after a minute's work
    library.emplace(options.nccl);
  try {
    findDevice();
    if (ranks.world() > 1)
      sharers = meetOnGpus(driver, device, ranks, options.share);
    allocate(plan);
    kernels = std::make_unique<CudaKernels>(driver, this->program, this->plan,
                                            arena, row, multiprocessors);
    if (ranks.world() > 1) {
      exchange =
          std::make_unique<CudaExchange>(driver, *library, ranks, this->program,
                                         this->plan, arena, stream, progress);
      progress.watch(exchange->communicator());
    }
    // Now, not when a part first runs: it may have to wait for the GPU, which
    // is then idle, and a step before would be reported late.
    for (uint32_t i = 0; i < this->program.parts().size(); ++i)
      if (plan.parts[i])
        cut(i);
  } catch (...) {
    release(true);
    throw;
  }
}

CudaDevice::~CudaDevice() { release(std::uncaught_exceptions() > failures); }

/// Gives everything back. What fails here has failed before. After a failure
/// the GPU may wait for ranks that are gone.
void CudaDevice::release(bool failed) {
  if (!context)
    return;
  std::optional<EndInTime> limit;
  trace.reset();
  if (exchange) {
    try {
      if (!failed) {
        finish();
        progress.finish(exchange->ownStream());
      }
    } catch (const Error &) {
      failed = true;
    }
    limit.emplace("what the GPU does for other ranks cannot be ended",
                  kReleaseSeconds);
    if (failed)
      exchange->abort();
    exchange.reset();
  }
  if (stream)
    driver.cuStreamSynchronizeFunction(stream);
  progress.release();
  for (const std::vector<Piece> &part : pieces)
    for (const Piece &piece : part)
      if (piece.graph)
        driver.cuGraphExecDestroyFunction(piece.graph);
  kernels.reset();
  products.reset();
  for (CUdeviceptr memory : {arena, row, flushed})
    if (memory)
      driver.cuMemFreeFunction(memory);
  for (void *memory : hostMemories)
    driver.cuMemFreeHostFunction(memory);
  for (Stage &each : stages) {
    if (each.read)
      driver.cuEventDestroyFunction(each.read);
    if (each.memory)
      driver.cuMemFreeHostFunction(each.memory);
  }
  for (Letter &letter : letters) {
    if (letter.written)
      driver.cuEventDestroyFunction(letter.written);
    if (letter.values)
      driver.cuMemFreeHostFunction(letter.values);
  }
  for (CUevent mark : marks)
    if (mark)
      driver.cuEventDestroyFunction(mark);
  if (stream)
    driver.cuStreamDestroyFunction(stream);
  driver.cuDevicePrimaryCtxReleaseFunction(device);
}

void CudaDevice::findDevice() {
  GPTC_CUDA(driver, cuDeviceGet, &device,
            static_cast<int>(ranks.localRank() % driver.devices()));
  char text[256] = "";
  GPTC_CUDA(driver, cuDeviceGetName, text, sizeof(text), device);
  auto attribute = [&](CUdevice_attribute which) {
    int value = 0;
    GPTC_CUDA(driver, cuDeviceGetAttribute, &value, which, device);
    return value;
  };
  int major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  int minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  if (major != 9 || minor != 0)
    fail("this program's kernels are for Hopper (H100, H200; sm_90a), and the "
         "GPU found is '{}' of compute capability {}.{}; choose another one "
         "with CUDA_VISIBLE_DEVICES",
         text, major, minor);
  name = text;
  multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  GPTC_CUDA(driver, cuDevicePrimaryCtxRetain, &context, device);
  GPTC_CUDA(driver, cuCtxSetCurrent, context);
  GPTC_CUDA(driver, cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
  size_t total = 0;
  GPTC_CUDA(driver, cuMemGetInfo, &available, &total);
  memoryBytes = total;
}

/// Bytes of a step's inputs, of the part that has most.
static uint64_t stepInputs(const ProgramView &program) {
  uint64_t most = 0;
  for (const Part &part : program.parts()) {
    uint64_t bytes = 0;
    for (const Input &input : program.inputs().slice(part.inputs))
      bytes += program.buffers()[input.buffer].bytes;
    most = std::max(most, bytes);
  }
  return most * static_cast<uint64_t>(program.header().microBatches);
}

void CudaDevice::allocate(const MemoryPlan &plan) {
  checkMemory(program, plan, 0, available / sharers,
              sharers == 1
                  ? "the GPU"
                  : formatText("each of {} ranks on the GPU", sharers).c_str());
  arenaBytes = plan.workspaceAt + plan.workspaceBytes;
  rowBytes = std::max<size_t>(program.numbers().size(), 1) * sizeof(double);
  GPTC_CUDA(driver, cuMemAlloc, &arena, std::max<uint64_t>(arenaBytes, 1));
  GPTC_CUDA(driver, cuMemAlloc, &row, rowBytes);
  GPTC_CUDA(driver, cuMemsetD8Async, arena, 0, arenaBytes, stream);
  stageBytes = stepInputs(program) + rowBytes;
  for (Stage &each : stages) {
    GPTC_CUDA(driver, cuMemAllocHost, &each.memory, stageBytes);
    GPTC_CUDA(driver, cuEventCreate, &each.read, CU_EVENT_DISABLE_TIMING);
  }
  for (Letter &letter : letters) {
    GPTC_CUDA(driver, cuMemAllocHost, &letter.values,
              letterSize() * sizeof(double));
    GPTC_CUDA(driver, cuEventCreate, &letter.written, CU_EVENT_DISABLE_TIMING);
  }
}

/// `580.95.05, CUDA 13.0`; the driver itself knows the second alone.
static std::string driverVersion(const CudaDriver &driver) {
  int cuda = 0;
  GPTC_CUDA(driver, cuDriverGetVersion, &cuda);
  std::string text;
  std::ifstream file("/sys/module/nvidia/version");
  if (std::getline(file, text))
    text += ", ";
  return text + formatText("CUDA {}.{}", cuda / 1000, cuda % 1000 / 10);
}

nlohmann::ordered_json CudaDevice::describe() const {
  nlohmann::ordered_json json = {{"name", name},
                                 {"driver", driverVersion(driver)},
                                 {"memory_bytes", memoryBytes},
                                 {"multiprocessors", multiprocessors}};
  if (library)
    json["nccl"] = library->version();
  if (sharers > 1)
    json["ranks_sharing_it"] = sharers;
  return json;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// Returns when the GPU has done all that was started.
void CudaDevice::finish() const {
  exchange->awaitAll();
  progress.finish(stream);
}

void CudaDevice::write(uint32_t buffer, const void *from, uint64_t bytes) {
  if (exchange && program.buffers()[buffer].kind != BufferKind::Input)
    exchange->awaitAll();
  send(place(buffer), from, bytes);
}

/// Copies; `from` may change when this returns. From memory that is not pinned
/// the driver copies when the GPU has done all that was started before: that
/// is for what no stage holds, parameters.
void CudaDevice::send(CUdeviceptr to, const void *from, uint64_t bytes) {
  if (bytes <= stageBytes) {
    if (stages[stage].used + bytes > stageBytes) {
      GPTC_CUDA(driver, cuEventRecord, stages[stage].read, stream);
      stages[stage].wasFull = true;
      stage = (stage + 1) % kStages;
      if (stages[stage].wasFull)
        progress.wait(stages[stage].read);
      stages[stage].used = 0;
    }
    std::byte *room =
        static_cast<std::byte *>(stages[stage].memory) + stages[stage].used;
    std::memcpy(room, from, bytes);
    stages[stage].used += bytes;
    from = room;
  } else if (exchange) {
    finish();
  }
  GPTC_CUDA(driver, cuMemcpyHtoDAsync, to, from, bytes, stream);
}

void CudaDevice::read(uint32_t buffer, void *to, uint64_t bytes) const {
  if (exchange)
    finish();
  GPTC_CUDA(driver, cuMemcpyDtoHAsync, to, place(buffer), bytes, stream);
  GPTC_CUDA(driver, cuStreamSynchronize, stream);
}

std::byte *CudaDevice::hostMemory(uint64_t bytes) {
  void *memory = nullptr;
  GPTC_CUDA(driver, cuMemAllocHost, &memory, std::max<uint64_t>(bytes, 1));
  hostMemories.push_back(memory);
  return static_cast<std::byte *>(memory);
}

const std::byte *CudaDevice::view(uint32_t buffer,
                                  std::vector<std::byte> &storage) const {
  storage.resize(program.buffers()[buffer].bytes);
  read(buffer, storage.data(), storage.size());
  return storage.data();
}

/// Values of a letter: of each micro-batch its losses, and the update's.
size_t CudaDevice::letterSize() const {
  return 2 * static_cast<size_t>(program.header().microBatches) + 2;
}

void CudaDevice::fetch(uint32_t buffer) {
  Letter &letter = letters[posted % kLetters];
  if (posted - taken == kLetters || letter.elements.size() == letterSize())
    fail("more values are on their way from the GPU than there is room for");
  const Buffer &from = program.buffers()[buffer];
  if (exchange)
    exchange->await(buffer);
  GPTC_CUDA(driver, cuMemcpyDtoHAsync,
            static_cast<double *>(letter.values) + letter.elements.size(),
            place(buffer), from.bytes, stream);
  letter.elements.push_back(from.element);
}

void CudaDevice::post() {
  GPTC_CUDA(driver, cuEventRecord, letters[posted % kLetters].written, stream);
  ++posted;
}

std::vector<double> CudaDevice::take() {
  Letter &letter = letters[taken % kLetters];
  progress.wait(letter.written);
  std::vector<double> values;
  values.reserve(letter.elements.size());
  for (Element element : letter.elements)
    values.push_back(scalarOf(
        static_cast<double *>(letter.values) + values.size(), element));
  letter.elements.clear();
  ++taken;
  return values;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Makes the pieces of a part: one alone without other ranks.
void CudaDevice::cut(uint32_t index) {
  const Part &part = program.parts()[index];
  std::vector<Piece> made(1);
  uint32_t end = part.launches.begin + part.launches.count;
  made.back().launches = part.launches;
  std::set<uint32_t> written; // by the last group
  for (uint32_t i = 0; exchange && i < part.collectives.count; ++i) {
    uint32_t number = part.collectives.begin + i;
    const Collective &collective = program.collectives()[number];
    uint32_t begin = made.back().launches.begin, before = collective.before;
    if (before > begin) {
      made.back().launches.count = before - begin;
      made.push_back({{}, {}, {before, end - before}, nullptr});
    }
    Piece &piece = made.back();
    if (collective.kind == CollectiveKind::Await) {
      piece.awaits.push_back(collective.to);
      continue;
    }
    // What goes out together has no order.
    if (piece.groups.empty() || written.count(collective.from) ||
        written.count(collective.to)) {
      piece.groups.emplace_back();
      written.clear();
    }
    piece.groups.back().push_back(number);
    written.insert(collective.to);
  }
  // Before the first graph, so that each that is made has its owner.
  std::vector<Piece> &own = pieces[index];
  own = std::move(made);
  for (Piece &piece : own)
    if (piece.launches.count || !exchange)
      piece.graph = kernels->makeGraph(piece.launches);
}

void CudaDevice::runPieces(uint32_t index) {
  std::string part = program.string(program.parts()[index].name);
  for (const Piece &piece : pieces[index]) {
    for (const std::vector<uint32_t> &group : piece.groups)
      exchange->begin(group, part, trace ? &*trace : nullptr);
    for (uint32_t buffer : piece.awaits)
      exchange->await(buffer);
    if (!piece.graph)
      continue;
    if (!trace) {
      GPTC_CUDA(driver, cuGraphLaunch, piece.graph, stream);
    } else {
      for (uint32_t i = 0; i < piece.launches.count; ++i) {
        uint32_t launch = piece.launches.begin + i;
        trace->begin(stream);
        kernels->launch(launch, stream);
        trace->end(stream, program.string(program.launches()[launch].name),
                   part);
      }
    }
    progress.mark(stream, "part " + part + ", " + ranks.place(), 0);
  }
}

void CudaDevice::setNumbers(const double *given) {
  size_t count = program.numbers().size();
  // NaN, which no step reads, compares as bytes.
  if (count && (numbers.empty() || std::memcmp(numbers.data(), given,
                                               count * sizeof(double)) != 0)) {
    numbers.assign(given, given + count);
    send(row, numbers.data(), count * sizeof(double));
  }
}

void CudaDevice::run(uint32_t index, const double *given) {
  const Part &part = program.parts()[index];
  setNumbers(given);
  if (poison && part.workspaceBytes)
    GPTC_CUDA(driver, cuMemsetD8Async, arena + plan.workspaceAt, 0xff,
              part.workspaceBytes, stream);
  runPieces(index);
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

void CudaDevice::runLaunch(uint32_t index, const double *given) {
  setNumbers(given);
  kernels->launch(index, stream);
}

void CudaDevice::flushCaches() {
  constexpr size_t bytes = 256 << 20; // several times any L2
  if (!flushed)
    GPTC_CUDA(driver, cuMemAlloc, &flushed, bytes);
  GPTC_CUDA(driver, cuMemsetD8Async, flushed, 0, bytes, stream);
}

std::string CudaDevice::openProducts(const std::string &path) {
  products = std::make_unique<CudaProducts>(driver, path);
  return products->ownLibrary().version();
}

bool CudaDevice::runProduct(const Contraction &contraction) {
  auto at = [&](const Operand &operand) {
    return place(operand.buffer) + operand.at;
  };
  return products->run(contraction, at(contraction.a), at(contraction.b),
                       stream);
}

void CudaDevice::mark() {
  if (marked == marks.size()) {
    marks.push_back(nullptr);
    GPTC_CUDA(driver, cuEventCreate, &marks.back(), CU_EVENT_DEFAULT);
  }
  GPTC_CUDA(driver, cuEventRecord, marks[marked], stream);
  ++marked;
}

std::vector<double> CudaDevice::takeMarks() {
  std::vector<double> seconds;
  for (size_t i = 0; i < marked; ++i) {
    float milliseconds = 0; // which has no digits for microseconds of minutes
    if (i == 0)
      progress.wait(marks[marked - 1]);
    else
      GPTC_CUDA(driver, cuEventElapsedTime, &milliseconds, marks[i - 1],
                marks[i]);
    seconds.push_back((i ? seconds.back() : 0) +
                      1e-3 * static_cast<double>(milliseconds));
  }
  marked = 0;
  return seconds;
}

std::vector<TraceEntry> CudaDevice::takeTrace() {
  if (exchange)
    finish();
  else
    GPTC_CUDA(driver, cuStreamSynchronize, stream);
  std::vector<TraceEntry> entries = trace->take();
  trace.reset();
  return entries;
}

std::unique_ptr<Device> gptc::openCudaDevice(const ProgramView &program,
                                             const MemoryPlan &plan,
                                             bool poison, Communicator &ranks,
                                             const GpuOptions &options) {
  return std::make_unique<CudaDevice>(program, plan, poison, ranks, options);
}
