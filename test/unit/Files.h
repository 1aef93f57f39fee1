//===- Files.h - files for tests --------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A folder that vanishes with its test, and what tests write into it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_FILES_H
#define GPTC_TEST_UNIT_FILES_H

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace gptc {

class Folder {
public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gptc-unit-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string &name) const {
    return path + "/" + name;
  }

  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream(*this / name, std::ios::binary) << bytes;
    return *this / name;
  }

  std::string read(const std::string &name) const {
    std::ifstream file(*this / name, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }

  /// Number of entries.
  size_t count() const {
    size_t entries = 0;
    for (auto &entry : std::filesystem::directory_iterator(path))
      entries += !entry.path().empty();
    return entries;
  }

  std::string path;
};

/// The bytes of a shard; the header's first three numbers can be falsified.
inline std::string shardBytes(const std::vector<uint16_t> &tokens,
                              int32_t magic = 20240520, int32_t version = 1,
                              int64_t count = -1) {
  int32_t header[256] = {magic, version,
                         int32_t(count < 0 ? int64_t(tokens.size()) : count)};
  std::string bytes(reinterpret_cast<const char *>(header), sizeof(header));
  bytes.append(reinterpret_cast<const char *>(tokens.data()),
               tokens.size() * sizeof(uint16_t));
  return bytes;
}

/// The message of the `Error` that `action` throws; empty if it throws none.
template <typename Action> std::string errorOf(Action action) {
  try {
    action();
  } catch (const std::exception &error) {
    return error.what();
  }
  return "";
}

} // namespace gptc

#endif // GPTC_TEST_UNIT_FILES_H
