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

#include "view.h"

#include <vector>

namespace gptc {

/// T tokens and what belongs to them; all of length T.
struct MicroBatch {
  std::vector<int32_t> tokens;
  std::vector<int32_t> targets;
  std::vector<int32_t> documentStarts; ///< nondecreasing, first 0, [t] ≤ t
};

/// For every position of T the start of its document, from the sorted starts
/// of all documents. Position 0 begins one in any case.
std::vector<int32_t> spreadDocumentStarts(const std::vector<int64_t> &starts,
                                          int64_t count);

/// The positions 0 … T−1, sorted by token, equal tokens in order of position.
/// `tokens` are in [0, vocabularySize).
std::vector<int32_t> orderByToken(const std::vector<int32_t> &tokens,
                                  int64_t vocabularySize);

/// Copies what the inputs of `part` ask for into their buffers in `arena`.
/// The batch has `part.tokens` tokens.
void feedPart(const ProgramView &program, const Part &part,
              const MicroBatch &batch, std::byte *arena);

} // namespace gptc

#endif // GPTC_RUNTIME_FEED_H
