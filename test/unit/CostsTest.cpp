//===- CostsTest.cpp - what launches take at best -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "costs.h"
#include "FakeProgram.h"
#include "Files.h"
#include "cost_table.h"
#include "launches.h"
#include "profile.h"

#include <gtest/gtest.h>
#include <random>
#include <regex>
#include <sstream>

using namespace gptc;

TEST(Costs, PairsAreThoseThatAttentionSees) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 50; ++trial) {
    auto rows = int64_t(1 + random() % 40), group = int64_t(1 + random() % 3);
    std::vector<int32_t> starts;
    for (int32_t t = 0; t < rows; ++t)
      starts.push_back(t == 0 || random() % 5 == 0 ? t : starts.back());
    double window = double(random() % 30) + 0.75;
    double expected = 0;
    for (int64_t i = 0; i < rows * group; ++i)
      for (int64_t j = 0; j <= i; ++j)
        expected +=
            i - j <= int64_t(window) && j >= group * starts[size_t(i / group)];
    EXPECT_EQ(visiblePairs(rows * group, window, starts), expected);
  }
  EXPECT_EQ(visiblePairs(5, 1e300, {}), 15);
  EXPECT_EQ(visiblePairs(5, 0, {}), 5);
  EXPECT_EQ(visiblePairs(5, -3, {}), 5);
  EXPECT_EQ(visiblePairs(5, __builtin_nan(""), {}), 5);
}

TEST(Costs, FloorIsTheSlowestOfThree) {
  const Card &card = referenceCard();
  Work work{2e12, 0, 0, 0, Precision::BF16};
  double products = work.floorSeconds(card);
  EXPECT_DOUBLE_EQ(products, 2e12 / 989.4e12);
  work.precision = Precision::FP8;
  EXPECT_NEAR(work.floorSeconds(card), products / 2, 1e-3 * products);
  work.rowOperations = 1e12;
  EXPECT_DOUBLE_EQ(work.floorSeconds(card), 1e12 / 67e12);
  work.readBytes = 40e9;
  work.writtenBytes = 60e9;
  EXPECT_DOUBLE_EQ(work.floorSeconds(card), 100e9 / 3.35e12);
}

TEST(Costs, CardsAreKnownByName) {
  EXPECT_STREQ(cardOf("NVIDIA H100 80GB HBM3").name, "H100 SXM");
  EXPECT_STREQ(cardOf("NVIDIA H100 PCIe").name, "H100 PCIe");
  EXPECT_STREQ(cardOf("NVIDIA H100 NVL").name, "H100 NVL");
  EXPECT_STREQ(cardOf("NVIDIA H200").name, "H200");
  EXPECT_STREQ(cardOf("NVIDIA H200 NVL").name, "H200 NVL");
  EXPECT_EQ(&cardOf("NVIDIA of tomorrow"), &referenceCard());
}

TEST(Costs, RangesOfStepsAreFew) {
  EXPECT_EQ(rangesText({}), "");
  EXPECT_EQ(rangesText({4}), "4");
  EXPECT_EQ(rangesText({0, 1, 2, 3}), "0-3");
  EXPECT_EQ(rangesText({0, 3, 4, 6, 8, 10}), "0, 3-4, 6-10 by 2");
}

namespace {
CostLine lineOf(const char *name, Family family, int64_t times, Work work,
                double floor, std::optional<double> seconds) {
  return {"micro", name, "a.mlir:3,4", family, times, 7, work, floor, seconds};
}
} // namespace

TEST(CostTable, AddsUpKernelsAndFamilies) {
  Work work{4e9, 1e6, 1e6, 1e6, Precision::BF16};
  Work rows{0, 1e6, 3e6, 0, Precision::F32};
  std::string text =
      costText({lineOf("linear", Family::Contraction, 8, work, 1e-5, 2e-5),
                lineOf("norm", Family::Rows, 8, rows, 1e-6, 4e-5),
                lineOf("linear", Family::Contraction, 2, work, 1e-5, 2e-5)},
               true);
  // Ten launches of 20 us, eight of 40; the dearer ones first.
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(std::regex_replace(line, std::regex(" +"), " "));
  ASSERT_EQ(lines.size(), 8u) << text;
  EXPECT_EQ(lines[1], " 8 40.0 0.320 61.5% 25 75 0.008 2.5% rows");
  EXPECT_EQ(lines[2],
            " 10 20.0 0.200 38.5% 200000 100 0.100 50.0% contraction bf16");
  EXPECT_EQ(lines[3], " 18 28.9 0.520 100.0% 76938 85 0.108 20.8% all");
  EXPECT_EQ(lines[6], " 8 40.0 0.320 61.5% 25 75 0.008 2.5% norm a.mlir:3,4");
  EXPECT_EQ(lines[7],
            " 10 20.0 0.200 38.5% 200000 100 0.100 50.0% linear a.mlir:3,4");
}

TEST(CostTable, CsvHasALineALaunch) {
  Work work{4e9, 1e6, 1e6, 2e6, Precision::FP8};
  std::vector<CostLine> lines = {
      lineOf("a \"b\"", Family::Contraction, 8, work, 1e-5, 2e-5)};
  EXPECT_EQ(costCsv(lines, true, "0-3"),
            "\"0-3\",\"micro\",7,\"a \"\"b\"\"\",contraction,\"a.mlir:3,4\",8,"
            "fp8,4000000000,1000000,1000000,2000000,10.000,20.000,0.5000\n");
  lines[0].seconds.reset();
  EXPECT_EQ(costCsv(lines, false, "0-3"),
            "\"0-3\",\"micro\",7,\"a \"\"b\"\"\",contraction,\"a.mlir:3,4\",8,"
            "fp8,4000000000,1000000,1000000,2000000,,,\n");
}

TEST(Profile, LeavesNothingButItsTable) {
  Folder folder;
  FakeProgram program;
  ProfileOptions options;
  std::vector<uint16_t> tokens;
  for (int i = 0; i < 400; ++i)
    tokens.push_back(uint16_t(i % 7 == 0 ? 0 : i % 15));
  options.data = folder.write("train.bin", shardBytes(tokens));
  options.step = 4; // of more tokens than the first
  options.repeats = 3;
  options.csv = folder / "t.csv";
  std::FILE *console = std::fopen((folder / "out").c_str(), "w");
  EXPECT_EQ(errorOf([&] { profile(program.view(), options, console); }), "");
  std::fclose(console);
  std::string out = folder.read("out");
  EXPECT_NE(out.find("2 micro-batches of 16 tokens; medians"),
            std::string::npos)
      << out;
  EXPECT_TRUE(std::regex_search(out, std::regex("micro\\.late +2 ")));
  EXPECT_EQ(out.find("floor"), std::string::npos);
  std::string table = folder.read("t.csv");
  // A prologue of one launch, four of a micro-batch, three of the update.
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 9) << table;
  EXPECT_NE(table.find("\n\"4\",\"micro.late\","), std::string::npos);
}
