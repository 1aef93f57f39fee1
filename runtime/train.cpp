//===- train.cpp - the training run ---------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// The loop knows the order of a step's parts and nothing of what they do:
// validate if due, prologue, every micro-batch, epilogue, update, event. The
// losses of a step and whether its numbers were finite are read once, when all
// of it was started. Validation time is not counted as training time.
//
//===----------------------------------------------------------------------===//

#include "train.h"

#include "batches.h"
#include "checkpoints.h"
#include "error.h"
#include "files.h"
#include "header.h"
#include "info.h"
#include "job.h"
#include "log.h"
#include "log_resume.h"
#include "nonfinite.h"
#include "overfit.h"
#include "parameters.h"
#include "ranks.h"
#include "settings.h"
#include "shards.h"
#include "trace.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <set>
#include <unistd.h>

using namespace gptc;
using Clock = std::chrono::steady_clock;

/// The parameters (buffers) that the update of a step writes.
static std::set<uint32_t> trainedIn(const ProgramView &program, int64_t step) {
  std::set<uint32_t> trained;
  uint32_t update = program.stepTable()[step].update;
  if (update == kNone)
    return trained;
  for (const Launch &launch :
       program.launches().slice(program.parts()[update].launches))
    for (const Argument &use : program.arguments().slice(launch.arguments))
      if (use.written && use.buffer != kNone &&
          program.buffers()[use.buffer].kind == BufferKind::Parameter)
        trained.insert(use.buffer);
  return trained;
}

/// Says which parameters a shortened run leaves as they are, though the model's
/// own steps train them: their optimizers act later.
static void warnOfUntrained(const ProgramView &program, int64_t steps) {
  std::set<uint32_t> trained, late;
  for (int64_t step = 0; step < steps; ++step)
    trained.merge(trainedIn(program, step));
  int64_t first = 0;
  for (int64_t step = steps; step < program.header().steps; ++step)
    for (uint32_t parameter : trainedIn(program, step))
      if (!trained.count(parameter) && late.insert(parameter).second)
        first = first ? first : step + 1;
  if (steps == 0 || late.empty())
    return;
  std::string names = program.string(program.buffers()[*late.begin()].name);
  if (late.size() > 1)
    names += formatText("' and {} more, '", late.size() - 1) +
             program.string(program.buffers()[*late.rbegin()].name);
  print(stderr,
        "warning: --steps {} trains nothing of '{}': an optimizer acts there "
        "from step {} on\n",
        steps, names, first);
}

static std::vector<std::string> shownNames(const ProgramView &program) {
  std::vector<std::string> names;
  for (const Number &number : program.numbers())
    if (number.shown)
      names.push_back(program.string(number.name));
  return names;
}

/// Whether the loss that is trained is another than that of the next tokens.
static bool hasTwoLosses(const ProgramView &program) {
  for (const Part &part : program.parts()) {
    uint32_t loss = kNone;
    for (const Output &output : program.outputs().slice(part.outputs)) {
      if (output.result == Result::Loss)
        loss = output.buffer;
      if (output.result == Result::NextTokenLoss && output.buffer != loss)
        return true;
    }
  }
  return false;
}

/// Whether a part of one kind gives a loss that is no loss a token.
static bool isShownAsItIs(const ProgramView &program, PartKind kind) {
  for (const Part &part : program.parts())
    for (const Output &output : program.outputs().slice(part.outputs))
      if (part.kind == kind && output.result == Result::Loss &&
          output.tokens == 0)
        return true;
  return false;
}

/// What the log says of its losses at the beginning; nothing where the loss is
/// that of the next tokens, a token.
static std::string lossNote(const ProgramView &program) {
  bool train = isShownAsItIs(program, PartKind::Micro);
  bool validate = isShownAsItIs(program, PartKind::Validate);
  bool two = hasTwoLosses(program);
  if (!train && !validate && !two)
    return "";
  std::string note = "loss: what is trained, ";
  note += train ? "as the graph gives it" : "a token, with all its weights";
  if (two)
    note += "; next_token_loss: of the next tokens alone, a token";
  if (validate)
    note += "; val_loss: as the graph gives it";
  else if (two)
    note += ", as val_loss";
  return note + "\n";
}

/// For each step of a run of `steps`, and for its end, whether it begins with a
/// validation.
static std::vector<bool> planValidations(const ProgramView &program,
                                         const TrainOptions &options,
                                         const Settings &settings,
                                         int64_t steps) {
  std::vector<bool> due(static_cast<size_t>(steps) + 1);
  if (options.validation.empty())
    return due;
  StepNumbers numbers(program, settings.given);
  for (int64_t step = 0; step <= steps; ++step) {
    if (program.stepTable()[step].validate == kNone)
      continue;
    bool wanted = numbers.isValidationDue(step);
    if (std::optional<int64_t> every = options.validateEvery)
      wanted = *every > 0 && step % *every == 0;
    due[static_cast<size_t>(step)] = wanted || step == steps;
  }
  return due;
}

namespace {
/// A run under way. What a step leaves is read after the next one was started
/// where the device works beside the host.
class Run {
public:
  Run(Instance &instance, const TrainOptions &options, const Settings &settings,
      TrainLog &log, Communicator &ranks)
      : program(instance.program()), instance(instance), options(options),
        settings(settings), log(log), ranks(ranks) {}

  /// What came before: the run goes on after `seconds` of training. `kept`: its
  /// checkpoints, if it has any, are asked after each step.
  void goOn(double seconds, Checkpoints *kept) {
    trainSeconds = seconds;
    checkpoints = kept;
  }
  /// Of all steps that were reported.
  double seconds() const { return trainSeconds; }

  void validate(int64_t step, const ValidationData &data);
  void trainStep(int64_t step, std::vector<MicroBatch> batches);
  /// Reads what all steps so far have left.
  void finish() { reportBut(0); }

private:
  /// A step that was started.
  struct Started {
    int64_t step;
    std::vector<MicroBatch> batches;
    Clock::time_point start;
    bool hasNextTokenLoss, hasNorm;
  };
  void reportBut(unsigned count);
  void report(const Started &started);
  double productSeconds(const Started &started,
                        const std::vector<double> &numbers) const;

  const ProgramView &program;
  Instance &instance;
  const TrainOptions &options;
  const Settings &settings;
  TrainLog &log;
  Communicator &ranks;
  Checkpoints *checkpoints = nullptr;
  std::deque<Started> underWay;
  Clock::time_point lastEnd; ///< of a step
  double trainSeconds = 0;
};
} // namespace

void Run::validate(int64_t step, const ValidationData &data) {
  finish();
  uint32_t part = program.stepTable()[step].validate;
  std::vector<double> own;
  for (int64_t i = ranks.rank(); i < data.slices(); i += ranks.world()) {
    instance.run(part, step, data.read(i));
    own.push_back(instance.tokenLoss(part));
  }
  double sum = 0;
  for (double loss :
       inOrder(ranks, own, data.slices(), "the validation losses"))
    sum += loss;
  double loss = sum / static_cast<double>(data.slices());
  if (!__builtin_isfinite(loss))
    fail("step {}: the validation loss is not finite ({:g})", step, loss);
  log.validation(step, loss, trainSeconds);
}

void Run::trainStep(int64_t step, std::vector<MicroBatch> batches) {
  Started started{step, std::move(batches), Clock::now(), false, false};
  const Step &row = program.stepTable()[step];
  auto run = [&](uint32_t part) {
    if (part != kNone)
      instance.run(part, step);
  };
  bool isTraced = !options.trace.empty() && step == options.traceStep;
  if (isTraced)
    instance.beginTrace();
  run(row.prologue);
  for (const MicroBatch &batch : started.batches) {
    instance.run(row.micro, step, batch,
                 /*last=*/&batch == &started.batches.back());
    instance.fetchLoss(row.micro);
    started.hasNextTokenLoss = instance.fetch(row.micro, Result::NextTokenLoss);
  }
  run(row.epilogue);
  run(row.update);
  started.hasNorm = instance.fetch(row.update, Result::GradientNorm);
  instance.fetch(row.update, Result::Nonfinite);
  run(row.event);
  if (isTraced)
    writeTrace(options.trace, instance.takeTrace(), step, ranks);
  instance.post();
  underWay.push_back(std::move(started));
  reportBut(instance.lettersUnderWay());
}

void Run::reportBut(unsigned count) {
  while (underWay.size() > count) {
    report(underWay.front());
    underWay.pop_front();
  }
}

void Run::report(const Started &started) {
  std::vector<double> values = instance.take();
  for (double value : values)
    if (!__builtin_isfinite(value))
      failNonfinite(instance, options, settings, started.step, started.batches,
                    ranks);

  uint32_t micro = program.stepTable()[started.step].micro;
  auto lossTokens = static_cast<double>(instance.lossTokens(micro));
  std::vector<double> losses, nextLosses;
  auto value = values.begin();
  for (size_t i = 0; i < started.batches.size(); ++i) {
    losses.push_back(*value++ / lossTokens);
    if (started.hasNextTokenLoss)
      nextLosses.push_back(*value++ / static_cast<double>(instance.lossTokens(
                                          micro, Result::NextTokenLoss)));
  }
  int64_t count = program.header().microBatches;
  auto mean = [&](const std::vector<double> &own) {
    double sum = 0;
    for (double loss : inOrder(ranks, own, count, "the losses"))
      sum += loss;
    return sum / static_cast<double>(count);
  };
  StepReport report;
  report.step = started.step + 1;
  report.loss = mean(losses);
  if (started.hasNextTokenLoss)
    report.nextTokenLoss = mean(nextLosses);
  std::vector<double> numbers = instance.numbers(started.step);
  for (size_t i = 0; i < numbers.size(); ++i)
    if (program.numbers()[i].shown)
      report.shown.push_back(numbers[i]);
  if (started.hasNorm) // of the loss that the log shows
    report.gradientNorm = *value / lossTokens;
  report.tokens = program.parts()[micro].tokens * count;
  Clock::time_point now = Clock::now();
  report.stepSeconds =
      std::chrono::duration<double>(now - std::max(started.start, lastEnd))
          .count();
  lastEnd = now;
  if (instance.card())
    report.speedOfLight = productSeconds(started, numbers) / report.stepSeconds;
  trainSeconds += report.stepSeconds;
  report.trainSeconds = trainSeconds;
  log.step(report);
  if (checkpoints)
    checkpoints->consult();
}

/// What the products of this rank's step take on its GPU at their peaks.
double Run::productSeconds(const Started &started,
                           const std::vector<double> &numbers) const {
  const Step &row = program.stepTable()[started.step];
  double seconds = 0;
  auto add = [&](uint32_t part, const std::vector<int32_t> &documents) {
    seconds +=
        Costs(numbers.data(), documents)
            .productSeconds(program, partOf(program, part, ranks.world()),
                            *instance.card());
  };
  for (uint32_t part : {row.prologue, row.epilogue, row.update, row.event})
    add(part, {});
  for (const MicroBatch &batch : started.batches)
    add(row.micro, batch.documentStarts);
  return seconds;
}

/// Reads the validation data if any part will want them.
static std::optional<ValidationData>
loadValidation(const ProgramView &program, const TrainOptions &options) {
  if (options.validation.empty())
    return std::nullopt;
  const Program &header = program.header();
  std::vector<uint32_t> parts;
  for (const Step &row : program.stepTable())
    parts.push_back(row.validate);
  ValidationData data(expandPattern(options.validation), header.validateTokens,
                      header.validateBatch, header.documentToken,
                      boundOf(program, parts, {Feed::Tokens, Feed::Targets}));
  bool readsDocuments = false;
  for (uint32_t part : parts)
    if (part != kNone)
      for (const Input &input :
           program.inputs().slice(program.parts()[part].inputs))
        readsDocuments |= input.feed == Feed::DocumentStarts;
  if (readsDocuments && !data.hasDocuments())
    print(stderr,
          "warning: --val {}: none of its tokens is {}, the model's "
          "document_token: each slice counts as one document\n",
          options.validation, header.documentToken);
  for (const Step &row : program.stepTable())
    if (row.validate != kNone &&
        program.parts()[row.validate].tokens != header.validateBatch)
      fail("the embedded program is damaged: part {} takes another number of "
           "tokens than a validation slice",
           program.string(program.parts()[row.validate].name));
  return data;
}

/// The parts that the run will need.
static std::vector<uint32_t> chooseParts(const ProgramView &program,
                                         const TrainOptions &options,
                                         const std::vector<bool> &validations,
                                         int64_t first, int64_t steps) {
  std::vector<uint32_t> parts = partsOfSteps(program, first, steps);
  if (!options.save.empty() || !options.checkpoint.empty())
    for (uint32_t event : eventsFrom(program, steps))
      parts.push_back(event);
  for (int64_t step = first; step <= steps; ++step)
    if (validations[static_cast<size_t>(step)])
      parts.push_back(program.stepTable()[step].validate);
  return parts;
}

/// What must be the same on all ranks.
static Facts factsOf(const ProgramView &program, const TrainOptions &options,
                     const Settings &settings, int64_t steps) {
  return {{"the program", runFingerprint(program, settings)},
          {"steps", std::to_string(steps)},
          {"seed", std::to_string(options.seed)},
          {"epochs", std::to_string(options.epochs)},
          {"val-every", std::to_string(options.validateEvery.value_or(-1))},
          {"checkpoint", options.checkpoint.empty() ? "no" : "yes"},
          {"trace-step",
           options.trace.empty() ? "none" : std::to_string(options.traceStep)},
          {"checkpoint-every", std::to_string(options.checkpointEvery.steps)},
          {"overfit-batch", std::to_string(options.overfitBatch)}};
}

static std::string digestOfParameters(const Instance &instance) {
  std::string all;
  std::vector<std::byte> storage;
  for (const Buffer &buffer : instance.program().buffers())
    if (buffer.kind == BufferKind::Parameter)
      all += digestOf(instance.read(buffer, storage), buffer.bytes);
  return digestOf(all.data(), all.size());
}

/// The run as one of the ranks, of which the first alone writes.
static void trainOneOf(const ProgramView &program, TrainOptions options,
                       std::FILE *console, Communicator &ranks) {
  options.ranks = ranks.world();
  options.threads = std::max(1u, options.threads / options.ranks);
  if (ranks.rank() == 0)
    return trainRank(program, options, console, ranks);
  options.kept = keptStem(options);
  options.log.clear();
  options.save.clear();
  std::FILE *nowhere = std::fopen("/dev/null", "w");
  if (!nowhere)
    failErrno("/dev/null", "cannot be opened");
  trainRank(program, options, nowhere, ranks);
}

void gptc::train(const ProgramView &program, const TrainOptions &options,
                 std::FILE *console) {
  checkRanks("--nproc", options.ranks, program);
  auto work = [&](Communicator &ranks) {
    trainOneOf(program, options, console, ranks);
  };
  auto job = jobOf([](const char *name) { return std::getenv(name); });
  if (job && !(job->isDoubtful && options.ranks > 1)) {
    const char *name = job->worldName.c_str();
    if (options.ranks > 1)
      fail("--nproc {}: a launcher has started ranks already, as {}={} says",
           options.ranks, name, job->world);
    checkRanks(name, job->world, program);
    bool isCpu = program.header().target == Target::Cpu;
    return joinRanks(*job, isCpu ? Transport::Memory : Transport::Sockets,
                     work);
  }
  if (options.ranks > 1)
    return runRanks(options.ranks, work, !options.checkpoint.empty());
  trainRank(program, options, console, singleRank());
}

/// How far a run is behind `step` steps.
static RunPosition positionAt(int64_t step, double seconds,
                              const BatchRequest &request,
                              const std::optional<RepeatedBatch> &repeated,
                              const PlanTrail &trail) {
  RunPosition position;
  position.step = step;
  position.trainSeconds = seconds;
  position.data = repeated ? repeated->digest() : trail.digest(step);
  if (const StepPlace *place = trail.place(step)) {
    position.shard = request.paths[place->shard];
    position.document = static_cast<int64_t>(place->document);
  }
  return position;
}

/// Whether the run may go on from the checkpoint, but for its data.
static void checkResumed(const Checkpoint &checkpoint,
                         const RunIdentity &identity, int64_t steps) {
  checkpoint.checkIdentity(identity);
  if (checkpoint.position().step > steps)
    fail("{}: is behind {} steps, and the run ends after {}: give it more "
         "--steps",
         checkpoint.path(), checkpoint.position().step, steps);
}

[[noreturn]] static void failStopped(const TrainOptions &options, int signal,
                                     int64_t step) {
  throw Stopped(
      formatText("stopped by signal {} ({}) behind step {}: {} is the "
                 "checkpoint; the same command with --resume auto goes on",
                 signal, strsignal(signal), step,
                 checkpointPath(options.checkpoint, step)));
}

void gptc::trainRank(const ProgramView &program, const TrainOptions &options,
                     std::FILE *console, Communicator &ranks) {
  StartTimes start;
  int64_t steps = chooseSteps(program, options.steps);
  Settings settings = parseSettings(program, options.set);
  checkSettings(program, settings);
  RunIdentity identity{describeProgram(program),
                       runFingerprint(program, settings), settings.text(),
                       options.seed, options.overfitBatch};
  std::optional<Checkpoint> resumed = chooseCheckpoint(options, ranks);
  if (resumed)
    checkResumed(*resumed, identity, steps);
  int64_t first = resumed ? resumed->position().step : 0;
  std::vector<bool> validations =
      planValidations(program, options, settings, steps);
  // First of all: a machine that is too small should not read data for long.
  Instance instance(program, options.threads, options.seed,
                    chooseParts(program, options, validations, first, steps),
                    settings.given, ranks, options.gpu);
  start.done("device");
  BatchRequest request =
      requestBatches(program, options.data, options.epochs, steps);
  request.rank = ranks.rank();
  request.world = ranks.world();
  std::optional<ValidationData> validation = loadValidation(program, options);
  std::optional<RepeatedBatch> repeated;
  BatchPlan plan;
  if (options.overfitBatch)
    repeated.emplace(request);
  else
    plan = planBatches(request);
  PlanTrail trail(plan);
  auto position = [&](int64_t step, double seconds) {
    return positionAt(step, seconds, request, repeated, trail);
  };
  if (resumed && resumed->position().data != position(first, 0).data)
    fail("{}: what its {} steps have read is not what --data {} has in its "
         "place: give the run the same shards",
         resumed->path(), first, options.data);
  if (!options.trace.empty() &&
      (options.traceStep < first || options.traceStep >= steps))
    fail("--trace-step {}: the run trains steps {} to {}", options.traceStep,
         first, steps - 1);
  for (const std::string &path : {options.save, options.trace})
    if (!path.empty())
      OutputFile probe(path); // Fails now rather than after the run.

  warnOfUntrained(program, steps);
  start.done("data");
  instance.initialize();
  if (resumed)
    restoreState(instance, ranks, resumed->path());
  else if (!options.parameters.empty())
    loadParameters(instance, options.parameters);
  if (ranks.world() > 1) {
    Facts facts = factsOf(program, options, settings, steps);
    facts.emplace_back("data", repeated ? repeated->digest() : trail.digest());
    facts.emplace_back("val", validation ? validation->digest() : "none");
    facts.emplace_back("resume", resumed ? resumed->digest() : "none");
    facts.emplace_back("parameters", digestOfParameters(instance));
    agree(ranks, facts);
  }
  std::optional<Checkpoints> checkpoints;
  if (!options.checkpoint.empty())
    checkpoints.emplace(options, identity, first, instance, ranks);
  start.done("parameters");
  std::string losses = lossNote(program), note = losses;
  if (options.logHeader)
    note = headerText(instance, options, steps, settings) + note;
  if (!settings.empty())
    note += formatText("set: {} (fingerprint {})\n", settings.text(),
                       runFingerprint(program, settings));
  if (repeated)
    note += repeated->note();
  if (resumed)
    note += formatText("resumed: {}, behind step {}\n", resumed->path(), first);
  note += start.text();
  bool goesOn = resumed && !options.log.empty() &&
                cutLog(options.log, first, program, settings);
  TrainLog log(console, isatty(fileno(console)), options.log, steps,
               shownNames(program), hasTwoLosses(program), note, goesOn);
  if (!goesOn)
    log.header(headerJson(instance, options, steps,
                          losses.substr(0, losses.find('\n')), settings,
                          start));
  if (resumed)
    log.header(resumedJson(instance, options, steps, settings, first,
                           resumed->path(), start));
  Run run(instance, options, settings, log, ranks);
  run.goOn(resumed ? resumed->position().trainSeconds : 0,
           checkpoints ? &*checkpoints : nullptr);
  std::optional<BatchReader> reader;
  if (!repeated)
    reader.emplace(request, std::move(plan), first);
  for (int64_t step = first; step <= steps; ++step) {
    ranks.enter(formatText("step {}", step));
    if (checkpoints && step > first &&
        (step == steps || checkpoints->isDue(step))) {
      run.finish();
      instance.runEvents(step); // so that its parameters are complete
      checkpoints->save(position(step, run.seconds()));
      if (int signal = checkpoints->stopSignal(); signal && step < steps) {
        checkpoints->finish();
        log.finish(instance.allocatedBytes());
        std::fputs(checkpoints->report().c_str(), console);
        if (ranks.rank() == 0)
          failStopped(options, signal, step);
        return;
      }
    }
    if (validation && validations[static_cast<size_t>(step)])
      run.validate(step, *validation);
    if (step < steps)
      run.trainStep(step, repeated ? repeated->of(request.stepTokens[step])
                                   : reader->next());
  }
  run.finish();
  if (!options.save.empty())
    saveParameters(instance, options.save, steps, settings);
  log.finish(instance.allocatedBytes());
  if (checkpoints) {
    std::fputs(checkpoints->report().c_str(), console);
    checkpoints->finish();
  }
}
