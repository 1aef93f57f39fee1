//===- cuda_device.h - a program on a GPU -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_DEVICE_H
#define GPTC_RUNTIME_CUDA_DEVICE_H

#include "device.h"

namespace gptc {

/// The first GPU that the driver shows (CUDA_VISIBLE_DEVICES chooses), or that
/// of the rank's number on its host, with memory for the parts of the plan.
/// `poison`: a part finds its workspace full of NaN. Throws an `Error` where
/// there is no Hopper GPU or too little memory on it, and where several ranks
/// have one and are not to share it.
std::unique_ptr<Device> openCudaDevice(const ProgramView &program,
                                       const MemoryPlan &plan, bool poison,
                                       Communicator &ranks,
                                       const GpuOptions &options);

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_DEVICE_H
