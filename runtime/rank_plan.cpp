//===- rank_plan.cpp - a run of several ranks, before it is run -----------===//
//
// Part of gptc, under the MIT License.
//
// Whether collectives hide behind launches is known only when they run, so a
// step has two times: with its collectives one after the other behind what they
// wait for, and with all of them hidden.
//
//===----------------------------------------------------------------------===//

#include "rank_plan.h"

#include "error.h"
#include "files.h"
#include "launch_times.h"
#include "memory.h"
#include "numbers.h"
#include "ranks.h"
#include "settings.h"
#include "step_kinds.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>

using namespace gptc;

using Json = nlohmann::ordered_json;

namespace {
/// How fast bytes pass between ranks.
struct Link {
  double bytes;   ///< a second, in and out of each rank
  double latency; ///< seconds
  const char *of; ///< where the figures are from
};
} // namespace

/// Reduce-scatters and all-gathers of NCCL 2.28 between two H100s of one host,
/// over NVLink, of 47 to 104 MB: 122 to 253 us, which is 14 us and 215 GB/s.
/// Over memory that processes share, which sum in f64, two of them on two cores
/// take 14 us, and pass 0.2 to 0.4 GB/s.
static Link defaultLink(Target target) {
  if (target == Target::Cpu)
    return {0.25e9, 14e-6, "two processes on two cores"};
  return {215e9, 14e-6, "NCCL between two H100s over NVLink"};
}

static Link linkOf(const ProgramView &program, const PlanOptions &options) {
  Link link = defaultLink(program.header().target);
  if (options.gigabytes || options.latency)
    link.of = "as given";
  link.bytes = options.gigabytes.value_or(link.bytes * 1e-9) * 1e9;
  link.latency = options.latency.value_or(link.latency * 1e6) * 1e-6;
  return link;
}

static const Card &chooseCard(const std::string &name) {
  if (name.empty())
    return referenceCard();
  std::string names;
  for (const Card *card : knownCards()) {
    if (name == card->name)
      return *card;
    names += (names.empty() ? "" : ", ") + std::string(card->name);
  }
  fail("--card {}: the cards are {}", name, names);
}

//===----------------------------------------------------------------------===//
// Memory, and who owns what
//===----------------------------------------------------------------------===//

static bool isIn(const Buffer &buffer, const MemoryPlan &plan, uint32_t index,
                 bool isGpu) {
  return buffer.kind != BufferKind::Workspace && isUsedBy(buffer, plan.ranks) &&
         (isGpu || plan.touched[index]);
}

static Json describeMemory(const ProgramView &program,
                           const PlanOptions &options, const Card &card) {
  bool isGpu = program.header().target != Target::Cpu;
  std::vector<uint32_t> parts =
      partsOfSteps(program, 0, program.header().steps);
  for (const Step &row : program.stepTable())
    parts.push_back(row.validate);
  MemoryPlan plan = planMemory(program, parts, options.ranks);
  uint64_t kinds[kBufferKinds] = {}, shares[kBufferKinds] = {}, used = 0;
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    const Buffer &buffer = program.buffers()[i];
    if (!isIn(buffer, plan, i, isGpu))
      continue;
    if (buffer.kind != BufferKind::Share) {
      kinds[static_cast<unsigned>(buffer.kind)] += buffer.room;
      used += buffer.room;
      continue;
    }
    BufferKind whole = program.buffers()[buffer.whole].kind;
    if (buffer.inPlace)
      continue; // it is a range of the whole one
    shares[static_cast<unsigned>(whole)] += buffer.room;
    used += buffer.room;
  }
  Json rows = Json::array();
  auto add = [&](const std::string &name, uint64_t bytes) {
    rows.push_back({{"kind", name}, {"bytes", bytes}});
  };
  for (unsigned kind = 0; kind < kBufferKinds; ++kind) {
    auto which = static_cast<BufferKind>(kind);
    std::string name = bufferKindName(which);
    if (which == BufferKind::Workspace || which == BufferKind::Share)
      continue;
    add(name, kinds[kind]);
    if (shares[kind])
      add("shares of " + name, shares[kind]);
  }
  add("alignment", plan.persistentBytes - used);
  add("workspace", plan.workspaceBytes);
  unsigned threads = isGpu ? 0 : std::max(1U, options.threads / options.ranks);
  if (!isGpu)
    add("scratch", plan.scratchBytes * threads);
  Json memory = {{"kinds", rows}, {"total", plan.bytes(threads)}};
  memory["largest_part"] =
      plan.largest == kNone
          ? ""
          : program.string(program.parts()[plan.largest].name);
  memory["of"] = isGpu ? card.name : "this machine";
  // Ranks of a machine's processors share its memory.
  memory["available"] = isGpu ? static_cast<uint64_t>(card.memory)
                              : availableMemory() / options.ranks;
  return memory;
}

/// Elements of which a share begins and ends at one: a row, or of a stack the
/// largest matrix that members and shares are made of.
static std::vector<int64_t> unitOf(const Buffer &whole, const Buffer &share) {
  std::vector<int64_t> shape = bufferShape(whole);
  if (shape.empty())
    return shape;
  int64_t row = 1;
  for (size_t i = 1; i < shape.size(); ++i)
    row *= shape[i];
  if (whole.following == 0)
    return {shape.begin() + 1, shape.end()};
  int64_t rows =
      static_cast<int64_t>(share.bytes / elementBytes(share.element)) /
      std::max<int64_t>(row, 1);
  shape[0] = std::gcd(shape[0], std::max<int64_t>(rows, 1));
  return shape;
}

/// The parameters that ranks share out, each with the units of every rank.
static Json describeShares(const ProgramView &program, unsigned ranks) {
  Json all = Json::array();
  for (const Buffer &share : program.buffers()) {
    if (share.kind != BufferKind::Share || share.ranks != ranks ||
        program.buffers()[share.whole].kind != BufferKind::Parameter)
      continue;
    const Buffer &whole = program.buffers()[share.whole];
    const Buffer &last =
        program.buffers()[share.whole + static_cast<uint32_t>(whole.following)];
    std::vector<int64_t> unit = unitOf(whole, share);
    uint64_t bytes = elementBytes(whole.element);
    for (int64_t size : unit)
      bytes *= static_cast<uint64_t>(size);
    uint64_t units = whole.bytes * (1 + whole.following) / bytes;
    uint64_t most = share.bytes / bytes;
    Json each = Json::array();
    for (unsigned rank = 0; rank < ranks; ++rank)
      each.push_back(
          std::min(most, units - std::min(units, uint64_t(rank) * most)));
    all.push_back({{"parameter", program.string(whole.name)},
                   {"last", program.string(last.name)},
                   {"members", 1 + whole.following},
                   {"unit", whole.following ? "matrices" : "rows"},
                   {"unit_shape", unit},
                   {"units", units},
                   {"bytes", share.bytes},
                   {"each", each}});
  }
  return all;
}

static Json describeWhole(const ProgramView &program, unsigned ranks) {
  Json names = Json::array();
  uint64_t shared = 0; // parameters before it have shares
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    const Buffer &buffer = program.buffers()[i];
    if (buffer.kind != BufferKind::Parameter)
      continue;
    auto isShare = [&](const Buffer &other) {
      return other.kind == BufferKind::Share && other.ranks == ranks &&
             other.whole == i;
    };
    if (std::any_of(program.buffers().begin(), program.buffers().end(),
                    isShare))
      shared = i + buffer.following + 1;
    if (i >= shared)
      names.push_back(program.string(buffer.name));
  }
  return names;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {
/// A collective, in all steps that have it.
struct Passing {
  const Collective *collective;
  int64_t steps = 0;
};

/// Plans the steps of a run.
class StepPlan {
public:
  StepPlan(const ProgramView &program, unsigned ranks, const RowOf &rowOf,
           const Card &card, const LaunchTimes &times, const Link &link)
      : program(program), ranks(ranks), rowOf(rowOf), card(card), times(times),
        link(link) {}

  /// All kinds of steps; fills what the others tell.
  Json steps();
  Json collectives() const;
  Json all() const;
  Json sources() const;
  const std::string &csv() const { return table; }

private:
  struct Sum {
    double launches = 0, collectives = 0, bytes = 0;
  };
  uint64_t payload(const Collective &collective) const;
  double sent(const Collective &collective) const;
  std::vector<CostLine> lines(int64_t step, unsigned world) const;
  double launchSeconds(const std::vector<CostLine> &lines) const;
  Sum partOfStep(uint32_t part, const std::vector<CostLine> &lines,
                 const std::vector<int64_t> &steps);

  const ProgramView &program;
  unsigned ranks;
  const RowOf &rowOf;
  const Card &card;
  const LaunchTimes &times;
  const Link &link;
  std::vector<Passing> passings; ///< in the order of the first step of each
  std::map<std::tuple<CollectiveKind, std::string, uint64_t>, size_t> known;
  double serial = 0, hidden = 0, alone = 0; ///< seconds of all steps
  int64_t measured = 0, alike = 0, floors = 0;
  std::string table = "steps,part,what,name,times,bytes,sent_bytes,us\n";
};
} // namespace

/// What the ranks hold of it together, once.
uint64_t StepPlan::payload(const Collective &collective) const {
  uint64_t bytes = collective.elements * elementBytes(collective.element);
  return collective.kind == CollectiveKind::AllReduce ? bytes : bytes * ranks;
}

/// What each rank has to send, and to receive, as a ring does it.
double StepPlan::sent(const Collective &collective) const {
  double times = collective.kind == CollectiveKind::AllReduce ? 2 : 1;
  return times * static_cast<double>(payload(collective)) * (ranks - 1) / ranks;
}

std::vector<CostLine> StepPlan::lines(int64_t step, unsigned world) const {
  static const std::vector<int32_t> oneDocument;
  std::vector<double> numbers = rowOf(step);
  Costs costs(numbers.data(), oneDocument);
  return costLines(program, step, program.header().microBatches / world, costs,
                   &card, world);
}

double StepPlan::launchSeconds(const std::vector<CostLine> &lines) const {
  double seconds = 0;
  for (const CostLine &line : lines)
    seconds += static_cast<double>(line.times) * times.of(line);
  return seconds;
}

StepPlan::Sum StepPlan::partOfStep(uint32_t index,
                                   const std::vector<CostLine> &lines,
                                   const std::vector<int64_t> &steps) {
  Sum sum;
  const Part &part = program.parts()[index];
  std::string head =
      "\"" + rangesText(steps) + "\",\"" + program.string(part.name) + "\",";
  int64_t runs = 1;
  for (const CostLine &line : lines)
    if (line.index - part.launches.begin < part.launches.count) {
      sum.launches += static_cast<double>(line.times) * times.of(line);
      runs = line.times;
    }
  table += head + formatText("launches,,{},,,", runs);
  if (times.isKnown())
    table += formatText("{:.3f}", 1e6 * sum.launches);
  table += "\n";
  if (ranks == 1)
    return sum;
  uint32_t place = kNone; // those that stand together are one call of NCCL
  for (const Collective &collective :
       program.collectives().slice(part.collectives)) {
    if (collective.kind == CollectiveKind::Await)
      continue;
    double seconds = sent(collective) / link.bytes +
                     (collective.before == place ? 0 : link.latency);
    place = collective.before;
    sum.collectives += seconds;
    sum.bytes += sent(collective);
    std::string name = program.string(collective.name);
    auto [own, isNew] = known.try_emplace(
        {collective.kind, name, collective.elements}, passings.size());
    if (isNew)
      passings.push_back({&collective});
    passings[own->second].steps += static_cast<int64_t>(steps.size());
    table += head;
    table += kCollectiveKindNames[static_cast<unsigned>(collective.kind)];
    table += formatText(",\"{}\",1,{},{:.0f},{:.3f}\n", name,
                        payload(collective), sent(collective), 1e6 * seconds);
  }
  return sum;
}

Json StepPlan::steps() {
  Json rows = Json::array();
  for (const std::vector<int64_t> &steps : stepKinds(program, rowOf)) {
    const Step &row = program.stepTable()[steps.front()];
    std::vector<CostLine> own = lines(steps.front(), ranks);
    auto count = static_cast<double>(steps.size());
    Json parts = Json::array();
    Sum all;
    for (uint32_t part :
         {row.prologue, row.micro, row.epilogue, row.update, row.event}) {
      // Of the micro-batches the last one exchanges.
      part = partOf(program, part, ranks, /*last=*/true);
      if (part == kNone)
        continue;
      Sum sum = partOfStep(part, own, steps);
      all.launches += sum.launches;
      all.collectives += sum.collectives;
      all.bytes += sum.bytes;
      Json one = {{"part", program.string(program.parts()[part].name)}};
      if (times.isKnown())
        one["milliseconds"] = 1e3 * sum.launches;
      parts.push_back(one);
    }
    for (const CostLine &line : own) {
      LaunchTimes::Source source = times.sourceOf(line);
      int64_t &counter = source == LaunchTimes::Source::Measured ? measured
                         : source == LaunchTimes::Source::Alike  ? alike
                                                                 : floors;
      counter += line.times;
    }
    Json step = {{"steps", rangesText(steps)},
                 {"count", steps.size()},
                 {"tokens", program.parts()[row.micro].tokens},
                 {"parts", parts},
                 {"sent_bytes", all.bytes},
                 {"collectives_milliseconds", 1e3 * all.collectives}};
    if (times.isKnown()) {
      double one = launchSeconds(lines(steps.front(), 1));
      step["milliseconds"] = 1e3 * (all.launches + all.collectives);
      step["hidden_milliseconds"] =
          1e3 * std::max(all.launches, all.collectives);
      step["one_rank_milliseconds"] = 1e3 * one;
      serial += count * (all.launches + all.collectives);
      hidden += count * std::max(all.launches, all.collectives);
      alone += count * one;
    }
    rows.push_back(step);
  }
  return rows;
}

Json StepPlan::collectives() const {
  Json rows = Json::array();
  for (const Passing &passing : passings) {
    const Collective &collective = *passing.collective;
    rows.push_back(
        {{"kind", kCollectiveKindNames[static_cast<unsigned>(collective.kind)]},
         {"name", program.string(collective.name)},
         {"element", elementName(collective.element)},
         {"bytes", payload(collective)},
         {"sent_bytes", sent(collective)},
         {"microseconds", 1e6 * (sent(collective) / link.bytes + link.latency)},
         {"steps", passing.steps}});
  }
  return rows;
}

Json StepPlan::all() const {
  Json sums = {{"steps", program.header().steps}};
  if (times.isKnown()) {
    sums["seconds"] = serial;
    sums["hidden_seconds"] = hidden;
    sums["one_rank_seconds"] = alone;
  }
  return sums;
}

Json StepPlan::sources() const {
  return {{"measured", measured}, {"alike", alike}, {"floors", floors}};
}

void gptc::printPlan(const ProgramView &program, const PlanOptions &options,
                     std::FILE *console) {
  checkRanks("--nproc", options.ranks, program);
  Settings settings = parseSettings(program, options.set);
  checkSettings(program, settings);
  const Card &card = chooseCard(options.card);
  Link link = linkOf(program, options);
  StepNumbers numbers(program, settings.given);
  RowOf rowOf = [&](int64_t step) { return numbers.at(step); };
  // No data sheet says what a machine's processors do.
  bool isGpu = program.header().target != Target::Cpu;
  LaunchTimes times(program, rowOf, card, isGpu ? options.share : 0,
                    options.profiles);
  StepPlan plan(program, options.ranks, rowOf, card, times, link);
  Json json = {
      {"model", program.string(program.header().model)},
      {"fingerprint", runFingerprint(program, settings)},
      {"ranks", options.ranks},
      {"micro_batches", program.header().microBatches},
      {"micro_batches_a_rank", program.header().microBatches / options.ranks},
      {"memory", describeMemory(program, options, card)},
      {"shared", describeShares(program, options.ranks)},
      {"whole", describeWhole(program, options.ranks)}};
  Json steps = plan.steps();
  json["assumed"] = {{"link", link.of},
                     {"bytes_a_second", link.bytes},
                     {"latency_microseconds", 1e6 * link.latency},
                     {"card", isGpu ? card.name : ""},
                     {"profiles", options.profiles},
                     {"share_of_floor", times.floorShare()},
                     {"launches", plan.sources()}};
  json["collectives"] = plan.collectives();
  json["steps"] = steps;
  json["all"] = plan.all();
  if (!options.csv.empty()) {
    OutputFile file(options.csv);
    file.write(plan.csv().data(), plan.csv().size());
    file.commit();
  }
  // A file's name need not be UTF-8.
  std::string text =
      options.json
          ? json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
          : planText(json);
  std::fputs(text.c_str(), console);
}
