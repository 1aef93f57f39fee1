//===- Report.h - errors that have no place in a file -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_REPORT_H
#define GPTC_COMPILER_PIPELINE_REPORT_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"

namespace gptc {

/// Prints `gptc: error: MESSAGE` to stderr; returns failure.
llvm::LogicalResult report(const llvm::Twine &message);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_REPORT_H
