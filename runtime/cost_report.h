//===- cost_report.h - what a program's steps cost at best ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COST_REPORT_H
#define GPTC_RUNTIME_COST_REPORT_H

#include "launches.h"

namespace gptc {

/// Every launch of every step: its operations, bytes and floor on the reference
/// card, for all steps together that run the same parts with the same windows.
/// As text, with the sums of the steps first; or as CSV, a line a launch.
/// Attention counts the pairs in its window: documents are not known.
std::string costReport(const ProgramView &program, const RowOf &rowOf,
                       bool csv);

} // namespace gptc

#endif // GPTC_RUNTIME_COST_REPORT_H
