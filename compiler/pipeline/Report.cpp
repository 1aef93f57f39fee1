//===- Report.cpp - errors that have no place in a file -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Report.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
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
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path)) {
    std::error_code code;
    llvm::raw_fd_ostream os(path, code, llvm::sys::fs::CD_OpenExisting,
                            llvm::sys::fs::FA_Write, llvm::sys::fs::OF_None);
    if (!code) {
      write(os);
      os.close();
      code = os.error();
      os.clear_error();
    }
    if (code)
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
