//===- FakeCuda.h - the one stream of a driver without a GPU ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CUDA_FAKECUDA_H
#define GPTC_TEST_CUDA_FAKECUDA_H

#include <functional>

/// Puts work on the stream. It is called until it returns that it is done.
void fakeCudaPut(const std::function<bool()> &work);

#endif // GPTC_TEST_CUDA_FAKECUDA_H
