//===- ranks.cpp - how a run is shared out --------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "ranks.h"

#include "stop_signals.h"

#include <algorithm>
#include <set>

using namespace gptc;

void gptc::checkRanks(const std::string &flag, int64_t ranks,
                      int64_t microBatches) {
  if (microBatches % ranks == 0)
    return;
  std::string divisors;
  for (int64_t divisor = 1; divisor <= microBatches; ++divisor)
    if (microBatches % divisor == 0)
      divisors += (divisors.empty() ? "" : ", ") + std::to_string(divisor);
  fail("{} {}: each rank takes as many of a step's {} micro-batches: there can "
       "be {} ranks",
       flag, ranks, microBatches, divisors);
}

void gptc::checkRanks(const std::string &flag, int64_t ranks,
                      const ProgramView &program) {
  checkRanks(flag, ranks, program.header().microBatches);
  std::set<int64_t> served{1};
  bool isForAll = true;
  for (const Part &part : program.parts()) {
    isForAll &= part.ranks == 0;
    served.insert(part.ranks);
  }
  served.erase(0);
  if (ranks == 1 || isForAll || served.count(ranks))
    return;
  std::string all;
  for (int64_t world : served)
    all += (all.empty() ? "" : ", ") + std::to_string(world);
  fail("{} {}: the program is compiled for fewer: there can be {} ranks", flag,
       ranks, all);
}

std::vector<double> gptc::inOrder(Communicator &ranks,
                                  const std::vector<double> &own, int64_t count,
                                  const std::string &what) {
  auto world = static_cast<size_t>(ranks.world());
  auto wanted = static_cast<size_t>(count);
  size_t most = (wanted + world - 1) / world;
  std::vector<double> mine(own), all(most * world), ordered(wanted);
  mine.resize(most);
  ranks.allGather(mine.data(), all.data(), most * sizeof(double), what);
  for (size_t i = 0; i < wanted; ++i)
    ordered[i] = all[i % world * most + i / world];
  return ordered;
}

void gptc::workAs(Communicator &ranks,
                  const std::function<void(Communicator &)> &work) {
  try {
    work(ranks);
  } catch (const Stopped &) {
    ranks.leave();
    throw;
  }
  ranks.leave();
}

//===----------------------------------------------------------------------===//
// Agreement
//===----------------------------------------------------------------------===//

/// FNV-1a over words of 8 bytes, the last one filled with zeros.
std::string gptc::digestOf(const void *bytes, size_t size) {
  const char *from = static_cast<const char *>(bytes);
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t at = 0; at < size; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, from + at, std::min<size_t>(8, size - at));
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 32;
  }
  return formatText("{:016x}", hash);
}

static constexpr size_t kFactBytes = 128;

/// All facts in as many bytes on each rank: `name: value`, one a stretch.
static std::vector<char> packFacts(const Facts &facts) {
  std::vector<char> packed(facts.size() * kFactBytes);
  for (size_t i = 0; i < facts.size(); ++i) {
    std::string text = facts[i].first + " " + facts[i].second;
    if (text.size() >= kFactBytes) // then its digest decides
      text = text.substr(0, kFactBytes - 32) + "… " +
             digestOf(text.data(), text.size());
    std::memcpy(packed.data() + i * kFactBytes, text.data(), text.size());
  }
  return packed;
}

void gptc::agree(Communicator &ranks, const Facts &facts) {
  std::vector<char> own = packFacts(facts);
  std::vector<char> all(own.size() * ranks.world());
  ranks.allGather(own.data(), all.data(), own.size(),
                  "the comparison of the runs");
  for (size_t fact = 0; fact < facts.size(); ++fact)
    for (unsigned r = 1; r < ranks.world(); ++r) {
      const char *first = all.data() + fact * kFactBytes;
      const char *other = first + r * own.size();
      if (std::memcmp(first, other, kFactBytes) != 0)
        throw RankError(formatText(
            "the ranks are of unlike runs: rank 0 has {}, rank {} has {}",
            first, r, other));
    }
}
