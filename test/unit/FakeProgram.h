//===- FakeProgram.h - a tiny trainable program -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One weight a token, w[V], is fitted to the mean of the tokens that follow:
// the loss is the sum of (w[token] − target / V)². Small enough to check by
// hand, it has every kind of part, input, output and number.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_FAKEPROGRAM_H
#define GPTC_TEST_UNIT_FAKEPROGRAM_H

#include "view.h"

#include <vector>

namespace gptc {

struct FakeOptions {
  int64_t steps = 6;
  int64_t vocabularySize = 16;
  int64_t padded = 20; ///< columns of the distributions
  int64_t documentToken = 0, maxDocumentTokens = 8;
  int64_t microBatches = 2;
  int64_t tokens = 12;      ///< T in the first half of the steps
  int64_t laterTokens = 16; ///< and in the second
  int64_t validateTokens = 20, validateBatch = 10;
  int64_t sampleTokens = 5;
  const char *vocabulary = "tokens";
  int64_t brokenStep = -1; ///< its loss is NaN
  /// In this step the gradient of this token is infinite.
  int64_t steepStep = -1, steepToken = 0;
  bool twoLosses = false;  ///< the next tokens' loss is half of what is trained
  float excess = 0;        ///< added to each probability
  int64_t updateEvery = 1; ///< w is trained in every so manieth step
  bool sumsLate = false;   ///< ranks sum g up when w is trained, not before
  /// So many ranks begin to sum g up in the last micro-batch, beside the rest
  /// of it; no others can be had. 0: the update does, for any.
  uint32_t overlaps = 0;
  uint64_t fingerprint = 0x123456789abcdef0;
  bool lossAsItIs = false;         ///< what is trained is no loss a token
  uint64_t features = 0;           ///< of a processor, that its kernels use
  bool validatesDocuments = false; ///< its validation reads where they begin
  bool gpu = false;                ///< for the driver of test/cuda
};

class FakeProgram {
public:
  explicit FakeProgram(const FakeOptions &options = {});

  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()),
            kernels.data(), numbers};
  }

private:
  std::vector<uint64_t> blob;
  std::vector<Kernel> kernels;
  ComputeNumbers numbers;
};

} // namespace gptc

#endif // GPTC_TEST_UNIT_FAKEPROGRAM_H
