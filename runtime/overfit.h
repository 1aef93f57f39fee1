//===- overfit.h - training on one micro-batch ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// `train --overfit-batch`: every step trains on the run's first micro-batch.
// What computes its gradients right learns that by heart, and the loss goes to
// near 0; what does not, stays above.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_OVERFIT_H
#define GPTC_RUNTIME_OVERFIT_H

#include "batches.h"

#include <map>

namespace gptc {

class RepeatedBatch {
public:
  /// Reads the first micro-batch of what `request` asks for. Steps of more
  /// tokens begin with the same documents. Throws an `Error` for data that do
  /// not hold it.
  explicit RepeatedBatch(const BatchRequest &request);

  /// A step's micro-batches of `tokens` tokens: all the same.
  std::vector<MicroBatch> of(int64_t tokens) const;

  /// What it holds, in short.
  std::string digest() const;

  /// What the log says of it.
  std::string note() const;

private:
  int64_t count;                         ///< micro-batches a step and rank
  std::map<int64_t, MicroBatch> batches; ///< by tokens
};

} // namespace gptc

#endif // GPTC_RUNTIME_OVERFIT_H
