//===- Report.cpp - errors that have no place in a file -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Report.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

llvm::LogicalResult gptc::report(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "gptc") << message << "\n";
  return llvm::failure();
}
