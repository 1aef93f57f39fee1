//===- packing.h - documents into micro-batches -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A micro-batch of T inputs takes T + 1 tokens. They are whole documents in
// file order, each cut at a maximum length (the rest of a cut document is
// dropped) and the last one cut to fit; inputs are the first T tokens, targets
// the last T. The micro-batches of a step come from one shard: what remains of
// a shard and cannot fill a step is dropped.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PACKING_H
#define GPTC_RUNTIME_PACKING_H

#include "feed.h"

#include <vector>

namespace gptc {

/// Tokens [begin, begin + length) of a shard: what was taken of a document.
struct Piece {
  int64_t begin, length;
};

/// The indices of `documentToken`: where documents begin.
std::vector<int64_t> findDocuments(const std::vector<uint16_t> &tokens,
                                   int64_t documentToken);

/// How the documents of one shard are taken.
struct Packing {
  const std::vector<int64_t> &documents; ///< where they begin, ascending
  int64_t shardTokens;
  int64_t maxDocumentTokens;

  /// The pieces of a micro-batch of `inputs` + 1 tokens from document `next`
  /// on, which moves to the first document not taken. Empty, and `next`
  /// meaningless, if the shard ends before.
  std::vector<Piece> pack(int64_t inputs, size_t &next) const;

  /// Whether a step of `count` micro-batches fits from document `next` on; if
  /// so, moves `next` behind it, else leaves it.
  bool skipStep(int64_t inputs, int64_t count, size_t &next) const;
};

/// The micro-batch that `pieces` of `tokens` make.
MicroBatch gather(const std::vector<uint16_t> &tokens,
                  const std::vector<Piece> &pieces);

} // namespace gptc

#endif // GPTC_RUNTIME_PACKING_H
