//===- gradients.cpp - the gradients of one micro-batch -------------------===//
//
// Part of gptc, under the MIT License.
//
// A training step without its update: prologue, one micro-batch, epilogue.
//
//===----------------------------------------------------------------------===//

#include "gradients.h"

#include "error.h"
#include "parameters.h"
#include "safetensors.h"
#include "settings.h"

#include <cstring>

using namespace gptc;

std::vector<int64_t>
gptc::readDocumentStarts(const std::string &path,
                         const std::vector<int32_t> &lengths, int64_t tokens) {
  if (lengths.empty() || lengths.front() != 0)
    fail("{}: cu_seqlens must begin with 0", path);
  std::vector<int64_t> starts;
  for (size_t i = 0; i < lengths.size(); ++i) {
    int32_t start = lengths[i];
    if (start < 0 || start > tokens)
      fail("{}: cu_seqlens[{}] is {}, outside [0, {}]", path, i, start, tokens);
    if (i != 0 && start < lengths[i - 1])
      fail("{}: cu_seqlens[{}] is {}, less than {} before it", path, i, start,
           lengths[i - 1]);
    if (start < tokens && (starts.empty() || starts.back() != start))
      starts.push_back(start);
  }
  return starts;
}

static std::vector<int32_t> readList(const TensorFile &file,
                                     const std::string &name) {
  const Tensor *tensor = file.find(name);
  if (!tensor)
    fail("{}: tensor '{}' is missing: a batch holds tokens, targets and "
         "cu_seqlens",
         file.path(), name);
  if (tensor->element != Element::I32 || tensor->shape.size() != 1)
    fail("{}: tensor '{}' is {} of shape {}, one dimension of I32 was expected",
         file.path(), name, elementName(tensor->element),
         shapeText(tensor->shape));
  std::vector<int32_t> values(static_cast<size_t>(tensor->shape[0]));
  if (!values.empty())
    std::memcpy(values.data(), tensor->data, tensor->bytes);
  return values;
}

static std::vector<int32_t> readTokens(const TensorFile &file,
                                       const std::string &name, int64_t count,
                                       const Bound &bound) {
  std::vector<int32_t> tokens = readList(file, name);
  if (static_cast<int64_t>(tokens.size()) != count)
    fail("{}: '{}' holds {} tokens, this step takes {}", file.path(), name,
         tokens.size(), count);
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= bound.below)
      fail("{}: {}[{}] is {}: the model takes {} from 0 and {}; give a batch "
           "of its tokenizer, or compile it for a larger vocabulary",
           file.path(), name, i, tokens[i], name, bound.text());
  return tokens;
}

/// Reads the i32 tensors `tokens`, `targets` and `cu_seqlens`. Throws an
/// `Error` for a missing one, another dtype or rank, a token count other than
/// the part's, a token or target beyond its bound, wrong cumulative lengths.
static MicroBatch readBatchFile(const std::string &path,
                                const ProgramView &program, uint32_t part) {
  TensorFile file(path);
  MicroBatch batch;
  int64_t tokens = program.parts()[part].tokens;
  batch.tokens = readTokens(file, "tokens", tokens,
                            boundOf(program, {part}, {Feed::Tokens}));
  batch.targets = readTokens(file, "targets", tokens,
                             boundOf(program, {part}, {Feed::Targets}));
  batch.documentStarts = spreadDocumentStarts(
      readDocumentStarts(path, readList(file, "cu_seqlens"), tokens), tokens);
  return batch;
}

/// The gradient buffer of parameter number `parameter`; null if it has none.
static const Buffer *findGradient(const ProgramView &program,
                                  uint32_t parameter) {
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Gradient && buffer.parameter == parameter)
      return &buffer;
  return nullptr;
}

/// A buffer as F32.
static const std::byte *readWide(const Instance &instance, const Buffer &buffer,
                                 std::vector<std::byte> &storage) {
  if (buffer.element == Element::F32)
    return instance.read(buffer, storage);
  std::vector<std::byte> stored;
  const std::byte *narrow = instance.read(buffer, stored);
  storage.resize(elementCount(buffer) * elementBytes(Element::F32));
  convertElements(narrow, buffer.element, storage.data(), Element::F32,
                  elementCount(buffer));
  return storage.data();
}

/// All gradients as F32, in the parameters' order, and the loss.
static void writeResults(const Instance &instance, const std::string &path,
                         double loss) {
  const ProgramView &program = instance.program();
  std::vector<NamedTensor> tensors;
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    const Buffer &parameter = program.buffers()[i];
    if (parameter.kind != BufferKind::Parameter)
      continue;
    NamedTensor tensor{program.string(parameter.name), Element::F32,
                       bufferShape(parameter), nullptr};
    if (const Buffer *gradient = findGradient(program, i))
      tensor.data = [&instance, gradient](std::vector<std::byte> &storage) {
        return readWide(instance, *gradient, storage);
      };
    tensors.push_back(std::move(tensor));
  }
  tensors.push_back({"loss", Element::F64, {}, inMemory(&loss)});
  writeTensorFile(path, tensors);
}

void gptc::writeGradients(const ProgramView &program,
                          const GradientsOptions &options) {
  checkStep(program, options.step);
  const Step &step = program.stepTable()[options.step];
  Settings settings = parseSettings(program, options.set);
  checkSettings(program, settings);
  Instance instance(program, options.threads, 0,
                    {step.prologue, step.micro, step.epilogue}, settings.given);
  MicroBatch batch = readBatchFile(options.batch, program, step.micro);
  instance.initialize();
  loadParameters(instance, options.parameters);
  if (step.prologue != kNone)
    instance.run(step.prologue, options.step);
  instance.run(step.micro, options.step, batch);
  double loss = instance.loss(step.micro);
  if (step.epilogue != kNone)
    instance.run(step.epilogue, options.step);
  writeResults(instance, options.out, loss);
}
