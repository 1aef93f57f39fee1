//===- files.cpp - files read whole, files written at once ----------------===//
//
// Part of gptc, under the MIT License.
//
// POSIX calls with every failure reported under the file's name.
//
//===----------------------------------------------------------------------===//

#include "files.h"

#include "error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gptc;

MappedFile::MappedFile(const std::string &path) : name(path) {
  // Without O_NONBLOCK, opening a pipe that nobody writes would hang.
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    failErrno(path, "cannot open");
  struct stat status;
  bool known = fstat(descriptor, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    bool directory = known && S_ISDIR(status.st_mode);
    close(descriptor);
    fail("{}: is {}, a file was expected", path,
         directory ? "a directory" : "no regular file");
  }
  count = static_cast<uint64_t>(status.st_size);
  if (count != 0) {
    void *block = mmap(nullptr, count, PROT_READ, MAP_PRIVATE, descriptor, 0);
    int reason = errno;
    close(descriptor);
    errno = reason;
    if (block == MAP_FAILED)
      failErrno(path, "cannot read");
    bytes = static_cast<const std::byte *>(block);
  } else {
    close(descriptor);
  }
}

MappedFile::~MappedFile() {
  if (bytes)
    munmap(const_cast<std::byte *>(bytes), count);
}

OutputFile::OutputFile(const std::string &path)
    : path(path), temporary(path + formatText(".{}.tmp", int(getpid()))) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail("{}: is {}, cannot be replaced by a file", path,
         S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
  descriptor =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    failErrno(path, "cannot write");
}

OutputFile::~OutputFile() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

void OutputFile::write(const void *data, uint64_t size) {
  const char *next = static_cast<const char *>(data);
  while (size != 0) {
    ssize_t written =
        ::write(descriptor, next, std::min<uint64_t>(size, UINT64_C(1) << 30));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failErrno(path, "cannot write");
    next += written;
    size -= static_cast<uint64_t>(written);
  }
}

void OutputFile::commit() {
  if (fsync(descriptor) != 0 && errno != EINVAL)
    failErrno(path, "cannot write");
  if (rename(temporary.c_str(), path.c_str()) != 0)
    failErrno(path, "cannot replace");
  close(descriptor);
  descriptor = -1;
}
