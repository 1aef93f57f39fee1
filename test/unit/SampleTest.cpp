//===- SampleTest.cpp - sampling ------------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Draws follow their distribution and their seed; contexts slide.
//
//===----------------------------------------------------------------------===//

#include "sample.h"
#include "FakeProgram.h"
#include "Files.h"

#include <gtest/gtest.h>

using namespace gptc;

TEST(Sample, DrawsByCumulativeSum) {
  float p[] = {0, 0.25f, 0, 0.75f, 0};
  EXPECT_EQ(drawIndex(p, 5, 0), 1);
  EXPECT_EQ(drawIndex(p, 5, 0.2499), 1);
  EXPECT_EQ(drawIndex(p, 5, 0.25), 3);
  EXPECT_EQ(drawIndex(p, 5, 0x1.fffffffffffffp-1), 3);
  float undivided[] = {1, 1, 2}; // Padding columns are left out, so no sum of 1
  EXPECT_EQ(drawIndex(undivided, 3, 0.49), 1);
  EXPECT_EQ(drawIndex(undivided, 3, 0.5), 2);
}

TEST(Sample, SaysWhatIsNoDistribution) {
  float nan = __builtin_nanf(""), infinity = __builtin_inff();
  using List = std::vector<float>;
  auto fault = [](const List &p, int64_t count = 2) {
    return faultOf(p.data(), int64_t(p.size()), count);
  };
  EXPECT_EQ(fault({0.25f, 0.75f}), "");
  EXPECT_EQ(fault({1, 0, 0}), "");
  EXPECT_EQ(fault({0.5f, nan}), "the probability of token 1 is nan");
  EXPECT_EQ(fault({infinity, 0}), "the probability of token 0 is inf");
  EXPECT_EQ(fault({1.25f, -0.25f}), "the probability of token 0 is 1.25");
  EXPECT_EQ(fault({0.75f, -0.25f, 0.5f}),
            "the probability of token 1 is -0.25");
  EXPECT_EQ(fault({nan, nan}), "all 2 probabilities are nan");
  EXPECT_EQ(fault({0.5f, 0.25f}), "the probabilities add up to 0.75");
  EXPECT_EQ(fault({0, 0}), "the probabilities add up to 0");
  // All to a column that is no token.
  EXPECT_EQ(fault({0, 0, 1}), "no token of the vocabulary has a probability");
  EXPECT_EQ(fault({0.5f, 0, nan}), "the probability of token 2 is nan");
}

TEST(Sample, UniformNumbersAreUniform) {
  int counts[10] = {};
  for (uint64_t i = 0; i < 100000; ++i) {
    double u = uniform(7, i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++counts[int(u * 10)];
  }
  for (int count : counts)
    EXPECT_NEAR(count, 10000, 500); // five standard deviations
  EXPECT_EQ(uniform(7, 3), uniform(7, 3));
  EXPECT_NE(uniform(7, 3), uniform(8, 3));
}

static std::string sampleOf(const FakeOptions &fake,
                            const SampleOptions &options) {
  Folder folder;
  FakeProgram program(fake);
  std::FILE *console = std::fopen((folder / "out").c_str(), "w");
  std::string error =
      errorOf([&] { sample(program.view(), options, console); });
  std::fclose(console);
  return error.empty() ? folder.read("out") : error;
}

TEST(Sample, ContinuesThePromptBeyondTheContext) {
  // The program's only possible token is the last one's successor; its context
  // holds 5 tokens, so the window slides.
  FakeOptions fake;
  SampleOptions options;
  options.length = 8;
  options.prompt = "3, 12";
  EXPECT_EQ(sampleOf(fake, options), "3 12 13 14 15 0 1 2 3 4 \n");
  options.prompt = "";
  options.length = 3;
  EXPECT_EQ(sampleOf(fake, options), "1 2 3 \n");
}

TEST(Sample, RefusesToDrawFromWhatIsNoDistribution) {
  FakeOptions fake;
  fake.excess = __builtin_nanf("");
  SampleOptions options;
  options.prompt = "3 4";
  std::string error = sampleOf(fake, options);
  EXPECT_EQ(error.find("token 0 of the sample cannot be drawn: at position 1 "
                       "of the context all 20 probabilities are nan; the "
                       "parameters are finite"),
            0u)
      << error;
}

TEST(Sample, DrawsOfFewerColumnsThanTokens) {
  FakeOptions fake;
  fake.padded = 10; // logits narrower than the table
  SampleOptions options;
  options.prompt = "7";
  options.length = 2;
  EXPECT_EQ(sampleOf(fake, options), "7 8 9 \n");
}

TEST(Sample, ShowsBytes) {
  FakeOptions fake;
  fake.vocabulary = "bytes";
  fake.vocabularySize = 258;
  fake.padded = 300;
  fake.documentToken = 257;
  SampleOptions options;
  options.prompt = "xy";
  options.length = 3;
  EXPECT_EQ(sampleOf(fake, options), "xyz{|\n");
  options.prompt = "\xff";
  EXPECT_EQ(sampleOf(fake, options), std::string("\xff<256>\n\0\n", 9));
}

TEST(Sample, RefusesPromptsOutsideTheVocabulary) {
  FakeOptions fake;
  SampleOptions options;
  options.prompt = "3 16";
  EXPECT_NE(sampleOf(fake, options).find("token 16 is outside"),
            std::string::npos);
  options.prompt = "3 x";
  EXPECT_NE(sampleOf(fake, options).find("expected at 'x'"), std::string::npos);
  fake.vocabulary = "bytes";
  options.prompt = "a";
  EXPECT_NE(sampleOf(fake, options).find("token 97 is outside"),
            std::string::npos);
}
