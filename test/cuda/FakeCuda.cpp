//===- FakeCuda.cpp - a driver without a GPU ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A libcuda.so.1 with the functions that the runtime calls, for its tests. The
// device's memory is the host's. A module is PTX text, of which the entries and
// their parameters are read; a launch whose kernel the process offers under
// `gptc_fake_kernel` runs it, any other one does nothing. What a real driver
// refuses is refused: addresses outside an allocation, more shared memory than
// was asked for, a graph of a module that is gone. The device is as late as it
// may be (FakeStreams.h), so that memory which changes before shows.
//
// The environment steers it, so that a test can from outside:
//   FAKE_CUDA_FAIL=N         the N-th call fails
//   FAKE_CUDA_DEVICES=N      there are so many GPUs; 1 else
//   FAKE_CUDA_CAPABILITY=80  it is another one
//   FAKE_CUDA_MEMORY=BYTES   it has so much memory
//   FAKE_CUDA_LATE=N         N times it is asked for an event before it is
//   there FAKE_CUDA_EAGER=1        streams but the first are as early as they
//   can FAKE_CUDA_NO_WAITS=1     no stream waits for an event
//   FAKE_CUDA_LOG=FILE       a line a call that changes anything
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include "FakeStreams.h"

#include "runtime/program.h"

#include <cuda.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

struct FakeFunction {
  std::string name;
  std::vector<size_t> parameters; ///< bytes of each
  int sharedLimit = 48 << 10;
};
struct FakeModule {
  std::map<std::string, FakeFunction> functions;
};
struct FakeNode {
  FakeFunction *function;
  unsigned blocks, threads;
  std::vector<std::vector<char>> arguments;
};
struct FakeGraph {
  std::vector<std::unique_ptr<FakeNode>> nodes;
};
struct FakeExec {
  std::vector<FakeNode> nodes;
};

struct State {
  std::map<CUdeviceptr, size_t> memory;
  std::set<void *> modules, graphs, execs, streams;
  std::map<CUevent, std::shared_ptr<FakeEvent>> events;
  std::map<const void *, size_t> pinned;
  FakeStreams work;
  int contexts = 0;
  unsigned long long calls = 0;

  size_t live() const {
    return memory.size() + modules.size() + graphs.size() + execs.size() +
           streams.size() + events.size() + pinned.size() +
           static_cast<size_t>(contexts);
  }
  bool covers(CUdeviceptr first, size_t bytes) const {
    auto after = memory.upper_bound(first);
    if (after == memory.begin())
      return false;
    --after;
    return first + bytes <= after->first + after->second;
  }
  bool isPinned(const void *address) const {
    auto after = pinned.upper_bound(address);
    if (after == pinned.begin())
      return false;
    --after;
    return address < static_cast<const char *>(after->first) + after->second;
  }
  void put(CUstream stream, const std::function<void()> &once) {
    work.put(stream, [once] {
      once();
      return true;
    });
  }
} state;

} // namespace

static long environment(const char *name, long otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format,
                                                       ...) {
  const char *path = std::getenv("FAKE_CUDA_LOG");
  if (!path)
    return;
  if (std::FILE *file = std::fopen(path, "a")) {
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(file, format, arguments);
    va_end(arguments);
    std::fputc('\n', file);
    std::fclose(file);
  }
}

void fakeCudaPut(CUstream stream, const std::function<bool()> &work) {
  state.work.put(stream, work);
}

/// Counts a call; true if it is the one that fails.
static bool fails() {
  return ++state.calls ==
         static_cast<unsigned long long>(environment("FAKE_CUDA_FAIL", 0));
}
#define MAY_FAIL                                                               \
  if (fails())                                                                 \
    return CUDA_ERROR_UNKNOWN;

/// The bytes of a parameter's declaration: `.param .u64 .ptr … name`,
/// `.param .align 64 .b8 name[128]`.
static size_t parameterBytes(const std::string &text) {
  size_t array = text.find('[');
  if (array != std::string::npos)
    return static_cast<size_t>(std::atol(text.c_str() + array + 1));
  return text.find(".u64") != std::string::npos ? 8 : 4;
}

/// The entries of a PTX text.
static std::map<std::string, FakeFunction> parse(const std::string &text) {
  std::map<std::string, FakeFunction> functions;
  static const std::string entry = ".entry ";
  for (size_t at = text.find(entry); at != std::string::npos;
       at = text.find(entry, at)) {
    at += entry.size();
    size_t open = text.find('(', at), close = text.find(')', at);
    FakeFunction function;
    function.name = text.substr(at, open - at);
    for (size_t p = text.find(".param", open); p < close;) {
      size_t next = std::min(text.find(".param", p + 1), close);
      function.parameters.push_back(parameterBytes(text.substr(p, next - p)));
      p = next;
    }
    functions.emplace(function.name, function);
  }
  return functions;
}

/// A launch with its arguments, unless a real driver would refuse it.
static bool bind(FakeFunction *function, const CUDA_KERNEL_NODE_PARAMS &what,
                 FakeNode &node) {
  if (!what.gridDimX || !what.blockDimX || what.blockDimX > 1024 ||
      static_cast<int>(what.sharedMemBytes) > function->sharedLimit)
    return false;
  node = {function, what.gridDimX, what.blockDimX, {}};
  for (size_t i = 0; i < function->parameters.size(); ++i) {
    auto *from = static_cast<const char *>(what.kernelParams[i]);
    node.arguments.emplace_back(from, from + function->parameters[i]);
    if (function->parameters[i] == 8) {
      CUdeviceptr address;
      std::memcpy(&address, from, 8);
      if (!state.covers(address, 1))
        return false;
    }
  }
  return true;
}

/// Runs a launch, if the process has its kernel: addresses are its buffers but
/// for the last, the step's numbers; integers are its sizes.
static void launch(const FakeNode &node) {
  using Lookup = gptc::Kernel (*)(const char *);
  static auto lookup =
      reinterpret_cast<Lookup>(dlsym(RTLD_DEFAULT, "gptc_fake_kernel"));
  gptc::Kernel kernel = lookup ? lookup(node.function->name.c_str()) : nullptr;
  if (!kernel)
    return;
  std::vector<void *> buffers;
  std::vector<int64_t> sizes;
  for (const std::vector<char> &argument : node.arguments)
    if (argument.size() == 8) {
      void *address;
      std::memcpy(&address, argument.data(), 8);
      buffers.push_back(address);
    } else {
      int32_t size;
      std::memcpy(&size, argument.data(), 4);
      sizes.push_back(size);
    }
  auto *numbers = static_cast<const double *>(buffers.back());
  char scratch[64];
  kernel(buffers.data(), numbers, sizes.data(), 0, node.blocks, scratch);
}

//===----------------------------------------------------------------------===//
// The driver's functions
//===----------------------------------------------------------------------===//

extern "C" {

/// For tests in the same process.
unsigned long long fakeCudaCalls() { return state.calls; }
void fakeCudaRestart() { state.calls = 0; }
size_t fakeCudaLive() { return state.live(); }

CUresult cuGetErrorString(CUresult status, const char **text) {
  *text = status == CUDA_ERROR_UNKNOWN         ? "unknown error"
          : status == CUDA_ERROR_OUT_OF_MEMORY ? "out of memory"
                                               : "invalid argument";
  return CUDA_SUCCESS;
}
CUresult cuInit(unsigned) {
  MAY_FAIL
  return CUDA_SUCCESS;
}
CUresult cuDriverGetVersion(int *version) {
  MAY_FAIL
  *version = 13000;
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetCount(int *count) {
  MAY_FAIL
  *count = static_cast<int>(environment("FAKE_CUDA_DEVICES", 1));
  return CUDA_SUCCESS;
}
CUresult cuDeviceGet(CUdevice *device, int index) {
  MAY_FAIL
  *device = index;
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  MAY_FAIL
  std::memset(uuid->bytes, device + 1, sizeof(uuid->bytes));
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetName(char *name, int size, CUdevice) {
  MAY_FAIL
  std::snprintf(name, static_cast<size_t>(size), "Fake GPU");
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute which, CUdevice) {
  MAY_FAIL
  long capability = environment("FAKE_CUDA_CAPABILITY", 90);
  *value = which == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
               ? static_cast<int>(capability / 10)
           : which == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
               ? static_cast<int>(capability % 10)
               : 132;
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  MAY_FAIL
  ++state.contexts;
  *context = reinterpret_cast<CUcontext>(&state);
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  --state.contexts;
  state.work.clear();
  note("end: %zu alive", state.live());
  return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext) {
  MAY_FAIL
  return CUDA_SUCCESS;
}
CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
  MAY_FAIL
  *available = *total =
      static_cast<size_t>(environment("FAKE_CUDA_MEMORY", 1L << 40));
  return CUDA_SUCCESS;
}
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  MAY_FAIL
  void *memory = std::malloc(bytes);
  if (!memory)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(memory);
  state.memory[*address] = bytes;
  note("alloc %zu", bytes);
  return CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  if (!state.memory.erase(address))
    return CUDA_ERROR_INVALID_VALUE;
  std::free(reinterpret_cast<void *>(address));
  return CUDA_SUCCESS;
}
CUresult cuMemAllocHost_v2(void **memory, size_t bytes) {
  MAY_FAIL
  *memory = std::malloc(bytes);
  state.pinned[*memory] = bytes;
  return CUDA_SUCCESS;
}
CUresult cuMemFreeHost(void *memory) {
  if (!state.pinned.erase(memory))
    return CUDA_ERROR_INVALID_VALUE;
  std::free(memory);
  return CUDA_SUCCESS;
}
CUresult cuEventCreate(CUevent *event, unsigned) {
  MAY_FAIL
  auto made = std::make_shared<FakeEvent>(state.events.size());
  *event = reinterpret_cast<CUevent>(made.get());
  state.events.emplace(*event, std::move(made));
  return CUDA_SUCCESS;
}
CUresult cuEventDestroy_v2(CUevent event) {
  if (!state.events.erase(event))
    return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}
CUresult cuEventRecord(CUevent event, CUstream stream) {
  MAY_FAIL
  auto *recorded = reinterpret_cast<FakeEvent *>(event);
  state.work.record(stream, *recorded);
  note("event %zu", recorded->number);
  return CUDA_SUCCESS;
}
CUresult cuEventQuery(CUevent event) {
  MAY_FAIL
  auto *awaited = reinterpret_cast<FakeEvent *>(event);
  // The first answers come too early.
  if (++awaited->asked <= environment("FAKE_CUDA_LATE", 1) ||
      !state.work.drive(*awaited))
    return CUDA_ERROR_NOT_READY;
  return CUDA_SUCCESS;
}
CUresult cuEventSynchronize(CUevent event) {
  MAY_FAIL
  auto *awaited = reinterpret_cast<FakeEvent *>(event);
  if (!awaited->recorded)
    return CUDA_ERROR_INVALID_VALUE;
  note("wait %zu", awaited->number);
  state.work.finish(*awaited);
  return CUDA_SUCCESS;
}
// By its first name, as the runtime calls it. Each piece of work takes a
// millisecond.
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to) {
  MAY_FAIL
  auto *first = reinterpret_cast<FakeEvent *>(from);
  auto *last = reinterpret_cast<FakeEvent *>(to);
  if (!first->recorded || !last->recorded || !first->isOver() ||
      !last->isOver())
    return CUDA_ERROR_NOT_READY;
  *milliseconds =
      static_cast<float>(last->time) - static_cast<float>(first->time);
  return CUDA_SUCCESS;
}
CUresult cuLaunchKernel(CUfunction function, unsigned blocks, unsigned,
                        unsigned, unsigned threads, unsigned, unsigned,
                        unsigned sharedBytes, CUstream stream,
                        void **parameters, void **) {
  MAY_FAIL
  CUDA_KERNEL_NODE_PARAMS what{};
  what.gridDimX = blocks;
  what.blockDimX = threads;
  what.sharedMemBytes = sharedBytes;
  what.kernelParams = parameters;
  FakeNode node;
  auto *called = reinterpret_cast<FakeFunction *>(function);
  if (!bind(called, what, node))
    return CUDA_ERROR_INVALID_VALUE;
  note("kernel %s", called->name.c_str());
  state.put(stream, [node] { launch(node); });
  return CUDA_SUCCESS;
}
CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t bytes,
                         CUstream stream) {
  MAY_FAIL
  if (!state.covers(address, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  state.put(stream, [=] {
    std::memset(reinterpret_cast<void *>(address), value, bytes);
  });
  note("set %zu", bytes);
  return CUDA_SUCCESS;
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  MAY_FAIL
  if (!state.covers(to, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  state.put(stream,
            [=] { std::memcpy(reinterpret_cast<void *>(to), from, bytes); });
  bool pinned = state.isPinned(from);
  if (!pinned)
    state.work.finish(stream);
  note("write %zu%s", bytes, pinned ? " pinned" : "");
  return CUDA_SUCCESS;
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  MAY_FAIL
  if (!state.covers(from, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  state.put(stream,
            [=] { std::memcpy(to, reinterpret_cast<void *>(from), bytes); });
  if (!state.isPinned(to))
    state.work.finish(stream);
  note("read %zu", bytes);
  return CUDA_SUCCESS;
}
CUresult cuStreamCreate(CUstream *stream, unsigned) {
  MAY_FAIL
  *stream = reinterpret_cast<CUstream>(new char);
  state.streams.insert(*stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  MAY_FAIL
  auto *awaited = reinterpret_cast<FakeEvent *>(event);
  note("stream waits %zu", awaited->number);
  // A planted fault: a stream that goes on.
  if (!std::getenv("FAKE_CUDA_NO_WAITS"))
    state.work.wait(stream, *awaited);
  return CUDA_SUCCESS;
}
CUresult cuStreamDestroy_v2(CUstream stream) {
  if (!state.streams.erase(stream))
    return CUDA_ERROR_INVALID_VALUE;
  delete reinterpret_cast<char *>(stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamSynchronize(CUstream stream) {
  MAY_FAIL
  note("wait for all");
  state.work.finish(stream);
  return CUDA_SUCCESS;
}
CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned,
                            CUjit_option *, void **) {
  MAY_FAIL
  auto *loaded = new FakeModule{parse(static_cast<const char *>(image))};
  if (loaded->functions.empty()) { // machine code, say
    delete loaded;
    return CUDA_ERROR_INVALID_IMAGE;
  }
  *module = reinterpret_cast<CUmodule>(loaded);
  state.modules.insert(loaded);
  return CUDA_SUCCESS;
}
CUresult cuModuleUnload(CUmodule module) {
  if (!state.modules.erase(module))
    return CUDA_ERROR_INVALID_VALUE;
  delete reinterpret_cast<FakeModule *>(module);
  return CUDA_SUCCESS;
}
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *name) {
  MAY_FAIL
  auto &functions = reinterpret_cast<FakeModule *>(module)->functions;
  auto found = functions.find(name);
  if (found == functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = reinterpret_cast<CUfunction>(&found->second);
  return CUDA_SUCCESS;
}
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute,
                            int value) {
  MAY_FAIL
  reinterpret_cast<FakeFunction *>(function)->sharedLimit = value;
  return CUDA_SUCCESS;
}
CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType,
                                cuuint32_t, void *address,
                                const cuuint64_t *sizes,
                                const cuuint64_t *strides, const cuuint32_t *,
                                const cuuint32_t *, CUtensorMapInterleave,
                                CUtensorMapSwizzle, CUtensorMapL2promotion,
                                CUtensorMapFloatOOBfill) {
  MAY_FAIL
  auto first = reinterpret_cast<CUdeviceptr>(address);
  size_t bytes = (sizes[1] - 1) * strides[0] + sizes[0] * 2;
  if (first % 16 || strides[0] % 16 || !state.covers(first, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  std::memset(map, 0, sizeof(*map));
  return CUDA_SUCCESS;
}
CUresult cuGraphCreate(CUgraph *graph, unsigned) {
  MAY_FAIL
  auto *made = new FakeGraph;
  state.graphs.insert(made);
  *graph = reinterpret_cast<CUgraph>(made);
  return CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph graph) {
  if (!state.graphs.erase(graph))
    return CUDA_ERROR_INVALID_VALUE;
  delete reinterpret_cast<FakeGraph *>(graph);
  return CUDA_SUCCESS;
}
CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph,
                                 const CUgraphNode *before, size_t count,
                                 const CUDA_KERNEL_NODE_PARAMS *what) {
  MAY_FAIL
  auto &nodes = reinterpret_cast<FakeGraph *>(graph)->nodes;
  auto *function = reinterpret_cast<FakeFunction *>(what->func);
  // A chain: each behind the one before.
  if (count != (nodes.empty() ? 0 : 1) ||
      (count && *before != reinterpret_cast<CUgraphNode>(nodes.back().get())))
    return CUDA_ERROR_INVALID_VALUE;
  auto added = std::make_unique<FakeNode>();
  if (!bind(function, *what, *added))
    return CUDA_ERROR_INVALID_VALUE;
  note("node %s, %u blocks of %u threads, %u bytes shared",
       function->name.c_str(), what->gridDimX, what->blockDimX,
       what->sharedMemBytes);
  *node = reinterpret_cast<CUgraphNode>(added.get());
  nodes.push_back(std::move(added));
  return CUDA_SUCCESS;
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                     unsigned long long) {
  MAY_FAIL
  auto *made = new FakeExec;
  for (auto &node : reinterpret_cast<FakeGraph *>(graph)->nodes)
    made->nodes.push_back(*node);
  state.execs.insert(made);
  *exec = reinterpret_cast<CUgraphExec>(made);
  return CUDA_SUCCESS;
}
CUresult cuGraphExecDestroy(CUgraphExec exec) {
  if (!state.execs.erase(exec))
    return CUDA_ERROR_INVALID_VALUE;
  delete reinterpret_cast<FakeExec *>(exec);
  return CUDA_SUCCESS;
}
CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  MAY_FAIL
  auto &nodes = reinterpret_cast<FakeExec *>(exec)->nodes;
  note("launch %zu", nodes.size());
  state.put(stream, [&nodes] {
    for (const FakeNode &node : nodes)
      launch(node);
  });
  return CUDA_SUCCESS;
}

} // extern "C"
