//===- run_state.cpp - what a run is between two steps --------------------===//
//
// Part of gptc, under the MIT License.
//
// Which gradients wait is not asked of the program: those that an optimizer has
// consumed are zero, and zeros are not written.
//
//===----------------------------------------------------------------------===//

#include "run_state.h"

#include "digest.h"
#include "error.h"
#include "parameters.h"

#include <algorithm>
#include <cstring>

using namespace gptc;

static bool isState(const Buffer &buffer) {
  return std::any_of(
      std::begin(kStateFiles), std::end(kStateFiles),
      [&](const StateFile &file) { return file.kind == buffer.kind; });
}

static uint64_t roomOf(const Buffer &buffer) {
  return (buffer.bytes + 63) / 64 * 64;
}

uint64_t RunState::bytes(const ProgramView &program) {
  uint64_t bytes = 0;
  for (const Buffer &buffer : program.buffers())
    if (isState(buffer))
      bytes += roomOf(buffer);
  return bytes;
}

//===----------------------------------------------------------------------===//
// Copying
//===----------------------------------------------------------------------===//

RunState::RunState(const Instance &instance, Communicator &ranks)
    : instance(instance), ranks(ranks) {
  if (ranks.rank() != 0)
    return;
  std::byte *next = instance.hostMemory(bytes(instance.program()));
  for (const Buffer &buffer : instance.program().buffers())
    if (isState(buffer)) {
      entries.push_back({&buffer, next});
      next += roomOf(buffer);
    }
}

/// The whole of a buffer of which every rank has all.
void RunState::gather(const Entry &entry) {
  instance.copy(*entry.buffer, entry.copy);
}

void RunState::copy() {
  for (const Entry &entry : entries)
    gather(entry);
  if (ranks.world() > 1)
    gatherGradients();
}

/// A gradient that waits may not have been summed over the ranks yet.
void RunState::gatherGradients() {
  unlike.clear();
  std::vector<const Buffer *> gradients;
  std::vector<Digest> own;
  std::vector<std::byte> storage;
  for (const Buffer &buffer : instance.program().buffers())
    if (buffer.kind == BufferKind::Gradient) {
      gradients.push_back(&buffer);
      own.push_back(digestBytes(instance.read(buffer, storage), buffer.bytes));
    }
  size_t count = own.size();
  std::vector<Digest> all(count * ranks.world());
  ranks.allGather(own.data(), all.data(), count * sizeof(Digest),
                  "the gradients that wait");
  for (size_t i = 0; i < count; ++i) {
    bool isSame = true;
    for (unsigned r = 1; r < ranks.world(); ++r)
      isSame &= all[r * count + i] == all[i];
    if (isSame)
      continue;
    const Buffer &buffer = *gradients[i];
    std::vector<std::byte> each(buffer.bytes * ranks.world());
    ranks.allGather(instance.read(buffer, storage), each.data(), buffer.bytes,
                    "'" + instance.program().string(buffer.name) + "'");
    if (ranks.rank() == 0)
      unlike[&buffer] = std::move(each);
  }
}

static bool isZero(const std::byte *data, uint64_t bytes) {
  return bytes == 0 || (data[0] == std::byte(0) &&
                        std::memcmp(data, data + 1, bytes - 1) == 0);
}

std::vector<NamedTensor> RunState::tensors(BufferKind kind) const {
  std::vector<NamedTensor> tensors;
  for (const auto &[buffer, copy] : entries) {
    if (buffer->kind != kind)
      continue;
    NamedTensor tensor{instance.program().string(buffer->name), buffer->element,
                       bufferShape(*buffer), inMemory(copy)};
    auto found = unlike.find(buffer);
    if (found != unlike.end()) {
      tensor.shape.insert(tensor.shape.begin(), int64_t(ranks.world()));
      tensor.data = inMemory(found->second.data());
    } else if (kind == BufferKind::Gradient && isZero(copy, buffer->bytes)) {
      continue;
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

//===----------------------------------------------------------------------===//
// Putting back
//===----------------------------------------------------------------------===//

template <typename T>
static void meanOfRanks(const Tensor &tensor, uint64_t count, std::byte *to) {
  auto world = static_cast<uint64_t>(tensor.shape[0]);
  for (uint64_t i = 0; i < count; ++i) {
    double sum = 0;
    T value;
    for (uint64_t r = 0; r < world; ++r) {
      std::memcpy(&value, tensor.data + (r * count + i) * sizeof(T), sizeof(T));
      sum += static_cast<double>(value);
    }
    value = static_cast<T>(sum / static_cast<double>(world));
    std::memcpy(to + i * sizeof(T), &value, sizeof(T));
  }
}

/// What this rank takes of a gradient that each rank had for itself; false for
/// a tensor that is none.
static bool takeShare(const Buffer &buffer, const Tensor &tensor,
                      const Communicator &ranks, std::vector<std::byte> &own) {
  std::vector<int64_t> shape = bufferShape(buffer);
  if (buffer.kind != BufferKind::Gradient ||
      tensor.shape.size() != shape.size() + 1 || tensor.shape[0] <= 0 ||
      !std::equal(shape.begin(), shape.end(), tensor.shape.begin() + 1) ||
      (buffer.element != Element::F32 && buffer.element != Element::F64))
    return false;
  own.resize(buffer.bytes);
  if (tensor.shape[0] == int64_t(ranks.world()))
    std::memcpy(own.data(), tensor.data + ranks.rank() * buffer.bytes,
                buffer.bytes);
  else if (buffer.element == Element::F64)
    meanOfRanks<double>(tensor, elementCount(buffer), own.data());
  else
    meanOfRanks<float>(tensor, elementCount(buffer), own.data());
  return true;
}

static void restoreFile(Instance &instance, Communicator &ranks,
                        BufferKind kind, const TensorFile &file) {
  const ProgramView &program = instance.program();
  const char *path = file.path().c_str();
  size_t found = 0;
  for (const Buffer &buffer : program.buffers()) {
    if (buffer.kind != kind)
      continue;
    std::string name = program.string(buffer.name);
    const Tensor *tensor = file.find(name);
    if (!tensor && kind == BufferKind::Gradient)
      continue; // it is zero, as all memory at first
    if (!tensor)
      fail("%s: '%s' of the model is missing", path, name.c_str());
    ++found;
    std::vector<std::byte> own;
    if (tensor->element == buffer.element &&
        tensor->shape == bufferShape(buffer))
      own.assign(tensor->data, tensor->data + tensor->bytes);
    else if (tensor->element != buffer.element ||
             !takeShare(buffer, *tensor, ranks, own))
      fail("%s: '%s' is %s %s, the program's is %s %s", path, name.c_str(),
           elementName(tensor->element), shapeText(tensor->shape).c_str(),
           elementName(buffer.element), shapeText(bufferShape(buffer)).c_str());
    instance.write(buffer, own.data());
  }
  if (found != file.tensors().size())
    fail("%s: it holds tensors that the program does not have", path);
}

void gptc::restoreState(Instance &instance, Communicator &ranks,
                        const std::string &folder) {
  for (const StateFile &file : kStateFiles)
    restoreFile(instance, ranks, file.kind,
                TensorFile(folder + "/" + file.name));
}
