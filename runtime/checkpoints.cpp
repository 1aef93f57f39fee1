//===- checkpoints.cpp - a run that writes checkpoints --------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "checkpoints.h"

#include "ranks.h"

#include <algorithm>
#include <cstdio>

using namespace gptc;

/// Short enough that a rank which waits for its disk is not taken for one that
/// hangs.
static constexpr std::chrono::milliseconds kLook(50);

//===----------------------------------------------------------------------===//
// Going on
//===----------------------------------------------------------------------===//

static std::optional<Checkpoint> find(const TrainOptions &options) {
  if (options.resume != "auto") {
    if (!options.parameters.empty())
      fail("--params {}: --resume {} has parameters too: leave one of them out",
           options.parameters, options.resume);
    return namedCheckpoint(options.resume);
  }
  if (options.checkpoint.empty())
    fail("--resume auto: takes the newest checkpoint in the folder of "
         "--checkpoint: name that, too");
  std::optional<Checkpoint> found = newestCheckpoint(options.checkpoint);
  if (!found)
    print(stderr, "resume: {} holds no checkpoint: the run begins at step 0\n",
          options.checkpoint);
  return found;
}

std::optional<Checkpoint> gptc::chooseCheckpoint(const TrainOptions &options,
                                                 Communicator &ranks) {
  static constexpr size_t kPathBytes = 4096;
  if (options.resume.empty())
    return std::nullopt;
  if (ranks.world() == 1)
    return find(options);
  std::optional<Checkpoint> found;
  std::vector<char> path(kPathBytes), all(kPathBytes * ranks.world());
  if (ranks.rank() == 0) {
    found = find(options);
    std::string name = found ? found->path() : "";
    if (name.size() >= kPathBytes)
      fail("{}: the name is too long", name);
    name.copy(path.data(), kPathBytes);
  }
  ranks.allGather(path.data(), all.data(), kPathBytes,
                  "the choice of a checkpoint");
  if (ranks.rank() != 0 && all[0])
    found.emplace(std::string(all.data()));
  return found;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

Checkpoints::Checkpoints(const TrainOptions &options, RunIdentity identity,
                         int64_t first, const Instance &instance,
                         Communicator &ranks)
    : options(options), identity(std::move(identity)), ranks(ranks),
      beside(ranks.beside()), state(instance, ranks), last(Clock::now()) {
  if (ranks.rank() != 0)
    return;
  folder.emplace(options.checkpoint, options.keep);
  folder->begin(first);
}

Checkpoints::~Checkpoints() {
  // A run that fails still has the checkpoint that is being written.
  if (writing.valid())
    writing.wait();
}

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

void Checkpoints::consult() {
  if (writing.valid() &&
      writing.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    writing.get();
  double seconds = options.checkpointEvery.seconds;
  bool late = seconds > 0 && secondsSince(last) >= seconds;
  std::vector<double> own{static_cast<double>(request.signal()),
                          late && ranks.rank() == 0 ? 1.0 : 0.0};
  std::vector<double> all(2 * ranks.world());
  ranks.allGather(own.data(), all.data(), 2 * sizeof(double),
                  "what the ranks were asked for");
  isTime = all[1] != 0;
  for (unsigned r = 0; r < ranks.world(); ++r)
    if (all[2 * r] != 0 && stop == 0)
      stop = static_cast<int>(all[2 * r]);
}

bool Checkpoints::isDue(int64_t step) const {
  int64_t every = options.checkpointEvery.steps;
  return stop != 0 || isTime || (every > 0 && step % every == 0);
}

void Checkpoints::save(const RunPosition &position) {
  Clock::time_point start = Clock::now();
  wait();
  waitSeconds += secondsSince(start);
  last = Clock::now();
  isTime = false;
  state.copy();
  copySeconds += secondsSince(last);
  ++count;
  writing =
      std::async(std::launch::async, [this, position] { write(position); });
}

void Checkpoints::write(const RunPosition &position) {
  beside->enter(formatText("the checkpoint of step {}", position.step));
  state.gather(*beside); // what fails here has failed on other ranks as well
  if (!folder)
    return;
  try {
    folder->add(position.step, [&](const std::string &path) {
      writeCheckpoint(path, state, position, identity, ranks.world());
    });
    failure = nullptr;
  } catch (const std::exception &error) {
    failure = std::current_exception();
    print(stderr,
          "warning: the checkpoint of step {} is not written: {}; the run goes "
          "on, and tries again when the next is due\n",
          position.step, error.what());
  }
}

void Checkpoints::wait() {
  while (writing.valid() &&
         writing.wait_for(kLook) != std::future_status::ready)
    continue;
  if (writing.valid())
    writing.get();
}

std::string Checkpoints::report() const {
  if (count == 0)
    return "";
  return formatText(
      "checkpoints: {}, for each of which the run stood still {:.0f} ms to "
      "copy the state, and {:.0f} ms until the one before was written\n",
      count, 1e3 * copySeconds / static_cast<double>(count),
      1e3 * waitSeconds / static_cast<double>(count));
}

void Checkpoints::finish() {
  wait();
  if (!failure)
    return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception &error) {
    fail("the last checkpoint is not written: {}; the one before is as it was",
         error.what());
  }
}
