//===- overfit.cpp - training on one micro-batch --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "overfit.h"

#include "error.h"
#include "ranks.h"

using namespace gptc;

RepeatedBatch::RepeatedBatch(const BatchRequest &request)
    : count(request.microBatches / request.world) {
  for (int64_t tokens : request.stepTokens) {
    if (batches.count(tokens))
      continue;
    BatchRequest first = request;
    first.microBatches = first.world = 1;
    first.rank = 0;
    first.stepTokens = {tokens};
    BatchPlan plan = planBatches(first);
    batches[tokens] = BatchReader(first, std::move(plan)).next().front();
  }
}

std::vector<MicroBatch> RepeatedBatch::of(int64_t tokens) const {
  return std::vector<MicroBatch>(count, batches.at(tokens));
}

std::string RepeatedBatch::digest() const {
  std::vector<int32_t> all;
  for (const auto &[tokens, batch] : batches)
    all.insert(all.end(), batch.tokens.begin(), batch.tokens.end());
  return digestOf(all.data(), all.size() * sizeof(int32_t));
}

std::string RepeatedBatch::note() const {
  std::string sizes;
  for (const auto &[tokens, batch] : batches)
    sizes += formatText("{}{}", sizes.empty() ? "" : ", later ", tokens);
  return "overfit-batch: every step trains on the first micro-batch alone (" +
         sizes + " tokens): the loss should go to near 0\n";
}
