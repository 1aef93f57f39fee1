//===- FakeCuda.h - streams of a driver without a GPU -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CUDA_FAKECUDA_H
#define GPTC_TEST_CUDA_FAKECUDA_H

#include <cuda.h>
#include <functional>

/// Puts work on a stream. It is called until it returns that it is done.
void fakeCudaPut(CUstream stream, const std::function<bool()> &work);

#endif // GPTC_TEST_CUDA_FAKECUDA_H
