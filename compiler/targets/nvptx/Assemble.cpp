//===- Assemble.cpp - PTX to machine code ---------------------------------===//
//
// Part of gptc, under the MIT License.
//
// ptxas reads and writes files: two in the temporary folder, gone afterwards.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Assemble.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <optional>
#include <vector>

using namespace gptc;
using llvm::failure;
using llvm::StringRef;
using Path = llvm::SmallString<128>;

/// The path of ptxas, as the header says; empty if there is none.
static std::string findAssembler() {
  auto in = [](StringRef folder, StringRef sub) -> std::string {
    Path path(folder);
    llvm::sys::path::append(path, sub, "ptxas");
    return llvm::sys::fs::can_execute(path) ? path.str().str() : "";
  };
  std::vector<std::string> candidates;
  if (const char *home = std::getenv("CUDA_HOME"))
    candidates.push_back(in(home, "bin"));
  Path own(llvm::sys::fs::getMainExecutable(nullptr, nullptr));
  StringRef folder = llvm::sys::path::parent_path(own);
  candidates.push_back(in(llvm::sys::path::parent_path(folder), "cuda/bin"));
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    candidates.push_back(*found);
  candidates.push_back(in("/usr/local/cuda", "bin"));
  for (std::string &path : candidates)
    if (!path.empty())
      return path;
  return "";
}

static llvm::LogicalResult error(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "gptc") << message << "\n";
  return failure();
}

llvm::FailureOr<std::string> nvptx::assemble(StringRef ptx, StringRef ptxas,
                                             bool verbose) {
  if (ptxas == "none")
    return std::string();
  std::string program = ptxas.empty() ? findAssembler() : ptxas.str();
  if (!ptxas.empty() && !llvm::sys::fs::can_execute(program))
    return error("--ptxas " + program + ": no program that can be run");
  if (program.empty()) {
    llvm::WithColor::remark(llvm::errs(), "gptc")
        << "no ptxas: the driver will compile the kernels whenever the program "
           "starts; give --ptxas PATH or set CUDA_HOME\n";
    return std::string();
  }
  Path text, cubin, log;
  int file;
  if (llvm::sys::fs::createTemporaryFile("gptc", "ptx", file, text) ||
      llvm::sys::fs::createTemporaryFile("gptc", "cubin", cubin) ||
      llvm::sys::fs::createTemporaryFile("gptc", "log", log))
    return error("cannot make a temporary file");
  llvm::FileRemover removers[] = {llvm::FileRemover(text),
                                  llvm::FileRemover(cubin),
                                  llvm::FileRemover(log)};
  {
    llvm::raw_fd_ostream os(file, /*shouldClose=*/true);
    os << ptx;
    os.flush();
    if (os.has_error()) {
      os.clear_error();
      return error("cannot write " + text);
    }
  }
  // As many threads as there are cores.
  StringRef arguments[] = {program, "-arch=sm_90a", "--split-compile=0",
                           text,    "-o",           cubin};
  if (verbose)
    llvm::errs() << llvm::join(llvm::ArrayRef(arguments), " ") << "\n";
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(), log.str(), log.str()};
  int status = llvm::sys::ExecuteAndWait(program, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  if (status != 0) {
    auto said = llvm::MemoryBuffer::getFile(log);
    return error(program + " failed: " + message +
                 (said ? (*said)->getBuffer().rtrim() : StringRef()));
  }
  auto bytes = llvm::MemoryBuffer::getFile(cubin);
  if (!bytes)
    return error("cannot read " + cubin + ": " + bytes.getError().message());
  return (*bytes)->getBuffer().str();
}
