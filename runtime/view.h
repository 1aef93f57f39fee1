//===- view.h - typed access to an embedded program -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A `ProgramView` turns the ranges and spans of `program.h` into arrays and
// strings. It copies nothing and costs an addition per access.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_VIEW_H
#define GPTC_RUNTIME_VIEW_H

#include "program.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gptc {

/// A constant array that someone else owns.
template <typename T> class Array {
public:
  Array(const T *data, size_t count) : elements(data), count(count) {}
  const T *begin() const { return elements; }
  const T *end() const { return elements + count; }
  const T *data() const { return elements; }
  size_t size() const { return count; }
  const T &operator[](size_t index) const { return elements[index]; }
  /// The elements of a span of this array.
  Array slice(Span span) const { return {elements + span.begin, span.count}; }

private:
  const T *elements;
  size_t count;
};

/// A compiled program: its constant blob, its kernels and its numbers.
class ProgramView {
public:
  /// Throws an `Error` when the blob is not a program of this version.
  ProgramView(const unsigned char *blob, const Kernel *kernels,
              ComputeNumbers numbers);

  const Program &header() const { return *program; }
  const Kernel *kernels() const { return kernelTable; }
  ComputeNumbers computeNumbers() const { return numberFunction; }

  Array<Buffer> buffers() const { return array<Buffer>(program->buffers); }
  Array<Argument> arguments() const {
    return array<Argument>(program->arguments);
  }
  Array<TensorMap> tensorMaps() const {
    return array<TensorMap>(program->tensorMaps);
  }
  Array<Launch> launches() const { return array<Launch>(program->launches); }
  Array<Collective> collectives() const {
    return array<Collective>(program->collectives);
  }
  Array<Input> inputs() const { return array<Input>(program->inputs); }
  Array<Output> outputs() const { return array<Output>(program->outputs); }
  Array<Part> parts() const { return array<Part>(program->parts); }
  Array<Step> stepTable() const { return array<Step>(program->stepTable); }
  Array<Number> numbers() const { return array<Number>(program->numbers); }
  Array<uint32_t> listed() const { return array<uint32_t>(program->listed); }
  Array<Check> checks() const { return array<Check>(program->checks); }
  Array<uint32_t> checkColumns() const {
    return array<uint32_t>(program->checkColumns);
  }
  Array<int64_t> checkSteps() const {
    return array<int64_t>(program->checkSteps);
  }
  Array<Constant> constants() const {
    return array<Constant>(program->constants);
  }
  Array<Note> notes() const { return array<Note>(program->notes); }
  Array<Note> sources() const { return array<Note>(program->sources); }
  Array<Contraction> contractions() const {
    return array<Contraction>(program->contractions);
  }
  Array<Text> kernelNames() const { return array<Text>(program->kernelNames); }
  Array<char> ptx() const { return array<char>(program->ptx); }
  Array<char> cubin() const { return array<char>(program->cubin); }

  std::string_view text(Text text) const {
    const char *pool = array<char>(program->text).data();
    return {pool + text.begin, text.size};
  }
  std::string string(Text text) const { return std::string(this->text(text)); }

private:
  template <typename T> Array<T> array(Range range) const {
    const char *base = reinterpret_cast<const char *>(program);
    return {reinterpret_cast<const T *>(base + range.begin), range.count};
  }

  const Program *program;
  const Kernel *kernelTable;
  ComputeNumbers numberFunction;
};

/// What a run of so many ranks has in the place of a part, `last`: for the last
/// micro-batch of a step; kNone for kNone.
uint32_t partOf(const ProgramView &program, uint32_t part, unsigned ranks,
                bool last = false);

/// The share that a rank of so many has of a buffer, beside it; kNone where
/// each has all.
uint32_t shareOf(const ProgramView &program, uint32_t whole, unsigned ranks);

/// How to have a program of more steps: the mend of an error, from "; " on.
std::string moreSteps(const ProgramView &program);

/// The steps that `--steps` asks for, else all of the program's. Throws an
/// `Error` where it has fewer.
int64_t chooseSteps(const ProgramView &program, std::optional<int64_t> wanted);

/// Throws an `Error` for a --step that the program does not train.
void checkStep(const ProgramView &program, int64_t step);

/// Bytes of one element.
inline uint64_t elementBytes(Element element) {
  switch (element) {
  case Element::BF16:
    return 2;
  case Element::F64:
    return 8;
  case Element::E4M3:
  case Element::E5M2:
    return 1;
  case Element::F32:
  case Element::I32:
    break;
  }
  return 4;
}

/// Number of elements of a buffer.
inline uint64_t elementCount(const Buffer &buffer) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < buffer.rank; ++i)
    count *= static_cast<uint64_t>(buffer.shape[i]);
  return count;
}

/// The shape of a buffer.
std::vector<int64_t> bufferShape(const Buffer &buffer);

/// `F32`, `BF16`, …: the names that parameter files use too.
const char *elementName(Element element);

/// `parameter`, `derived`, …
const char *bufferKindName(BufferKind kind);
constexpr unsigned kBufferKinds = 8;

} // namespace gptc

#endif // GPTC_RUNTIME_VIEW_H
