//===- shards.cpp - files of tokens ---------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A shard is checked against its size before any token is read.
//
//===----------------------------------------------------------------------===//

#include "shards.h"

#include "error.h"
#include "files.h"

#include <algorithm>
#include <cstring>
#include <glob.h>

using namespace gptc;

static constexpr int64_t kHeaderInts = 256;
static constexpr uint64_t kHeaderBytes = kHeaderInts * sizeof(int32_t);
static constexpr int32_t kMagic = 20240520, kVersion = 1;

std::vector<std::string> gptc::expandPattern(const std::string &pattern) {
  glob_t matches;
  int status = glob(pattern.c_str(), 0, nullptr, &matches);
  std::vector<std::string> paths;
  if (status == 0)
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  if (paths.empty())
    fail("'{}': no such file: a pattern of .bin shards was expected", pattern);
  std::sort(paths.begin(), paths.end());
  return paths;
}

static int64_t checkShard(const MappedFile &file) {
  const char *path = file.path().c_str();
  auto size = static_cast<unsigned long long>(file.size());
  if (size == 0)
    fail("{}: the file is empty", path);
  if (size < kHeaderBytes)
    fail("{}: truncated: {} bytes, the header alone takes {}", path, size,
         kHeaderBytes);
  int32_t header[3];
  std::memcpy(header, file.data(), sizeof(header));
  if (header[0] != kMagic)
    fail("{}: magic number {}, a token shard has {}", path, header[0], kMagic);
  if (header[1] != kVersion)
    fail("{}: version {}, only version {} is read", path, header[1], kVersion);
  if (header[2] <= 0)
    fail("{}: its header counts {} tokens", path, header[2]);
  uint64_t expected = kHeaderBytes + uint64_t(header[2]) * sizeof(uint16_t);
  if (size != expected)
    fail("{}: {}: {} tokens take {} bytes, the file has {}", path,
         size < expected ? "truncated" : "longer than its token count",
         header[2], expected, size);
  return header[2];
}

std::vector<uint16_t> gptc::loadTokens(const std::string &path,
                                       const Bound &bound, int64_t limit) {
  MappedFile file(path);
  int64_t count = std::min(checkShard(file), limit);
  std::vector<uint16_t> tokens(static_cast<size_t>(count));
  std::memcpy(tokens.data(), file.data() + kHeaderBytes,
              tokens.size() * sizeof(uint16_t));
  uint16_t largest = 0;
  for (uint16_t token : tokens)
    largest = std::max(largest, token);
  if (largest >= bound.below) {
    auto place = std::find_if(tokens.begin(), tokens.end(), [&](uint16_t t) {
      return int64_t(t) >= bound.below;
    });
    fail("{}: token {} at index {}: the model takes tokens {}; give shards of "
         "its tokenizer, or compile it for a larger vocabulary",
         path, unsigned(*place), place - tokens.begin(), bound.text());
  }
  return tokens;
}
