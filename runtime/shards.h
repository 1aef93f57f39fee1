//===- shards.h - files of tokens -------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The field's `.bin` shards: a header of 256 int32 (magic 20240520, version 1,
// token count), then that many uint16 tokens, all little-endian.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SHARDS_H
#define GPTC_RUNTIME_SHARDS_H

#include "feed.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gptc {

/// The files that a pattern names, in byte order of their names. Throws an
/// `Error` if there is none.
std::vector<std::string> expandPattern(const std::string &pattern);

/// The first `limit` tokens of a shard (all of them if it has fewer). Throws an
/// `Error` for a file that is no shard, was cut or is empty, and for a token
/// that is beyond the bound.
std::vector<uint16_t> loadTokens(const std::string &path, const Bound &bound,
                                 int64_t limit = INT64_MAX);

} // namespace gptc

#endif // GPTC_RUNTIME_SHARDS_H
