//===- digest.cpp - digests that find damage ------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "digest.h"

#include "error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace gptc;

Digest gptc::digestBytes(const void *bytes, uint64_t size) {
  XXH128_hash_t hash = XXH3_128bits(bytes, size);
  return {hash.high64, hash.low64};
}

std::string Digest::text() const {
  return formatText("{:016x}{:016x}", high, low);
}
