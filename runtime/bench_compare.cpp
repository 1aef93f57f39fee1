//===- bench_compare.cpp - a kernel's outputs beside the CPU's ------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "bench_compare.h"

#include "bench_values.h"
#include "bf16.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <emmintrin.h>

using namespace gptc;

// Of norms: half a place of bf16 is 2⁻⁹; another order of adding in f32; the
// bits of a sum of codes. Of codes, the share that may round another way.
static constexpr double kBf16 = 4e-3, kSums = 1e-5, kSumsOfCodes = 1e-3,
                        kCodes = 1e-3;

namespace {
/// Sums of some of the elements.
struct Sums {
  double difference = 0, reference = 0; ///< squares
  uint64_t compared = 0, wrong = 0, unlike = 0;
};

struct Comparing {
  Element element;
  const std::byte *stored, *wide;
  Stretch stretch;
  std::vector<Sums> sums; ///< by piece
};
} // namespace

static constexpr uint64_t kPiece = 1 << 16; // elements, of one unit of work

template <typename T> static T at(const std::byte *from, uint64_t i) {
  T value;
  std::memcpy(&value, from + i * sizeof(T), sizeof(T));
  return value;
}

static double storedAt(Element element, const std::byte *stored, uint64_t i) {
  switch (element) {
  case Element::F32:
    return static_cast<double>(at<float>(stored, i));
  case Element::F64:
    return at<double>(stored, i);
  case Element::BF16: {
    uint32_t bits = widenBf16(at<uint16_t>(stored, i));
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return static_cast<double>(value);
  }
  case Element::E4M3:
  case Element::E5M2:
    return static_cast<double>(valueOfCode(element, at<uint8_t>(stored, i)));
  case Element::I32:
    break;
  }
  return at<int32_t>(stored, i);
}

static double wideAt(Element element, const std::byte *wide, uint64_t i) {
  if (element == Element::F64)
    return at<double>(wide, i);
  if (element == Element::I32)
    return at<int32_t>(wide, i);
  return static_cast<double>(at<float>(wide, i));
}

static bool isCode(Element element) {
  return element == Element::E4M3 || element == Element::E5M2;
}

/// The places of two codes in the order of their values.
static int orderOf(uint8_t code) { return code & 0x80 ? -(code & 0x7f) : code; }

static void compareElement(const Comparing &of, uint64_t i, Sums &sums) {
  double own = storedAt(of.element, of.stored, i);
  double other = wideAt(of.element, of.wide, i);
  if (own != own && other != other)
    return; // nobody wrote it, or it is no number to either
  bool isNumber = __builtin_isfinite(own) && __builtin_isfinite(other);
  ++sums.compared;
  if (!isNumber) {
    sums.wrong += own != other;
    return;
  }
  sums.difference += (own - other) * (own - other);
  sums.reference += other * other;
  if (!isCode(of.element) || own == other)
    return;
  ++sums.unlike;
  int apart = orderOf(at<uint8_t>(of.stored, i)) -
              orderOf(codeOfValue(of.element, static_cast<float>(other)));
  sums.wrong += std::abs(apart) > 1;
}

static void comparePieces(void *context, int64_t begin, int64_t end, unsigned) {
  auto &of = *static_cast<Comparing *>(context);
  for (int64_t piece = begin; piece < end; ++piece) {
    Sums sums;
    uint64_t first = of.stretch.begin + static_cast<uint64_t>(piece) * kPiece;
    for (uint64_t i = first; i < std::min(first + kPiece, of.stretch.end); ++i)
      compareElement(of, i, sums);
    of.sums[static_cast<size_t>(piece)] = sums;
  }
}

static double rootOf(double x) {
  __m128d value = _mm_set_sd(x);
  return _mm_cvtsd_f64(_mm_sqrt_sd(value, value));
}

bool Difference::isWorse(const Difference &other) const {
  if (isGood() != other.isGood())
    return !isGood();
  return error * other.bound > other.error * bound;
}

Difference gptc::compareValues(Element element, const std::byte *stored,
                               const std::byte *wide,
                               const std::vector<Stretch> &stretches,
                               bool inFp8, ThreadPool &pool) {
  Sums all;
  for (const Stretch &stretch : stretches) {
    uint64_t pieces = (stretch.end - stretch.begin + kPiece - 1) / kPiece;
    Comparing comparing{element, stored, wide, stretch,
                        std::vector<Sums>(pieces)};
    pool.run(static_cast<int64_t>(pieces), comparePieces, &comparing);
    for (const Sums &sums : comparing.sums) {
      all.difference += sums.difference;
      all.reference += sums.reference;
      all.compared += sums.compared;
      all.wrong += sums.wrong;
      all.unlike += sums.unlike;
    }
  }
  Difference result;
  result.compared = all.compared;
  result.wrong = all.wrong;
  if (isCode(element)) {
    result.bound = kCodes;
    result.error = static_cast<double>(all.unlike) /
                   static_cast<double>(std::max<uint64_t>(all.compared, 1));
    return result;
  }
  result.bound = element == Element::BF16  ? kBf16
                 : element == Element::I32 ? 0
                 : inFp8                   ? kSumsOfCodes
                                           : kSums;
  if (all.difference > 0)
    result.error =
        all.reference > 0 ? rootOf(all.difference / all.reference) : 1;
  return result;
}
