//===- PassPages.h - gptc passes: the passes and their pages ----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_PASSPAGES_H
#define GPTC_COMPILER_TOOLS_PASSPAGES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"

namespace gptc {

/// Prints the pipeline, a line each.
void listPasses();
/// Prints the page of one pass (docs/passes); an error with the nearest name if
/// there is no such pass.
llvm::LogicalResult describePass(llvm::StringRef name);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_PASSPAGES_H
