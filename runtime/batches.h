//===- batches.h - the micro-batches of a run -------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Before a run begins, `planBatches` walks through the data and finds for
// every step its shard and its first document, so that a lack of data, a
// damaged shard and a token outside the vocabulary show before step 0. During
// the run a background thread packs steps ahead and loads the next shard while
// the present one is read.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BATCHES_H
#define GPTC_RUNTIME_BATCHES_H

#include "feed.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gptc {

/// What a run wants of its data.
struct BatchRequest {
  std::vector<std::string> paths; ///< shards, in reading order
  int64_t epochs = 1;             ///< how often they may be read
  int64_t documentToken, maxDocumentTokens;
  Bound bound;                     ///< of tokens and targets
  int64_t microBatches;            ///< a step
  int64_t rank = 0, world = 1;     ///< whose of them are read: i mod world
  std::vector<int64_t> stepTokens; ///< T of each step's micro-batches
};

/// What the first `steps` steps of a program want of the shards that `pattern`
/// names.
BatchRequest requestBatches(const ProgramView &program,
                            const std::string &pattern, int64_t epochs,
                            int64_t steps);

/// Where a step's data begin.
struct StepPlace {
  size_t shard;    ///< index in `paths`
  size_t document; ///< index among the shard's documents
};

/// All steps' places, and where the documents of each shard begin (only of
/// shards that were reached).
struct BatchPlan {
  std::vector<StepPlace> steps;
  std::vector<std::vector<int64_t>> documents;
  std::vector<int64_t> shardTokens;
};

/// Throws an `Error` when the data end before the steps do, and for a shard in
/// which no document begins.
BatchPlan planBatches(const BatchRequest &request);

/// What the steps of a plan read, in short.
class PlanTrail {
public:
  explicit PlanTrail(const BatchPlan &plan);

  /// Of the first `steps` steps alone: it is the same where more steps, or more
  /// shards, follow.
  std::string digest(int64_t steps) const;
  std::string digest() const {
    return digest(static_cast<int64_t>(places.size()));
  }
  /// Where a step begins; null behind the last.
  const StepPlace *place(int64_t step) const {
    auto index = static_cast<size_t>(step);
    return index < places.size() ? &places[index] : nullptr;
  }

private:
  std::vector<StepPlace> places;
  std::vector<std::string> shards; ///< digests
};

/// Delivers the micro-batches of one step after the other.
class BatchReader {
public:
  /// `first`: the step to begin with.
  BatchReader(BatchRequest request, BatchPlan plan, int64_t first = 0);
  ~BatchReader();
  BatchReader(const BatchReader &) = delete;
  BatchReader &operator=(const BatchReader &) = delete;

  /// The next step's micro-batches of the rank, in file order. Throws what
  /// reading threw.
  std::vector<MicroBatch> next();

private:
  void readAll(size_t step);
  std::vector<uint16_t> load(size_t shard) const;
  std::vector<MicroBatch> packStep(size_t step,
                                   const std::vector<uint16_t> &tokens) const;
  bool push(std::vector<MicroBatch> batches);

  BatchRequest request;
  BatchPlan plan;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::vector<MicroBatch>> ready;
  std::exception_ptr failure;
  bool stopping = false;
  std::thread reader;
};

/// Validation data: consecutive slices of `slice` tokens over the first
/// `total`; a document begins at every `documentToken`. Throws an `Error` when
/// the shards hold fewer than total + 1 tokens (the last target).
class ValidationData {
public:
  ValidationData(const std::vector<std::string> &paths, int64_t total,
                 int64_t slice, int64_t documentToken, const Bound &bound);

  int64_t slices() const { return total / slice; }
  /// Its tokens, in short.
  std::string digest() const;
  /// Whether any document begins in it.
  bool hasDocuments() const;
  MicroBatch read(int64_t index) const;

private:
  std::vector<uint16_t> tokens;
  int64_t total, slice, documentToken;
};

} // namespace gptc

#endif // GPTC_RUNTIME_BATCHES_H
