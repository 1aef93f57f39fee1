//===- ProgramBuilder.h - embedded programs by hand -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Collects the tables of a program and lays them out as `program.h` says. With
// it the runtime is tested without a compiler.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_PROGRAMBUILDER_H
#define GPTC_TEST_UNIT_PROGRAMBUILDER_H

#include "program.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace gptc {

class ProgramBuilder {
public:
  Program header{};
  std::vector<Step> steps;
  std::vector<Number> numbers;
  std::vector<double> numberTable;

  Text text(const std::string &characters) {
    Text place{uint32_t(pool.size()), uint32_t(characters.size())};
    pool += characters;
    return place;
  }

  /// A persistent buffer; `element` says the bytes.
  uint32_t buffer(const std::string &name, BufferKind kind, Element element,
                  std::vector<int64_t> shape, uint32_t parameter = kNone) {
    uint64_t bytes = element == Element::F64 ? 8 : 4;
    for (int64_t size : shape)
      bytes *= uint64_t(size);
    Buffer entry{text(name), kind, element, uint32_t(shape.size()),
                 parameter,  {},   used,    bytes};
    std::copy(shape.begin(), shape.end(), entry.shape);
    used += (bytes + 63) / 64 * 64;
    if (kind != BufferKind::Workspace)
      header.persistentBytes = used;
    buffers.push_back(entry);
    return uint32_t(buffers.size() - 1);
  }

  uint32_t kernel(Kernel function, const std::string &name) {
    kernels.push_back(function);
    kernelNames.push_back(text(name));
    return uint32_t(kernels.size() - 1);
  }

  /// Begins a part: what follows belongs to it.
  uint32_t part(PartKind kind, const std::string &name, int64_t tokens) {
    Part entry{};
    entry.kind = kind;
    entry.name = text(name);
    entry.tokens = tokens;
    entry.launches.begin = uint32_t(launches.size());
    entry.inputs.begin = uint32_t(inputs.size());
    entry.outputs.begin = uint32_t(outputs.size());
    parts.push_back(entry);
    return uint32_t(parts.size() - 1);
  }

  void launch(uint32_t kernel, std::vector<uint32_t> arguments, int64_t units,
              std::vector<int64_t> runtimeSizes = {}, uint64_t scratch = 0) {
    Launch entry{};
    entry.kernel = kernel;
    entry.buffers = {uint32_t(uses.size()), uint32_t(arguments.size())};
    for (uint32_t argument : arguments)
      uses.push_back({argument, 1, 0});
    entry.sizes = {uint32_t(sizes.size()), uint32_t(runtimeSizes.size())};
    sizes.insert(sizes.end(), runtimeSizes.begin(), runtimeSizes.end());
    entry.units = units;
    entry.scratchBytes = scratch;
    entry.name = kernelNames[kernel];
    launches.push_back(entry);
    ++parts.back().launches.count;
  }

  void input(uint32_t buffer, Feed feed) {
    inputs.push_back({buffer, feed});
    ++parts.back().inputs.count;
  }

  void output(uint32_t buffer, Result result) {
    outputs.push_back({buffer, result});
    ++parts.back().outputs.count;
  }

  void constant(const std::string &name, double value) {
    constants.push_back({text(name), value});
  }

  void note(const std::string &key, const std::string &value) {
    notes.push_back({text(key), text(value)});
  }

  /// The blob. All workspace counts as used by every part.
  std::vector<uint64_t> finish() {
    header.magic = kProgramMagic;
    header.arenaBytes = used;
    for (Part &part : parts)
      part.workspaceBytes = used - header.persistentBytes;
    std::vector<uint64_t> blob((sizeof(Program) + 7) / 8);
    header.text = append(blob, std::vector<char>(pool.begin(), pool.end()));
    header.buffers = append(blob, buffers);
    header.bufferUses = append(blob, uses);
    header.sizes = append(blob, sizes);
    header.launches = append(blob, launches);
    header.inputs = append(blob, inputs);
    header.outputs = append(blob, outputs);
    header.parts = append(blob, parts);
    header.stepTable = append(blob, steps);
    header.numbers = append(blob, numbers);
    header.numberTable = append(blob, numberTable);
    header.constants = append(blob, constants);
    header.notes = append(blob, notes);
    header.kernelNames = append(blob, kernelNames);
    std::memcpy(blob.data(), &header, sizeof(header));
    return blob;
  }

  std::vector<Kernel> kernels;
  std::vector<Part> parts;

private:
  template <typename T>
  static Range append(std::vector<uint64_t> &blob,
                      const std::vector<T> &values) {
    Range range{blob.size() * 8, values.size()};
    blob.resize(blob.size() + (values.size() * sizeof(T) + 7) / 8);
    if (!values.empty())
      std::memcpy(reinterpret_cast<char *>(blob.data()) + range.begin,
                  values.data(), values.size() * sizeof(T));
    return range;
  }

  std::string pool;
  uint64_t used = 0;
  std::vector<Buffer> buffers;
  std::vector<BufferUse> uses;
  std::vector<int64_t> sizes;
  std::vector<Launch> launches;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Constant> constants;
  std::vector<Note> notes;
  std::vector<Text> kernelNames;
};

} // namespace gptc

#endif // GPTC_TEST_UNIT_PROGRAMBUILDER_H
