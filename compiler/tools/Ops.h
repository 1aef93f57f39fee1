//===- Ops.h - gptc ops: what the language has ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_OPS_H
#define GPTC_COMPILER_TOOLS_OPS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"

namespace gptc {

/// Prints all ops, a line each.
void listOps();
/// Prints what there is to say of one, `gpt.slice`, `slice` or `kern.load`.
llvm::LogicalResult describeOp(llvm::StringRef name);
/// Prints the reference of docs/language.md.
void printReference();

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_OPS_H
