//===- digest.h - digests that find damage ----------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// XXH3 in 128 bits: as fast as memory, and blind to no flipped bit. It is no
// protection from an adversary.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_DIGEST_H
#define GPTC_RUNTIME_DIGEST_H

#include <cstdint>
#include <string>

namespace gptc {

struct Digest {
  uint64_t high = 0, low = 0;

  bool operator==(const Digest &other) const {
    return high == other.high && low == other.low;
  }
  /// 32 hexadecimal digits, as `xxhsum -H128` prints them.
  std::string text() const;
};

Digest digestBytes(const void *bytes, uint64_t size);

} // namespace gptc

#endif // GPTC_RUNTIME_DIGEST_H
