//===- Link.cpp - from object files to a training binary ------------------===//
//
// Part of gptc, under the MIT License.
//
// LLD, linked into gptc, reads its inputs by path. The embedded files and the
// model's objects are memory, so they are given as anonymous files under their
// /proc names: nothing of them ever lies in a folder.
//
// The executable is position independent, with the C library dynamic (a static
// one cannot open libraries at run time, which later targets do) and everything
// else inside.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/Link.h"
#include "compiler/targets/Embedded.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

LLD_HAS_DRIVER(elf)

using namespace gptc;

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {

/// Files in memory that have paths for as long as this object lives.
class MemoryFiles {
public:
  ~MemoryFiles() {
    for (int file : files)
      ::close(file);
  }

  llvm::Expected<std::string> add(llvm::StringRef name, llvm::StringRef bytes) {
    int file = ::memfd_create(name.str().c_str(), MFD_CLOEXEC);
    if (file < 0)
      return error("cannot make a file in memory for " + name);
    files.push_back(file);
    llvm::raw_fd_ostream os(file, /*shouldClose=*/false);
    os << bytes;
    os.flush();
    if (os.has_error()) {
      os.clear_error();
      return error("cannot write " + name + " to memory");
    }
    return "/proc/self/fd/" + std::to_string(file);
  }

private:
  std::vector<int> files;
};

} // namespace

/// The path of one of the C library's files on this machine.
static llvm::Expected<std::string> findLibrary(llvm::StringRef name) {
  static constexpr llvm::StringLiteral folders[] = {
      "/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib", "/lib"};
  for (llvm::StringRef folder : folders)
    if (std::string path = (folder + "/" + name).str();
        llvm::sys::fs::exists(path))
      return path;
  return error("cannot link: this machine has no " + name +
               " (glibc for x86-64; Debian package libc6)");
}

/// A name that no file has: beside `output`, which it will replace, or where
/// temporary files are, if that is a device or a pipe.
static llvm::Expected<std::string> temporaryFor(llvm::StringRef output,
                                                bool replaces) {
  llvm::SmallString<128> path;
  int file;
  if (auto code =
          replaces ? llvm::sys::fs::createUniqueFile(output + ".tmp-%%%%%%",
                                                     file, path)
                   : llvm::sys::fs::createTemporaryFile("gptc", "", file, path))
    return error("cannot write '" + output + "': " + code.message());
  ::close(file);
  return path.str().str();
}

bool gptc::isNoFile(llvm::StringRef path) {
  return llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path);
}

std::error_code
gptc::writeThrough(llvm::StringRef path,
                   llvm::function_ref<void(llvm::raw_ostream &)> write) {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code, llvm::sys::fs::CD_OpenExisting,
                          llvm::sys::fs::FA_Write, llvm::sys::fs::OF_None);
  if (code)
    return code;
  write(os);
  os.close();
  code = os.error();
  os.clear_error();
  return code;
}

/// Writes the bytes of a file to a device or a pipe.
static llvm::Error copyTo(llvm::StringRef from, llvm::StringRef output) {
  auto bytes = llvm::MemoryBuffer::getFile(from);
  if (!bytes)
    return error("cannot read '" + from + "': " + bytes.getError().message());
  if (auto code = writeThrough(
          output, [&](llvm::raw_ostream &os) { os << (*bytes)->getBuffer(); }))
    return error("cannot write '" + output + "': " + code.message());
  return llvm::Error::success();
}

llvm::Error gptc::linkProgram(llvm::ArrayRef<llvm::StringRef> objects,
                              llvm::StringRef output, bool verbose) {
  if (llvm::sys::fs::is_directory(output))
    return error("cannot write '" + output + "': it is a folder");

  constexpr llvm::StringLiteral loader = "/lib64/ld-linux-x86-64.so.2";
  std::vector<std::string> arguments = {"ld.lld",
                                        "-pie",
                                        "-dynamic-linker",
                                        loader.str(),
                                        "--eh-frame-hdr",
                                        "--gc-sections",
                                        "-s",
                                        "-z",
                                        "now",
                                        "-z",
                                        "relro",
                                        "--build-id=none"};
  MemoryFiles files;
  std::string failure;
  auto addPath = [&](llvm::Expected<std::string> path) {
    if (path)
      arguments.push_back(*path);
    else
      failure = llvm::toString(path.takeError());
  };
  // The order of a C compiler: start-up files around everything else.
  for (const EmbeddedFile &file : startFiles())
    addPath(files.add(file.name, file.bytes));
  addPath(files.add("runtime.o", runtimeObject().bytes));
  for (llvm::StringRef object : objects)
    addPath(files.add("model.o", object));
  for (llvm::StringRef library :
       {"libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2"})
    addPath(findLibrary(library));
  for (const EmbeddedFile &file : endFiles())
    addPath(files.add(file.name, file.bytes));
  if (!failure.empty())
    return error(failure);

  bool replaces = !isNoFile(output);
  llvm::Expected<std::string> temporary = temporaryFor(output, replaces);
  if (!temporary)
    return temporary.takeError();
  llvm::sys::RemoveFileOnSignal(*temporary);
  llvm::scope_exit remove([&] {
    (void)llvm::sys::fs::remove(*temporary);
    llvm::sys::DontRemoveFileOnSignal(*temporary);
  });
  arguments.insert(arguments.end(), {"-o", *temporary});

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments) {
    pointers.push_back(argument.c_str());
    if (verbose)
      llvm::errs() << argument << (&argument == &arguments.back() ? "\n" : " ");
  }
  std::string messages;
  llvm::raw_string_ostream os(messages);
  const lld::DriverDef driver[] = {{lld::Gnu, &lld::elf::link}};
  lld::Result result = lld::lldMain(pointers, os, os, driver);
  if (result.retCode != 0)
    return error("linking failed: " + messages);
  if (!replaces)
    return copyTo(*temporary, output);
  if (auto code = llvm::sys::fs::rename(*temporary, output))
    return error("cannot write '" + output + "': " + code.message());
  remove.release();
  llvm::sys::DontRemoveFileOnSignal(*temporary);
  return llvm::Error::success();
}
