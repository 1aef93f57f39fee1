//===- cuda_device.h - a program on a GPU -----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_DEVICE_H
#define GPTC_RUNTIME_CUDA_DEVICE_H

#include "device.h"

namespace gptc {

/// The first GPU that the driver shows (CUDA_VISIBLE_DEVICES chooses), with
/// memory for the parts of the plan. `poison`: a part finds its workspace full
/// of NaN. Throws an `Error` where there is no Hopper GPU or too little memory
/// on it.
std::unique_ptr<Device> openCudaDevice(const ProgramView &program,
                                       const MemoryPlan &plan, bool poison);

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_DEVICE_H
