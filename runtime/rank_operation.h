//===- rank_operation.h - what a rank is about to do ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RANK_OPERATION_H
#define GPTC_RUNTIME_RANK_OPERATION_H

#include "communicator.h"

#include <cstddef>
#include <string>
#include <vector>

namespace gptc {

/// One operation of the ranks' hosts, as all must have it.
struct RankOperation {
  enum Kind : uint32_t { AllReduce, ReduceScatter, AllGather, Gather, Barrier };
  Kind kind;
  Element element;
  Reduction reduction;
  uint32_t padding;
  uint64_t count;
  char what[168]; ///< and where the run is; zero-terminated
};

/// Fills in what an operation is called: `what`, and `place` if there is one.
void name(RankOperation &operation, const std::string &what,
          const std::string &place);
std::string nameOf(const RankOperation &operation);

/// Throws a `RankError` where a rank is about to do another thing than the
/// first.
void compare(const RankOperation &first, unsigned rank,
             const RankOperation &other);

/// Throws an `Error` for elements that hosts do not sum.
void checkElement(Element element, const std::string &what);

/// Elements [0, count) of all ranks, in their order, summed in f64 and rounded
/// once.
void sumOf(const std::vector<const std::byte *> &ranks, uint64_t count,
           Element element, Reduction reduction, void *to);

} // namespace gptc

#endif // GPTC_RUNTIME_RANK_OPERATION_H
