//===- bf16.cpp - conversions that compiled kernels call ------------------===//
//
// Part of gptc, under the MIT License.
//
// On processors without an instruction for it, LLVM turns a truncation to bf16
// into a call of `__truncsfbf2` or `__truncdfbf2`, and libgcc 12 has neither.
//
//===----------------------------------------------------------------------===//

#include "bf16.h"

#include <cstring>

using namespace gptc;

static __bf16 toBf16(uint32_t bits) {
  uint16_t half = narrowToBf16(bits);
  __bf16 result;
  std::memcpy(&result, &half, sizeof(result));
  return result;
}

// The names are LLVM's.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)

extern "C" [[gnu::weak]] __bf16 __truncsfbf2(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return toBf16(bits);
}

/// Rounds to f32 by "round to odd" first, so that the second rounding sees on
/// which side of a tie the f64 lies.
extern "C" [[gnu::weak]] __bf16 __truncdfbf2(double value) {
  auto single = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &single, sizeof(bits));
  auto back = static_cast<double>(single);
  if (back != value && value == value && (bits & 1) == 0)
    bits = __builtin_fabs(back) > __builtin_fabs(value) ? bits - 1 : bits + 1;
  return toBf16(bits);
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
