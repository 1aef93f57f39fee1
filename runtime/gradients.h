//===- gradients.h - the gradients of one micro-batch -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `gradients`: given parameters and one micro-batch, the loss and
// every parameter's gradient of loss / micro-batches at a step of the schedule.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_GRADIENTS_H
#define GPTC_RUNTIME_GRADIENTS_H

#include "feed.h"

#include <string>

namespace gptc {

struct GradientsOptions {
  std::string parameters, batch, out;
  int64_t step = 0;
  std::vector<std::string> set; ///< NAME=VALUE
  unsigned threads = 1;
};

/// Document starts from the cumulative lengths of a batch file: the first is
/// 0, they do not decrease, equal neighbours are one document, entries equal
/// to `tokens` are padding. `path` is for errors.
std::vector<int64_t> readDocumentStarts(const std::string &path,
                                        const std::vector<int32_t> &lengths,
                                        int64_t tokens);

void writeGradients(const ProgramView &program,
                    const GradientsOptions &options);

} // namespace gptc

#endif // GPTC_RUNTIME_GRADIENTS_H
