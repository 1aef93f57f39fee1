//===- cuda_device.cpp - a program on a GPU -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// One arena, one stream, one graph a part. A graph's launches are a chain, made
// the first time that the part runs: their arguments never change, for the
// step's numbers stand in a row of the device's memory. So a part is one call
// of the driver, and nothing of the host stands between its launches.
//
//===----------------------------------------------------------------------===//

#include "cuda_device.h"

#include "cuda_driver.h"
#include "error.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace gptc;

/// The driver takes numbers and addresses of the device's memory as pointers.
static void *driverPointer(uint64_t value) {
  return reinterpret_cast<void *>(value); // NOLINT(performance-no-int-to-ptr)
}

namespace {

class CudaDevice : public Device {
public:
  CudaDevice(const ProgramView &program, const MemoryPlan &plan, bool poison);
  ~CudaDevice() override;

  void write(uint32_t buffer, const void *from, uint64_t bytes) override;
  void read(uint32_t buffer, void *to, uint64_t bytes) const override;
  std::byte *hostMemory(uint64_t bytes) override;
  const std::byte *view(uint32_t buffer,
                        std::vector<std::byte> &storage) const override;
  void run(uint32_t part, const double *numbers) override;
  void fetch(uint32_t buffer) override;
  void post() override;
  std::vector<double> take() override;
  unsigned lettersUnderWay() const override { return kLetters - 1; }
  nlohmann::ordered_json describe() const override;
  uint64_t allocatedBytes() const override { return arenaBytes + rowBytes; }

private:
  size_t letterSize() const;
  void send(CUdeviceptr to, const void *from, uint64_t bytes);
  void release();
  void findDevice();
  void allocate(const MemoryPlan &plan);
  void loadKernels();
  CUtensorMap mapOf(const Argument &argument) const;
  CUgraphExec makeGraph(const Part &part);
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

  ProgramView program;
  MemoryPlan plan;
  bool poison;
  CudaDriver driver;
  CUdevice device = 0;
  CUcontext context = nullptr;
  std::string name;
  uint64_t memoryBytes = 0; ///< that the GPU has
  int multiprocessors = 0;
  CUstream stream = nullptr;
  CUdeviceptr arena = 0, row = 0;
  uint64_t arenaBytes = 0, rowBytes = 0;
  CUmodule module = nullptr;
  std::vector<CUfunction> functions; ///< by kernel
  std::vector<CUgraphExec> graphs;   ///< by part; null until it runs
  std::vector<double> numbers;       ///< what `row` holds
  Stage stages[kStages];
  unsigned stage = 0;               ///< that is being filled
  uint64_t stageBytes = 0;          ///< of each
  std::vector<void *> hostMemories; ///< pinned, for others
  Letter letters[kLetters];
  uint64_t posted = 0, taken = 0; ///< letters, of all time
};

} // namespace

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

CudaDevice::CudaDevice(const ProgramView &program, const MemoryPlan &plan,
                       bool poison)
    : program(program), plan(plan), poison(poison),
      functions(program.kernelNames().size()), graphs(program.parts().size()) {
  try {
    findDevice();
    allocate(plan);
    loadKernels();
  } catch (...) {
    release();
    throw;
  }
}

CudaDevice::~CudaDevice() { release(); }

/// Gives everything back. What fails here has failed before.
void CudaDevice::release() {
  if (!context)
    return;
  if (stream)
    driver.cuStreamSynchronizeFunction(stream);
  for (CUgraphExec graph : graphs)
    if (graph)
      driver.cuGraphExecDestroyFunction(graph);
  if (module)
    driver.cuModuleUnloadFunction(module);
  for (CUdeviceptr memory : {arena, row})
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
  if (stream)
    driver.cuStreamDestroyFunction(stream);
  driver.cuDevicePrimaryCtxReleaseFunction(device);
}

void CudaDevice::findDevice() {
  GPTC_CUDA(driver, cuDeviceGet, &device, 0);
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
         "GPU found is '%s' of compute capability %d.%d; choose another one "
         "with CUDA_VISIBLE_DEVICES",
         text, major, minor);
  name = text;
  multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  GPTC_CUDA(driver, cuDevicePrimaryCtxRetain, &context, device);
  GPTC_CUDA(driver, cuCtxSetCurrent, context);
  GPTC_CUDA(driver, cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
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
  size_t available = 0, total = 0;
  GPTC_CUDA(driver, cuMemGetInfo, &available, &total);
  memoryBytes = total;
  checkMemory(program, plan, 0, available, "the GPU");
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
  return text + formatText("CUDA %d.%d", cuda / 1000, cuda % 1000 / 10);
}

nlohmann::ordered_json CudaDevice::describe() const {
  return {{"name", name},
          {"driver", driverVersion(driver)},
          {"memory_bytes", memoryBytes},
          {"multiprocessors", multiprocessors}};
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void CudaDevice::write(uint32_t buffer, const void *from, uint64_t bytes) {
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
        GPTC_CUDA(driver, cuEventSynchronize, stages[stage].read);
      stages[stage].used = 0;
    }
    std::byte *room =
        static_cast<std::byte *>(stages[stage].memory) + stages[stage].used;
    std::memcpy(room, from, bytes);
    stages[stage].used += bytes;
    from = room;
  }
  GPTC_CUDA(driver, cuMemcpyHtoDAsync, to, from, bytes, stream);
}

void CudaDevice::read(uint32_t buffer, void *to, uint64_t bytes) const {
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
  GPTC_CUDA(driver, cuEventSynchronize, letter.written);
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
// Kernels
//===----------------------------------------------------------------------===//

void CudaDevice::loadKernels() {
  bool assembled = program.cubin().size() != 0;
  const char *image = (assembled ? program.cubin() : program.ptx()).data();
  char log[4096] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, driverPointer(sizeof(log))};
  CUresult status =
      driver.cuModuleLoadDataExFunction(&module, image, 2, options, values);
  if (status != CUDA_SUCCESS && log[0])
    fail("the GPU's driver does not take the kernels: %s", log);
  driver.check(status, "cuModuleLoadDataEx");

  // Launches of one kernel may use unlike amounts of what it is allowed.
  std::vector<uint64_t> shared(functions.size());
  for (const Launch &launch : program.launches())
    shared[launch.kernel] =
        std::max(shared[launch.kernel], launch.scratchBytes);
  for (size_t i = 0; i < functions.size(); ++i) {
    std::string name = program.string(program.kernelNames()[i]);
    GPTC_CUDA(driver, cuModuleGetFunction, &functions[i], module, name.c_str());
    if (shared[i])
      GPTC_CUDA(driver, cuFuncSetAttribute, functions[i],
                CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                static_cast<int>(shared[i]));
  }
}

CUtensorMap CudaDevice::mapOf(const Argument &argument) const {
  const TensorMap &shape = program.tensorMaps()[argument.map];
  cuuint64_t sizes[] = {static_cast<cuuint64_t>(shape.columns),
                        static_cast<cuuint64_t>(shape.rows)};
  uint64_t bytes = elementBytes(shape.element);
  cuuint64_t strides[] = {static_cast<cuuint64_t>(shape.stride) * bytes};
  cuuint32_t box[] = {static_cast<cuuint32_t>(128 / bytes),
                      static_cast<cuuint32_t>(shape.boxRows)};
  cuuint32_t steps[] = {1, 1};
  CUtensorMap map;
  GPTC_CUDA(driver, cuTensorMapEncodeTiled, &map,
            bytes == 1 ? CU_TENSOR_MAP_DATA_TYPE_UINT8
                       : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
            2,
            driverPointer(place(argument.buffer) +
                          static_cast<uint64_t>(argument.value)),
            sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
            CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
            CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return map;
}

namespace {
/// Values of a launch's arguments, and where they are.
struct Values {
  union Value {
    CUdeviceptr address;
    int32_t integer;
  };
  std::vector<Value> small;
  std::vector<CUtensorMap> maps;
  std::vector<void *> pointers;
};
} // namespace

CUgraphExec CudaDevice::makeGraph(const Part &part) {
  CUgraph graph = nullptr;
  GPTC_CUDA(driver, cuGraphCreate, &graph, 0);
  struct Owner {
    CudaDriver &driver;
    CUgraph graph;
    ~Owner() { driver.cuGraphDestroyFunction(graph); }
  } owner{driver, graph};

  CUgraphNode before = nullptr;
  for (const Launch &launch : program.launches().slice(part.launches)) {
    auto arguments = program.arguments().slice(launch.arguments);
    if (launch.units == 0)
      continue;
    // Reserved, for `pointers` point into them.
    Values values;
    values.small.reserve(arguments.size());
    values.maps.reserve(arguments.size());
    for (const Argument &argument : arguments) {
      if (argument.kind == ArgumentKind::TensorMap) {
        values.maps.push_back(mapOf(argument));
        values.pointers.push_back(&values.maps.back());
        continue;
      }
      Values::Value value{};
      if (argument.kind == ArgumentKind::Buffer)
        value.address =
            place(argument.buffer) + static_cast<uint64_t>(argument.value);
      else if (argument.kind == ArgumentKind::Numbers)
        value.address = row;
      else
        value.integer = static_cast<int32_t>(argument.value);
      values.small.push_back(value);
      values.pointers.push_back(&values.small.back());
    }
    CUDA_KERNEL_NODE_PARAMS node{};
    node.func = functions[launch.kernel];
    auto blocks = static_cast<unsigned>(launch.units);
    if (launch.persistent)
      blocks = std::min(blocks, static_cast<unsigned>(multiprocessors));
    node.gridDimX = blocks;
    node.blockDimX = launch.threads;
    node.gridDimY = node.gridDimZ = node.blockDimY = node.blockDimZ = 1;
    node.sharedMemBytes = static_cast<unsigned>(launch.scratchBytes);
    node.kernelParams = values.pointers.data();
    CUgraphNode next = nullptr;
    GPTC_CUDA(driver, cuGraphAddKernelNode, &next, graph, &before,
              before ? 1 : 0, &node);
    before = next;
  }
  CUgraphExec ready = nullptr;
  GPTC_CUDA(driver, cuGraphInstantiate, &ready, graph, 0);
  return ready;
}

void CudaDevice::run(uint32_t index, const double *given) {
  const Part &part = program.parts()[index];
  size_t count = program.numbers().size();
  // NaN, which no step reads, compares as bytes.
  if (count && (numbers.empty() || std::memcmp(numbers.data(), given,
                                               count * sizeof(double)) != 0)) {
    numbers.assign(given, given + count);
    send(row, numbers.data(), count * sizeof(double));
  }
  if (poison && part.workspaceBytes)
    GPTC_CUDA(driver, cuMemsetD8Async, arena + plan.workspaceAt, 0xff,
              part.workspaceBytes, stream);
  if (!graphs[index])
    graphs[index] = makeGraph(part);
  GPTC_CUDA(driver, cuGraphLaunch, graphs[index], stream);
}

std::unique_ptr<Device> gptc::openCudaDevice(const ProgramView &program,
                                             const MemoryPlan &plan,
                                             bool poison) {
  return std::make_unique<CudaDevice>(program, plan, poison);
}
