//===- parameters.cpp - parameter files -----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// All checks come before the first copy.
//
//===----------------------------------------------------------------------===//

#include "parameters.h"

#include "bf16.h"
#include "error.h"
#include "safetensors.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <set>
#include <sstream>

using namespace gptc;

void gptc::convertElements(const std::byte *from, Element fromElement,
                           std::byte *to, Element toElement, uint64_t count) {
  if (fromElement == toElement) {
    std::memcpy(to, from, count * elementBytes(fromElement));
    return;
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (toElement == Element::F32) {
      uint16_t half;
      std::memcpy(&half, from + 2 * i, 2);
      uint32_t bits = widenBf16(half);
      std::memcpy(to + 4 * i, &bits, 4);
    } else {
      uint32_t bits;
      std::memcpy(&bits, from + 4 * i, 4);
      uint16_t half = narrowToBf16(bits);
      std::memcpy(to + 2 * i, &half, 2);
    }
  }
}

/// Checks the file against the program's parameters.
static void checkParameters(const ProgramView &program,
                            const TensorFile &file) {
  const char *path = file.path().c_str();
  std::set<std::string> names;
  for (const Buffer &buffer : program.buffers()) {
    if (buffer.kind != BufferKind::Parameter)
      continue;
    std::string name = program.string(buffer.name);
    names.insert(name);
    const Tensor *tensor = file.find(name);
    if (!tensor)
      fail("{}: parameter '{}' of the model is missing", path, name);
    if (tensor->shape != bufferShape(buffer))
      fail("{}: parameter '{}' has shape {}, the model's is {}", path, name,
           shapeText(tensor->shape), shapeText(bufferShape(buffer)));
    if (tensor->element != Element::F32 && tensor->element != Element::BF16)
      fail("{}: parameter '{}' is {}: parameters are F32 or BF16", path, name,
           elementName(tensor->element));
  }
  for (const auto &entry : file.tensors())
    if (!names.count(entry.first))
      fail("{}: '{}' is no parameter of the model", path, entry.first);
}

static constexpr char kSteps[] = "gptc.steps", kSet[] = "gptc.set";

/// The number of steps that the file names.
static std::optional<int64_t> readSteps(const TensorFile &file) {
  auto found = file.metadata().find(kSteps);
  if (found == file.metadata().end())
    return std::nullopt;
  const char *text = found->second.c_str();
  char *end;
  errno = 0;
  long long steps = std::strtoll(text, &end, 10);
  if (end == text || *end || errno || steps < 0)
    fail("{}: its metadata gives '{}' as {}, a number of steps was expected",
         file.path(), text, kSteps);
  return steps;
}

std::optional<int64_t> gptc::loadParameters(Instance &instance,
                                            const std::string &path) {
  const ProgramView &program = instance.program();
  TensorFile file(path);
  checkParameters(program, file);
  std::optional<int64_t> steps = readSteps(file);
  for (const Buffer &buffer : program.buffers()) {
    if (buffer.kind != BufferKind::Parameter)
      continue;
    const Tensor &tensor = *file.find(program.string(buffer.name));
    std::vector<std::byte> stored(buffer.bytes);
    convertElements(tensor.data, tensor.element, stored.data(), buffer.element,
                    elementCount(buffer));
    instance.write(buffer, stored.data());
  }
  return steps;
}

void gptc::saveParameters(Instance &instance, const std::string &path,
                          int64_t steps, const Settings &settings,
                          bool complete) {
  if (complete)
    instance.runEvents(steps);
  const ProgramView &program = instance.program();
  std::vector<NamedTensor> tensors;
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Parameter)
      tensors.push_back({program.string(buffer.name), buffer.element,
                         bufferShape(buffer),
                         [&instance, &buffer](std::vector<std::byte> &storage) {
                           return instance.read(buffer, storage);
                         }});
  writeTensorFile(path, tensors, parameterNotes(steps, settings.text()));
}

std::map<std::string, std::string>
gptc::parameterNotes(int64_t steps, const std::string &set) {
  std::map<std::string, std::string> notes{{kSteps, std::to_string(steps)}};
  if (!set.empty())
    notes[kSet] = set;
  return notes;
}

Settings gptc::readSettings(const ProgramView &program,
                            const std::string &path) {
  TensorFile file(path);
  auto found = file.metadata().find(kSet);
  std::istringstream text(found == file.metadata().end() ? "" : found->second);
  std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
  Settings settings =
      parseSettings(program, words, path + ": its metadata gives --set");
  checkSettings(program, settings);
  return settings;
}
