//===- RankPlanTest.cpp - a run of several ranks, before it is run --------===//
//
// Part of gptc, under the MIT License.
//
// What a plan says of real programs is in test/gptc/plan.test; here is what
// follows from a program that is made by hand.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "ProgramBuilder.h"
#include "error.h"
#include "launch_times.h"
#include "memory.h"
#include "rank_plan.h"
#include "step_kinds.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;

static void noKernel(void *const *, const double *, const int64_t *, int64_t,
                     int64_t, void *) {}

static void noNumbers(const double *, int64_t, double *, double *) {}

namespace {
/// Two steps of four micro-batches on a GPU that is none: launches of 1 to 8
/// GFLOP, and on two ranks a stack of three matrices that is shared out.
struct Planned {
  std::vector<uint64_t> blob;

  Planned() {
    ProgramBuilder b;
    b.header.target = Target::Sm90a;
    uint32_t stack[3];
    for (uint32_t i = 0; i < 3; ++i) {
      stack[i] = b.buffer("w." + std::to_string(i), BufferKind::Parameter,
                          Element::F32, {8, 4});
      b.buffers[stack[i]].following = 2 - i;
      b.buffers[stack[i]].room = i ? 0 : 256;
    }
    uint32_t table =
        b.buffer("table", BufferKind::Parameter, Element::F32, {5, 64});
    uint32_t small =
        b.buffer("small", BufferKind::Parameter, Element::F32, {3});
    uint32_t gradient = b.buffer("small_gradient", BufferKind::Gradient,
                                 Element::F32, {3}, small);
    uint32_t whole = b.buffer("table_gradient", BufferKind::Gradient,
                              Element::F32, {5, 64}, table);
    b.buffers[whole].room = 6 * 256;
    uint32_t state = b.buffer("table_m", BufferKind::Optimizer, Element::F32,
                              {5, 64}, table);
    b.buffers[state].ranks = 1;
    auto share = [&](const char *name, uint32_t of, Element element,
                     std::vector<int64_t> shape) {
      uint32_t index = b.buffer(name, BufferKind::Share, element, shape, of);
      b.buffers[index].ranks = 2;
      b.buffers[index].whole = of;
      return index;
    };
    // Of 3 matrices of 8 rows each rank has 12 rows: units are of 4 rows.
    uint32_t stackShare = share("w_of_2", stack[0], Element::F32, {12, 4});
    share("table_of_2", table, Element::F32, {3, 64});
    uint32_t stateShare = share("table_m_of_2", state, Element::F32, {3, 64});
    b.buffers[stateShare].offset = b.buffers[state].offset;
    b.header.persistentBytes = b.buffers[state].offset + 5 * 256;

    uint32_t kernel = b.kernel(noKernel, "none");
    auto launch = [&](const std::vector<uint32_t> &buffers, double giga,
                      const char *place) {
      b.launch(kernel, buffers, 1);
      Cost cost{};
      cost.family = Family::Contraction;
      cost.precision = Precision::BF16;
      cost.window = kNone;
      cost.products = giga * 1e9;
      b.cost(cost, place);
    };
    auto part = [&](PartKind kind, const char *name, uint32_t ranks,
                    uint64_t workspace) {
      uint32_t index = b.part(kind, name, 64);
      b.parts.back().ranks = ranks;
      b.parts.back().workspaceBytes = workspace;
      return index;
    };
    uint32_t micro = part(PartKind::Micro, "micro", 0, 4096);
    launch({stack[0]}, 4, "a:1");
    launch({table}, 8, "a:2");
    uint32_t update = part(PartKind::Update, "update", 1, 512);
    launch({small, gradient, state, whole}, 2, "a:3");
    part(PartKind::Update, "update_of_2", 2, 512);
    auto collective = [&](CollectiveKind kind, uint32_t from, uint32_t to,
                          uint64_t elements, const char *name) {
      b.collectives.push_back({kind, Reduction::Mean, from, to,
                               uint32_t(b.launches.size()),
                               b.buffers[to].element, elements, b.text(name)});
      ++b.parts.back().collectives.count;
    };
    collective(CollectiveKind::ReduceScatter, whole, stateShare, 192, "table");
    collective(CollectiveKind::AllReduce, gradient, gradient, 3, "small");
    launch({small, gradient, stateShare, whole}, 1, "a:3");
    launch({small}, 1, "a:4");
    collective(CollectiveKind::AllGather, stackShare, stack[0], 48, "w");
    b.header.init = b.header.sample = b.header.validateColumn = kNone;
    b.header.steps = 2;
    b.header.microBatches = 4;
    b.steps = {{kNone, micro, kNone, update, kNone, kNone},
               {kNone, micro, kNone, update, kNone, kNone},
               {kNone, kNone, kNone, kNone, kNone, kNone}};
    blob = b.finish();
  }
  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()), nullptr,
            noNumbers};
  }
};

class RankPlan : public testing::Test {
protected:
  Json plan(PlanOptions options) {
    options.json = true;
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    printPlan(program.view(), options, console);
    std::fclose(console);
    return Json::parse(folder.read("out"));
  }

  Folder folder;
  Planned program;
};
} // namespace

TEST_F(RankPlan, SaysWhoOwnsWhatAndWhatPasses) {
  PlanOptions options;
  options.ranks = 2;
  options.gigabytes = 1e-3; // a byte a microsecond
  options.latency = 100;
  Json json = plan(options);
  EXPECT_EQ(json["micro_batches_a_rank"], 2);
  ASSERT_EQ(json["shared"].size(), 2u);
  EXPECT_EQ(json["shared"][0]["parameter"], "w.0");
  EXPECT_EQ(json["shared"][0]["last"], "w.2");
  EXPECT_EQ(json["shared"][0]["unit_shape"], Json({4, 4}));
  EXPECT_EQ(json["shared"][0]["each"], Json({3, 3}));
  EXPECT_EQ(json["shared"][1]["unit"], "rows");
  EXPECT_EQ(json["shared"][1]["each"], Json({3, 2}));
  EXPECT_EQ(json["whole"], Json({"small"}));

  // A ring: half of what ranks gather or scatter, all of what both have; one
  // pause for those that stand together.
  ASSERT_EQ(json["collectives"].size(), 3u);
  EXPECT_EQ(json["collectives"][0]["bytes"], 2 * 192 * 4);
  EXPECT_EQ(json["collectives"][0]["sent_bytes"], 192 * 4);
  EXPECT_NEAR(json["collectives"][0]["microseconds"], 768 + 100, 1e-6);
  EXPECT_EQ(json["collectives"][1]["sent_bytes"], 12);
  EXPECT_EQ(json["collectives"][2]["bytes"], 2 * 48 * 4);
  EXPECT_EQ(json["collectives"][2]["steps"], 2);
  ASSERT_EQ(json["steps"].size(), 1u);
  EXPECT_EQ(json["steps"][0]["steps"], "0-1");
  EXPECT_NEAR(json["steps"][0]["collectives_milliseconds"],
              1e-3 * (768 + 12 + 192 + 2 * 100), 1e-9);

  // What the state takes is a rank's share; nothing of it on one rank.
  uint64_t kinds = 0;
  for (const Json &kind : json["memory"]["kinds"]) {
    kinds += kind["bytes"].get<uint64_t>();
    if (kind["kind"] == "shares of optimizer") {
      EXPECT_EQ(kind["bytes"], 768);
    }
  }
  EXPECT_EQ(json["memory"]["total"], kinds);
  MemoryPlan memory = planMemory(program.view(), {0, 1}, 2);
  EXPECT_EQ(kinds, memory.bytes(0));
  options.ranks = 1;
  json = plan(options);
  EXPECT_TRUE(json["shared"].empty() && json["collectives"].empty());
  EXPECT_EQ(json["steps"][0]["collectives_milliseconds"], 0.0);
}

TEST_F(RankPlan, TakesTimesFromFloorsOrFromProfiles) {
  const double giga = 1e3 * 1e9 / referenceCard().products[1]; // ms
  PlanOptions options;
  options.ranks = 2;
  options.share = 0.5;
  Json json = plan(options);
  double launches = 2 * (2 * 12 + 2); // share, micro-batches
  auto ms = [&](const char *key) {
    return json["steps"][0][key].get<double>();
  };
  EXPECT_NEAR(ms("milliseconds") - ms("collectives_milliseconds"),
              launches * giga, 1e-9);
  EXPECT_NEAR(ms("one_rank_milliseconds"), 2 * (4 * 12 + 2) * giga, 1e-9);
  EXPECT_NEAR(json["all"]["one_rank_seconds"].get<double>() * 1e3,
              2 * ms("one_rank_milliseconds"), 1e-9);
  EXPECT_EQ(json["assumed"]["launches"]["floors"], 6);

  // Launch 0 is measured; 3 and 1 have only its share of the floor, but for
  // launch 2, whose half launch 3 is.
  options.profiles = {folder.write(
      "p.csv", costCsvHead() +
                   "\"1\",\"micro\",0,\"none\",contraction,\"a:1\",4,bf16,0,0,"
                   "0,0,0,40.000,\n"
                   "\"1\",\"update\",2,\"none\",contraction,\"a:3\",1,bf16,0,0,"
                   "0,0,0,30.000,\n")};
  json = plan(options);
  double share = 6 * giga / 70e-3;
  double expected = 2 * (40e-3 + 8 * giga / share) + 15e-3 + giga / share;
  EXPECT_LT(share, 1);
  // No launch takes less than the shortest that was measured.
  expected += 30e-3 - 15e-3 + 30e-3 - giga / share;
  EXPECT_NEAR(ms("milliseconds") - ms("collectives_milliseconds"), expected,
              1e-9);
  EXPECT_EQ(json["assumed"]["launches"],
            Json({{"measured", 2}, {"alike", 1}, {"floors", 3}}));
  EXPECT_NEAR(ms("one_rank_milliseconds"),
              4 * (40e-3 + 8 * giga / share) + 30e-3, 1e-9);
}

TEST_F(RankPlan, RefusesWhatIsNoProfileOfTheProgram) {
  const std::string good = "\"1\",\"micro\",0,\"none\",contraction,\"a:1\",4,"
                           "bf16,0,0,0,0,0,40.000,";
  struct Case {
    std::string text;
    const char *message;
  };
  auto with = [&](size_t at, size_t size, const char *other) {
    std::string line = good;
    return costCsvHead() + line.replace(at, size, other) + "\n";
  };
  const Case cases[] = {
      {"", "p.csv: is no table of `profile --csv`"},
      {"a,b\n", "p.csv: is no table of `profile --csv`"},
      {costCsvHead(), "p.csv: has no launches"},
      {costCsvHead() + good + "\n\n", "p.csv:3: is no line of"},
      {costCsvHead() + "\"" + good + "\n", "p.csv:2: is no line of"},
      {with(1, 1, "0-1"), "p.csv:2: has no measured time of one step"},
      {with(good.size() - 7, 6, ""), "p.csv:2: has no measured time"},
      {with(good.size() - 7, 6, "nan"), "p.csv:2: has no measured time"},
      {with(good.size() - 7, 6, "-1"), "p.csv:2: has no measured time"},
      {with(1, 1, "7"), "p.csv:2: is of another program"},
      {with(12, 1, "99"), "p.csv:2: is of another program"},
      {with(12, 1, "x"), "p.csv:2: is of another program"},
      {with(15, 4, "some"), "p.csv:2: is of another program"},
      {with(good.size() - 13, 1, "3"), "p.csv:2: is of another program"},
  };
  for (const Case &wrong : cases) {
    PlanOptions options;
    options.profiles = {folder.write("p.csv", wrong.text)};
    std::string error;
    try {
      plan(options);
    } catch (const Error &thrown) {
      error = thrown.what();
    }
    EXPECT_NE(error.find(wrong.message), std::string::npos)
        << wrong.text << error;
  }
  PlanOptions options;
  options.profiles = {folder.write("p.csv", costCsvHead() + good + "\n")};
  EXPECT_EQ(plan(options)["assumed"]["launches"]["measured"], 4);
  options.profiles = {folder / "none"};
  EXPECT_THROW(plan(options), Error);
}
