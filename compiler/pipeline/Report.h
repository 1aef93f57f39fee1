//===- Report.h - errors that have no place in a file -----------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_REPORT_H
#define GPTC_COMPILER_PIPELINE_REPORT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace gptc {

/// Prints `gptc: error: MESSAGE` to stderr; returns failure.
llvm::LogicalResult report(const llvm::Twine &message);

/// Writes text beside `path` and renames it, so that a reader never sees half
/// of it. "-" is stdout.
llvm::LogicalResult
writeText(llvm::StringRef path,
          llvm::function_ref<void(llvm::raw_ostream &)> write);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_REPORT_H
