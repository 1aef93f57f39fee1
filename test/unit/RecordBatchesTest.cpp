//===- RecordBatchesTest.cpp - the record's own micro-batches -------------===//
//
// Part of gptc, under the MIT License.
//
// Compares the packing with digests of the micro-batches that the record's
// script makes of one shard. They lie in the folder that GPTC_SHARED names,
// else beside the repository; without them the test is skipped.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "Sha256.h"
#include "batches.h"
#include "packing.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace gptc;

TEST(Sha256, EqualsTheStandardsExamples) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223"
                           "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb924"
                        "27ae41e4649b934ca495991b7852b855");
}

static std::string sharedFolder() {
  const char *given = std::getenv("GPTC_SHARED");
  return given ? given : GPTC_SOURCE_DIR "/../shared";
}

/// The T + 1 tokens of a micro-batch as little-endian uint16.
static std::string bytesOf(const MicroBatch &batch) {
  std::string bytes;
  auto append = [&](int32_t token) {
    bytes += char(token & 255);
    bytes += char(token >> 8);
  };
  append(batch.tokens.front());
  for (int32_t token : batch.targets)
    append(token);
  return bytes;
}

/// Ends of the documents inside the inputs.
static std::vector<int64_t> endsOf(const MicroBatch &batch) {
  std::vector<int64_t> ends;
  for (size_t t = 1; t < batch.tokens.size(); ++t)
    if (batch.documentStarts[t] == int32_t(t))
      ends.push_back(int64_t(t));
  ends.push_back(int64_t(batch.tokens.size()));
  return ends;
}

TEST(RecordBatches, EqualTheScripts) {
  std::string shared = sharedFolder();
  std::ifstream digests(shared + "/golden/batches.json");
  std::string packed = shared + "/data/train_000001.bin.xz";
  if (!digests || !std::filesystem::exists(packed))
    GTEST_SKIP() << "no golden/batches.json and data/ in " << shared;
  Folder folder;
  std::string unpack = "xz -dc '" + packed + "' > '" + (folder / "a") + "'";
  // The words are this test's own.
  // NOLINTNEXTLINE(bugprone-command-processor)
  if (std::system(unpack.c_str()) != 0)
    GTEST_SKIP() << "cannot run xz";
  BatchRequest request;
  request.paths = {folder / "a"};
  request.documentToken = 50256;
  request.maxDocumentTokens = 2048;
  request.bound.below = 50257;
  request.microBatches = 8;
  // 54 scheduled steps in three stages, and 8 more as in the last.
  for (int64_t step = 0; step < 62; ++step)
    request.stepTokens.push_back(16384 * (1 + std::min<int64_t>(step / 18, 2)));
  BatchPlan plan = planBatches(request);
  BatchReader reader(request, plan);
  auto golden = nlohmann::json::parse(digests)["steps"];
  size_t compared = 0;
  for (size_t step = 0; step < 62; ++step) {
    std::vector<MicroBatch> batches = reader.next();
    if (!golden.contains(std::to_string(step)))
      continue;
    for (size_t i = 0; i < 8; ++i) {
      const auto &expected = golden[std::to_string(step)][i];
      EXPECT_EQ(sha256(bytesOf(batches[i])), expected["sha256"])
          << "step " << step << ", micro-batch " << i;
      if (expected.contains("ends"))
        EXPECT_EQ(endsOf(batches[i]),
                  expected["ends"].get<std::vector<int64_t>>());
      if (i == 0)
        EXPECT_EQ(plan.documents[0][plan.steps[step].document],
                  expected["first_token_index"]);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 8 * golden.size());
}
