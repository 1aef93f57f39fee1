//===- FakeProgram.cpp - a tiny trainable program -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The kernels are written as a compiler would make them: units are
// independent, sums have one order.
//
//===----------------------------------------------------------------------===//

#include "FakeProgram.h"

#include "ProgramBuilder.h"

#include <algorithm>

using namespace gptc;

// Columns of the number table.
enum { kLr, kMicroBatches, kSeed, kBroken, kExcess, kNumbers };

/// w[v] = seed + v; units: v.
static void initKernel(void *const *buffers, const double *numbers,
                       const int64_t *, int64_t begin, int64_t end, void *) {
  float *w = static_cast<float *>(buffers[0]);
  for (int64_t v = begin; v < end; ++v)
    w[v] = float(numbers[kSeed] + double(v)) / 64;
}

/// to[i] = from[i]; units: i. Through scratch, to use some.
static void copyKernel(void *const *buffers, const double *, const int64_t *,
                       int64_t begin, int64_t end, void *scratch) {
  float *wait = static_cast<float *>(scratch);
  for (int64_t i = begin; i < end; ++i) {
    *wait = static_cast<const float *>(buffers[1])[i];
    static_cast<float *>(buffers[0])[i] = *wait;
  }
}

/// r[t] = d[tokens[t]] − targets[t] / V; sizes: V; units: t.
static void residualKernel(void *const *buffers, const double *,
                           const int64_t *sizes, int64_t begin, int64_t end,
                           void *) {
  float *r = static_cast<float *>(buffers[0]);
  const float *d = static_cast<const float *>(buffers[1]);
  const int32_t *tokens = static_cast<const int32_t *>(buffers[2]);
  const int32_t *targets = static_cast<const int32_t *>(buffers[3]);
  for (int64_t t = begin; t < end; ++t)
    r[t] = d[tokens[t]] - float(targets[t]) / float(sizes[0]);
}

/// loss = Σ r[t]² / divisor; sizes: T, divisor; one unit.
static void lossKernel(void *const *buffers, const double *numbers,
                       const int64_t *sizes, int64_t, int64_t, void *) {
  const float *r = static_cast<const float *>(buffers[1]);
  double sum = 0;
  for (int64_t t = 0; t < sizes[0]; ++t)
    sum += double(r[t]) * double(r[t]);
  if (numbers[kBroken] != 0)
    sum = __builtin_nan("");
  *static_cast<double *>(buffers[0]) = sum / double(sizes[1]);
}

/// g[v] += Σ of 2 r[t] / micro-batches over v's positions, in the order of the
/// token list; sizes: T; units: v.
static void gradientKernel(void *const *buffers, const double *numbers,
                           const int64_t *sizes, int64_t begin, int64_t end,
                           void *) {
  float *g = static_cast<float *>(buffers[0]);
  const float *r = static_cast<const float *>(buffers[1]);
  const int32_t *tokens = static_cast<const int32_t *>(buffers[2]);
  const int32_t *order = static_cast<const int32_t *>(buffers[3]);
  for (int64_t v = begin; v < end; ++v)
    for (int64_t i = 0; i < sizes[0]; ++i)
      if (tokens[order[i]] == v)
        g[v] += 2 * r[order[i]] / float(numbers[kMicroBatches]);
}

/// norm = Σ g²; sizes: V; one unit.
static void normKernel(void *const *buffers, const double *,
                       const int64_t *sizes, int64_t, int64_t, void *) {
  const float *g = static_cast<const float *>(buffers[1]);
  double sum = 0;
  for (int64_t v = 0; v < sizes[0]; ++v)
    sum += double(g[v]) * double(g[v]);
  *static_cast<double *>(buffers[0]) = sum;
}

/// w[v] −= lr g[v], g[v] = 0; units: v.
static void updateKernel(void *const *buffers, const double *numbers,
                         const int64_t *, int64_t begin, int64_t end, void *) {
  float *w = static_cast<float *>(buffers[0]);
  float *g = static_cast<float *>(buffers[1]);
  for (int64_t v = begin; v < end; ++v) {
    w[v] -= float(numbers[kLr]) * g[v];
    g[v] = 0;
  }
}

/// p[t, tokens[t] + 1 mod V] = 1, else 0; sizes: V, padded; units: t.
static void distributionKernel(void *const *buffers, const double *numbers,
                               const int64_t *sizes, int64_t begin, int64_t end,
                               void *) {
  float *p = static_cast<float *>(buffers[0]);
  const int32_t *tokens = static_cast<const int32_t *>(buffers[1]);
  for (int64_t t = begin; t < end; ++t)
    for (int64_t v = 0; v < sizes[1]; ++v)
      p[t * sizes[1] + v] =
          float(v == (tokens[t] + 1) % sizes[0]) + float(numbers[kExcess]);
}

FakeProgram::FakeProgram(const FakeOptions &o) {
  ProgramBuilder b;
  int64_t vocabulary = o.vocabularySize;
  int64_t longest = std::max({o.tokens, o.laterTokens, o.validateBatch});
  auto f32 = Element::F32;
  auto i32 = Element::I32;
  uint32_t w = b.buffer("w", BufferKind::Parameter, f32, {vocabulary});
  uint32_t copy =
      b.buffer("copy.of_w", BufferKind::Parameter, f32, {vocabulary / 2, 2});
  uint32_t d = b.buffer("d", BufferKind::Derived, f32, {vocabulary});
  uint32_t g = b.buffer("g", BufferKind::Gradient, f32, {vocabulary}, w);
  uint32_t tokens = b.buffer("tokens", BufferKind::Input, i32, {longest});
  uint32_t targets = b.buffer("targets", BufferKind::Input, i32, {longest});
  uint32_t starts = b.buffer("starts", BufferKind::Input, i32, {longest});
  uint32_t order = b.buffer("order", BufferKind::Input, i32, {longest});
  uint32_t loss = b.buffer("loss", BufferKind::Output, Element::F64, {});
  uint32_t nextLoss = kNone;
  if (o.twoLosses)
    nextLoss = b.buffer("next", BufferKind::Output, Element::F64, {});
  uint32_t norm = b.buffer("norm", BufferKind::Output, Element::F64, {});
  uint32_t p =
      b.buffer("p", BufferKind::Output, f32, {o.sampleTokens, o.padded});
  uint32_t r = b.buffer("r", BufferKind::Workspace, f32, {longest});

  uint32_t init = b.kernel(initKernel, "init");
  uint32_t copyW = b.kernel(copyKernel, "copy");
  uint32_t residual = b.kernel(residualKernel, "residual");
  uint32_t sum = b.kernel(lossKernel, "loss");
  uint32_t gradient = b.kernel(gradientKernel, "gradient");
  uint32_t square = b.kernel(normKernel, "norm");
  uint32_t descend = b.kernel(updateKernel, "update");
  uint32_t distribution = b.kernel(distributionKernel, "distribution");

  b.header.init = b.part(PartKind::Init, "init", 0);
  b.launch(init, {w}, vocabulary);
  uint32_t prologue = b.part(PartKind::Prologue, "prologue", 0);
  b.launch(copyW, {d, w}, vocabulary, {}, 4);
  auto micro = [&](const char *name, int64_t count) {
    uint32_t part = b.part(PartKind::Micro, name, count);
    b.input(tokens, Feed::Tokens, vocabulary, "the rows of w");
    b.input(targets, Feed::Targets, vocabulary, "the divisor");
    b.input(starts, Feed::DocumentStarts);
    b.input(order, Feed::TokenOrder);
    b.output(loss, Result::Loss, o.lossAsItIs ? 0 : count);
    if (o.twoLosses)
      b.output(nextLoss, Result::NextTokenLoss, count);
    b.launch(residual, {r, d, tokens, targets}, count, {vocabulary});
    b.launch(sum, {loss, r}, 1, {count, 1});
    if (o.twoLosses)
      b.launch(sum, {nextLoss, r}, 1, {count, 2});
    b.launch(gradient, {g, r, tokens, order}, vocabulary, {count});
    return part;
  };
  uint32_t early = micro("micro.early", o.tokens);
  uint32_t late = micro("micro.late", o.laterTokens);
  uint32_t update = b.part(PartKind::Update, "update", 0);
  b.output(norm, Result::GradientNorm);
  b.launch(square, {norm, g}, 1, {vocabulary});
  b.launch(descend, {w, g}, vocabulary);
  uint32_t rest = b.part(PartKind::Update, "rest", 0);
  b.output(norm, Result::GradientNorm);
  b.launch(square, {norm, g}, 1, {vocabulary});
  uint32_t event = b.part(PartKind::Event, "split", 0);
  b.launch(copyW, {copy, w}, vocabulary, {}, 4);
  uint32_t validate = b.part(PartKind::Validate, "validate", o.validateBatch);
  b.input(tokens, Feed::Tokens, vocabulary);
  b.input(targets, Feed::Targets, vocabulary);
  if (o.validatesDocuments)
    b.input(starts, Feed::DocumentStarts);
  b.output(loss, Result::Loss);
  b.launch(residual, {r, w, tokens, targets}, o.validateBatch, {vocabulary});
  b.launch(sum, {loss, r}, 1, {o.validateBatch, o.validateBatch});
  b.header.sample = b.part(PartKind::Sample, "sample", o.sampleTokens);
  b.input(tokens, Feed::Tokens, vocabulary);
  b.output(p, Result::Probabilities);
  b.launch(distribution, {p, tokens}, o.sampleTokens, {vocabulary, o.padded});

  b.numbers = {{b.text("lr"), NumberKind::Scheduled, 1},
               {b.text("micro_batches"), NumberKind::MicroBatches, 0},
               {b.text("seed"), NumberKind::Seed, 0},
               {b.text("broken"), NumberKind::Scheduled, 0},
               {b.text("excess"), NumberKind::Scheduled, 0}};
  for (int64_t step = 0; step <= o.steps; ++step) {
    uint32_t part = 2 * step < o.steps ? early : late;
    bool trains = (step + 1) % o.updateEvery == 0;
    b.steps.push_back({prologue, part, kNone, trains ? update : rest,
                       step == 1 ? event : kNone, validate, step % 4 == 0, 0});
    b.numberTable.insert(b.numberTable.end(),
                         {step == o.steps ? 0 : 0.25 / double(step + 1), -1, -1,
                          step == o.brokenStep ? 1.0 : 0.0, o.excess});
  }
  b.constant("V", double(vocabulary));
  b.note("target", "fake");
  b.sources = {{b.text("fake.mlir"), b.text("gpt.model @fake {\n}\n")},
               {b.text("base.mlir"), b.text("gpt.model @base {\n}")}};
  b.header.model = b.text("fake");
  b.header.vocabulary = b.text(o.vocabulary);
  b.header.fingerprint = 0x123456789abcdef0;
  b.header.features = o.features;
  b.header.stepsConstant = b.text("S");
  b.header.steps = o.steps;
  b.header.microBatches = o.microBatches;
  b.header.documentToken = o.documentToken;
  b.header.maxDocumentTokens = o.maxDocumentTokens;
  b.header.vocabularySize = vocabulary;
  b.header.validateTokens = o.validateTokens;
  b.header.validateBatch = o.validateBatch;
  blob = b.finish();
  kernels = b.kernels;
}
