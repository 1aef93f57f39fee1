//===- launch_times.cpp - how long launches take, before they run ---------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "launch_times.h"

#include "error.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>

using namespace gptc;

/// Where nothing was measured: what a kernel with hardly any work takes.
static constexpr double kEmptyLaunch = 2e-6;

/// The columns of `costCsvHead` that are read.
enum Column {
  Steps,
  Index = 2,
  Name,
  Place = 5,
  ReadBytes = 10,
  WrittenBytes,
  Time = 13,
  Columns = 15
};

/// The fields of a line, quotes taken off.
static std::vector<std::string> fieldsOf(const std::string &line) {
  std::vector<std::string> fields(1);
  bool isQuoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    bool isPair = isQuoted && line.compare(i, 2, "\"\"") == 0;
    if (isPair || (line[i] != '"' && (isQuoted || line[i] != ',')))
      fields.back() += line[isPair ? i++ : i];
    else if (line[i] == '"')
      isQuoted = !isQuoted;
    else
      fields.emplace_back();
  }
  return fields;
}

/// The number that a text is; negative if it is none.
static double numberOf(const std::string &text) {
  char *end;
  errno = 0;
  double value = std::strtod(text.c_str(), &end);
  bool good =
      !text.empty() && *end == 0 && !errno && value >= 0 && value <= 1e15;
  return good ? value : -1;
}

LaunchTimes::LaunchTimes(const ProgramView &program, const RowOf &rowOf,
                         const Card &card, double share,
                         const std::vector<std::string> &profiles)
    : share(share), least(profiles.empty() ? kEmptyLaunch : 1) {
  for (const std::string &path : profiles)
    read(program, rowOf, card, path);
  if (profiles.empty())
    return;
  double floors = 0, seconds = 0;
  for (const auto &[index, table] : launches)
    for (const Measured &measured : table) {
      least = std::min(least, measured.seconds);
      floors += measured.floor;
      seconds += measured.seconds;
    }
  this->share = seconds > 0 && floors > 0 ? std::min(1.0, floors / seconds) : 1;
}

void LaunchTimes::read(const ProgramView &program, const RowOf &rowOf,
                       const Card &card, const std::string &path) {
  std::ifstream file(path);
  if (!file)
    failErrno(path, "cannot be opened");
  std::string line;
  std::getline(file, line);
  if (line + "\n" != costCsvHead())
    fail("{}: is no table of `profile --csv`", path);
  static const std::vector<int32_t> oneDocument;
  std::map<int64_t, std::vector<double>> floors; // of a step, by launch
  size_t count = 0;
  for (size_t number = 2; std::getline(file, line); ++number) {
    std::vector<std::string> fields = fieldsOf(line);
    auto failLine = [&](const char *why) {
      fail("{}:{}: {}", path, number, why);
    };
    if (fields.size() != Columns)
      failLine("is no line of `profile --csv`");
    double index = numberOf(fields[Index]), time = numberOf(fields[Time]);
    double step = numberOf(fields[Steps]);
    if (time < 0 || step < 0)
      failLine("has no measured time of one step: a table of `profile --csv` "
               "was expected, not a report of costs");
    if (index < 0 || index >= static_cast<double>(program.launches().size()) ||
        step >= static_cast<double>(program.header().steps))
      failLine("is of another program");
    auto launch = static_cast<uint32_t>(index);
    auto at = static_cast<int64_t>(step);
    const Launch &known = program.launches()[launch];
    if (fields[Name] != program.string(known.name) ||
        fields[Place] != program.string(known.place) ||
        fields[ReadBytes] != std::to_string(known.cost.readBytes) ||
        fields[WrittenBytes] != std::to_string(known.cost.writtenBytes))
      failLine("is of another program");
    auto [own, isNew] = floors.try_emplace(at);
    if (isNew) {
      own->second.resize(program.launches().size());
      std::vector<double> numbers = rowOf(at);
      Costs costs(numbers.data(), oneDocument);
      for (const CostLine &cost : costLines(program, at, 1, costs, &card))
        own->second[cost.index] = cost.floor;
    }
    Measured measured{time * 1e-6, own->second[launch]};
    launches[launch].push_back(measured);
    names[fields[Name] + " " + fields[Place]].push_back(measured);
    ++count;
  }
  if (count == 0)
    fail("{}: has no launches", path);
}

const LaunchTimes::Measured *LaunchTimes::nearest(const Table &table,
                                                  double floor) {
  auto distance = [&](const Measured &measured) {
    double least = std::min(measured.floor, floor);
    return least > 0 ? std::max(measured.floor, floor) / least
                     : 1e30 * std::max(measured.floor, floor);
  };
  return &*std::min_element(table.begin(), table.end(),
                            [&](const Measured &a, const Measured &b) {
                              return distance(a) < distance(b);
                            });
}

const LaunchTimes::Measured *LaunchTimes::find(const CostLine &line) const {
  if (auto own = launches.find(line.index); own != launches.end())
    return nearest(own->second, line.floor);
  auto alike = names.find(line.name + " " + line.place);
  return alike == names.end() ? nullptr : nearest(alike->second, line.floor);
}

LaunchTimes::Source LaunchTimes::sourceOf(const CostLine &line) const {
  const Measured *found = find(line);
  if (!found)
    return Source::Floor;
  return launches.count(line.index) && found->floor == line.floor
             ? Source::Measured
             : Source::Alike;
}

double LaunchTimes::of(const CostLine &line) const {
  const Measured *found = find(line);
  if (!found)
    return std::max(least, line.floor / share);
  if (found->floor == line.floor || found->floor == 0)
    return found->seconds;
  return std::max(least, found->seconds * line.floor / found->floor);
}
