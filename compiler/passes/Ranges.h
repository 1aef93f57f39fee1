//===- Ranges.h - what indices of the data may be ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Tokens and targets come from files: no compiler knows them, and a kernel that
// looks something up trusts them. So the program says of each input what its
// users can take, and the host refuses data beyond it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_RANGES_H
#define GPTC_COMPILER_PASSES_RANGES_H

#include "dialect/Gpt.h"
#include <optional>

namespace gptc::gpt {
class InputOp;
} // namespace gptc::gpt

namespace gptc {

/// The values of an input are in [0, below): more is beyond `by`.
struct IndexBound {
  int64_t below;
  mlir::Operation *by;
};

/// The least bound that the users of an input need, itself or views of it; none
/// if nothing is looked up by it. The model has sizes.
std::optional<IndexBound> boundOf(gpt::InputOp input);

/// What bounds, for whoever gives the data: "the rows of the table at
/// m.mlir:7".
std::string describe(const IndexBound &bound);

/// The innermost file and line of an op that calls have brought to where it is.
std::optional<std::pair<std::string, unsigned>> placeOf(mlir::Operation *op);

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_RANGES_H
