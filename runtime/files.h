//===- files.h - files read whole, files written at once --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Input files are mapped, output files are written beside their name and
// renamed when complete: nobody ever sees half a file.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_FILES_H
#define GPTC_RUNTIME_FILES_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace gptc {

/// A regular file's bytes, mapped for reading.
class MappedFile {
public:
  /// Throws an `Error` for what cannot be opened, read or is no regular file.
  explicit MappedFile(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const std::string &path() const { return name; }
  const std::byte *data() const { return bytes; }
  uint64_t size() const { return count; }

private:
  std::string name;
  const std::byte *bytes = nullptr;
  uint64_t count = 0;
};

/// A file that appears under its name only on `commit`.
class OutputFile {
public:
  /// Throws an `Error` when `path` is a directory or cannot be written.
  explicit OutputFile(const std::string &path);
  /// Removes what was written, unless committed.
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  void write(const void *data, uint64_t size);
  void commit();

private:
  std::string path, temporary;
  int descriptor = -1;
};

} // namespace gptc

#endif // GPTC_RUNTIME_FILES_H
