//===- bf16.h - rounding to bfloat16 ----------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// bfloat16 is the upper half of an f32. Conversions work on bits, to nearest,
// ties to even, and keep NaN.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BF16_H
#define GPTC_RUNTIME_BF16_H

#include <cstdint>

namespace gptc {

/// The bits of the f32 that a bf16 stands for.
inline uint32_t widenBf16(uint16_t bits) { return uint32_t(bits) << 16; }

/// The bits of the bf16 nearest to an f32.
inline uint16_t narrowToBf16(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace gptc

#endif // GPTC_RUNTIME_BF16_H
