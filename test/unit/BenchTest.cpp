//===- BenchTest.cpp - every kernel alone, beside its reference -----------===//
//
// Part of gptc, under the MIT License.
//
// The tiny program on the driver of test/cuda and on this machine: its kernels
// agree to the last bit, unless a number makes one of them another's.
//
//===----------------------------------------------------------------------===//

#include "bench.h"
#include "FakeProgram.h"
#include "Files.h"
#include "bench_compare.h"
#include "bench_values.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace gptc;

namespace {
class Bench : public testing::Test {
protected:
  Bench() { fake.gpu = true; }

  /// What the command prints, and its error behind it.
  std::string told() {
    FakeProgram program(fake), reference(cpu);
    std::FILE *console = std::fopen((folder / "out").c_str(), "w");
    std::string error = errorOf(
        [&] { bench(program.view(), reference.view(), options, console); });
    std::fclose(console);
    return folder.read("out") + error;
  }

  Folder folder;
  FakeOptions fake, cpu;
  BenchOptions options;
};

/// A buffer of so many elements, read in some and written in others.
TouchedBuffer touching(uint64_t elements, std::vector<Stretch> read,
                       std::vector<Stretch> written) {
  return {0, elements, std::move(read), std::move(written)};
}

template <typename T> T at(const std::vector<std::byte> &from, size_t i) {
  T value;
  std::memcpy(&value, from.data() + i * sizeof(T), sizeof(T));
  return value;
}
} // namespace

TEST(BenchValues, CodesOfFp8) {
  for (Element format : {Element::E4M3, Element::E5M2})
    for (int code = 0; code < 256; ++code) {
      float value = valueOfCode(format, uint8_t(code));
      if (value == value) {
        EXPECT_EQ(codeOfValue(format, value), code);
      }
    }
  EXPECT_EQ(valueOfCode(Element::E4M3, 0x38), 1);
  EXPECT_EQ(valueOfCode(Element::E4M3, 0x7e), 448);
  EXPECT_EQ(valueOfCode(Element::E4M3, 0x81), -0x1p-9F);
  EXPECT_NE(valueOfCode(Element::E4M3, 0x7f), valueOfCode(Element::E4M3, 0x7f));
  EXPECT_EQ(valueOfCode(Element::E5M2, 0x3c), 1);
  EXPECT_EQ(valueOfCode(Element::E5M2, 0x7b), 57344);
  EXPECT_EQ(valueOfCode(Element::E5M2, 0x03), 3 * 0x1p-16F);
  EXPECT_EQ(valueOfCode(Element::E5M2, 0xfc), -__builtin_inff());
}

TEST(BenchValues, WhatIsWrittenAndNotReadIsNoNumber) {
  FakeProgram program;
  ThreadPool pool(2);
  BenchValues drawn =
      drawValues(program.view(), touching(16, {{0, 4}, {8, 9}}, {{2, 12}}), 1,
                 Draw::Signed, pool);
  for (size_t i = 0; i < 16; ++i) {
    auto value = at<float>(drawn.stored, i);
    bool written = 4 <= i && i < 12 && i != 8;
    EXPECT_EQ(value != value, written) << i;
    if (!written) {
      EXPECT_GE(value, 0.5F);
      EXPECT_LE(value, 1.5F);
      EXPECT_EQ(at<float>(drawn.wide, i), value);
    }
  }
  BenchValues same =
      drawValues(program.view(), touching(16, {{0, 4}, {8, 9}}, {{2, 12}}), 1,
                 Draw::Signed, pool);
  EXPECT_EQ(drawn.stored, same.stored);
  BenchValues zero = drawValues(program.view(), touching(4, {{0, 4}}, {}), 1,
                                Draw::Zero, pool);
  EXPECT_EQ(at<float>(zero.stored, 3), 0);
}

TEST(BenchValues, MatricesAreSymmetricThatAreTakenForSo) {
  FakeProgram program;
  ThreadPool pool(2);
  TouchedBuffer two = touching(2 * 9, {{0, 18}}, {});
  two.symmetric = 3;
  BenchValues drawn = drawValues(program.view(), two, 1, Draw::Signed, pool);
  auto value = [&](size_t i) { return at<float>(drawn.stored, i); };
  for (size_t matrix : {0, 9})
    for (size_t row = 0; row < 3; ++row)
      for (size_t column = 0; column < row; ++column)
        EXPECT_EQ(value(matrix + 3 * row + column),
                  value(matrix + 3 * column + row));
  EXPECT_NE(value(3), value(6));
  EXPECT_NE(value(3), value(12));
}

TEST(BenchValues, BatchesAreSome) {
  FakeOptions options;
  options.laterTokens = options.tokens = 500;
  FakeProgram program(options);
  MicroBatch batch =
      drawBatch(program.view(), program.view().stepTable()[0].micro, 3);
  ASSERT_EQ(batch.tokens.size(), 500u);
  for (size_t t = 0; t < batch.tokens.size(); ++t) {
    EXPECT_GE(batch.tokens[t], 0);
    EXPECT_LT(batch.tokens[t], options.vocabularySize);
    EXPECT_GE(batch.documentStarts[t], 0);
    EXPECT_LE(batch.documentStarts[t], int32_t(t));
    EXPECT_LE(int32_t(t) - batch.documentStarts[t], options.maxDocumentTokens);
  }
  EXPECT_GT(batch.documentStarts.back(), 0);
}

TEST(BenchCompare, ByFormat) {
  ThreadPool pool(2);
  size_t count = 100000;
  std::vector<float> wide(count, 1), near(count, 1 + 4e-6F);
  std::vector<Stretch> all = {{0, count}};
  auto compared = [&](Element element, const auto &stored, bool inFp8 = false) {
    return compareValues(
        element, reinterpret_cast<const std::byte *>(stored.data()),
        reinterpret_cast<const std::byte *>(wide.data()), all, inFp8, pool);
  };
  EXPECT_TRUE(compared(Element::F32, near).isGood());
  std::vector<float> far(count, 1 + 2e-5F);
  EXPECT_FALSE(compared(Element::F32, far).isGood());
  EXPECT_TRUE(compared(Element::F32, far, true).isGood());
  // A single element that is no number, and one that nobody wrote.
  far = wide;
  far[70001] = __builtin_nanf("");
  EXPECT_EQ(compared(Element::F32, far).wrong, 1u);
  wide[70001] = __builtin_nanf("");
  Difference unwritten = compared(Element::F32, far);
  EXPECT_TRUE(unwritten.isGood());
  EXPECT_EQ(unwritten.compared, count - 1);
  std::fill(wide.begin(), wide.end(), __builtin_nanf(""));
  EXPECT_FALSE(compared(Element::F32, wide).isGood()); // nothing at all

  std::fill(wide.begin(), wide.end(), 1);
  std::vector<uint16_t> halves(count, 0x3f80);
  EXPECT_TRUE(compared(Element::BF16, halves).isGood());
  std::fill(halves.begin(), halves.end(), 0x3f81); // a place off: 2⁻⁷
  EXPECT_FALSE(compared(Element::BF16, halves).isGood());

  std::vector<uint8_t> codes(count, 0x38);
  for (size_t i = 0; i < 90; ++i)
    codes[i] = 0x39;
  EXPECT_TRUE(compared(Element::E4M3, codes).isGood());
  codes[0] = 0x3a; // no neighbour
  EXPECT_EQ(compared(Element::E4M3, codes).wrong, 1u);
  for (size_t i = 0; i < 200; ++i)
    codes[i] = 0x37;
  EXPECT_FALSE(compared(Element::E4M3, codes).isGood());
}

TEST_F(Bench, KernelsAreTheirReferences) {
  options.csv = folder / "t.csv";
  options.repeats = 3;
  std::string out = told();
  EXPECT_NE(out.find("step 1 on Fake GPU (floors of one H100 SXM)"),
            std::string::npos)
      << out;
  // What runs twice at the same sizes is one line.
  for (const char *name : {"copy ", "residual ", "loss ", "watch ", "gradient ",
                           "norm ", "update "})
    EXPECT_NE(out.find(std::string("\n") + name), std::string::npos) << name;
  EXPECT_EQ(out.find("FAIL"), std::string::npos) << out;
  EXPECT_EQ(out.find("differ"), std::string::npos) << out;
  // The driver counts a millisecond for each piece of work.
  EXPECT_NE(folder.read("t.csv").find("\"residual\",\"fake.mlir:3\","
                                      "\"micro.early\",1,1,\"r\",0.000e+00,"
                                      "1e-05,1000.000,1000.000,1000.000,"),
            std::string::npos)
      << folder.read("t.csv");
}

TEST_F(Bench, AKernelThatDiffersIsNamed) {
  fake.brokenStep = 1; // the loss of this step is NaN
  std::string out = told();
  EXPECT_NE(out.find("FAIL 0.0e+00"), std::string::npos) << out;
  EXPECT_NE(out.find("'loss': 1 numbers, 1 of them wrong"), std::string::npos)
      << out;
  EXPECT_NE(out.find("1 of 7 kernels differ from the CPU's"), std::string::npos)
      << out;
  options.filter = "residual";
  EXPECT_EQ(told().find("FAIL"), std::string::npos);
  options.filter = "loss";
  EXPECT_NE(told().find("1 of 1 kernels differ"), std::string::npos);
}

TEST_F(Bench, PartsThatTheStepDoesNotRun) {
  options.list = true;
  EXPECT_EQ(told().find("distribution"), std::string::npos);
  options.allParts = true;
  EXPECT_NE(told().find("distribution"), std::string::npos);
  options.list = false;
  options.compareOnly = true;
  options.filter = "distribution";
  EXPECT_EQ(told().find("FAIL"), std::string::npos);
  fake.excess = 0.25F;
  EXPECT_NE(told().find("1 of 1 kernels differ"), std::string::npos);
}

TEST_F(Bench, WhatCannotBe) {
  options.filter = "lost";
  EXPECT_NE(told().find("--filter lost: no kernel of step 1"),
            std::string::npos);
  options.filter = "";
  options.step = 6;
  EXPECT_NE(told().find("steps 0 to 5"), std::string::npos);
  options.step = 1;
  options.csv = "/absent/t.csv";
  EXPECT_NE(told().find("/absent/t.csv"), std::string::npos);
}
