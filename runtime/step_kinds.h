//===- step_kinds.h - steps that cost the same ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_STEP_KINDS_H
#define GPTC_RUNTIME_STEP_KINDS_H

#include "launches.h"

#include <vector>

namespace gptc {

/// All steps, ascending, each with those that cost the same: they run the same
/// parts with the same windows of attention. In the order of their first.
std::vector<std::vector<int64_t>> stepKinds(const ProgramView &program,
                                            const RowOf &rowOf);

} // namespace gptc

#endif // GPTC_RUNTIME_STEP_KINDS_H
