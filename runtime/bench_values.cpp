//===- bench_values.cpp - what a kernel that is run alone reads -----------===//
//
// Part of gptc, under the MIT License.
//
// Every element's value follows from the seed, the buffer and its place, so
// that threads can share the work.
//
//===----------------------------------------------------------------------===//

#include "bench_values.h"

#include "bf16.h"
#include "error.h"
#include "sample.h"

#include <algorithm>
#include <cstring>

using namespace gptc;

//===----------------------------------------------------------------------===//
// FP8
//===----------------------------------------------------------------------===//

static float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

namespace {
struct Fp8 {
  unsigned mantissa;  ///< bits
  uint32_t exponents; ///< an exponent of f32 is one of its own and this
  float least;        ///< the value of code 1
};
} // namespace

static Fp8 fp8Of(Element format) {
  return format == Element::E4M3 ? Fp8{3, 120, 0x1p-9F} : Fp8{2, 112, 0x1p-16F};
}

float gptc::valueOfCode(Element format, uint8_t code) {
  Fp8 fp8 = fp8Of(format);
  uint32_t sign = (code & 0x80U) << 24, magnitude = code & 0x7fU;
  uint32_t exponent = magnitude >> fp8.mantissa;
  uint32_t fraction = magnitude & ((1U << fp8.mantissa) - 1);
  if (exponent == 0)
    return floatOf(sign | bitsOf(static_cast<float>(fraction) * fp8.least));
  bool isNan = format == Element::E4M3 ? magnitude == 0x7f : magnitude > 0x7c;
  if (isNan)
    return floatOf(0x7fc00000);
  if (format == Element::E5M2 && magnitude == 0x7c)
    return floatOf(sign | 0x7f800000);
  return floatOf(sign | (exponent + fp8.exponents) << 23 |
                 fraction << (23 - fp8.mantissa));
}

uint8_t gptc::codeOfValue(Element format, float value) {
  Fp8 fp8 = fp8Of(format);
  uint32_t bits = bitsOf(value), sign = bits >> 24 & 0x80;
  uint32_t exponent = bits >> 23 & 0xff, magnitude = 0x7f;
  if (exponent == 0xff)
    magnitude = format == Element::E5M2 && !(bits & 0x7fffff) ? 0x7c : 0x7f;
  else if (exponent <= fp8.exponents)
    magnitude = static_cast<uint32_t>(floatOf(bits & 0x7fffffff) / fp8.least);
  else // exponent and fraction, one behind the other
    magnitude =
        std::min<uint32_t>(((bits & 0x7fffffff) >> (23 - fp8.mantissa)) -
                               (fp8.exponents << fp8.mantissa),
                           0x7f);
  return static_cast<uint8_t>(sign | magnitude);
}

//===----------------------------------------------------------------------===//
// Numbers at random
//===----------------------------------------------------------------------===//

/// Of mean 0 and variance 1: the sum of four parts of 16 bits.
static float aboutNormal(uint64_t bits) {
  uint64_t sum = (bits & 0xffff) + (bits >> 16 & 0xffff) +
                 (bits >> 32 & 0xffff) + (bits >> 48);
  return (static_cast<float>(sum) * 0x1p-16F - 2) * 1.7320508F;
}

static double aboutOne(uint64_t bits) {
  return 0.5 + static_cast<double>(bits >> 11) * 0x1p-53;
}

/// Of the middle of the format's exponents: what sums of products do not lose.
static uint8_t finiteCode(Element format, uint64_t bits) {
  unsigned mantissa = fp8Of(format).mantissa;
  unsigned first = format == Element::E4M3 ? 4 : 12;
  auto exponent = static_cast<unsigned>(first + (bits >> 8) % 6);
  auto fraction = static_cast<unsigned>(bits & ((1U << mantissa) - 1));
  return static_cast<uint8_t>((bits >> 16 & 0x80) | exponent << mantissa |
                              fraction);
}

namespace {
/// What threads need to draw the elements of one buffer.
struct Drawing {
  const TouchedBuffer &touched;
  Element element;
  Draw draw;
  uint64_t seed;
  BenchValues &values;
};
} // namespace

static constexpr uint64_t kPiece = 1 << 16; // elements, of one unit of work

static bool isPoisoned(const TouchedBuffer &touched, uint64_t i) {
  auto covers = [&](const Stretch &s) { return s.begin <= i && i < s.end; };
  return std::none_of(touched.read.begin(), touched.read.end(), covers) &&
         std::any_of(touched.written.begin(), touched.written.end(), covers);
}

template <typename T>
static void put(std::vector<std::byte> &to, uint64_t i, T value) {
  std::memcpy(to.data() + i * sizeof(T), &value, sizeof(T));
}

/// The element whose value this one has: in a symmetric matrix one below the
/// diagonal.
static uint64_t drawnFor(uint64_t i, uint64_t symmetric) {
  if (symmetric == 0)
    return i;
  uint64_t row = i / symmetric % symmetric, column = i % symmetric;
  uint64_t first = i - row * symmetric - column;
  return first + std::max(row, column) * symmetric + std::min(row, column);
}

static void drawElement(const Drawing &drawing, uint64_t i, bool poisoned) {
  BenchValues &to = drawing.values;
  uint64_t bits =
      mix(drawing.seed ^ mix(drawnFor(i, drawing.touched.symmetric)));
  float normal = aboutNormal(bits);
  if (drawing.draw == Draw::Positive)
    normal = normal < 0 ? -normal : normal;
  switch (drawing.element) {
  case Element::F32: {
    auto value =
        drawing.draw == Draw::Zero ? 0.0F : static_cast<float>(aboutOne(bits));
    value = poisoned ? floatOf(0xffffffff) : value;
    put(to.stored, i, value);
    put(to.wide, i, value);
    return;
  }
  case Element::F64: {
    double value = drawing.draw == Draw::Zero ? 0.0 : aboutOne(bits);
    if (poisoned)
      std::memset(&value, 0xff, sizeof(value));
    put(to.stored, i, value);
    put(to.wide, i, value);
    return;
  }
  case Element::BF16: {
    uint16_t half = poisoned ? uint16_t(0xffff) : narrowToBf16(bitsOf(normal));
    put(to.stored, i, half);
    put(to.wide, i, widenBf16(half));
    return;
  }
  case Element::E4M3:
  case Element::E5M2: {
    uint8_t code = poisoned ? uint8_t(0xff) : finiteCode(drawing.element, bits);
    put(to.stored, i, code);
    put(to.wide, i, valueOfCode(drawing.element, code));
    return;
  }
  case Element::I32:
    put(to.stored, i, poisoned ? int32_t(-1) : int32_t(0));
    put(to.wide, i, poisoned ? int32_t(-1) : int32_t(0));
    return;
  }
}

static void drawPieces(void *context, int64_t begin, int64_t end, unsigned) {
  const Drawing &drawing = *static_cast<const Drawing *>(context);
  uint64_t last =
      std::min(static_cast<uint64_t>(end) * kPiece, drawing.touched.elements);
  // Stretches are few, elements many: asked for where it can change.
  bool mixedUse =
      !drawing.touched.written.empty() && !drawing.touched.read.empty();
  bool poisoned = drawing.touched.read.empty();
  for (uint64_t i = static_cast<uint64_t>(begin) * kPiece; i < last; ++i)
    drawElement(drawing, i,
                mixedUse ? isPoisoned(drawing.touched, i) : poisoned);
}

BenchValues gptc::drawValues(const ProgramView &program,
                             const TouchedBuffer &touched, uint64_t seed,
                             Draw draw, ThreadPool &pool) {
  const Buffer &buffer = program.buffers()[touched.buffer];
  bool isState = buffer.kind == BufferKind::Optimizer;
  BenchValues values;
  values.stored.resize(touched.elements * elementBytes(buffer.element));
  values.wide.resize(touched.elements *
                     (buffer.element == Element::F64 ? 8 : 4));
  Drawing drawing{touched, buffer.element,
                  isState && draw == Draw::Signed ? Draw::Positive : draw,
                  mix(seed + touched.buffer), values};
  pool.run(static_cast<int64_t>((touched.elements + kPiece - 1) / kPiece),
           drawPieces, &drawing);
  return values;
}

MicroBatch gptc::drawBatch(const ProgramView &program, uint32_t part,
                           uint64_t seed) {
  int64_t count = program.parts()[part].tokens;
  MicroBatch batch;
  auto draw = [&](Feed feed) {
    // Products of two: small ones, and so repeated ones, are frequent.
    auto below =
        static_cast<double>(std::min(boundOf(program, {part}, {feed}).below,
                                     program.header().vocabularySize));
    std::vector<int32_t> drawn(static_cast<size_t>(count));
    for (size_t t = 0; t < drawn.size(); ++t) {
      double x = aboutOne(mix(seed + 2 * t)) - 0.5;
      double y = aboutOne(mix(~seed + 2 * t)) - 0.5;
      drawn[t] = static_cast<int32_t>(below * x * y);
    }
    return drawn;
  };
  batch.tokens = draw(Feed::Tokens);
  batch.targets = draw(Feed::Targets);
  std::rotate(batch.targets.begin(),
              batch.targets.begin() + (count > 1 ? 1 : 0), batch.targets.end());
  auto longest = static_cast<double>(
      std::max<int64_t>(program.header().maxDocumentTokens, 1));
  std::vector<int64_t> starts;
  for (int64_t t = 0; t < count;) {
    starts.push_back(t);
    double x = aboutOne(mix(seed ^ static_cast<uint64_t>(t))) - 0.5;
    t += 1 + static_cast<int64_t>((longest - 1) * x * x);
  }
  batch.documentStarts = spreadDocumentStarts(starts, count);
  return batch;
}
