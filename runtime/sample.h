//===- sample.h - text from a model -----------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `sample`: draws one token after the other from the model's
// next-token distributions.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SAMPLE_H
#define GPTC_RUNTIME_SAMPLE_H

#include "view.h"

#include <cstdio>
#include <string>
#include <vector>

namespace gptc {

struct SampleOptions {
  std::string parameters; ///< path; the init recipe if empty
  std::string prompt;     ///< text, or token ids for a model of tokens
  int64_t length = 256;   ///< tokens to draw
  uint64_t seed = 0;
  unsigned threads = 1;
};

/// 64 bits that depend on all bits of the argument: a step of SplitMix64
/// (Steele, Lea and Flood, 2014).
uint64_t mix(uint64_t bits);

/// A uniform number in [0, 1) with 53 random bits: number `counter` of the
/// stream `seed` (the finalizer of splitmix64, twice).
double uniform(uint64_t seed, uint64_t counter);

/// What is wrong with a distribution over `columns` tokens of which the first
/// `count` can be drawn: a number that is no probability, by its token; a sum
/// that is not 1; nothing to draw. Empty if nothing is.
std::string faultOf(const float *probabilities, int64_t columns, int64_t count);

/// The first index whose cumulative sum exceeds `point` times the total, which
/// is positive.
int64_t drawIndex(const float *probabilities, int64_t count, double point);

/// The prompt's tokens: bytes, or numbers between blanks or commas. Throws an
/// `Error` for a token outside the vocabulary.
std::vector<int32_t> parsePrompt(const ProgramView &program,
                                 const std::string &prompt);

/// Prints prompt and sample to `console`, token by token.
void sample(const ProgramView &program, const SampleOptions &options,
            std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_SAMPLE_H
