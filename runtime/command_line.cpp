//===- command_line.cpp - the commands of a training binary ---------------===//
//
// Part of gptc, under the MIT License.
//
// One function a command declares its flags; the chosen one runs after all
// flags have been accepted.
//
//===----------------------------------------------------------------------===//

#include "command_line.h"

#include "batch_list.h"
#include "bench.h"
#include "communicator.h"
#include "error.h"
#include "gradients.h"
#include "info.h"
#include "parameters.h"
#include "processor.h"
#include "profile.h"
#include "rank_plan.h"
#include "sample.h"
#include "schedule.h"
#include "stop_signals.h"
#include "thread_pool.h"
#include "train.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <optional>

using namespace gptc;

/// Seeds are handed to kernels as f64.
static constexpr uint64_t kLargestSeed = uint64_t(1) << 53;
static constexpr int64_t kLargestCount = INT64_C(1) << 40;
static constexpr unsigned kMostThreads = 1024;
static constexpr unsigned kMostRanks = 1024;
/// Of a run that a signal has stopped, with a checkpoint of what it did: what
/// sysexits.h calls a failure after which one may try again.
static constexpr int kStoppedRun = 75;

/// A check of an option's range that keeps its numbers out of --help.
template <typename T> static CLI::Validator inRange(T least, T most) {
  return CLI::Range(least, most).description("");
}

/// An option that takes a path or a pattern.
static CLI::Option *addPath(CLI::App *command, const char *name,
                            std::string &path, const char *type,
                            const char *help) {
  auto check = [](const std::string &value) {
    return value.empty() ? std::string("a name was expected") : std::string();
  };
  return command->add_option(name, path, help)
      ->type_name(type)
      ->check(CLI::Validator(check, ""));
}

static void addThreads(CLI::App *command, const ProgramView &program,
                       unsigned &threads) {
  threads = availableProcessors();
  CLI::Option *option =
      command
          ->add_option(
              "--threads", threads,
              "Threads to compute with; the result does not depend on it")
          ->type_name("N")
          ->capture_default_str();
  if (program.header().target == Target::Cpu) {
    option->check(inRange(1u, kMostThreads));
    return;
  }
  option->group("")->check([](const std::string &) -> std::string {
    fail("--threads: this program computes on a GPU, and nothing on threads: "
         "leave the flag out");
  });
}

static void addSeed(CLI::App *command, uint64_t &seed, const char *help) {
  command->add_option("--seed", seed, help)
      ->type_name("N")
      ->capture_default_str()
      ->check(inRange(uint64_t(0), kLargestSeed));
}

/// An option that takes a whole number from `least` on.
template <typename T>
static CLI::Option *addCount(CLI::App *command, const char *name, T &count,
                             int64_t least, const char *help) {
  return command->add_option(name, count, help)
      ->type_name("N")
      ->check(inRange(least, kLargestCount));
}

static void addSet(CLI::App *command, std::vector<std::string> &set) {
  command
      ->add_option("--set", set,
                   "Give a constant another value than the model has; `info` "
                   "lists those that can be set")
      ->type_name("NAME=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
}

/// Reads `12`, steps, or `90s`, `10m`, `2h`.
static CheckpointEvery readEvery(const std::string &text) {
  CheckpointEvery every;
  char *end;
  errno = 0;
  long long count = std::strtoll(text.c_str(), &end, 10);
  std::string unit = end;
  bool good = !text.empty() && text[0] >= '0' && text[0] <= '9' && !errno &&
              0 < count && count <= kLargestCount;
  if (unit.empty())
    every.steps = count;
  else
    every.seconds = double(count) * (unit == "h" ? 3600 : unit == "m" ? 60 : 1);
  if (!good || (unit != "" && unit != "s" && unit != "m" && unit != "h"))
    fail("--checkpoint-every {}: a number of steps was expected, or a time as "
         "90s, 10m or 2h",
         text);
  return every;
}

static void addCheckpoints(CLI::App *command, TrainOptions &options) {
  CLI::Option *folder = addPath(
      command, "--checkpoint", options.checkpoint, "DIR",
      "Write checkpoints, all that a run needs to go on, to this folder: at "
      "the end, when a signal asks for the end (exit code 75), and as often "
      "as --checkpoint-every says");
  command
      ->add_option_function<std::string>(
          "--checkpoint-every",
          [&options](const std::string &text) {
            options.checkpointEvery = readEvery(text);
          },
          "Write one every N steps, or every N seconds, minutes or hours")
      ->type_name("N|Ns|Nm|Nh")
      ->needs(folder);
  addCount(command, "--keep", options.keep, 0,
           "Keep the newest N checkpoints; 0: all")
      ->capture_default_str()
      ->needs(folder);
  addPath(command, "--resume", options.resume, "auto|PATH",
          "Go on from this checkpoint; auto: from the newest whole one of "
          "--checkpoint, from step 0 where there is none");
}

/// The flags of several ranks.
static void addRanks(CLI::App *command, const ProgramView &program,
                     TrainOptions &options) {
  bool isGpu = program.header().target != Target::Cpu;
  command
      ->add_option("--nproc", options.ranks,
                   isGpu
                       ? "Train as N processes of this machine, each on a GPU "
                         "of its own, with its share of a step's micro-batches"
                       : "Train as N processes of this machine, each with "
                         "its share of a step's micro-batches and of --threads")
      ->type_name("N")
      ->capture_default_str()
      ->check(inRange(1u, kMostRanks));
  if (!isGpu)
    return;
  addPath(command, "--nccl", options.gpu.nccl, "PATH",
          "With several ranks: libnccl.so.2, or the folder that has it; "
          "default: that of NCCL_HOME, else the loader's");
  command->add_flag("--share-gpus", options.gpu.share,
                    "Let several ranks have one GPU: slow, for tests");
}

static void addTrain(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App *command = app.add_subcommand(
      "train", "Train the model and report every step: "
               "`step:N/M train_time:Tms step_avg:Sms loss:...`. Of a step "
               "whose numbers are not finite two files are kept, NAME-stepN-"
               "params.safetensors and NAME-stepN-batch.safetensors; NAME is "
               "that of --save, --log or --checkpoint, the first that is "
               "given, else `nonfinite`");
  addPath(command, "--data", options->data, "GLOB",
          "Training shards, a pattern as in 'data/train_*.bin': files "
          "of uint16 tokens behind a header of 256 int32")
      ->required();
  CLI::Option *validation =
      addPath(command, "--val", options->validation, "GLOB",
              "Validation shards; without them nothing is validated");
  addCount(command, "--val-every", options->validateEvery, 0,
           "Validate every N steps and at the end, 0: at the end alone; "
           "default: as the model says")
      ->needs(validation);
  addCount(command, "--steps", options->steps, 0,
           "Stop after N steps; default: all of the model's");
  addSet(command, options->set);
  addCount(command, "--epochs", options->epochs, 1,
           "How often the data may be repeated")
      ->capture_default_str();
  addSeed(command, options->seed, "Seed of the initial parameters");
  addPath(command, "--params", options->parameters, "P.safetensors",
          "Start from these parameters, not from the init recipes");
  addPath(command, "--save", options->save, "P.safetensors",
          "Write the trained parameters to this file");
  addPath(command, "--log", options->log, "F.jsonl",
          "Write a JSON object a line: first what is run, then the reported "
          "values in full precision");
  addCheckpoints(command, *options);
  CLI::Option *trace = addPath(
      command, "--trace", options->trace, "T.json",
      "Write when each launch and each collective of one step began and ended, "
      "on all ranks, for chrome://tracing or Perfetto");
  addCount(command, "--trace-step", options->traceStep, 0,
           "Of this step, from 0")
      ->capture_default_str()
      ->needs(trace);
  command->add_flag("--log-header", options->logHeader,
                    "Begin with what is run: the model's files, constants, "
                    "versions, flags and machine");
  command->add_flag("--overfit-batch", options->overfitBatch,
                    "Train on the first micro-batch alone, in every step: the "
                    "loss should go to near 0");
  addThreads(command, program, options->threads);
  addRanks(command, program, *options);
  command->callback([&program, options] { train(program, *options, stdout); });
}

static void addGradients(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<GradientsOptions>();
  CLI::App *command = app.add_subcommand(
      "gradients", "Compute the gradients of one micro-batch's loss, divided "
                   "by the number of micro-batches a step");
  addPath(command, "--params", options->parameters, "P.safetensors",
          "The parameters, each F32 or BF16")
      ->required();
  addPath(command, "--batch", options->batch, "B.safetensors",
          "The micro-batch: I32 tensors tokens, targets, cu_seqlens")
      ->required();
  addCount(command, "--step", options->step, 0,
           "The step, from 0, whose schedule values hold")
      ->required();
  addPath(command, "--out", options->out, "G.safetensors",
          "Receives an F32 gradient for every parameter, and the F64 "
          "scalar `loss`, undivided")
      ->required();
  addSet(command, options->set);
  addThreads(command, program, options->threads);
  command->callback([&program, options] { writeGradients(program, *options); });
}

static void addProfile(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App *command = app.add_subcommand(
      "profile", "Run one step again and again, and tell the time of each of "
                 "its launches beside what a GPU does at best");
  addPath(command, "--data", options->data, "GLOB",
          "Training shards, as `train` takes them; their first step is read")
      ->required();
  addCount(command, "--step", options->step, 0,
           "The step, from 0, whose parts and schedule values are run")
      ->capture_default_str();
  addCount(command, "--repeat", options->repeats, 1,
           "How often it is measured; times are medians")
      ->capture_default_str();
  addCount(command, "--pause", options->pause, 0,
           "Microseconds of rest behind each launch, so that a GPU is at its "
           "highest clock; 0: none, as in a run")
      ->capture_default_str();
  addPath(command, "--csv", options->csv, "FILE",
          "Receives a line for every launch");
  addPath(command, "--params", options->parameters, "P.safetensors",
          "Start from these parameters, not from the init recipes");
  addSeed(command, options->seed, "Seed of the initial parameters");
  addSet(command, options->set);
  addThreads(command, program, options->threads);
  command->callback(
      [&program, options] { profile(program, *options, stdout); });
}

static void addInit(CLI::App &app, const ProgramView &program) {
  struct InitOptions {
    std::string out;
    uint64_t seed = 0;
    unsigned threads = 1;
  };
  auto options = std::make_shared<InitOptions>();
  CLI::App *command = app.add_subcommand(
      "init", "Write the parameters that a training run would start from");
  addPath(command, "--out", options->out, "P.safetensors", "The file to write")
      ->required();
  addSeed(command, options->seed, "Seed of the parameters");
  addThreads(command, program, options->threads);
  command->callback([&program, options] {
    Instance instance(program, options->threads, options->seed,
                      eventsFrom(program, 0));
    instance.initialize();
    saveParameters(instance, options->out, 0);
  });
}

static void addSample(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App *command =
      app.add_subcommand("sample", "Draw text from the model and print it");
  addPath(command, "--params", options->parameters, "P.safetensors",
          "Trained parameters, read with the schedules of the step that the "
          "file names, else of the last; default: the init recipes");
  command
      ->add_option("--prompt", options->prompt,
                   "What the sample continues: text, or token numbers for a "
                   "model whose vocabulary is not bytes; default: the start of "
                   "a document")
      ->type_name("TEXT");
  addCount(command, "--length", options->length, 1, "Tokens to draw")
      ->capture_default_str();
  addSeed(command, options->seed, "Seed of the draws");
  addThreads(command, program, options->threads);
  command->callback([&program, options] { sample(program, *options, stdout); });
}

static void addInfo(CLI::App &app, const ProgramView &program) {
  auto json = std::make_shared<bool>(false);
  auto launches = std::make_shared<bool>(false);
  CLI::App *command = app.add_subcommand(
      "info", "Print model, constants, parameters and the exact memory plan");
  command->add_flag("--json", *json, "All of it as one JSON object");
  command
      ->add_flag("--launches", *launches,
                 "What a host needs to run the kernels, as one JSON object: "
                 "buffers, numbers and parts with their launches")
      ->excludes("--json");
  command->callback([&program, json, launches] {
    if (*launches)
      printLaunches(program, stdout);
    else
      printInfo(program, *json, stdout);
  });
}

/// A number of an option, above 0.
static CLI::Validator isPositive(double most) {
  return CLI::Range(1e-6, most).description("");
}

static void addPlan(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<PlanOptions>();
  bool isGpu = program.header().target != Target::Cpu;
  CLI::App *command = app.add_subcommand(
      "plan", "Print what a run of several ranks takes, without running it: "
              "each rank's memory and what it owns, the bytes of each "
              "collective, and how long the steps of each stage should take");
  command->add_option("--nproc", options->ranks, "Of so many ranks")
      ->type_name("N")
      ->capture_default_str()
      ->check(inRange(1u, kMostRanks));
  command
      ->add_option("--profile", options->profiles,
                   isGpu ? "Times of launches, as `profile --csv` wrote them, "
                           "of one step or more; default: floors at --share"
                         : "Times of launches, as `profile --csv` wrote them, "
                           "of one step or more; default: no times")
      ->type_name("FILE")
      ->type_size(1)
      ->allow_extra_args(false);
  command
      ->add_option("--bandwidth", options->gigabytes,
                   isGpu ? "GB/s that go in and out of each rank at once "
                           "(NCCL's `busbw`); default: 215, which NCCL reaches "
                           "between two H100s over NVLink"
                         : "GB/s that go in and out of each rank at once; "
                           "default: 0.25, which two ranks on two cores reach")
      ->type_name("X")
      ->check(isPositive(1e6));
  command
      ->add_option("--latency", options->latency,
                   isGpu ? "Microseconds of a collective without data; "
                           "default: 14, as the same two H100s have it"
                         : "Microseconds of a collective without data; "
                           "default: 14")
      ->type_name("X")
      ->check(isPositive(1e9));
  if (isGpu) {
    command
        ->add_option("--share", options->share,
                     "Of a launch's time, its floor on the card, where no "
                     "profile has one like it")
        ->type_name("X")
        ->capture_default_str()
        ->check(isPositive(1));
    addPath(command, "--card", options->card, "NAME",
            "The card, as in 'H200'; default: an H100 SXM");
  } else {
    addThreads(command, program, options->threads);
  }
  addSet(command, options->set);
  command->add_flag("--json", options->json, "All of it as one JSON object");
  addPath(command, "--csv", options->csv, "FILE",
          "Receives a line for every part and collective of every kind of "
          "step");
  command->callback(
      [&program, options] { printPlan(program, *options, stdout); });
}

static void addSchedule(CLI::App &app, const ProgramView &program) {
  struct ScheduleOptions {
    std::vector<std::string> set;
    bool json = false;
  };
  auto options = std::make_shared<ScheduleOptions>();
  CLI::App *command = app.add_subcommand(
      "schedule", "Print every scheduled number of every step");
  addSet(command, options->set);
  command->add_flag("--json", options->json, "All of it as one JSON object");
  command->callback([&program, options] {
    printSchedule(program, parseSettings(program, options->set), options->json,
                  stdout);
  });
}

static void addBatches(CLI::App &app, const ProgramView &program) {
  auto options = std::make_shared<BatchListOptions>();
  CLI::App *command = app.add_subcommand(
      "batches", "Print every micro-batch of every step: its rank, documents "
                 "and digest");
  addPath(command, "--data", options->data, "GLOB",
          "Training shards, as `train` takes them")
      ->required();
  addCount(command, "--world", options->world, 1,
           "Ranks: micro-batch i of a step is that of rank i mod N")
      ->capture_default_str();
  addCount(command, "--steps", options->steps, 0,
           "The first N steps; default: all of the model's");
  addCount(command, "--epochs", options->epochs, 1,
           "How often the data may be repeated")
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "All of it as one JSON object, with where documents end");
  command->callback(
      [&program, options] { printBatches(program, *options, stdout); });
}

static void addBench(CLI::App &app, const ProgramView &program,
                     const ProgramView &reference) {
  auto options = std::make_shared<BenchOptions>();
  options->threads = availableProcessors();
  options->step = std::min<int64_t>(1, program.header().steps - 1);
  CLI::App *command = app.add_subcommand(
      "bench", "Run every kernel alone on values that a run could hand it: "
               "compare what it writes with the CPU's kernel of the same op, "
               "and time it with no operand in a cache");
  addPath(command, "--filter", options->filter, "NAME",
          "Those alone in whose name, or the name of whose launch, this "
          "stands");
  addCount(command, "--step", options->step, 0,
           "The step, from 0, whose parts and schedule values are run")
      ->capture_default_str();
  command->add_flag("--all", options->allParts,
                    "All parts: those of other steps, validation and samples");
  command->add_flag("--list", options->list, "Names alone; nothing is run");
  command->add_flag("--compare-only", options->compareOnly, "Nothing is timed");
  addCount(command, "--repeat", options->repeats, 1,
           "How often it is timed; times are medians")
      ->capture_default_str();
  addPath(command, "--csv", options->csv, "FILE",
          "Receives a line for every kernel");
  command
      ->add_option("--contractions", options->contractions,
                   "A library whose product of the same operands is timed "
                   "beside each contraction of bf16 and FP8: cublaslt")
      ->type_name("LIBRARY")
      ->check(CLI::IsMember({"cublaslt"}));
  addPath(command, "--cublaslt", options->library, "PATH",
          "Where it is: libcublasLt.so.13 or .12 or a folder that has one; "
          "else CUDA_HOME's or the loader's");
  addSeed(command, options->seed, "Seed of the values");
  command
      ->add_option("--threads", options->threads,
                   "Threads of the CPU's kernels")
      ->type_name("N")
      ->capture_default_str()
      ->check(inRange(1u, kMostThreads));
  command->callback([&program, &reference, options] {
    bench(program, reference, *options, stdout);
  });
}

/// Finds words that no command line has. The parser would report what is
/// missing before what is wrong.
static void checkWords(const CLI::App &app, int argc, char **argv) {
  if (argc < 2)
    return;
  std::string first = argv[1];
  if (first == "-h" || first == "--help" || first == "--version")
    return;
  const CLI::App *chosen = nullptr;
  for (const CLI::App *command :
       app.get_subcommands([](const CLI::App *) { return true; }))
    if (command->get_name() == first)
      chosen = command;
  if (!chosen)
    fail("unknown command '{}'; see {} --help", argv[1], argv[0]);
  for (int i = 2; i < argc; ++i) {
    std::string word = argv[i];
    std::string flag = word.substr(0, word.find('='));
    if (flag.size() > 2 && flag.compare(0, 2, "--") == 0 &&
        !chosen->get_option_no_throw(flag))
      fail("unknown flag '{}'; see {} {} --help", flag, argv[0], first);
  }
}

/// Whether a command line runs kernels, or only tells of them.
static bool computes(int argc, char **argv) {
  std::string first = argc < 2 ? "" : argv[1];
  for (const char *command :
       {"train", "gradients", "profile", "init", "sample", "bench"})
    if (first == command)
      return true;
  return false;
}

static int parseAndRun(int argc, char **argv, const ProgramView &program,
                       const std::optional<ProgramView> &reference) {
  std::string model = program.string(program.header().model);
  CLI::App app("Trains the model '" + model + "', compiled by gptc.");
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  addTrain(app, program);
  addGradients(app, program);
  addProfile(app, program);
  addInit(app, program);
  addPlan(app, program);
  addSample(app, program);
  addInfo(app, program);
  addSchedule(app, program);
  addBatches(app, program);
  if (reference)
    addBench(app, program, *reference);
  app.set_version_flag(
      "--version", [&program] { return versionText(program); },
      "Print what made this program, and of what");
  if (computes(argc, argv))
    checkProcessor(program, machineFeatures());
  checkWords(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return app.exit(success); // --help, --version
  } catch (const CLI::ParseError &error) {
    fail("{}; see {} --help", error.what(), argv[0]);
  }
  if (std::fflush(stdout) != 0)
    fail("cannot write to the standard output");
  return 0;
}

static ProgramView viewOf(const Linked &linked) {
  return {linked.blob, linked.kernels, linked.numbers};
}

int gptc::runCommandLine(int argc, char **argv, const Linked &program,
                         const Linked &reference) {
  try {
    std::optional<ProgramView> beside;
    if (reference.blob)
      beside.emplace(viewOf(reference));
    return parseAndRun(argc, argv, viewOf(program), beside);
  } catch (const Stopped &stopped) {
    print(stderr, "{}\n", stopped.what());
    return kStoppedRun;
  } catch (const RankError &error) {
    print(stderr, "error: {}\n", error.what());
    return kLostRankCode;
  } catch (const std::bad_alloc &) {
    print(stderr, "error: out of memory\n");
  } catch (const std::exception &error) {
    print(stderr, "error: {}\n", error.what());
  }
  return 1;
}
