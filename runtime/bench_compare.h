//===- bench_compare.h - a kernel's outputs beside the CPU's ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// By the format that an output is stored in: bf16 in the norm of its rounding,
// sums in f32 and f64 in that of another order of adding, codes of FP8 by how
// many are a neighbour's. What neither has written is NaN in both, and equal.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BENCH_COMPARE_H
#define GPTC_RUNTIME_BENCH_COMPARE_H

#include "bench_ops.h"
#include "thread_pool.h"

#include <cstddef>

namespace gptc {

struct Difference {
  double error = 0, bound = 0; ///< of codes, the share that differs
  uint64_t compared = 0;       ///< elements that are numbers
  uint64_t wrong = 0; ///< elements of which one is no number, or infinite, or
                      ///< whose codes are no neighbours
  bool isGood() const { return error <= bound && !wrong && compared; }
  /// Which of two is farther from good.
  bool isWorse(const Difference &other) const;
};

/// Of elements as a program stores them (`stored`) and as its reference does
/// (`wide`), in the stretches. `inFp8`: sums of products of FP8, of which the
/// tensor cores keep some 14 bits.
Difference compareValues(Element element, const std::byte *stored,
                         const std::byte *wide,
                         const std::vector<Stretch> &stretches, bool inFp8,
                         ThreadPool &pool);

} // namespace gptc

#endif // GPTC_RUNTIME_BENCH_COMPARE_H
