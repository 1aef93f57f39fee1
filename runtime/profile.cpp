//===- profile.cpp - where the time of a step goes ------------------------===//
//
// Part of gptc, under the MIT License.
//
// The step is run whole, many times without a pause, first as training runs it
// and then launch by launch with a mark behind each: so caches, clocks and what
// buffers hold are those of a run. With a pause behind each launch a GPU stays
// cool, and its clock as high as it goes: the difference is what its power
// costs. A mark takes some time of its own, which is measured and said. The
// first step of each kind warms up and is not counted.
//
//===----------------------------------------------------------------------===//

#include "profile.h"

#include "batches.h"
#include "cost_table.h"
#include "error.h"
#include "files.h"
#include "instance.h"
#include "parameters.h"
#include "samples.h"
#include "settings.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

using namespace gptc;

namespace {

/// A step's parts in the order in which training runs them.
struct PartRun {
  uint32_t part;
  const MicroBatch *batch; ///< null for a part without inputs
};

class Profile {
public:
  Profile(Instance &instance, int64_t step,
          const std::vector<MicroBatch> &batches);

  void measure(int64_t repeats, double pause);
  void print(std::FILE *console, const std::string &csv) const;

private:
  void runStep();
  void runLaunches();
  void takeSteps(int64_t repeats);
  void takeLaunches(int64_t repeats);
  void takeLaunchesAlone(int64_t repeats, double pause);
  void takeNothing(int64_t repeats);
  std::vector<CostLine> lines(const Card *card) const;
  std::string partsText(const std::vector<CostLine> &lines, bool hasCard) const;
  std::string stepText(const std::vector<CostLine> &lines,
                       const Card *card) const;

  Instance &instance;
  const ProgramView &program;
  int64_t step;
  const std::vector<MicroBatch> &batches;
  std::vector<PartRun> runs;
  Samples steps, between, nothing; ///< between a step's parts; between marks
  std::vector<Samples> parts, launches;
};

} // namespace

Profile::Profile(Instance &instance, int64_t step,
                 const std::vector<MicroBatch> &batches)
    : instance(instance), program(instance.program()), step(step),
      batches(batches), parts(program.parts().size()),
      launches(program.launches().size()) {
  const Step &row = program.stepTable()[step];
  auto add = [&](uint32_t part, const MicroBatch *batch) {
    if (part != kNone)
      runs.push_back({part, batch});
  };
  add(row.prologue, nullptr);
  for (const MicroBatch &batch : batches)
    add(row.micro, &batch);
  add(row.epilogue, nullptr);
  add(row.update, nullptr);
  add(row.event, nullptr);
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

/// Marks: one at the beginning, one before and one behind each part.
void Profile::runStep() {
  instance.mark();
  for (const PartRun &run : runs) {
    if (run.batch)
      instance.feed(run.part, *run.batch);
    instance.mark();
    instance.run(run.part, step);
    instance.mark();
  }
}

/// Marks: one before each part, one behind each of its launches.
void Profile::runLaunches() {
  for (const PartRun &run : runs) {
    if (run.batch)
      instance.feed(run.part, *run.batch);
    instance.mark();
    Span all = program.parts()[run.part].launches;
    for (uint32_t i = 0; i < all.count; ++i) {
      instance.runLaunch(all.begin + i, step);
      instance.mark();
    }
  }
}

void Profile::takeSteps(int64_t repeats) {
  runStep();
  instance.takeMarks();
  for (int64_t i = 0; i <= repeats; ++i)
    runStep();
  instance.mark();
  std::vector<double> marks = instance.takeMarks();
  size_t count = 1 + 2 * runs.size();
  for (size_t i = 1; i <= static_cast<size_t>(repeats); ++i) {
    const double *own = marks.data() + i * count;
    double rest = own[count] - own[0];
    steps.add(rest);
    for (size_t j = 0; j < runs.size(); ++j) {
      double seconds = own[2 + 2 * j] - own[1 + 2 * j];
      parts[runs[j].part].add(seconds);
      rest -= seconds;
    }
    between.add(rest);
  }
}

void Profile::takeLaunches(int64_t repeats) {
  for (int64_t i = 0; i <= repeats; ++i)
    runLaunches();
  std::vector<double> marks = instance.takeMarks();
  const double *mark = marks.data();
  for (int64_t i = 0; i <= repeats; ++i)
    for (const PartRun &run : runs) {
      Span all = program.parts()[run.part].launches;
      for (uint32_t j = 0; j < all.count; ++j)
        if (i > 0)
          launches[all.begin + j].add(mark[j + 1] - mark[j]);
      mark += all.count + 1;
    }
}

/// Each launch finds the device idle, and rests behind it.
void Profile::takeLaunchesAlone(int64_t repeats, double pause) {
  for (int64_t i = 0; i < repeats; ++i)
    for (const PartRun &run : runs) {
      if (run.batch)
        instance.feed(run.part, *run.batch);
      Span all = program.parts()[run.part].launches;
      for (uint32_t j = 0; j < all.count; ++j) {
        instance.mark();
        instance.runLaunch(all.begin + j, step);
        instance.mark();
        launches[all.begin + j].add(instance.takeMarks().back());
        std::this_thread::sleep_for(std::chrono::duration<double>(pause));
      }
    }
}

void Profile::takeNothing(int64_t repeats) {
  for (int64_t i = 0; i <= repeats; ++i)
    instance.mark();
  std::vector<double> marks = instance.takeMarks();
  for (size_t i = 1; i < marks.size(); ++i)
    nothing.add(marks[i] - marks[i - 1]);
}

void Profile::measure(int64_t repeats, double pause) {
  takeSteps(repeats);
  if (pause > 0)
    takeLaunchesAlone(repeats, pause);
  else
    takeLaunches(repeats);
  takeNothing(repeats);
}

//===----------------------------------------------------------------------===//
// Telling
//===----------------------------------------------------------------------===//

/// The step's launches; those of micro-batches with the mean of their work.
std::vector<CostLine> Profile::lines(const Card *card) const {
  auto count = static_cast<int64_t>(batches.size());
  std::vector<double> numbers = instance.numbers(step);
  std::vector<CostLine> all;
  for (const MicroBatch &batch : batches) {
    Costs costs(numbers.data(), batch.documentStarts);
    std::vector<CostLine> own = costLines(program, step, count, costs, card);
    if (all.empty()) {
      all = own;
      continue;
    }
    for (size_t i = 0; i < all.size(); ++i) {
      all[i].work.products += own[i].work.products;
      all[i].floor += own[i].floor;
    }
  }
  for (CostLine &line : all) {
    line.work.products /= static_cast<double>(count);
    line.floor /= static_cast<double>(count);
    line.seconds = launches[line.index].median();
  }
  return all;
}

std::string Profile::partsText(const std::vector<CostLine> &lines,
                               bool hasCard) const {
  std::string text = "part                  runs   ms each    least     most"
                     "   by launches";
  text += hasCard ? "      floor\n" : "\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    uint32_t part = runs[i].part;
    if (i > 0 && runs[i - 1].part == part)
      continue;
    int64_t count = 0;
    for (const PartRun &run : runs)
      count += run.part == part;
    double sum = 0, floor = 0;
    Span own = program.parts()[part].launches;
    for (const CostLine &line : lines)
      if (line.index - own.begin < own.count) {
        sum += *line.seconds;
        floor += line.floor;
      }
    const Samples &times = parts[part];
    text += formatText("{:<20} {:5} {:9.3f} {:8.3f} {:8.3f} {:13.3f}",
                       program.string(program.parts()[part].name), count,
                       1e3 * times.median(), 1e3 * times.least(),
                       1e3 * times.most(), 1e3 * sum);
    text += hasCard ? formatText(" {:10.3f}\n", 1e3 * floor) : "\n";
  }
  return text;
}

std::string Profile::stepText(const std::vector<CostLine> &lines,
                              const Card *card) const {
  CostSums sums = sumOf(lines);
  double whole = steps.median(), products = 0;
  std::string text = formatText(
      "\na step: {:.3f} ms, {:.3f} of it between parts; launch by launch "
      "{:.3f}, with {:.4f} for each mark: {:.1f} % of the step idle\none after "
      "the other, ms:",
      1e3 * whole, 1e3 * between.median(), 1e3 * sums.seconds,
      1e3 * nothing.median(), 100 * std::max(0.0, 1 - sums.seconds / whole));
  for (double seconds : steps.inOrder())
    text += formatText(" {:.1f}", 1e3 * seconds);
  text += "\n";
  if (!card)
    return text;
  for (const CostLine &line : lines)
    products +=
        static_cast<double>(line.times) * line.work.productSeconds(*card);
  return text +
         formatText(
             "speed of light: {:.1f} % of the step would do for its products "
             "alone ({:.3f} ms), {:.1f} % for all floors ({:.3f})\n",
             100 * products / whole, 1e3 * products, 100 * sums.floor / whole,
             1e3 * sums.floor);
}

void Profile::print(std::FILE *console, const std::string &csv) const {
  const Card *card = instance.card();
  std::vector<CostLine> all = lines(card);
  std::string device = instance.describeDevice()["name"];
  std::string text = formatText(
      "step {} on {}{}: {} micro-batches of {} tokens; medians\n\n", step,
      device, card ? formatText(" (floors of one {})", card->name).c_str() : "",
      batches.size(), program.parts()[program.stepTable()[step].micro].tokens);
  text +=
      partsText(all, card) + stepText(all, card) + "\n" + costText(all, card);
  std::fputs(text.c_str(), console);
  if (csv.empty())
    return;
  OutputFile file(csv);
  std::string table = costCsvHead() + costCsv(all, card, std::to_string(step));
  file.write(table.data(), table.size());
  file.commit();
}

void gptc::profile(const ProgramView &program, const ProfileOptions &options,
                   std::FILE *console) {
  checkStep(program, options.step);
  Settings settings = parseSettings(program, options.set);
  checkSettings(program, settings);
  Instance instance(program, options.threads, options.seed,
                    partsOfSteps(program, options.step, options.step + 1),
                    settings.given);
  BatchRequest request =
      requestBatches(program, options.data, 1, options.step + 1);
  // The first data, whichever step they are for.
  request.stepTokens = {request.stepTokens.back()};
  BatchPlan plan = planBatches(request);
  std::vector<MicroBatch> batches =
      BatchReader(std::move(request), std::move(plan)).next();
  if (!options.csv.empty())
    OutputFile probe(options.csv); // Fails now rather than after the run.
  instance.initialize();
  if (!options.parameters.empty())
    loadParameters(instance, options.parameters);
  Profile measured(instance, options.step, batches);
  measured.measure(options.repeats, static_cast<double>(options.pause) * 1e-6);
  measured.print(console, options.csv);
}
