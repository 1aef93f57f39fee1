//===- sha256.cpp - SHA-256 of a byte string ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// FIPS 180-4. The round constants are the fractional bits of the cube roots of
// the first 64 primes, the initial state those of the square roots of the
// first 8; they are computed here by integer search instead of being listed.
//
//===----------------------------------------------------------------------===//

#include "sha256.h"

#include <array>
#include <cstdint>

using namespace gptc;

/// The first 32 fractional bits of the `degree`-th root of `value`.
static uint32_t rootFraction(unsigned value, int degree) {
  // The largest r with r^degree ≤ value · 2^(32 degree); r < 2^37.
  using Wide = unsigned __int128;
  uint64_t root = 0;
  for (int bit = 36; bit >= 0; --bit) {
    uint64_t next = root | (UINT64_C(1) << bit);
    // value · 2^64 ≥ next² or value · 2^96 ≥ next³, both below 2^111.
    Wide power = degree == 2 ? Wide(next) * next : Wide(next) * next * next;
    if (power <= Wide(value) << (32 * degree))
      root = next;
  }
  return uint32_t(root);
}

std::string gptc::sha256(std::string message) {
  std::array<uint32_t, 64> k;
  std::array<uint32_t, 8> state;
  for (unsigned candidate = 2, found = 0; found < 64; ++candidate) {
    bool prime = true;
    for (unsigned divisor = 2; divisor * divisor <= candidate; ++divisor)
      prime &= candidate % divisor != 0;
    if (!prime)
      continue;
    k[found] = rootFraction(candidate, 3);
    if (found < 8)
      state[found] = rootFraction(candidate, 2);
    ++found;
  }
  uint64_t bits = message.size() * 8;
  message += '\x80';
  while (message.size() % 64 != 56)
    message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    message += char(bits >> shift);
  auto rotate = [](uint32_t x, int n) { return x >> n | x << (32 - n); };
  for (size_t block = 0; block < message.size(); block += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i) {
      w[i] = 0;
      for (int j = 0; j < 4; ++j)
        w[i] = w[i] << 8 | uint8_t(message[block + 4 * i + j]);
    }
    for (int i = 16; i < 64; ++i)
      w[i] = w[i - 16] + w[i - 7] +
             (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
             (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    auto [a, b, c, d, e, f, g, h] = state;
    for (int i = 0; i < 64; ++i) {
      uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                       ((e & f) ^ (~e & g)) + k[i] + w[i];
      uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                        ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first;
      d = c, c = b, b = a, a = first + second;
    }
    uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i)
      state[i] += sums[i];
  }
  std::string digits;
  for (uint32_t word : state)
    for (int shift = 28; shift >= 0; shift -= 4)
      digits += "0123456789abcdef"[word >> shift & 15];
  return digits;
}
