//===- run_state.cpp - what a run is between two steps --------------------===//
//
// Part of gptc, under the MIT License.
//
// Which gradients wait is not asked of the program: those that an optimizer has
// consumed are zero, and zeros are not written. A gradient that waits may stand
// in two places: what was summed over the ranks, which may be shared out, and
// what a rank has added since.
//
//===----------------------------------------------------------------------===//

#include "run_state.h"

#include "digest.h"
#include "error.h"
#include "memory.h"
#include "parameters.h"

#include <algorithm>
#include <cstring>

using namespace gptc;

/// Behind the name of what each rank has for itself.
static constexpr char kOfRanks[] = ".ranks";

static bool isState(const Buffer &buffer) {
  return std::any_of(
      std::begin(kStateFiles), std::end(kStateFiles),
      [&](const StateFile &file) { return file.kind == buffer.kind; });
}

void gptc::checkCopy(uint64_t bytes, uint64_t available) {
  if (bytes > available)
    fail("--checkpoint: the copy of parameters, states and gradients takes {} "
         "bytes of memory, and this machine has {} available: train without "
         "checkpoints, or on a machine with more",
         bytes, available);
}

/// The share that a rank has of the stack which begins at a buffer, in a place
/// of its own; null where each has all. Parameters are whole on every rank.
static const Buffer *ownShare(const ProgramView &program, uint32_t buffer,
                              unsigned world) {
  if (program.buffers()[buffer].kind == BufferKind::Parameter)
    return nullptr;
  uint32_t share = shareOf(program, buffer, world);
  return share == kNone ? nullptr : &program.buffers()[share];
}

static bool isZero(const std::byte *data, uint64_t bytes) {
  return bytes == 0 || (data[0] == std::byte(0) &&
                        std::memcmp(data, data + 1, bytes - 1) == 0);
}

//===----------------------------------------------------------------------===//
// Copying
//===----------------------------------------------------------------------===//

RunState::Layout RunState::layOut(const ProgramView &program, unsigned rank,
                                  unsigned world) {
  Layout layout = {{}, 0, 0};
  auto take = [](uint64_t &of, uint64_t bytes) {
    uint64_t at = of;
    of += (bytes + 63) / 64 * 64;
    return at;
  };
  uint32_t shared = 0; // the first buffer behind the last stack with shares
  uint32_t first = 0;  // of that stack
  uint64_t stack = 0;  // its place in what is gathered
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    const Buffer &buffer = program.buffers()[i];
    if (!isState(buffer))
      continue;
    Entry entry = {i, nullptr, kNowhere, kNowhere, kNowhere, false, {}};
    if (world > 1)
      entry.share = ownShare(program, i, world);
    if (entry.share) {
      entry.ownShare = take(layout.copied, entry.share->bytes);
      first = i;
      shared = i + uint32_t(buffer.following) + 1;
      if (rank == 0)
        stack = take(layout.gathered, entry.share->bytes * world);
    }
    entry.isShared = i < shared;
    // The shares of all ranks, behind each other, are the stack.
    if (rank == 0 && entry.isShared)
      entry.whole = stack + (buffer.offset - program.buffers()[first].offset);
    else if (rank == 0)
      entry.whole = take(layout.copied, buffer.bytes);
    if (world > 1 && buffer.kind == BufferKind::Gradient)
      entry.own = rank == 0 && !entry.isShared
                      ? entry.whole
                      : take(layout.copied, buffer.bytes);
    layout.entries.push_back(std::move(entry));
  }
  return layout;
}

uint64_t RunState::bytes(const ProgramView &program, unsigned rank,
                         unsigned world) {
  Layout layout = layOut(program, rank, world);
  return layout.copied + layout.gathered;
}

RunState::RunState(const Instance &instance, const Communicator &ranks)
    : instance(instance), program(instance.program()), world(ranks.world()) {
  Layout layout = layOut(program, ranks.rank(), world);
  checkCopy(layout.copied + layout.gathered, availableMemory());
  entries = std::move(layout.entries);
  copied = instance.hostMemory(layout.copied);
  gathered.reset(new std::byte[layout.gathered]);
}

void RunState::copy() {
  for (const Entry &entry : entries) {
    const Buffer &buffer = program.buffers()[entry.buffer];
    if (entry.share)
      instance.copy(*entry.share, copied + entry.ownShare);
    if (entry.own != kNowhere)
      instance.copy(buffer, copied + entry.own);
    else if (entry.whole != kNowhere && !entry.isShared)
      instance.copy(buffer, copied + entry.whole);
  }
}

void RunState::gather(Communicator &ranks) {
  if (world == 1)
    return;
  for (const Entry &entry : entries)
    if (entry.share)
      ranks.gather(copied + entry.ownShare,
                   entry.whole == kNowhere ? nullptr : wholeOf(entry),
                   entry.share->bytes,
                   "'" + program.string(program.buffers()[entry.buffer].name) +
                       "'");
  gatherGradients(ranks);
}

namespace {
/// What ranks compare of a gradient.
struct Seen {
  Digest digest;
  uint64_t zero;
};
} // namespace

/// What a rank has added since its gradients were last summed over all: nothing
/// in most programs, whose every update takes the norm of all gradients.
void RunState::gatherGradients(Communicator &ranks) {
  std::vector<Entry *> gradients;
  std::vector<Seen> seen;
  for (Entry &entry : entries) {
    if (entry.own == kNowhere)
      continue;
    uint64_t bytes = program.buffers()[entry.buffer].bytes;
    bool isNothing = isZero(copied + entry.own, bytes);
    gradients.push_back(&entry);
    seen.push_back(
        {isNothing ? Digest() : digestBytes(copied + entry.own, bytes),
         isNothing});
  }
  size_t count = seen.size();
  std::vector<Seen> all(count * world);
  ranks.allGather(seen.data(), all.data(), count * sizeof(Seen),
                  "the gradients that wait");
  for (size_t i = 0; i < count; ++i) {
    Entry &entry = *gradients[i];
    const Buffer &buffer = program.buffers()[entry.buffer];
    bool isSame = true, isNothing = true;
    for (unsigned r = 0; r < world; ++r) {
      isSame &= all[r * count + i].digest == all[i].digest;
      isNothing &= all[r * count + i].zero == 1;
    }
    entry.ofRanks.clear();
    if (isNothing || (isSame && !entry.isShared))
      continue;
    std::vector<std::byte> each;
    if (ranks.rank() == 0)
      each.resize(buffer.bytes * world);
    ranks.gather(copied + entry.own, each.data(), buffer.bytes,
                 "'" + program.string(buffer.name) + "'");
    if (ranks.rank() != 0)
      continue;
    entry.ofRanks = std::move(each);
    if (!entry.isShared) // what was copied is rank 0's own
      std::memset(wholeOf(entry), 0, buffer.bytes);
  }
}

std::vector<NamedTensor> RunState::tensors(BufferKind kind) const {
  std::vector<NamedTensor> tensors;
  for (const Entry &entry : entries) {
    const Buffer &buffer = program.buffers()[entry.buffer];
    if (buffer.kind != kind)
      continue;
    NamedTensor tensor{program.string(buffer.name), buffer.element,
                       bufferShape(buffer), inMemory(wholeOf(entry))};
    if (kind != BufferKind::Gradient || !isZero(wholeOf(entry), buffer.bytes))
      tensors.push_back(tensor);
    if (entry.ofRanks.empty())
      continue;
    tensor.name += kOfRanks;
    tensor.shape.insert(tensor.shape.begin(), int64_t(world));
    tensor.data = inMemory(entry.ofRanks.data());
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

//===----------------------------------------------------------------------===//
// Putting back
//===----------------------------------------------------------------------===//

namespace {
/// Puts back the tensors of one file.
class Restorer {
public:
  Restorer(Instance &instance, Communicator &ranks, const std::string &path)
      : instance(instance), program(instance.program()), ranks(ranks),
        file(path) {}

  void run(BufferKind kind);

private:
  const Tensor *find(const Buffer &buffer, const std::string &ending = "",
                     std::vector<int64_t> shape = {});
  void restore(uint32_t first);
  bool add(const Buffer &buffer, std::vector<std::byte> &own);

  Instance &instance;
  const ProgramView &program;
  Communicator &ranks;
  TensorFile file;
  size_t found = 0;
};
} // namespace

/// The tensor of a buffer; null where there is none. `shape` comes before the
/// buffer's.
const Tensor *Restorer::find(const Buffer &buffer, const std::string &ending,
                             std::vector<int64_t> shape) {
  std::string name = program.string(buffer.name) + ending;
  const Tensor *tensor = file.find(name);
  if (!tensor)
    return nullptr;
  ++found;
  std::vector<int64_t> own = bufferShape(buffer);
  shape.insert(shape.end(), own.begin(), own.end());
  if (tensor->element != buffer.element || tensor->shape != shape)
    fail("{}: '{}' is {} {}, the program's is {} {}", file.path(), name,
         elementName(tensor->element), shapeText(tensor->shape),
         elementName(buffer.element), shapeText(shape));
  return tensor;
}

static double load(const std::byte *from, Element element) {
  if (element == Element::F64) {
    double value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  float value;
  convertElements(from, element, reinterpret_cast<std::byte *>(&value),
                  Element::F32, 1);
  return static_cast<double>(value);
}

static void store(double value, std::byte *to, Element element) {
  if (element == Element::F64) {
    std::memcpy(to, &value, sizeof(value));
    return;
  }
  auto rounded = static_cast<float>(value);
  convertElements(reinterpret_cast<const std::byte *>(&rounded), Element::F32,
                  to, element, 1);
}

/// Adds the mean of what ranks had for themselves to `own`.
static void addMean(const std::byte *data, uint64_t world, const Buffer &buffer,
                    std::byte *own) {
  uint64_t size = elementBytes(buffer.element);
  for (uint64_t at = 0; at < buffer.bytes; at += size) {
    double sum = 0;
    for (uint64_t r = 0; r < world; ++r)
      sum += load(data + r * buffer.bytes + at, buffer.element);
    store(load(own + at, buffer.element) + sum / static_cast<double>(world),
          own + at, buffer.element);
  }
}

/// What each rank had for itself: is its own again where there are as many,
/// else becomes a part of the whole, `own`. Whether there was anything.
bool Restorer::add(const Buffer &buffer, std::vector<std::byte> &own) {
  const Tensor *there = file.find(program.string(buffer.name) + kOfRanks);
  if (!there || there->shape.empty() || there->shape[0] <= 0)
    return false;
  int64_t world = there->shape[0];
  const Tensor &each = *find(buffer, kOfRanks, {world});
  if (world == int64_t(ranks.world()))
    instance.write(buffer, each.data + ranks.rank() * buffer.bytes);
  else
    addMean(each.data, uint64_t(world), buffer, own.data());
  return world == int64_t(ranks.world());
}

/// A buffer, with all of the stack that begins there if ranks have shares.
void Restorer::restore(uint32_t first) {
  const Buffer &buffer = program.buffers()[first];
  const Buffer *share =
      ranks.world() > 1 ? ownShare(program, first, ranks.world()) : nullptr;
  std::vector<std::byte> part(share ? share->bytes : 0);
  uint64_t begin = ranks.rank() * part.size();
  for (uint32_t i = first; i <= first + (share ? buffer.following : 0); ++i) {
    const Buffer &member = program.buffers()[i];
    bool isGradient = member.kind == BufferKind::Gradient;
    const Tensor *tensor = find(member);
    if (!tensor && !isGradient)
      fail("{}: '{}' of the model is missing", file.path(),
           program.string(member.name));
    std::vector<std::byte> whole(member.bytes);
    if (tensor)
      std::memcpy(whole.data(), tensor->data, tensor->bytes);
    bool isPlaced = isGradient && add(member, whole);
    if (!share) {
      if (!isPlaced)
        instance.write(member, whole.data());
      continue;
    }
    uint64_t at = member.offset - buffer.offset;
    uint64_t from = std::max(at, begin);
    uint64_t end = std::min(at + member.bytes, begin + part.size());
    if (from < end)
      std::memcpy(part.data() + (from - begin), whole.data() + (from - at),
                  end - from);
  }
  if (share)
    instance.write(*share, part.data());
}

void Restorer::run(BufferKind kind) {
  uint32_t done = 0; // buffers before it
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    if (program.buffers()[i].kind != kind || i < done)
      continue;
    bool isShared =
        ranks.world() > 1 && ownShare(program, i, ranks.world()) != nullptr;
    done = i + 1;
    if (isShared)
      done += uint32_t(program.buffers()[i].following);
    restore(i);
  }
  if (found != file.tensors().size())
    fail("{}: it holds tensors that the program does not have", file.path());
}

void gptc::restoreState(Instance &instance, Communicator &ranks,
                        const std::string &folder) {
  for (const StateFile &file : kStateFiles)
    Restorer(instance, ranks, folder + "/" + file.name).run(file.kind);
}
