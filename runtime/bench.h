//===- bench.h - every kernel alone -----------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What `gptc compile --emit=bench` adds to a program: its reference, the same
// ops for this machine's processor with f32 where the program stores bf16 or
// FP8. Each kernel runs alone on the same inputs as its reference does, is
// compared with it, and is timed with none of its operands in a cache.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BENCH_H
#define GPTC_RUNTIME_BENCH_H

#include "view.h"

#include <cstdio>

namespace gptc {

struct BenchOptions {
  std::string filter;       ///< what the name of a kernel or its op contains
  std::string csv;          ///< receives the table, or ""
  int64_t step = 1;         ///< whose parts and numbers
  int64_t repeats = 25;     ///< of which a time is the median
  uint64_t seed = 0;        ///< of the values
  unsigned threads = 1;     ///< of the reference
  bool allParts = false;    ///< not those of the step alone
  bool list = false;        ///< names, and nothing is run
  bool compareOnly = false; ///< nothing is timed
  /// Contractions are timed beside this library's, "cublaslt"; "" for none.
  std::string contractions;
  std::string library; ///< its file or folder; else as it is found
};

/// Throws an `Error` at the end if a kernel differs from its reference.
void bench(const ProgramView &program, const ProgramView &reference,
           const BenchOptions &options, std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_BENCH_H
