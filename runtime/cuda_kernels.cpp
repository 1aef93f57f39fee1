//===- cuda_kernels.cpp - a program's kernels on a GPU --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cuda_kernels.h"

#include "error.h"

#include <algorithm>

using namespace gptc;

CudaKernels::CudaKernels(const CudaDriver &driver, const ProgramView &program,
                         const MemoryPlan &plan, CUdeviceptr arena,
                         CUdeviceptr row, int multiprocessors)
    : driver(driver), program(program), plan(plan), arena(arena), row(row),
      multiprocessors(multiprocessors),
      functions(program.kernelNames().size()) {
  load();
}

CudaKernels::Module::~Module() {
  if (module)
    driver.cuModuleUnloadFunction(module);
}

void CudaKernels::load() {
  bool assembled = program.cubin().size() != 0;
  const char *image = (assembled ? program.cubin() : program.ptx()).data();
  char log[4096] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, driverPointer(sizeof(log))};
  CUresult status = driver.cuModuleLoadDataExFunction(&loaded.module, image, 2,
                                                      options, values);
  if (status != CUDA_SUCCESS && log[0])
    fail("the GPU's driver does not take the kernels: {}", log);
  driver.check(status, "cuModuleLoadDataEx");

  // Launches of one kernel may use unlike amounts of what it is allowed.
  std::vector<uint64_t> shared(functions.size());
  for (const Launch &launch : program.launches())
    shared[launch.kernel] =
        std::max(shared[launch.kernel], launch.scratchBytes);
  for (size_t i = 0; i < functions.size(); ++i) {
    std::string name = program.string(program.kernelNames()[i]);
    GPTC_CUDA(driver, cuModuleGetFunction, &functions[i], loaded.module,
              name.c_str());
    if (shared[i])
      GPTC_CUDA(driver, cuFuncSetAttribute, functions[i],
                CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                static_cast<int>(shared[i]));
  }
}

CUtensorMap CudaKernels::mapOf(const Argument &argument) const {
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

/// Values of a launch's arguments, and where they are.
struct CudaKernels::Values {
  union Value {
    CUdeviceptr address;
    int32_t integer;
  };
  std::vector<Value> small;
  std::vector<CUtensorMap> maps;
  std::vector<void *> pointers;
};

/// What a launch is started with; its arguments lie in `values`.
CUDA_KERNEL_NODE_PARAMS CudaKernels::bind(const Launch &launch,
                                          Values &values) const {
  auto arguments = program.arguments().slice(launch.arguments);
  // Reserved, for `pointers` point into them.
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
  return node;
}

void CudaKernels::launch(uint32_t index, CUstream stream) const {
  const Launch &launch = program.launches()[index];
  if (launch.units == 0)
    return;
  Values values;
  CUDA_KERNEL_NODE_PARAMS node = bind(launch, values);
  GPTC_CUDA(driver, cuLaunchKernel, node.func, node.gridDimX, 1, 1,
            node.blockDimX, 1, 1, node.sharedMemBytes, stream,
            node.kernelParams, nullptr);
}

CUgraphExec CudaKernels::makeGraph(Span launches) const {
  CUgraph graph = nullptr;
  GPTC_CUDA(driver, cuGraphCreate, &graph, 0);
  struct Owner {
    const CudaDriver &driver;
    CUgraph graph;
    ~Owner() { driver.cuGraphDestroyFunction(graph); }
  } owner{driver, graph};

  CUgraphNode before = nullptr;
  for (const Launch &launch : program.launches().slice(launches)) {
    if (launch.units == 0)
      continue;
    Values values;
    CUDA_KERNEL_NODE_PARAMS node = bind(launch, values);
    CUgraphNode next = nullptr;
    GPTC_CUDA(driver, cuGraphAddKernelNode, &next, graph, &before,
              before ? 1 : 0, &node);
    before = next;
  }
  CUgraphExec ready = nullptr;
  GPTC_CUDA(driver, cuGraphInstantiate, &ready, graph, 0);
  return ready;
}
