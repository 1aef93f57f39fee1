//===- launch_times.h - how long launches take, before they run -*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A profile (`EXE profile --csv`) has the times of one step of one rank. What
// other steps and other numbers of ranks run takes what a launch of the same
// name took, in proportion to the floors; where none has the name, its floor at
// a share that is given, or at that of the profile.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_LAUNCH_TIMES_H
#define GPTC_RUNTIME_LAUNCH_TIMES_H

#include "cost_table.h"
#include "launches.h"

#include <map>
#include <string>
#include <vector>

namespace gptc {

class LaunchTimes {
public:
  /// Reads the tables of profiles of this program. Floors are those of `card`;
  /// `share`: of a launch's time, that its floor is where no table has one
  /// like it; 0: then nothing is known. Throws an `Error`, with the line, for
  /// what is no such table or another program's.
  LaunchTimes(const ProgramView &program, const RowOf &rowOf, const Card &card,
              double share, const std::vector<std::string> &profiles);

  /// Whether there is a time for every launch.
  bool isKnown() const { return share > 0; }
  /// Seconds of one run of a launch, whose floor is of `card` and one document.
  double of(const CostLine &line) const;

  /// How the time of a launch was found.
  enum class Source { Measured, Alike, Floor };
  Source sourceOf(const CostLine &line) const;
  /// Of a launch's time, that its floor is where no table has one like it.
  double floorShare() const { return share; }

private:
  struct Measured {
    double seconds, floor;
  };
  using Table = std::vector<Measured>;
  void read(const ProgramView &program, const RowOf &rowOf, const Card &card,
            const std::string &path);
  static const Measured *nearest(const Table &table, double floor);
  const Measured *find(const CostLine &line) const;

  double share;
  double least; ///< seconds: no launch takes less
  std::map<uint32_t, Table> launches;
  std::map<std::string, Table> names; ///< by name and place
};

} // namespace gptc

#endif // GPTC_RUNTIME_LAUNCH_TIMES_H
