//===- batches.cpp - the micro-batches of a run ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// The plan and the reader share `Packing`, so they cannot disagree.
//
//===----------------------------------------------------------------------===//

#include "batches.h"

#include "error.h"
#include "memory.h"
#include "packing.h"
#include "ranks.h"
#include "shards.h"

#include <algorithm>

using namespace gptc;

/// Steps that the reader keeps ready.
static constexpr size_t kStepsAhead = 2;

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

BatchRequest gptc::requestBatches(const ProgramView &program,
                                  const std::string &pattern, int64_t epochs,
                                  int64_t steps) {
  const Program &header = program.header();
  BatchRequest request;
  request.paths = expandPattern(pattern);
  request.epochs = epochs;
  request.documentToken = header.documentToken;
  request.maxDocumentTokens = header.maxDocumentTokens;
  request.bound = boundOf(program, partsOfSteps(program, 0, steps),
                          {Feed::Tokens, Feed::Targets});
  request.microBatches = header.microBatches;
  for (int64_t step = 0; step < steps; ++step)
    request.stepTokens.push_back(
        program.parts()[program.stepTable()[step].micro].tokens);
  return request;
}

[[noreturn]] static void failOutOfData(const BatchRequest &request,
                                       const BatchPlan &plan) {
  long long tokens = 0;
  for (int64_t count : plan.shardTokens)
    tokens += count;
  size_t step = plan.steps.size();
  std::string first = request.paths.front();
  if (request.paths.size() > 1)
    first += formatText(" and {} more", request.paths.size() - 1);
  fail(
      "{}: the data end before step {} of {}: a step takes {} micro-batches of "
      "{} + 1 tokens from one shard, and {} tokens in {} epoch{} fill {} "
      "step{}; give more shards, fewer --steps, or repeat the data by --epochs",
      first, step, request.stepTokens.size(), request.microBatches,
      request.stepTokens[step], tokens, request.epochs,
      request.epochs == 1 ? "" : "s", step, step == 1 ? "" : "s");
}

BatchPlan gptc::planBatches(const BatchRequest &request) {
  BatchPlan plan;
  plan.documents.resize(request.paths.size());
  plan.shardTokens.resize(request.paths.size());
  size_t count = request.stepTokens.size();
  for (int64_t epoch = 0; epoch < request.epochs; ++epoch) {
    size_t before = plan.steps.size();
    for (size_t shard = 0; shard < request.paths.size(); ++shard) {
      if (plan.steps.size() == count)
        return plan;
      std::vector<int64_t> &documents = plan.documents[shard];
      if (epoch == 0) {
        std::vector<uint16_t> tokens =
            loadTokens(request.paths[shard], request.bound);
        documents = findDocuments(tokens, request.documentToken);
        plan.shardTokens[shard] = static_cast<int64_t>(tokens.size());
        if (documents.empty())
          fail("{}: none of its {} tokens is {}, the model's document_token, "
               "with which documents begin; give shards of its tokenizer, or "
               "compile it with the document_token of these",
               request.paths[shard], tokens.size(), request.documentToken);
      }
      Packing packing{documents, plan.shardTokens[shard],
                      request.maxDocumentTokens};
      size_t next = 0;
      for (size_t first = 0; plan.steps.size() < count; first = next) {
        if (!packing.skipStep(request.stepTokens[plan.steps.size()],
                              request.microBatches, next))
          break;
        plan.steps.push_back({shard, first});
      }
    }
    if (plan.steps.size() == before)
      break; // Another epoch would fill nothing either.
  }
  if (plan.steps.size() < count)
    failOutOfData(request, plan);
  return plan;
}

PlanTrail::PlanTrail(const BatchPlan &plan) : places(plan.steps) {
  for (size_t shard = 0; shard < plan.documents.size(); ++shard) {
    std::vector<int64_t> all(plan.documents[shard]);
    all.push_back(plan.shardTokens[shard]);
    shards.push_back(digestOf(all.data(), all.size() * sizeof(int64_t)));
  }
}

std::string PlanTrail::digest(int64_t steps) const {
  std::string all;
  size_t reached = 0;
  for (int64_t step = 0; step < steps; ++step) {
    const StepPlace &place = places[static_cast<size_t>(step)];
    reached = std::max(reached, place.shard + 1);
    all += formatText("{} {}\n", place.shard, place.document);
  }
  for (size_t shard = 0; shard < reached; ++shard)
    all += shards[shard];
  return digestOf(all.data(), all.size());
}

//===----------------------------------------------------------------------===//
// The reader
//===----------------------------------------------------------------------===//

BatchReader::BatchReader(BatchRequest request, BatchPlan plan, int64_t first)
    : request(std::move(request)), plan(std::move(plan)),
      reader([this, first] { readAll(static_cast<size_t>(first)); }) {}

BatchReader::~BatchReader() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  reader.join();
}

std::vector<uint16_t> BatchReader::load(size_t shard) const {
  const std::string &path = request.paths[shard];
  std::vector<uint16_t> tokens = loadTokens(path, request.bound);
  if (static_cast<int64_t>(tokens.size()) != plan.shardTokens[shard])
    fail("{}: the file has changed during the run", path);
  return tokens;
}

std::vector<MicroBatch>
BatchReader::packStep(size_t step, const std::vector<uint16_t> &tokens) const {
  StepPlace place = plan.steps[step];
  Packing packing{plan.documents[place.shard], plan.shardTokens[place.shard],
                  request.maxDocumentTokens};
  std::vector<MicroBatch> batches;
  batches.reserve(static_cast<size_t>(request.microBatches));
  for (int64_t i = 0; i < request.microBatches; ++i) {
    std::vector<Piece> pieces =
        packing.pack(request.stepTokens[step], place.document);
    if (i % request.world == request.rank)
      batches.push_back(gather(tokens, pieces));
  }
  return batches;
}

bool BatchReader::push(std::vector<MicroBatch> batches) {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return stopping || ready.size() < kStepsAhead; });
  if (stopping)
    return false;
  ready.push_back(std::move(batches));
  changed.notify_all();
  return true;
}

void BatchReader::readAll(size_t step) {
  try {
    size_t count = plan.steps.size();
    std::future<std::vector<uint16_t>> following;
    while (step < count) {
      size_t shard = plan.steps[step].shard;
      std::vector<uint16_t> tokens =
          following.valid() ? following.get() : load(shard);
      size_t end = step + 1;
      while (end < count && plan.steps[end].shard == shard &&
             plan.steps[end].document > plan.steps[end - 1].document)
        ++end;
      if (end < count)
        following = std::async(std::launch::async, &BatchReader::load, this,
                               plan.steps[end].shard);
      for (; step < end; ++step)
        if (!push(packStep(step, tokens)))
          return;
    }
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex);
    failure = std::current_exception();
    changed.notify_all();
  }
}

std::vector<MicroBatch> BatchReader::next() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return failure || !ready.empty(); });
  if (ready.empty())
    std::rethrow_exception(failure);
  std::vector<MicroBatch> batches = std::move(ready.front());
  ready.pop_front();
  changed.notify_all();
  return batches;
}

//===----------------------------------------------------------------------===//
// Validation
//===----------------------------------------------------------------------===//

ValidationData::ValidationData(const std::vector<std::string> &paths,
                               int64_t total, int64_t slice,
                               int64_t documentToken, const Bound &bound)
    : total(total), slice(slice), documentToken(documentToken) {
  if (slice <= 0 || total % slice != 0)
    fail("validation takes {} tokens in slices of {}: not a multiple; compile "
         "the model with other constants",
         total, slice);
  size_t needed = static_cast<size_t>(total) + 1;
  for (const std::string &path : paths) {
    if (tokens.size() == needed)
      break;
    std::vector<uint16_t> shard =
        loadTokens(path, bound, needed - tokens.size());
    tokens.insert(tokens.end(), shard.begin(), shard.end());
  }
  if (tokens.size() < needed)
    fail("{}: validation takes {} + 1 tokens, the validation data hold {}; "
         "give more shards, or compile the model with another "
         "validate_tokens in its recipe, a multiple of {}",
         paths.front(), total, tokens.size(), slice);
}

std::string ValidationData::digest() const {
  return digestOf(tokens.data(), tokens.size() * sizeof(uint16_t));
}

bool ValidationData::hasDocuments() const {
  return !findDocuments(tokens, documentToken).empty();
}

MicroBatch ValidationData::read(int64_t index) const {
  auto first = tokens.begin() + index * slice;
  MicroBatch batch;
  batch.tokens.assign(first, first + slice);
  batch.targets.assign(first + 1, first + slice + 1);
  std::vector<int64_t> starts;
  for (int64_t t = 0; t < slice; ++t)
    if (batch.tokens[t] == documentToken)
      starts.push_back(t);
  batch.documentStarts = spreadDocumentStarts(starts, slice);
  return batch;
}
