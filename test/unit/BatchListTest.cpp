//===- BatchListTest.cpp - the command `batches` --------------------------===//
//
// Part of gptc, under the MIT License.
//
// Against a packing that is written here token by token, over several shards.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"
#include "Files.h"
#include "batch_list.h"
#include "sha256.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

using namespace gptc;
using Json = nlohmann::json;
using Tokens = std::vector<uint16_t>;

TEST(Sha256, EqualsTheStandardsExamples) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223"
                           "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb924"
                        "27ae41e4649b934ca495991b7852b855");
  // Of 56 bytes: the length needs a block of its own.
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039"
            "a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b049237"
            "0b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67"
            "f1809a48a497200e046d39ccc7112cd0");
}

namespace {
/// A micro-batch as the test packs it.
struct Expected {
  int64_t step;
  std::string digest, shard;
  int64_t place;
  std::vector<int64_t> ends;
};

class BatchList : public testing::Test {
protected:
  BatchList() {
    options.microBatches = 8;
    std::mt19937 source(7);
    for (char name : {'a', 'b', 'c', 'd', 'e', 'f'}) {
      Tokens tokens;
      // The first begins inside a document, which is not taken.
      for (int i = 0; i < 3; ++i)
        tokens.push_back(uint16_t(1 + i));
      while (tokens.size() < 350) {
        tokens.push_back(0);
        for (unsigned n = source() % 14; n > 0; --n)
          tokens.push_back(uint16_t(1 + source() % 15));
      }
      shards.push_back(tokens);
      paths.push_back(
          folder.write(std::string(1, name) + ".bin", shardBytes(tokens)));
    }
  }

  std::string print(const BatchListOptions &list) {
    FakeProgram program(options);
    std::string path = folder / "out";
    std::FILE *file = std::fopen(path.c_str(), "w");
    error = errorOf([&] { printBatches(program.view(), list, file); });
    std::fclose(file);
    return folder.read("out");
  }

  BatchListOptions listOf(int64_t world, bool json = true) const {
    BatchListOptions list;
    list.data = folder / "*.bin";
    list.world = world;
    list.json = json;
    return list;
  }

  std::vector<Expected> pack() const;

  Folder folder;
  FakeOptions options;
  std::vector<Tokens> shards;
  std::vector<std::string> paths;
  std::string error;
};
} // namespace

/// One token after the other: a document is skipped from its ninth token on, a
/// full micro-batch ends, and the next begins at the next document.
std::vector<Expected> BatchList::pack() const {
  std::vector<Expected> all;
  int64_t step = 0;
  for (size_t shard = 0; shard < shards.size(); ++shard) {
    std::vector<Expected> ready;
    std::string bytes;
    int64_t inputs = 0, taken = 0, length = 0;
    Expected batch;
    bool skipping = true;
    for (size_t at = 0; at < shards[shard].size(); ++at) {
      uint16_t token = shards[shard][at];
      if (token == 0) {
        if (step == options.steps)
          return all;
        inputs =
            2 * step < options.steps ? options.tokens : options.laterTokens;
        if (taken == 0)
          batch = {step, "", paths[shard], int64_t(at), {}};
        else if (taken < inputs)
          batch.ends.push_back(taken);
        skipping = false;
        length = 0;
      }
      if (skipping || length == options.maxDocumentTokens)
        continue;
      ++length;
      bytes += char(token);
      bytes += '\0';
      if (++taken < inputs + 1)
        continue;
      batch.ends.push_back(inputs);
      batch.digest = sha256(bytes);
      ready.push_back(batch);
      bytes.clear();
      taken = 0;
      skipping = true;
      if (ready.size() == 8) {
        all.insert(all.end(), ready.begin(), ready.end());
        ready.clear();
        ++step;
      }
    }
  }
  return all;
}

TEST_F(BatchList, TheRanksTogetherReadOneStream) {
  std::vector<Expected> expected = pack();
  ASSERT_EQ(expected.size(), 8u * 6);
  std::set<std::string> read;
  for (const Expected &batch : expected)
    read.insert(batch.shard);
  EXPECT_GE(read.size(), 3u); // so steps end with their shard's last documents
  for (int64_t world : {1, 2, 4, 8}) {
    Json list = Json::parse(print(listOf(world)));
    EXPECT_EQ(error, "");
    EXPECT_EQ(list["model"], "fake");
    EXPECT_EQ(list["micro_batches"], 8);
    EXPECT_EQ(list["world"], world);
    ASSERT_EQ(list["steps"].size(), 6u);
    std::vector<size_t> counts(size_t(world), 0);
    for (size_t i = 0; i < expected.size(); ++i) {
      const Expected &want = expected[i];
      const Json &step = list["steps"][i / 8], &have = step["batches"][i % 8];
      EXPECT_EQ(step["step"], want.step);
      EXPECT_EQ(step["T"], want.ends.back());
      EXPECT_EQ(step["shard"], want.shard);
      EXPECT_EQ(have["rank"], int64_t(i) % world);
      EXPECT_EQ(have["sha256"], want.digest) << i << " of " << world;
      EXPECT_EQ(have["first_token_index"], want.place);
      EXPECT_EQ(have["ends"].get<std::vector<int64_t>>(), want.ends);
      ++counts[have["rank"]];
    }
    for (size_t count : counts)
      EXPECT_EQ(count, expected.size() / size_t(world));
  }
}

TEST_F(BatchList, TheTableSaysTheSame) {
  std::vector<Expected> expected = pack();
  std::istringstream table(print(listOf(4, false)));
  std::string line;
  ASSERT_TRUE(std::getline(table, line));
  EXPECT_EQ(line.find("  step batch  rank  tokens documents first token"), 0u);
  for (size_t i = 0; i < expected.size(); ++i) {
    int64_t step, batch, rank, tokens, place;
    size_t documents;
    std::string digest, shard;
    table >> step >> batch >> rank >> tokens >> documents >> place >> digest >>
        shard;
    EXPECT_EQ(step, int64_t(i / 8));
    EXPECT_EQ(batch, int64_t(i % 8));
    EXPECT_EQ(rank, int64_t(i % 4));
    EXPECT_EQ(tokens, expected[i].ends.back());
    EXPECT_EQ(documents, expected[i].ends.size());
    EXPECT_EQ(place, expected[i].place);
    EXPECT_EQ(digest, expected[i].digest);
    EXPECT_EQ(shard, expected[i].shard);
  }
  EXPECT_FALSE(table >> line);
}

TEST_F(BatchList, TakesTheFirstSteps) {
  BatchListOptions list = listOf(1);
  list.steps = 2;
  EXPECT_EQ(Json::parse(print(list))["steps"].size(), 2u);
  list.steps = 0;
  EXPECT_EQ(Json::parse(print(list))["steps"].size(), 0u);
}

TEST_F(BatchList, IsOneErrorBeforeAnythingIsPrinted) {
  auto expectError = [&](const BatchListOptions &list, const char *message) {
    EXPECT_EQ(print(list), "");
    EXPECT_NE(error.find(message), std::string::npos) << error;
  };
  expectError(listOf(3), "--world 3: each rank takes as many of a step's 8 "
                         "micro-batches: there can be 1, 2, 4, 8 ranks");
  expectError(listOf(16), "there can be 1, 2, 4, 8 ranks");
  BatchListOptions list = listOf(2);
  list.steps = 7;
  expectError(list, "--steps 7: the model has 6 steps");
  list = listOf(2);
  list.data = folder / "absent*";
  expectError(list, "no such file");
  list.data = folder / "a.bin";
  expectError(list, "a.bin: the data end before step 2 of 6");
  list.epochs = 6;
  EXPECT_NE(print(list), "");
  EXPECT_EQ(error, "");
}
