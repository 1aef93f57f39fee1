//===- cost_report.cpp - what a program's steps cost at best --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cost_report.h"

#include "cost_table.h"
#include "error.h"
#include "step_kinds.h"

using namespace gptc;

namespace {
/// Steps that cost the same.
struct Group {
  std::vector<int64_t> steps;
  std::vector<CostLine> lines;
  double floor = 0, products = 0, bytes = 0;
};
} // namespace

static std::vector<Group> groupsOf(const ProgramView &program,
                                   const RowOf &rowOf) {
  const Card &card = referenceCard();
  static const std::vector<int32_t> oneDocument;
  std::vector<Group> groups;
  for (std::vector<int64_t> &steps : stepKinds(program, rowOf)) {
    Group group;
    int64_t step = steps.front();
    std::vector<double> numbers = rowOf(step);
    Costs costs(numbers.data(), oneDocument);
    group.steps = std::move(steps);
    group.lines =
        costLines(program, step, program.header().microBatches, costs, &card);
    group.floor = sumOf(group.lines).floor;
    for (const CostLine &line : group.lines) {
      auto times = static_cast<double>(line.times);
      group.products += times * line.work.productSeconds(card);
      group.bytes += times * line.work.bytes() / card.bytes;
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

static std::string headOf(const ProgramView &program, const Group &group) {
  const Step &row = program.stepTable()[group.steps.front()];
  return formatText("{} steps ({}) of {} micro-batches of {} tokens",
                    group.steps.size(), rangesText(group.steps),
                    program.header().microBatches,
                    program.parts()[row.micro].tokens);
}

std::string gptc::costReport(const ProgramView &program, const RowOf &rowOf,
                             bool csv) {
  std::vector<Group> groups = groupsOf(program, rowOf);
  std::string text;
  if (csv) {
    text = costCsvHead();
    for (const Group &group : groups)
      text += costCsv(group.lines, true, rangesText(group.steps));
    return text;
  }
  const Card &card = referenceCard();
  text = formatText(
      "floors on one {}: {:.0f} TFLOP/s of bf16, {:.0f} of FP8, {:.0f} of f32, "
      "{:.2f} TB/s; attention by its window, as if all were one document\n\na "
      "step, ms: each launch's floor, products alone, bytes alone\n",
      card.name, 1e-12 * card.products[static_cast<int>(Precision::BF16)],
      1e-12 * card.products[static_cast<int>(Precision::FP8)],
      1e-12 * card.products[static_cast<int>(Precision::F32)],
      1e-12 * card.bytes);
  double whole = 0;
  for (const Group &group : groups) {
    text += formatText("{:10.2f} {:10.2f} {:10.2f}  ", 1e3 * group.floor,
                       1e3 * group.products, 1e3 * group.bytes) +
            headOf(program, group) + "\n";
    whole += group.floor * static_cast<double>(group.steps.size());
  }
  text += formatText("all {} steps: {:.2f} s at their floors\n",
                     program.header().steps, whole);
  for (const Group &group : groups)
    text += "\n" + headOf(program, group) + "\n" + costText(group.lines, true);
  return text;
}
