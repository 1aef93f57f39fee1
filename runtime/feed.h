//===- feed.h - what a part reads from the host -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A micro-batch as the kernels want it: tokens, targets, for every position
// the start of its document, and the positions in order of their tokens.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_FEED_H
#define GPTC_RUNTIME_FEED_H

#include "device.h"

#include <string>
#include <vector>

namespace gptc {

/// What the kernels can take of an input: values in [0, below).
struct Bound {
  int64_t below = kUnbounded;
  std::string by; ///< what bounds them; may be empty

  /// "below 256, the rows of the table at mlp.mlir:22".
  std::string text() const;
};

/// The least bound of the inputs of these kinds among `parts` (indices; kNone
/// left out).
Bound boundOf(const ProgramView &program, const std::vector<uint32_t> &parts,
              const std::vector<Feed> &feeds);

/// T tokens and what belongs to them; the lists are all of length T.
struct MicroBatch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;
  std::vector<int32_t> documentStarts; ///< nondecreasing, first 0, [t] ≤ t
  int64_t place = 0;                   ///< of its first token in its shard
};

/// For every position of T the start of its document, from the sorted starts
/// of all documents. Position 0 begins one in any case.
std::vector<int32_t> spreadDocumentStarts(const std::vector<int64_t> &starts,
                                          int64_t count);

/// The positions 0 … T−1, sorted by the token there, equal tokens in order of
/// position. No token is negative.
std::vector<int32_t> orderByToken(const std::vector<int32_t> &tokens);

/// Copies what the inputs of `part` ask for into their buffers.
/// The batch has `part.tokens` tokens. Throws an `Error` for a value beyond an
/// input's bound, whoever gave it: kernels trust what they look up by.
void feedPart(const ProgramView &program, const Part &part,
              const MicroBatch &batch, Device &device);

} // namespace gptc

#endif // GPTC_RUNTIME_FEED_H
