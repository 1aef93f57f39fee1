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
#include <cmath>
#include <map>
#include <utility>

using namespace gptc;

// Columns of a row of numbers.
enum { kLr, kMicroBatches, kSeed, kBroken, kExcess, kValidate, kFine, kSteep };

/// Numbers follow from a program's options, a function from nothing but its
/// arguments: so each program takes one of several functions with options of
/// its own. As many programs may be alive at once.
static constexpr size_t kFunctions = 64;
static FakeOptions optionsOf[kFunctions];

/// lr halves, thirds, … from a first value that a run may set.
template <size_t I>
static void computeNumbers(const double *given, int64_t step, double *state,
                           double *row) {
  const FakeOptions &o = optionsOf[I];
  state[0] = step == 0 ? 0 : state[0] + 1; // counts: every step, in order
  double first = std::isnan(given[0]) ? 0.25 : given[0];
  row[kLr] = step == o.steps ? 0 : first / (state[0] + 1);
  row[kMicroBatches] = row[kSeed] = -1; // the host's
  row[kBroken] = step == o.brokenStep ? 1 : 0;
  row[kExcess] = double(o.excess);
  row[kValidate] = step % 4 == 0;
  row[kFine] = row[kLr] >= 0;
  row[kSteep] = step == o.steepStep ? double(o.steepToken) : -1;
}

template <size_t... I>
static ComputeNumbers functionAt(size_t index, std::index_sequence<I...>) {
  static constexpr ComputeNumbers functions[] = {computeNumbers<I>...};
  return functions[index];
}

static ComputeNumbers takeNumbers(const FakeOptions &options) {
  static size_t next = 0;
  size_t index = next++ % kFunctions;
  optionsOf[index] = options;
  return functionAt(index, std::make_index_sequence<kFunctions>());
}

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
  auto steep = int64_t(numbers[kSteep]);
  for (int64_t i = 0; i < sizes[0]; ++i)
    if (tokens[i] == steep && begin <= steep && steep < end)
      g[steep] = __builtin_inff();
}

/// nonfinite = x, unless that is finite; one unit.
static void watchKernel(void *const *buffers, const double *, const int64_t *,
                        int64_t, int64_t, void *) {
  double x = *static_cast<const double *>(buffers[1]);
  if (!__builtin_isfinite(x))
    *static_cast<float *>(buffers[0]) = float(x);
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

/// w[v] −= lr g[v] if all was finite, g[v] = 0; units: v.
static void updateKernel(void *const *buffers, const double *numbers,
                         const int64_t *, int64_t begin, int64_t end, void *) {
  float *w = static_cast<float *>(buffers[0]);
  float *g = static_cast<float *>(buffers[1]);
  for (int64_t v = begin; v < end; ++v) {
    if (__builtin_isfinite(*static_cast<const float *>(buffers[2])))
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

/// The kernels by name, for the driver of test/cuda.
static std::map<std::string, Kernel> &namedKernels() {
  static std::map<std::string, Kernel> kernels;
  return kernels;
}
extern "C" Kernel gptc_fake_kernel(const char *name) {
  auto found = namedKernels().find(name);
  return found == namedKernels().end() ? nullptr : found->second;
}

FakeProgram::FakeProgram(const FakeOptions &o) {
  ProgramBuilder b;
  b.header.target = o.gpu ? Target::Sm90a : Target::Cpu;
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
  uint32_t nonfinite = b.buffer("nonfinite", BufferKind::Output, f32, {});
  uint32_t p =
      b.buffer("p", BufferKind::Output, f32, {o.sampleTokens, o.padded});
  uint32_t r = b.buffer("r", BufferKind::Workspace, f32, {longest});

  uint32_t init = b.kernel(initKernel, "init");
  uint32_t copyW = b.kernel(copyKernel, "copy");
  uint32_t residual = b.kernel(residualKernel, "residual");
  uint32_t sum = b.kernel(lossKernel, "loss");
  uint32_t gradient = b.kernel(gradientKernel, "gradient");
  uint32_t square = b.kernel(normKernel, "norm");
  uint32_t watch = b.kernel(watchKernel, "watch");
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
    b.output(nonfinite, Result::Nonfinite);
    if (o.twoLosses)
      b.output(nextLoss, Result::NextTokenLoss, count);
    b.launch(residual, {r, d, tokens, targets}, count, {vocabulary});
    // As if it were attention in a window of lr, in which each position sees
    // itself alone, of so many operations that it takes a thousandth of a
    // second.
    b.cost({Family::Attention, Precision::BF16, kLr, 0, 989.4e9 / double(count),
            0, count, 8, 4},
           "fake.mlir:3");
    b.launch(sum, {loss, r}, 1, {count, 1});
    if (o.twoLosses)
      b.launch(sum, {nextLoss, r}, 1, {count, 2});
    b.launch(watch, {nonfinite, loss}, 1);
    b.launch(gradient, {g, r, tokens, order}, vocabulary, {count});
    uint32_t behind = uint32_t(b.launches.size());
    if (o.overlaps) // something that takes no part in it
      b.launch(residual, {r, d, tokens, targets}, count, {vocabulary});
    for (uint32_t last = 0; o.overlaps && last < 2; ++last) {
      b.parts[part].ranks = 1;
      Part variant = b.parts[part];
      variant.ranks = o.overlaps;
      variant.last = last;
      variant.collectives = {uint32_t(b.collectives.size()), 0};
      b.parts.push_back(variant);
      if (last) {
        b.allReduce(g);
        b.allReduce(nonfinite);
        for (uint32_t back : {1u, 2u})
          b.collectives[b.collectives.size() - back].before = behind;
      }
    }
    return part;
  };
  uint32_t early = micro("micro.early", o.tokens);
  uint32_t late = micro("micro.late", o.laterTokens);
  uint32_t update = b.part(PartKind::Update, "update", 0);
  b.output(norm, Result::GradientNorm);
  b.output(nonfinite, Result::Nonfinite);
  if (!o.overlaps) {
    b.allReduce(g);
    b.allReduce(nonfinite);
  }
  b.await(g);
  b.await(nonfinite);
  b.launch(square, {norm, g}, 1, {vocabulary});
  b.launch(watch, {nonfinite, norm}, 1);
  b.launch(descend, {w, g, nonfinite}, vocabulary);
  uint32_t rest = b.part(PartKind::Update, "rest", 0);
  b.output(norm, Result::GradientNorm);
  b.output(nonfinite, Result::Nonfinite);
  if (!o.sumsLate && !o.overlaps)
    b.allReduce(g);
  if (!o.overlaps)
    b.allReduce(nonfinite);
  b.await(g);
  b.await(nonfinite);
  b.launch(square, {norm, g}, 1, {vocabulary});
  b.launch(watch, {nonfinite, norm}, 1);
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

  auto number = [&](const char *name, NumberKind kind, bool isListed) {
    b.numbers.push_back({b.text(name), kind, isListed,
                         isListed ? Listing::Number : Listing::None, 0});
  };
  number("lr", NumberKind::Scheduled, true);
  number("micro_batches", NumberKind::MicroBatches, false);
  number("seed", NumberKind::Seed, false);
  for (const char *name : {"broken", "excess", "validate", "fine", "steep"})
    number(name, NumberKind::Scheduled, false);
  b.listed = {kLr};
  b.header.validateColumn = kValidate;
  b.header.stateNumbers = 1;
  b.checkColumns = {kLr};
  b.checkSteps = {0, o.steps};
  b.checks = {{kFine, 0, b.text("the rate is {}, below 0"), {0, 1}, {0, 2}}};
  for (int64_t step = 0; step <= o.steps; ++step) {
    uint32_t part = 2 * step < o.steps ? early : late;
    bool trains = (step + 1) % o.updateEvery == 0;
    b.steps.push_back({prologue, part, kNone, trains ? update : rest,
                       step == 1 ? event : kNone, validate});
  }
  b.constant("V", double(vocabulary), ConstantUse::Fixed, "the shape of 'w'");
  b.constant("idle", 1, ConstantUse::Unread);
  b.constant("rate", 0.25, ConstantUse::Setting);
  b.note("target", "fake");
  b.sources = {{b.text("fake.mlir"), b.text("gpt.model @fake {\n}\n")},
               {b.text("base.mlir"), b.text("gpt.model @base {\n}")}};
  b.header.model = b.text("fake");
  b.header.vocabulary = b.text(o.vocabulary);
  b.header.fingerprint = o.fingerprint;
  b.header.features = o.features;
  b.header.stepsConstant = b.text("S");
  b.header.steps = o.steps;
  b.header.microBatches = o.microBatches;
  b.header.documentToken = o.documentToken;
  b.header.maxDocumentTokens = o.maxDocumentTokens;
  b.header.vocabularySize = vocabulary;
  b.header.validateTokens = o.validateTokens;
  b.header.validateBatch = o.validateBatch;
  for (size_t i = 0; i < b.kernels.size(); ++i)
    namedKernels()[b.name(b.kernelNames[i])] = b.kernels[i];
  blob = b.finish();
  kernels = b.kernels;
  numbers = takeNumbers(o);
}
