//===- cuda_kernels.h - a program's kernels on a GPU ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Launches become a graph whose nodes are a chain. Their arguments never
// change, for the step's numbers stand in a row of the device's memory.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_KERNELS_H
#define GPTC_RUNTIME_CUDA_KERNELS_H

#include "cuda_driver.h"
#include "memory.h"
#include "view.h"

#include <vector>

namespace gptc {

/// The driver takes numbers and addresses of the device's memory as pointers.
inline void *driverPointer(uint64_t value) {
  return reinterpret_cast<void *>(value); // NOLINT(performance-no-int-to-ptr)
}

class CudaKernels {
public:
  /// Loads the kernels. Buffers stand in `arena` as planned, the step's numbers
  /// in `row`. Throws an `Error` where the driver does not take them.
  CudaKernels(const CudaDriver &driver, const ProgramView &program,
              const MemoryPlan &plan, CUdeviceptr arena, CUdeviceptr row,
              int multiprocessors);

  /// A graph of some of the program's launches, for the caller to destroy.
  CUgraphExec makeGraph(Span launches) const;
  /// Starts one launch alone.
  void launch(uint32_t index, CUstream stream) const;

private:
  struct Module {
    const CudaDriver &driver;
    CUmodule module = nullptr;
    ~Module();
  };

  struct Values;

  void load();
  CUDA_KERNEL_NODE_PARAMS bind(const Launch &launch, Values &values) const;
  CUtensorMap mapOf(const Argument &argument) const;
  CUdeviceptr place(uint32_t buffer) const {
    return arena + placeOf(program, plan, buffer);
  }

  const CudaDriver &driver;
  const ProgramView &program;
  const MemoryPlan &plan;
  CUdeviceptr arena, row;
  int multiprocessors;
  Module loaded{driver};
  std::vector<CUfunction> functions; ///< by kernel
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_KERNELS_H
