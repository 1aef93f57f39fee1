//===- bench_values.h - what a kernel that is run alone reads ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A kernel's inputs are values that a run could hand it. What stands in bf16 is
// about normal; what stands in f32 or f64 are sums, λs, statistics and states
// of optimizers, some of which are squares: all are between a half and one and
// a half. Codes of FP8 are finite ones. Tokens, targets, documents and orders
// are made as the data feed makes them. What a kernel writes and does not read
// is NaN before. Matrices that a kernel takes for symmetric are.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BENCH_VALUES_H
#define GPTC_RUNTIME_BENCH_VALUES_H

#include "bench_ops.h"
#include "feed.h"
#include "thread_pool.h"

#include <cstddef>
#include <vector>

namespace gptc {

/// A buffer's elements as a program stores them, and as its reference does,
/// which stores floating point as f32 or f64: the same numbers.
struct BenchValues {
  std::vector<std::byte> stored, wide;
};

/// The value of a code of FP8, and the code of a value that has one.
float valueOfCode(Element format, uint8_t code);
uint8_t codeOfValue(Element format, float value);

/// Of either sign, but for an optimizer's state, which may be a sum of squares.
enum class Draw {
  Signed,
  Positive, ///< for kernels that take a root or a logarithm of them
  Zero,     ///< of a buffer whose value means that something has happened
};

/// The elements of a buffer before a launch, the same for the same seed.
BenchValues drawValues(const ProgramView &program, const TouchedBuffer &touched,
                       uint64_t seed, Draw draw, ThreadPool &pool);

/// A micro-batch for a part: documents of up to the model's longest, tokens
/// that its tables have, some of them often.
MicroBatch drawBatch(const ProgramView &program, uint32_t part, uint64_t seed);

} // namespace gptc

#endif // GPTC_RUNTIME_BENCH_VALUES_H
