//===- train.cpp - the training run ---------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// The loop knows the order of a step's parts and nothing of what they do:
// validate if due, prologue, every micro-batch, epilogue, update, event.
// Validation time is not counted as training time.
//
//===----------------------------------------------------------------------===//

#include "train.h"

#include "batches.h"
#include "error.h"
#include "files.h"
#include "log.h"
#include "parameters.h"
#include "shards.h"

#include <chrono>
#include <unistd.h>

using namespace gptc;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

static int64_t chooseSteps(const ProgramView &program,
                           const TrainOptions &options) {
  int64_t steps = options.steps.value_or(program.header().steps);
  if (steps < 0 || steps > program.header().steps)
    fail("--steps %lld: the model has %lld steps",
         static_cast<long long>(steps),
         static_cast<long long>(program.header().steps));
  return steps;
}

static BatchRequest requestBatches(const ProgramView &program,
                                   const TrainOptions &options, int64_t steps) {
  const Program &header = program.header();
  BatchRequest request;
  request.paths = expandPattern(options.data);
  request.epochs = options.epochs;
  request.documentToken = header.documentToken;
  request.maxDocumentTokens = header.maxDocumentTokens;
  request.vocabularySize = header.vocabularySize;
  request.microBatches = header.microBatches;
  for (int64_t step = 0; step < steps; ++step)
    request.stepTokens.push_back(
        program.parts()[program.stepTable()[step].micro].tokens);
  return request;
}

static std::vector<std::string> shownNames(const ProgramView &program) {
  std::vector<std::string> names;
  for (const Number &number : program.numbers())
    if (number.shown)
      names.push_back(program.string(number.name));
  return names;
}

/// Whether step `step` of a run of `steps` (or the end) begins with a
/// validation.
static bool validatesAt(const ProgramView &program, int64_t step,
                        int64_t steps) {
  const Step &row = program.stepTable()[step];
  return row.validate != kNone && (row.validateHere || step == steps);
}

namespace {
/// A run under way.
class Run {
public:
  Run(Instance &instance, TrainLog &log)
      : program(instance.program()), instance(instance), log(log) {}

  void validate(int64_t step, const ValidationData &data);
  void trainStep(int64_t step, const std::vector<MicroBatch> &batches);

private:
  const ProgramView &program;
  Instance &instance;
  TrainLog &log;
  double trainSeconds = 0;
};
} // namespace

void Run::validate(int64_t step, const ValidationData &data) {
  uint32_t part = program.stepTable()[step].validate;
  double sum = 0;
  for (int64_t i = 0; i < data.slices(); ++i) {
    instance.run(part, step, data.read(i));
    sum += instance.loss(part);
  }
  double loss = sum / static_cast<double>(data.slices());
  if (!__builtin_isfinite(loss))
    fail("step %lld: the validation loss is not finite (%g)",
         static_cast<long long>(step), loss);
  log.validation(step, loss, trainSeconds);
}

void Run::trainStep(int64_t step, const std::vector<MicroBatch> &batches) {
  Clock::time_point start = Clock::now();
  const Step &row = program.stepTable()[step];
  auto run = [&](uint32_t part) {
    if (part != kNone)
      instance.run(part, step);
  };
  run(row.prologue);
  double sum = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    instance.run(row.micro, step, batches[i]);
    double loss = instance.loss(row.micro);
    if (!__builtin_isfinite(loss))
      fail("step %lld, micro-batch %zu: the loss is not finite (%g)",
           static_cast<long long>(step), i, loss);
    sum += loss;
  }
  run(row.epilogue);
  run(row.update);
  std::optional<double> norm;
  if (row.update != kNone)
    norm = instance.result(row.update, Result::GradientNorm);
  if (norm && !__builtin_isfinite(*norm))
    fail("step %lld: the gradient norm is not finite (%g)",
         static_cast<long long>(step), *norm);
  run(row.event);
  int64_t tokens =
      program.parts()[row.micro].tokens * static_cast<int64_t>(batches.size());
  double seconds = secondsSince(start);
  trainSeconds += seconds;

  StepReport report;
  report.step = step + 1;
  report.loss = sum / static_cast<double>(tokens);
  std::vector<double> numbers = instance.numbers(step);
  for (size_t i = 0; i < numbers.size(); ++i)
    if (program.numbers()[i].shown)
      report.shown.push_back(numbers[i]);
  report.gradientNorm = norm;
  report.tokens = tokens;
  report.stepSeconds = seconds;
  report.trainSeconds = trainSeconds;
  log.step(report);
}

/// Reads the validation data if any part will want them.
static std::optional<ValidationData>
loadValidation(const ProgramView &program, const TrainOptions &options) {
  if (options.validation.empty())
    return std::nullopt;
  const Program &header = program.header();
  ValidationData data(expandPattern(options.validation), header.validateTokens,
                      header.validateBatch, header.documentToken,
                      header.vocabularySize);
  for (const Step &row : program.stepTable())
    if (row.validate != kNone &&
        program.parts()[row.validate].tokens != header.validateBatch)
      fail("the embedded program is damaged: part %s takes another number of "
           "tokens than a validation slice",
           program.string(program.parts()[row.validate].name).c_str());
  return data;
}

/// The parts that the run will need.
static std::vector<uint32_t> chooseParts(const ProgramView &program,
                                         const TrainOptions &options,
                                         int64_t steps) {
  std::vector<uint32_t> parts = partsOfSteps(program, 0, steps);
  if (!options.save.empty())
    for (uint32_t event : eventsFrom(program, steps))
      parts.push_back(event);
  for (int64_t step = 0; step <= steps && !options.validation.empty(); ++step)
    if (validatesAt(program, step, steps))
      parts.push_back(program.stepTable()[step].validate);
  return parts;
}

void gptc::train(const ProgramView &program, const TrainOptions &options,
                 std::FILE *console) {
  int64_t steps = chooseSteps(program, options);
  // First of all: a machine that is too small should not read data for long.
  Instance instance(program, options.threads, options.seed,
                    chooseParts(program, options, steps));
  BatchRequest request = requestBatches(program, options, steps);
  std::optional<ValidationData> validation = loadValidation(program, options);
  BatchPlan plan = planBatches(request);
  if (!options.save.empty())
    OutputFile probe(options.save); // Fails now rather than after the run.

  instance.initialize();
  if (!options.parameters.empty())
    loadParameters(instance, options.parameters);
  TrainLog log(console, isatty(fileno(console)), options.log, steps,
               shownNames(program));
  Run run(instance, log);
  BatchReader reader(std::move(request), std::move(plan));
  for (int64_t step = 0; step <= steps; ++step) {
    if (validation && validatesAt(program, step, steps))
      run.validate(step, *validation);
    if (step < steps)
      run.trainStep(step, reader.next());
  }
  if (!options.save.empty())
    saveParameters(instance, options.save, steps);
  log.finish(instance.allocatedBytes());
}
