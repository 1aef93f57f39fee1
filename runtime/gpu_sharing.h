//===- gpu_sharing.h - which ranks have which GPU ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_GPU_SHARING_H
#define GPTC_RUNTIME_GPU_SHARING_H

#include "communicator.h"
#include "cuda_driver.h"

namespace gptc {

/// All ranks say which GPU they have; returns how many have this one's. Throws
/// the same `Error` on all ranks where several have one and are not to `share`
/// it. Where they are, NCCL finds them in the environment as it takes them.
unsigned meetOnGpus(const CudaDriver &driver, CUdevice device,
                    Communicator &ranks, bool share);

} // namespace gptc

#endif // GPTC_RUNTIME_GPU_SHARING_H
