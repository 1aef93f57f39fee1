//===- Report.cpp - errors that have no place in a file -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Report.h"
#include "compiler/targets/Link.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

llvm::LogicalResult gptc::report(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "gptc") << message << "\n";
  return llvm::failure();
}

llvm::LogicalResult
gptc::writeText(llvm::StringRef path,
                llvm::function_ref<void(llvm::raw_ostream &)> write) {
  // A device or a pipe is written to; a file is replaced once all is there.
  if (isNoFile(path)) {
    if (auto code = writeThrough(path, write))
      return report("cannot write '" + path + "': " + code.message());
    return llvm::success();
  }
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    write(os);
    return llvm::Error::success();
  });
  if (error)
    return report("cannot write '" + path +
                  "': " + llvm::toString(std::move(error)));
  return llvm::success();
}
