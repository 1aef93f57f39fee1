//===- rank_operation.cpp - what a rank is about to do --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "rank_operation.h"

#include "view.h"

using namespace gptc;

void gptc::name(RankOperation &operation, const std::string &what,
                const std::string &place) {
  std::memset(operation.what, 0, sizeof(operation.what));
  std::string text = place.empty() ? what : what + ", " + place;
  text.copy(operation.what, sizeof(operation.what) - 1);
}

std::string gptc::nameOf(const RankOperation &operation) {
  return {operation.what, strnlen(operation.what, sizeof(operation.what))};
}

/// "all-reduce of 24 F32" and the like.
static std::string shapeOf(const RankOperation &operation) {
  static constexpr const char *kinds[] = {"all-reduce", "reduce-scatter",
                                          "all-gather", "gather", "barrier"};
  std::string text = kinds[operation.kind];
  if (operation.kind == RankOperation::AllGather ||
      operation.kind == RankOperation::Gather)
    text += formatText(" of {} bytes", operation.count);
  else if (operation.kind != RankOperation::Barrier)
    text += formatText(" of {} {}", operation.count,
                       elementName(operation.element));
  return text;
}

void gptc::compare(const RankOperation &first, unsigned rank,
                   const RankOperation &other) {
  if (std::memcmp(&first, &other, sizeof(first)) != 0)
    throw RankError(formatText(
        "the ranks disagree: rank 0 is at {} ({}), rank {} at {} ({})",
        nameOf(first), shapeOf(first), rank, nameOf(other), shapeOf(other)));
}

void gptc::checkElement(Element element, const std::string &what) {
  if (element != Element::F32 && element != Element::F64)
    fail("{}: ranks of the CPU sum F32 and F64, not {}", what,
         elementName(element));
}

template <typename T>
static void sumRanks(const std::vector<const std::byte *> &ranks,
                     uint64_t count, Reduction reduction, void *result) {
  T *to = static_cast<T *>(result);
  double divisor = reduction == Reduction::Mean ? double(ranks.size()) : 1;
  for (uint64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (const std::byte *rank : ranks)
      sum += double(reinterpret_cast<const T *>(rank)[i]);
    to[i] = T(sum / divisor);
  }
}

void gptc::sumOf(const std::vector<const std::byte *> &ranks, uint64_t count,
                 Element element, Reduction reduction, void *to) {
  if (element == Element::F64)
    sumRanks<double>(ranks, count, reduction, to);
  else
    sumRanks<float>(ranks, count, reduction, to);
}
