//===- sample.cpp - text from a model -------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every token takes a forward pass over the whole context: attention is
// causal, so what pads the context on the right changes nothing. Draws come
// from a counter-based generator, so a sample depends on its seed alone.
//
//===----------------------------------------------------------------------===//

#include "sample.h"

#include "error.h"
#include "parameters.h"
#include "safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

using namespace gptc;

uint64_t gptc::mix(uint64_t bits) {
  bits += 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

double gptc::uniform(uint64_t seed, uint64_t counter) {
  return static_cast<double>(mix(mix(seed) ^ counter) >> 11) * 0x1p-53;
}

/// How far from 1 a sum of f32 may come: 65536 of them, each rounded.
static constexpr double kSumTolerance = 1e-3;

std::string gptc::faultOf(const float *probabilities, int64_t columns,
                          int64_t count) {
  double sum = 0, drawable = 0;
  int64_t wrong = 0, none = 0, first = 0;
  for (int64_t i = 0; i < columns; ++i) {
    auto p = static_cast<double>(probabilities[i]);
    if (!(p >= 0) || p > 1 + kSumTolerance)
      first = wrong++ ? first : i;
    none += __builtin_isnan(p);
    sum += p;
    drawable += i < count ? p : 0;
  }
  if (none == columns)
    return formatText("all {} probabilities are nan", columns);
  if (wrong)
    return formatText("the probability of token {} is {:g}", first,
                      static_cast<double>(probabilities[first]));
  if (__builtin_fabs(sum - 1) > kSumTolerance)
    return formatText("the probabilities add up to {:g}", sum);
  if (drawable <= 0)
    return "no token of the vocabulary has a probability";
  return "";
}

int64_t gptc::drawIndex(const float *probabilities, int64_t count,
                        double point) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i)
    total += static_cast<double>(probabilities[i]);
  double sum = 0;
  int64_t last = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!(probabilities[i] > 0))
      continue;
    sum += static_cast<double>(probabilities[i]);
    last = i;
    if (sum > point * total)
      break;
  }
  return last;
}

static bool showsBytes(const ProgramView &program) {
  return program.text(program.header().vocabulary) == "bytes";
}

std::vector<int32_t> gptc::parsePrompt(const ProgramView &program,
                                       const std::string &prompt) {
  int64_t vocabularySize = program.header().vocabularySize;
  std::vector<int32_t> tokens;
  auto append = [&](long long token) {
    if (token < 0 || token >= vocabularySize)
      fail("--prompt: token {} is outside the vocabulary [0, {})", token,
           vocabularySize);
    tokens.push_back(static_cast<int32_t>(token));
  };
  if (showsBytes(program)) {
    for (unsigned char byte : prompt)
      append(byte);
    return tokens;
  }
  static const char separators[] = " ,\t\n";
  for (size_t at = prompt.find_first_not_of(separators);
       at != std::string::npos; at = prompt.find_first_not_of(separators, at)) {
    char *end;
    errno = 0;
    long long token = std::strtoll(prompt.c_str() + at, &end, 10);
    if (end == prompt.c_str() + at || errno != 0)
      fail("--prompt: token numbers were expected at '{}'",
           prompt.c_str() + at);
    append(token);
    at = static_cast<size_t>(end - prompt.c_str());
  }
  return tokens;
}

/// The last tokens of `context`, padded on the right, as one document.
static MicroBatch fillContext(const std::vector<int32_t> &context,
                              int64_t tokens, int32_t padding) {
  auto used = std::min<int64_t>(static_cast<int64_t>(context.size()), tokens);
  MicroBatch batch;
  batch.tokens.assign(context.end() - used, context.end());
  batch.tokens.resize(static_cast<size_t>(tokens), padding);
  batch.targets.assign(static_cast<size_t>(tokens), padding);
  batch.documentStarts.assign(static_cast<size_t>(tokens), 0);
  return batch;
}

/// Bytes as they are, the document token as a line's end, others by number.
static void show(const ProgramView &program, int32_t token,
                 std::FILE *console) {
  if (!showsBytes(program))
    print(console, "{} ", token);
  else if (token == program.header().documentToken)
    std::fputc('\n', console);
  else if (token < 256)
    std::fputc(token, console);
  else
    print(console, "<{}>", token);
  std::fflush(console);
}

/// The first element of a parameter that is not finite: "parameter 'head' is
/// nan at [3, 2]". Empty if there is none.
static std::string findNotFinite(const Instance &instance) {
  const ProgramView &program = instance.program();
  for (const Buffer &buffer : program.buffers()) {
    if (buffer.kind != BufferKind::Parameter)
      continue;
    uint64_t count = elementCount(buffer);
    std::vector<float> values(count);
    std::vector<std::byte> storage;
    convertElements(instance.read(buffer, storage), buffer.element,
                    reinterpret_cast<std::byte *>(values.data()), Element::F32,
                    count);
    for (uint64_t i = 0; i < count; ++i) {
      if (__builtin_isfinite(values[i]))
        continue;
      std::vector<int64_t> place(buffer.rank);
      uint64_t rest = i;
      for (uint32_t d = buffer.rank; d-- > 0;) {
        auto size = static_cast<uint64_t>(buffer.shape[d]);
        place[d] = static_cast<int64_t>(rest % size);
        rest /= size;
      }
      return formatText("parameter '{}' is {:g} at {}",
                        program.string(buffer.name),
                        static_cast<double>(values[i]), shapeText(place));
    }
  }
  return "";
}

void gptc::sample(const ProgramView &program, const SampleOptions &options,
                  std::FILE *console) {
  const Program &header = program.header();
  if (header.sample == kNone)
    fail("this model was compiled without a sampling part");
  std::vector<int32_t> context = parsePrompt(program, options.prompt);
  std::vector<uint32_t> parts = eventsFrom(program, 0);
  parts.push_back(header.sample);
  Settings settings;
  if (!options.parameters.empty())
    settings = readSettings(program, options.parameters);
  Instance instance(program, options.threads, options.seed, parts,
                    settings.given);
  const Part &part = program.parts()[header.sample];
  const Buffer *output = instance.output(header.sample, Result::Probabilities);
  if (!output || output->rank != 2 || output->element != Element::F32 ||
      output->shape[0] != part.tokens || output->shape[1] < 1)
    fail("the embedded program is damaged: part {} has no distributions",
         program.string(part.name));
  int64_t columns = output->shape[1];
  int64_t drawable = std::min(columns, header.vocabularySize);
  instance.initialize();
  instance.runEvents(0);
  // The step whose schedules hold: the one after those that the file's
  // parameters have seen, as for a validation there.
  int64_t step = 0;
  if (!options.parameters.empty())
    step = loadParameters(instance, options.parameters).value_or(header.steps);
  step = std::min(step, header.steps);

  for (int32_t token : context)
    show(program, token, console);
  auto padding = static_cast<int32_t>(header.documentToken);
  if (context.empty())
    context.push_back(padding);
  std::vector<std::byte> storage;
  for (int64_t i = 0; i < options.length; ++i) {
    instance.run(header.sample, step,
                 fillContext(context, part.tokens, padding));
    auto last =
        std::min<int64_t>(static_cast<int64_t>(context.size()), part.tokens) -
        1;
    const float *row =
        reinterpret_cast<const float *>(instance.read(*output, storage)) +
        last * columns;
    if (std::string fault = faultOf(row, columns, drawable); !fault.empty()) {
      std::fputc('\n', console);
      std::fflush(console);
      std::string cause = findNotFinite(instance);
      fail("token {} of the sample cannot be drawn: at position {} of the "
           "context {}; {}",
           i, last, fault,
           cause.empty() ? "the parameters are finite: their values or the "
                           "model's temperature are out of range"
                         : cause);
    }
    int64_t token = drawIndex(row, drawable,
                              uniform(options.seed, static_cast<uint64_t>(i)));
    context.push_back(static_cast<int32_t>(token));
    show(program, context.back(), console);
  }
  std::fputc('\n', console);
  if (std::fflush(console) != 0 || std::ferror(console))
    fail("cannot write the sample");
}
