//===- batch_list.h - what each rank reads in each step ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The command `batches`: every micro-batch of a run by its digest, so that
// data can be compared with another implementation's without training.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BATCH_LIST_H
#define GPTC_RUNTIME_BATCH_LIST_H

#include "view.h"

#include <cstdio>
#include <optional>
#include <string>

namespace gptc {

struct BatchListOptions {
  std::string data;             ///< a pattern
  std::optional<int64_t> steps; ///< else the model's
  int64_t epochs = 1;
  int64_t world = 1; ///< ranks that share out a step's micro-batches
  bool json = false;
};

/// Prints for every micro-batch its rank, place, documents, and the SHA-256 of
/// its T + 1 tokens as little-endian uint16. Throws an `Error` before anything
/// is printed: for ranks that do not divide the micro-batches, and what `train`
/// finds wrong with its data.
void printBatches(const ProgramView &program, const BatchListOptions &options,
                  std::FILE *console);

} // namespace gptc

#endif // GPTC_RUNTIME_BATCH_LIST_H
