//===- costs.cpp - what launches take at best -----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "costs.h"

#include <algorithm>

using namespace gptc;

//===----------------------------------------------------------------------===//
// Cards
//===----------------------------------------------------------------------===//

static bool has(const std::string &name, const char *part) {
  return name.find(part) != std::string::npos;
}

/// Figures of the data sheets "NVIDIA H100 Tensor Core GPU" and "NVIDIA H200
/// Tensor Core GPU"; those for tensor cores are halved there, for the sheets
/// give them with sparsity. The first one whose name fits is taken.
static const Card kCards[] = {
    {"H100 PCIe",
     {51e12, 756e12, 1513e12},
     51e12,
     2.0e12,
     80e9,
     [](const std::string &name) { return has(name, "H100 PCIe"); }},
    {"H100 NVL",
     {60e12, 835e12, 1671e12},
     60e12,
     3.9e12,
     94e9,
     [](const std::string &name) { return has(name, "H100 NVL"); }},
    {"H200 NVL",
     {60e12, 835e12, 1671e12},
     60e12,
     4.8e12,
     141e9,
     [](const std::string &name) { return has(name, "H200 NVL"); }},
    {"H200",
     {67e12, 989.4e12, 1978.9e12},
     67e12,
     4.8e12,
     141e9,
     [](const std::string &name) { return has(name, "H200"); }},
    {"H100 SXM",
     {67e12, 989.4e12, 1978.9e12},
     67e12,
     3.35e12,
     80e9,
     [](const std::string &) { return true; }},
};

const Card &gptc::referenceCard() { return *(std::end(kCards) - 1); }

std::vector<const Card *> gptc::knownCards() {
  std::vector<const Card *> cards;
  for (const Card &card : kCards)
    cards.push_back(&card);
  return cards;
}

const Card &gptc::cardOf(const std::string &device) {
  for (const Card &card : kCards)
    if (card.is(device))
      return card;
  return referenceCard();
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

double gptc::visiblePairs(int64_t positions, double window,
                          const std::vector<int32_t> &documentStarts) {
  if (!(window >= 0))
    window = 0;
  int64_t reach = window < static_cast<double>(positions)
                      ? static_cast<int64_t>(window)
                      : positions;
  auto rows = static_cast<int64_t>(documentStarts.size());
  int64_t group = rows ? positions / rows : 1, pairs = 0;
  for (int64_t i = 0; i < positions; ++i) {
    int64_t begin = rows ? group * documentStarts[i / group] : 0;
    pairs += i - std::max(i - reach, begin) + 1;
  }
  return static_cast<double>(pairs);
}

double Work::floorSeconds(const Card &card) const {
  return std::max({productSeconds(card), rowOperations / card.rowOperations,
                   bytes() / card.bytes});
}

Work Costs::of(const Launch &launch) {
  const Cost &cost = launch.cost;
  Work work{cost.products, cost.rowOperations,
            static_cast<double>(cost.readBytes),
            static_cast<double>(cost.writtenBytes), cost.precision};
  if (cost.positions == 0)
    return work;
  double window = numbers[cost.window];
  auto [known, isNew] = pairs.try_emplace({cost.positions, window});
  if (isNew)
    known->second = visiblePairs(cost.positions, window, documentStarts);
  work.products *= known->second;
  return work;
}

double Costs::productSeconds(const ProgramView &program, uint32_t part,
                             const Card &card) {
  double seconds = 0;
  if (part == kNone)
    return seconds;
  for (const Launch &launch :
       program.launches().slice(program.parts()[part].launches))
    seconds += of(launch).productSeconds(card);
  return seconds;
}
