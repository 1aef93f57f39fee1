//===- costs.h - what launches take at best ---------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The program says what each launch cannot do without (`Cost`); a card's data
// sheet says how fast it does that at best. The larger of the times for
// products, row operations and bytes is the launch's floor: no kernel is below
// it, however it goes about it, unless it finds its operands in a cache.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COSTS_H
#define GPTC_RUNTIME_COSTS_H

#include "view.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gptc {

/// What a card does in a second at best.
struct Card {
  const char *name;
  double products[kPrecisions]; ///< FLOP of dense products, by precision
  double rowOperations;         ///< in f32, outside of tensor cores
  double bytes;                 ///< of its memory
  double memory;                ///< bytes that it has
  /// Whether the card's name, as the driver gives it, is one of these.
  bool (*is)(const std::string &device);
};

/// The card that a compiled program is held against where there is none.
const Card &referenceCard();
/// All cards whose data sheets are known.
std::vector<const Card *> knownCards();
/// The card of a name that the driver gives; the reference card for a Hopper
/// GPU that no table has.
const Card &cardOf(const std::string &device);

/// Pairs (i, j) of `positions` with max(i − window, the begin of i's document)
/// ≤ j ≤ i. `documentStarts` has one a row, of one or more positions; without
/// any, all positions are of one document. The window's fraction is dropped.
double visiblePairs(int64_t positions, double window,
                    const std::vector<int32_t> &documentStarts);

/// A launch's cost with the window of a step and the documents of a micro-batch
/// in it.
struct Work {
  double products, rowOperations, readBytes, writtenBytes;
  Precision precision;

  double bytes() const { return readBytes + writtenBytes; }
  /// Seconds that the products alone take on a card at their peak.
  double productSeconds(const Card &card) const {
    return products / card.products[static_cast<unsigned>(precision)];
  }
  double floorSeconds(const Card &card) const;
};

/// Costs with one row of numbers and one micro-batch's documents. Both are
/// needed as long as this is.
class Costs {
public:
  Costs(const double *numbers, const std::vector<int32_t> &documentStarts)
      : numbers(numbers), documentStarts(documentStarts) {}

  Work of(const Launch &launch);
  /// Seconds of all products of a part.
  double productSeconds(const ProgramView &program, uint32_t part,
                        const Card &card);

private:
  const double *numbers;
  const std::vector<int32_t> &documentStarts;
  /// By positions and window: layers share them.
  std::map<std::pair<int64_t, double>, double> pairs;
};

} // namespace gptc

#endif // GPTC_RUNTIME_COSTS_H
