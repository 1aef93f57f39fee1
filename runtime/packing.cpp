//===- packing.cpp - documents into micro-batches -------------------------===//
//
// Part of gptc, under the MIT License.
//
// Packing needs only where documents begin, so a run's whole plan is made
// without copying a token.
//
//===----------------------------------------------------------------------===//

#include "packing.h"

#include <algorithm>

using namespace gptc;

std::vector<int64_t> gptc::findDocuments(const std::vector<uint16_t> &tokens,
                                         int64_t documentToken) {
  std::vector<int64_t> documents;
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] == documentToken)
      documents.push_back(static_cast<int64_t>(i));
  return documents;
}

std::vector<Piece> Packing::pack(int64_t inputs, size_t &next) const {
  std::vector<Piece> pieces;
  for (int64_t missing = inputs + 1; missing > 0; ++next) {
    if (next >= documents.size())
      return {};
    int64_t begin = documents[next];
    int64_t end =
        next + 1 < documents.size() ? documents[next + 1] : shardTokens;
    int64_t length = std::min({end - begin, maxDocumentTokens, missing});
    pieces.push_back({begin, length});
    missing -= length;
  }
  return pieces;
}

bool Packing::skipStep(int64_t inputs, int64_t count, size_t &next) const {
  size_t place = next;
  for (int64_t i = 0; i < count; ++i)
    if (pack(inputs, place).empty())
      return false;
  next = place;
  return true;
}

MicroBatch gptc::gather(const std::vector<uint16_t> &tokens,
                        const std::vector<Piece> &pieces) {
  std::vector<int32_t> packed;
  std::vector<int64_t> starts;
  for (const Piece &piece : pieces) {
    starts.push_back(static_cast<int64_t>(packed.size()));
    packed.insert(packed.end(), tokens.begin() + piece.begin,
                  tokens.begin() + piece.begin + piece.length);
  }
  MicroBatch batch;
  batch.place = pieces.front().begin;
  batch.tokens.assign(packed.begin(), packed.end() - 1);
  batch.targets.assign(packed.begin() + 1, packed.end());
  batch.documentStarts =
      spreadDocumentStarts(starts, static_cast<int64_t>(batch.tokens.size()));
  return batch;
}
