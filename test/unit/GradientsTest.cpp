//===- GradientsTest.cpp - the command `gradients` ------------------------===//
//
// Part of gptc, under the MIT License.
//
// Against a gradient computed here, and every fault of a batch file.
//
//===----------------------------------------------------------------------===//

#include "gradients.h"
#include "FakeProgram.h"
#include "Files.h"
#include "safetensors.h"

#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

using namespace gptc;

namespace {
class Gradients : public testing::Test {
protected:
  Gradients() {
    w.resize(16);
    std::iota(w.begin(), w.end(), -3.0f);
    writeTensorFile(folder / "p",
                    {{"w", Element::F32, {16}, inMemory(w.data())},
                     {"copy.of_w", Element::F32, {8, 2}, inMemory(w.data())}});
    for (int32_t t = 0; t < 12; ++t) {
      tokens.push_back(t * 5 % 16);
      targets.push_back(t * 3 % 16);
    }
  }

  void writeBatch() {
    auto tensor = [](const char *name, const std::vector<int32_t> &values) {
      return NamedTensor{name,
                         Element::I32,
                         {int64_t(values.size())},
                         inMemory(values.data())};
    };
    writeTensorFile(folder / "b",
                    {tensor("tokens", tokens), tensor("targets", targets),
                     tensor("cu_seqlens", lengths)});
  }

  std::string run(int64_t step = 1) {
    return errorOf([&] {
      GradientsOptions options;
      options.parameters = folder / "p";
      options.batch = folder / "b";
      options.out = folder / "g";
      options.step = step;
      options.threads = 2;
      writeGradients(program.view(), options);
    });
  }

  void expectError(const char *message) {
    writeBatch();
    std::string error = run();
    EXPECT_NE(error.find(message), std::string::npos) << error;
    EXPECT_FALSE(std::filesystem::exists(folder / "g"));
  }

  Folder folder;
  FakeProgram program;
  std::vector<float> w;
  std::vector<int32_t> tokens, targets, lengths{0, 4, 4, 9, 12, 12};
};
} // namespace

TEST_F(Gradients, AreThoseOfTheLossDividedByTheMicroBatches) {
  writeBatch();
  ASSERT_EQ(run(), "");
  std::vector<float> expected(16);
  double loss = 0;
  for (int t = 0; t < 12; ++t) {
    float r = w[tokens[t]] - float(targets[t]) / 16;
    loss += double(r) * double(r);
    expected[tokens[t]] += 2 * r / 2;
  }
  TensorFile file(folder / "g");
  ASSERT_EQ(file.tensors().size(), 3u);
  std::vector<float> found(16);
  std::memcpy(found.data(), file.find("w")->data, 64);
  EXPECT_EQ(found, expected);
  double foundLoss;
  std::memcpy(&foundLoss, file.find("loss")->data, 8);
  EXPECT_EQ(foundLoss, loss);
  EXPECT_EQ(file.find("loss")->element, Element::F64);
  // A parameter without a gradient gets zeros.
  const Tensor &zeros = *file.find("copy.of_w");
  EXPECT_EQ(zeros.shape, (std::vector<int64_t>{8, 2}));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(zeros.data), 64),
            std::string(64, '\0'));
}

TEST_F(Gradients, ReadsDocumentStarts) {
  using List = std::vector<int64_t>;
  EXPECT_EQ(readDocumentStarts("b", {0}, 12), List{0});
  EXPECT_EQ(readDocumentStarts("b", {0, 12, 12}, 12), List{0});
  EXPECT_EQ(readDocumentStarts("b", {0, 0, 1, 1, 11, 12}, 12),
            (List{0, 1, 11}));
  std::vector<int32_t> all(13);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(readDocumentStarts("b", all, 12).size(), 12u);
}

TEST_F(Gradients, RefusesBadCumulativeLengths) {
  lengths = {};
  expectError("must begin with 0");
  lengths = {1, 12};
  expectError("must begin with 0");
  lengths = {0, 5, 4};
  expectError("cu_seqlens[2] is 4, less than 5");
  lengths = {0, 13};
  expectError("cu_seqlens[1] is 13, outside [0, 12]");
  lengths = {0, -1};
  expectError("cu_seqlens[1] is -1, outside");
}

TEST_F(Gradients, RefusesBadTokens) {
  tokens[3] = 16;
  expectError("tokens[3] is 16: the model takes tokens from 0 and below 16, "
              "the rows of w; give a batch");
  tokens[3] = -1;
  expectError("tokens[3] is -1");
  tokens[3] = 0;
  targets[11] = 99;
  expectError("targets[11] is 99");
  targets.pop_back();
  expectError("'targets' holds 11 tokens, this step takes 12");
}

TEST_F(Gradients, RefusesMissingTensorsAndOtherTypes) {
  writeTensorFile(folder / "b", {{"tokens", Element::I32, {12}, nullptr},
                                 {"targets", Element::I32, {12}, nullptr}});
  EXPECT_NE(run().find("'cu_seqlens' is missing"), std::string::npos);
  writeTensorFile(folder / "b", {{"tokens", Element::F32, {12}, nullptr}});
  EXPECT_NE(run().find("'tokens' is F32"), std::string::npos);
  writeTensorFile(folder / "b", {{"tokens", Element::I32, {1, 12}, nullptr}});
  EXPECT_NE(run().find("shape [1, 12]"), std::string::npos);
}

TEST_F(Gradients, RefusesStepsThatAreNotTrained) {
  writeBatch();
  EXPECT_NE(run(6).find("steps 0 to 5"), std::string::npos);
  EXPECT_NE(run(-1).find("steps 0 to 5"), std::string::npos);
  EXPECT_NE(run(3).find("'tokens' holds 12 tokens, this step takes 16"),
            std::string::npos);
}
