//===- BatchesTest.cpp - shards, packing and the feed ---------------------===//
//
// Part of gptc, under the MIT License.
//
// The packing rule on small shards whose result is written out by hand.
//
//===----------------------------------------------------------------------===//

#include "batches.h"
#include "FakeProgram.h"
#include "Files.h"
#include "packing.h"
#include "shards.h"

#include <gtest/gtest.h>

using namespace gptc;
using Ints = std::vector<int32_t>;

//===----------------------------------------------------------------------===//
// Shards
//===----------------------------------------------------------------------===//

TEST(Shards, RefusesBadFiles) {
  struct Case {
    const char *name;
    std::string bytes, message;
  };
  std::vector<uint16_t> tokens{0, 1, 2, 9};
  const Case cases[] = {
      {"empty", "", "the file is empty"},
      {"header", shardBytes(tokens).substr(0, 1023), "truncated: 1023 bytes"},
      {"magic", shardBytes(tokens, 20240521), "magic number 20240521"},
      {"version", shardBytes(tokens, 20240520, 2), "version 2"},
      {"zero", shardBytes({}), "counts 0 tokens"},
      {"negative", shardBytes(tokens, 20240520, 1, 0xffffffff),
       "counts -1 tokens"},
      {"cut", shardBytes(tokens, 20240520, 1, 5), "truncated: 5 tokens"},
      {"long", shardBytes(tokens, 20240520, 1, 3), "longer than its token"},
      {"odd", shardBytes(tokens) + "x", "longer than its token"},
      {"token", shardBytes(tokens),
       "token 9 at index 3: the model takes tokens below 9, the table; give"},
  };
  Folder folder;
  for (const Case &bad : cases) {
    std::string path = folder.write(bad.name, bad.bytes);
    std::string message = errorOf([&] { loadTokens(path, {9, "the table"}); });
    EXPECT_NE(message.find(bad.message), std::string::npos)
        << bad.name << ": " << message;
    EXPECT_EQ(message.find(path), 0u) << message;
  }
  EXPECT_NE(errorOf([&] { loadTokens(folder.path, {}); }).find("a directory"),
            std::string::npos);
}

TEST(Shards, ReadsTokens) {
  Folder folder;
  std::vector<uint16_t> tokens{0, 65535, 7};
  std::string path = folder.write("a.bin", shardBytes(tokens));
  EXPECT_EQ(loadTokens(path, {}), tokens);
  EXPECT_EQ(loadTokens(path, {}, 2).size(), 2u);
}

TEST(Shards, ExpandsPatternsInOrder) {
  Folder folder;
  folder.write("b_2.bin", "");
  folder.write("b_10.bin", "");
  folder.write("a_3.bin", "");
  folder.write("b_1.txt", "");
  EXPECT_EQ(
      expandPattern(folder / "b_*.bin"),
      (std::vector<std::string>{folder / "b_10.bin", folder / "b_2.bin"}));
  EXPECT_EQ(expandPattern(folder / "a_3.bin").size(), 1u);
  EXPECT_NE(errorOf([&] { expandPattern(folder / "c*"); }).find("no such file"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Documents of the given lengths: token 0, then 1, 2, … within each.
static std::vector<uint16_t> documentsOf(const std::vector<int> &lengths) {
  std::vector<uint16_t> tokens;
  for (int length : lengths)
    for (int i = 0; i < length; ++i)
      tokens.push_back(uint16_t(i));
  return tokens;
}

/// The pieces' lengths of the first micro-batches of `inputs` tokens.
static std::vector<std::vector<int64_t>>
packAll(const std::vector<uint16_t> &tokens, int64_t inputs, int64_t cut) {
  std::vector<int64_t> documents = findDocuments(tokens, 0);
  Packing packing{documents, int64_t(tokens.size()), cut};
  std::vector<std::vector<int64_t>> lengths;
  for (size_t next = 0;;) {
    std::vector<Piece> pieces = packing.pack(inputs, next);
    if (pieces.empty())
      return lengths;
    lengths.emplace_back();
    for (const Piece &piece : pieces) {
      EXPECT_EQ(tokens[piece.begin], 0); // Every piece begins a document.
      lengths.back().push_back(piece.length);
    }
  }
}

using Lengths = std::vector<std::vector<int64_t>>;

TEST(Packing, CutsLongDocumentsAndTheLastToFit) {
  // 5 is cut at 4; of the second 4, 3 fit into 7 + 1 tokens.
  EXPECT_EQ(packAll(documentsOf({5, 1, 4, 8, 4, 3}), 7, 4),
            (Lengths{{4, 1, 3}, {4, 4}}));
}

TEST(Packing, TheLastDocumentMayGiveOnlyATarget) {
  Lengths lengths = packAll(documentsOf({4, 4, 5, 4, 4, 1}), 8, 100);
  EXPECT_EQ(lengths, (Lengths{{4, 4, 1}, {4, 4, 1}}));
  auto tokens = documentsOf({4, 4, 5});
  MicroBatch batch = gather(tokens, {{0, 4}, {4, 4}, {8, 1}});
  EXPECT_EQ(batch.tokens, (Ints{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(batch.targets, (Ints{1, 2, 3, 0, 1, 2, 3, 0}));
  EXPECT_EQ(batch.documentStarts, (Ints{0, 0, 0, 0, 4, 4, 4, 4}));
}

TEST(Packing, TokensBeforeTheFirstDocumentAreSkipped) {
  std::vector<uint16_t> tokens{7, 8, 0, 1, 2, 0, 1};
  std::vector<int64_t> documents = findDocuments(tokens, 0);
  size_t next = 0;
  std::vector<Piece> pieces = Packing{documents, 7, 9}.pack(4, next);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].begin, 2);
  EXPECT_EQ(pieces[1].length, 2);
  EXPECT_EQ(next, 2u);
}

TEST(Packing, AShardThatEndsTooEarlyFillsNothing) {
  EXPECT_EQ(packAll(documentsOf({4, 4}), 7, 9).size(), 1u);
  EXPECT_EQ(packAll(documentsOf({4, 4}), 8, 9).size(), 0u);
  EXPECT_EQ(packAll({5, 6, 7}, 1, 9).size(), 0u);
}

//===----------------------------------------------------------------------===//
// The plan and the reader
//===----------------------------------------------------------------------===//

static BatchRequest requestOf(std::vector<std::string> paths, size_t steps) {
  BatchRequest request;
  request.paths = std::move(paths);
  request.documentToken = 0;
  request.maxDocumentTokens = 4;
  request.bound.below = 100;
  request.microBatches = 2;
  request.stepTokens.assign(steps, 4);
  return request;
}

/// Documents of `length` whose tokens tell shard and number.
static std::vector<uint16_t> markedShard(int count, int length, int mark) {
  std::vector<uint16_t> tokens;
  for (int i = 0; i < count; ++i) {
    tokens.push_back(0);
    for (int j = 1; j < length; ++j)
      tokens.push_back(uint16_t(mark + i));
  }
  return tokens;
}

TEST(Batches, DropsAShardsRemainderByWholeSteps) {
  Folder folder;
  // A micro-batch takes two documents of 3: 4 + 1 tokens; a step takes four.
  // 7 documents: one step and a micro-batch that is dropped.
  std::vector<std::string> paths{
      folder.write("a", shardBytes(markedShard(7, 3, 10))),
      folder.write("b", shardBytes(markedShard(2, 3, 20))), // fills nothing
      folder.write("c", shardBytes(markedShard(8, 3, 30)))};
  BatchRequest request = requestOf(paths, 3);
  BatchPlan plan = planBatches(request);
  BatchReader reader(request, plan);
  auto firsts = [&] {
    Ints marks;
    for (const MicroBatch &batch : reader.next()) {
      EXPECT_EQ(batch.tokens.size(), 4u);
      marks.push_back(batch.tokens[1]);
      marks.push_back(batch.targets[3]);
    }
    return marks;
  };
  EXPECT_EQ(firsts(), (Ints{10, 11, 12, 13}));
  EXPECT_EQ(firsts(), (Ints{30, 31, 32, 33}));
  EXPECT_EQ(firsts(), (Ints{34, 35, 36, 37}));
}

TEST(Batches, SaysBeforeTheRunThatDataEnd) {
  Folder folder;
  std::vector<std::string> paths{
      folder.write("a", shardBytes(markedShard(9, 3, 10)))};
  EXPECT_EQ(planBatches(requestOf(paths, 2)).steps.size(), 2u);
  std::string message = errorOf([&] { planBatches(requestOf(paths, 3)); });
  EXPECT_EQ(message.find(paths[0] + ": "), 0u) << message;
  EXPECT_NE(message.find("end before step 2 of 3"), std::string::npos)
      << message;
  EXPECT_NE(message.find("--epochs"), std::string::npos) << message;
}

TEST(Batches, RepeatsTheDataByEpochs) {
  Folder folder;
  std::vector<std::string> paths{
      folder.write("a", shardBytes(markedShard(5, 3, 10)))};
  BatchRequest request = requestOf(paths, 3);
  request.epochs = 3;
  BatchReader reader(request, planBatches(request));
  for (int step = 0; step < 3; ++step)
    EXPECT_EQ(reader.next()[0].tokens, (Ints{0, 10, 10, 0}));
  request.epochs = 2;
  EXPECT_THROW(planBatches(request), std::runtime_error);
  // Data that fill no step do not loop for ever.
  request.epochs = INT64_C(1) << 40;
  request.paths = {folder.write("b", shardBytes({0, 2, 3}))};
  EXPECT_NE(errorOf([&] { planBatches(request); }).find("fill 0 steps"),
            std::string::npos);
}

TEST(Batches, RefusesAShardInWhichNoDocumentBegins) {
  Folder folder;
  std::vector<std::string> paths{
      folder.write("a", shardBytes(markedShard(9, 3, 10))),
      folder.write("b", shardBytes({1, 2, 3}))};
  EXPECT_EQ(planBatches(requestOf(paths, 2)).steps.size(), 2u); // b unread
  std::string message = errorOf([&] { planBatches(requestOf(paths, 3)); });
  EXPECT_EQ(message.find(paths[1] + ": none of its 3 tokens is 0"), 0u)
      << message;
  EXPECT_NE(message.find("document_token"), std::string::npos) << message;
}

TEST(Batches, ReportsAShardThatChangedUnderWay) {
  Folder folder;
  std::string path = folder.write("a", shardBytes(markedShard(5, 3, 10)));
  BatchRequest request = requestOf({path}, 1);
  BatchPlan plan = planBatches(request);
  folder.write("a", shardBytes(markedShard(4, 3, 10)));
  BatchReader reader(request, plan);
  EXPECT_NE(errorOf([&] { reader.next(); }).find("changed"), std::string::npos);
}

TEST(Batches, AReaderCanBeLeftEarly) {
  Folder folder;
  std::string path = folder.write("a", shardBytes(markedShard(400, 3, 10)));
  BatchRequest request = requestOf({path}, 50);
  request.bound.below = 1000;
  BatchPlan plan = planBatches(request);
  BatchReader reader(request, plan);
  reader.next();
}

TEST(Validation, SlicesAcrossShardsWithDocumentStarts) {
  Folder folder;
  std::vector<std::string> paths{
      folder.write("a", shardBytes({5, 0, 1, 2, 0})),
      folder.write("b", shardBytes({3, 0, 4, 6, 7, 8}))};
  ValidationData data(paths, 8, 4, 0, {});
  ASSERT_EQ(data.slices(), 2);
  EXPECT_EQ(data.read(0).tokens, (Ints{5, 0, 1, 2}));
  EXPECT_EQ(data.read(0).targets, (Ints{0, 1, 2, 0}));
  EXPECT_EQ(data.read(0).documentStarts, (Ints{0, 1, 1, 1}));
  EXPECT_EQ(data.read(1).tokens, (Ints{0, 3, 0, 4}));
  EXPECT_EQ(data.read(1).targets, (Ints{3, 0, 4, 6}));
  EXPECT_EQ(data.read(1).documentStarts, (Ints{0, 0, 2, 2}));
}

TEST(Validation, RefusesTooFewTokensAndPartSlices) {
  Folder folder;
  std::vector<std::string> paths{
      folder.write("a", shardBytes({1, 2, 3, 4, 5, 6, 7, 8}))};
  // The last slice needs one more token, as a target.
  EXPECT_NE(errorOf([&] {
              ValidationData(paths, 8, 4, 0, {9, ""});
            }).find("takes 8 + 1 tokens, the validation data hold 8"),
            std::string::npos);
  EXPECT_NE(errorOf([&] {
              ValidationData(paths, 7, 4, 0, {9, ""});
            }).find("not a multiple"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// The feed
//===----------------------------------------------------------------------===//

TEST(Feed, OrdersPositionsStablyByToken) {
  EXPECT_EQ(orderByToken({3, 1, 3, 0, 1, 1}), (Ints{3, 1, 4, 5, 0, 2}));
  EXPECT_EQ(orderByToken({}), Ints{});
  EXPECT_EQ(orderByToken({0, 0, 0}), (Ints{0, 1, 2}));
}

TEST(Feed, SpreadsDocumentStarts) {
  EXPECT_EQ(spreadDocumentStarts({0, 1, 4}, 6), (Ints{0, 1, 1, 1, 4, 4}));
  EXPECT_EQ(spreadDocumentStarts({}, 3), (Ints{0, 0, 0}));
  EXPECT_EQ(spreadDocumentStarts({2, 3}, 3), (Ints{0, 0, 2}));
}

/// What feeding the fake program's first micro-batch says.
static std::string errorOfFeed(void (*change)(MicroBatch &)) {
  FakeProgram program;
  ProgramView view = program.view();
  const Part &part = view.parts()[view.stepTable()[0].micro];
  MicroBatch batch{Ints(12), Ints(12), Ints(12)};
  change(batch);
  auto device = openDevice(view, planMemory(view, allParts(view)), 1);
  return errorOf([&] { feedPart(view, part, batch, *device); });
}

TEST(Feed, RefusesWhatKernelsCannotTake) {
  EXPECT_EQ(errorOfFeed([](MicroBatch &batch) { batch.tokens[11] = 15; }), "");
  EXPECT_EQ(errorOfFeed([](MicroBatch &batch) { batch.tokens[11] = 16; }),
            "part micro.early: tokens[11] is 16, and must be below 16, the "
            "rows of w");
  EXPECT_NE(errorOfFeed([](MicroBatch &batch) {
              batch.targets[2] = 99;
            }).find("targets[2] is 99, and must be below 16, the divisor"),
            std::string::npos);
  EXPECT_NE(errorOfFeed([](MicroBatch &batch) {
              batch.tokens[0] = -1;
            }).find("tokens[0] is -1"),
            std::string::npos);
  EXPECT_NE(errorOfFeed([](MicroBatch &batch) {
              batch.documentStarts.pop_back();
            }).find("takes 12 tokens, 11 were given"),
            std::string::npos);
}
