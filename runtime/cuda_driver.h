//===- cuda_driver.h - the CUDA driver, opened at run time ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The driver is the one library that a GPU program needs, and only a command
// that computes opens it. Its functions have their own types, and every call
// goes through GPTC_CUDA, which turns a status into an error.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_DRIVER_H
#define GPTC_RUNTIME_CUDA_DRIVER_H

#include <cuda.h>
#include <memory>

/// `GPTC_CUDA(driver, cuMemAlloc, &address, bytes)`.
#define GPTC_CUDA(DRIVER, NAME, ...)                                           \
  (DRIVER).check((DRIVER).NAME##Function(__VA_ARGS__), #NAME)

#define GPTC_CUDA_FUNCTIONS(FUNCTION)                                          \
  FUNCTION(cuInit)                                                             \
  FUNCTION(cuDriverGetVersion)                                                 \
  FUNCTION(cuDeviceGetCount)                                                   \
  FUNCTION(cuDeviceGet)                                                        \
  FUNCTION(cuDeviceGetName)                                                    \
  FUNCTION(cuDeviceGetAttribute)                                               \
  FUNCTION(cuDeviceGetUuid)                                                    \
  FUNCTION(cuDevicePrimaryCtxRetain)                                           \
  FUNCTION(cuDevicePrimaryCtxRelease)                                          \
  FUNCTION(cuCtxSetCurrent)                                                    \
  FUNCTION(cuMemGetInfo)                                                       \
  FUNCTION(cuMemAlloc)                                                         \
  FUNCTION(cuMemFree)                                                          \
  FUNCTION(cuMemAllocHost)                                                     \
  FUNCTION(cuMemFreeHost)                                                      \
  FUNCTION(cuMemsetD8Async)                                                    \
  FUNCTION(cuMemcpyHtoDAsync)                                                  \
  FUNCTION(cuMemcpyDtoHAsync)                                                  \
  FUNCTION(cuStreamCreate)                                                     \
  FUNCTION(cuStreamCreateWithPriority)                                         \
  FUNCTION(cuStreamDestroy)                                                    \
  FUNCTION(cuStreamSynchronize)                                                \
  FUNCTION(cuStreamWaitEvent)                                                  \
  FUNCTION(cuEventCreate)                                                      \
  FUNCTION(cuEventDestroy)                                                     \
  FUNCTION(cuEventQuery)                                                       \
  FUNCTION(cuEventRecord)                                                      \
  FUNCTION(cuEventSynchronize)                                                 \
  FUNCTION(cuLaunchKernel)                                                     \
  FUNCTION(cuModuleLoadDataEx)                                                 \
  FUNCTION(cuModuleUnload)                                                     \
  FUNCTION(cuModuleGetFunction)                                                \
  FUNCTION(cuFuncSetAttribute)                                                 \
  FUNCTION(cuTensorMapEncodeTiled)                                             \
  FUNCTION(cuGraphCreate)                                                      \
  FUNCTION(cuGraphDestroy)                                                     \
  FUNCTION(cuGraphAddKernelNode)                                               \
  FUNCTION(cuGraphInstantiate)                                                 \
  FUNCTION(cuGraphExecDestroy)                                                 \
  FUNCTION(cuGraphLaunch)

namespace gptc {

class CudaDriver {
public:
  /// Opens libcuda.so.1 and initialises it. Throws an `Error` where there is
  /// none, where it lacks a function, and where it finds no GPU.
  CudaDriver();

  /// How many GPUs it shows, at least one.
  unsigned devices() const { return count; }

  /// `cuMemAllocFunction` and so on.
#define GPTC_CUDA_MEMBER(NAME) decltype(&::NAME) NAME##Function = nullptr;
  GPTC_CUDA_FUNCTIONS(GPTC_CUDA_MEMBER)
#undef GPTC_CUDA_MEMBER
  /// By the name that it has in all drivers: cuda.h's is a newer one.
  CUresult (*cuEventElapsedTimeFunction)(float *, CUevent, CUevent) = nullptr;

  /// Throws an `Error` that names the function and what the driver says, for
  /// any status but success.
  void check(CUresult status, const char *function) const;

private:
  struct Close {
    void operator()(void *library) const;
  };
  std::unique_ptr<void, Close> library;
  unsigned count = 0;
  decltype(&::cuGetErrorString) errorString = nullptr;
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_DRIVER_H
