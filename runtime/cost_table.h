//===- cost_table.h - what the launches of a step cost ----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One table for what is known without a GPU (`gptc compile --cost-report`) and
// for what was measured (`EXE profile`): text for people, in which launches of
// one kernel and place are one line and families are added up, and CSV for
// programs, a line a launch.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COST_TABLE_H
#define GPTC_RUNTIME_COST_TABLE_H

#include "costs.h"

#include <optional>
#include <string>
#include <vector>

namespace gptc {

/// A launch of a step, which runs it `times` times.
struct CostLine {
  std::string part, name, place;
  Family family;
  int64_t times;
  uint32_t index;                ///< of the launch in the program
  Work work;                     ///< of one run, as its floor and its time
  double floor;                  ///< seconds; 0 without a card
  std::optional<double> seconds; ///< measured
};

/// The launches of a step in their order, with `microBatches` of its
/// micro-batches, on one of so many ranks. The floors are those of `card`,
/// unless that is null.
std::vector<CostLine> costLines(const ProgramView &program, int64_t step,
                                int64_t microBatches, Costs &costs,
                                const Card *card, unsigned ranks = 1);

/// Seconds of a step of these lines: at their floors, and as measured.
struct CostSums {
  double floor = 0, seconds = 0;
};
CostSums sumOf(const std::vector<CostLine> &lines);

/// Families, then kernels, the dearest first. Floors have columns if there is a
/// card, times if they were measured.
std::string costText(const std::vector<CostLine> &lines, bool hasCard);

/// `part,launch,name,…`, and the lines of a step behind the text `steps`.
std::string costCsvHead();
std::string costCsv(const std::vector<CostLine> &lines, bool hasCard,
                    const std::string &steps);

} // namespace gptc

#endif // GPTC_RUNTIME_COST_TABLE_H
