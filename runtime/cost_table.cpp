//===- cost_table.cpp - what the launches of a step cost ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cost_table.h"

#include "error.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace gptc;

std::vector<CostLine> gptc::costLines(const ProgramView &program, int64_t step,
                                      int64_t microBatches, Costs &costs,
                                      const Card *card, unsigned ranks) {
  std::vector<CostLine> lines;
  const Step &row = program.stepTable()[step];
  for (uint32_t index :
       {row.prologue, row.micro, row.epilogue, row.update, row.event}) {
    index = partOf(program, index, ranks);
    if (index == kNone)
      continue;
    const Part &part = program.parts()[index];
    for (uint32_t i = 0; i < part.launches.count; ++i) {
      uint32_t number = part.launches.begin + i;
      const Launch &launch = program.launches()[number];
      Work work = costs.of(launch);
      lines.push_back({program.string(part.name), program.string(launch.name),
                       program.string(launch.place), launch.cost.family,
                       part.kind == PartKind::Micro ? microBatches : 1, number,
                       work, card ? work.floorSeconds(*card) : 0,
                       std::nullopt});
    }
  }
  return lines;
}

CostSums gptc::sumOf(const std::vector<CostLine> &lines) {
  CostSums sums;
  for (const CostLine &line : lines) {
    auto times = static_cast<double>(line.times);
    sums.floor += times * line.floor;
    sums.seconds += times * line.seconds.value_or(0);
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

namespace {
/// What a line of the text adds up, of a step.
struct Sum {
  std::string name, place;
  int64_t launches = 0;
  double flop = 0, bytes = 0, floor = 0, seconds = 0;

  void add(const CostLine &line) {
    auto times = static_cast<double>(line.times);
    launches += line.times;
    // Row operations beside products are an epilogue's.
    flop += times * (line.work.products > 0 ? line.work.products
                                            : line.work.rowOperations);
    bytes += times * line.work.bytes();
    floor += times * line.floor;
    seconds += times * line.seconds.value_or(0);
  }
};
} // namespace

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

static std::string headOf(bool hasCard, bool isMeasured) {
  std::string text = "launches";
  if (isMeasured)
    text += "    us each         ms  share   GFLOP/s    GB/s";
  else
    text += "      GFLOP         MB";
  if (hasCard)
    text += isMeasured ? "   floor ms  of floor" : "   floor ms  share";
  return text + "\n";
}

static std::string lineOf(const Sum &sum, const Sum &all, bool hasCard,
                          bool isMeasured) {
  auto launches = static_cast<double>(sum.launches);
  std::string text = formatText("{:8}", sum.launches);
  if (isMeasured)
    text += formatText(" {:10.1f} {:10.3f} {:5.1f}% {:9.0f} {:7.0f}",
                       1e6 * sum.seconds / launches, 1e3 * sum.seconds,
                       100 * ratio(sum.seconds, all.seconds),
                       1e-9 * ratio(sum.flop, sum.seconds),
                       1e-9 * ratio(sum.bytes, sum.seconds));
  else
    text += formatText(" {:10.2f} {:10.2f}", 1e-9 * sum.flop, 1e-6 * sum.bytes);
  if (hasCard)
    text += formatText(" {:10.3f} {}{:5.1f}%", 1e3 * sum.floor,
                       isMeasured ? "   " : "",
                       100 * (isMeasured ? ratio(sum.floor, sum.seconds)
                                         : ratio(sum.floor, all.floor)));
  return text + "  " + sum.name + (sum.place.empty() ? "" : "  " + sum.place) +
         "\n";
}

std::string gptc::costText(const std::vector<CostLine> &lines, bool hasCard) {
  bool isMeasured = !lines.empty() && lines.front().seconds;
  std::map<std::string, Sum> families, kernels;
  Sum all;
  all.name = "all";
  for (const CostLine &line : lines) {
    std::string family = kFamilyNames[static_cast<unsigned>(line.family)];
    if (line.work.products > 0)
      family += std::string(" ") +
                kPrecisionNames[static_cast<unsigned>(line.work.precision)];
    Sum &sum = families[family];
    sum.name = family;
    sum.add(line);
    Sum &kernel = kernels[line.name + " " + line.place];
    kernel.name = line.name;
    kernel.place = line.place;
    kernel.add(line);
    all.add(line);
  }
  auto dearest = [&](const std::map<std::string, Sum> &sums) {
    std::vector<Sum> sorted;
    for (const auto &[key, sum] : sums)
      sorted.push_back(sum);
    std::sort(sorted.begin(), sorted.end(), [&](const Sum &a, const Sum &b) {
      auto key = [&](const Sum &sum) {
        return isMeasured ? sum.seconds : hasCard ? sum.floor : sum.bytes;
      };
      return std::tuple(-key(a), std::tie(a.name, a.place)) <
             std::tuple(-key(b), std::tie(b.name, b.place));
    });
    std::string text;
    for (const Sum &sum : sorted)
      text += lineOf(sum, all, hasCard, isMeasured);
    return text;
  };
  std::string head = headOf(hasCard, isMeasured);
  return head + dearest(families) + lineOf(all, all, hasCard, isMeasured) +
         "\n" + head + dearest(kernels);
}

//===----------------------------------------------------------------------===//
// CSV
//===----------------------------------------------------------------------===//

static std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text)
    result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string gptc::costCsvHead() {
  return "steps,part,launch,name,family,lines,times,precision,product_flop,"
         "row_operations,read_bytes,written_bytes,floor_us,measured_us,"
         "share_of_floor\n";
}

std::string gptc::costCsv(const std::vector<CostLine> &lines, bool hasCard,
                          const std::string &steps) {
  std::string text;
  for (const CostLine &line : lines) {
    const Work &work = line.work;
    text += quoted(steps) + "," + quoted(line.part) +
            formatText(",{},", line.index) + quoted(line.name) + "," +
            kFamilyNames[static_cast<unsigned>(line.family)] + "," +
            quoted(line.place) + formatText(",{},", line.times) +
            (work.products > 0
                 ? kPrecisionNames[static_cast<unsigned>(work.precision)]
                 : "") +
            formatText(",{:.0f},{:.0f},{:.0f},{:.0f},", work.products,
                       work.rowOperations, work.readBytes, work.writtenBytes);
    if (hasCard)
      text += formatText("{:.3f}", 1e6 * line.floor);
    text += ",";
    if (line.seconds)
      text += formatText("{:.3f}", 1e6 * *line.seconds);
    text += ",";
    if (hasCard && line.seconds)
      text += formatText("{:.4f}", ratio(line.floor, *line.seconds));
    text += "\n";
  }
  return text;
}
