//===- ProgramBuilder.h - embedded programs by hand -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Puts the tables of a program together as kernels are launched. With it the
// runtime is tested without a compiler.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_UNIT_PROGRAMBUILDER_H
#define GPTC_TEST_UNIT_PROGRAMBUILDER_H

#include "compiler/pipeline/ProgramTables.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace gptc {

class ProgramBuilder : public ProgramTables {
public:
  /// A persistent buffer; `element` says the bytes.
  uint32_t buffer(const std::string &name, BufferKind kind, Element element,
                  const std::vector<int64_t> &shape,
                  uint32_t parameter = kNone) {
    uint64_t bytes = element == Element::F64 ? 8 : 4;
    for (int64_t size : shape)
      bytes *= uint64_t(size);
    Buffer entry{text(name), kind,  element, uint32_t(shape.size()),
                 parameter,  {},    used,    bytes,
                 0,          bytes, 0,       kNone,
                 0,          0};
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
    entry.collectives.begin = uint32_t(collectives.size());
    parts.push_back(entry);
    return uint32_t(parts.size() - 1);
  }

  /// What stands in a buffer becomes its mean over the ranks.
  void allReduce(uint32_t buffer) {
    uint64_t elements = buffers[buffer].bytes / 4;
    collectives.push_back(
        {CollectiveKind::AllReduce, Reduction::Mean, buffer, buffer,
         uint32_t(launches.size()), buffers[buffer].element, elements,
         text("the mean of '" + characters(buffers[buffer].name) + "'")});
    ++parts.back().collectives.count;
  }
  /// What exchanges a buffer is over before the next launch.
  void await(uint32_t buffer) {
    collectives.push_back({CollectiveKind::Await, Reduction::Sum, buffer,
                           buffer, uint32_t(launches.size()),
                           buffers[buffer].element, 0, text("")});
    ++parts.back().collectives.count;
  }

  void launch(uint32_t kernel, const std::vector<uint32_t> &buffers,
              int64_t units, const std::vector<int64_t> &runtimeSizes = {},
              uint64_t scratch = 0) {
    Launch entry{};
    entry.kernel = kernel;
    entry.arguments = {uint32_t(arguments.size()),
                       uint32_t(buffers.size() + runtimeSizes.size())};
    for (uint32_t buffer : buffers)
      arguments.push_back({ArgumentKind::Buffer, buffer, 1, 1, kNone, 0,
                           int64_t(this->buffers[buffer].bytes)});
    for (int64_t size : runtimeSizes)
      arguments.push_back({ArgumentKind::Integer, kNone, 0, 0, kNone, size, 0});
    if (header.target != Target::Cpu) {
      arguments.push_back({ArgumentKind::Numbers, kNone, 0, 0, kNone, 0, 0});
      ++entry.arguments.count;
      entry.threads = 32;
    }
    entry.op = uint32_t(launches.size());
    entry.units = units;
    entry.scratchBytes = scratch;
    entry.name = kernelNames[kernel];
    launches.push_back(entry);
    ++parts.back().launches.count;
  }

  /// What the launch before costs, and where it comes from.
  void cost(const Cost &cost, const std::string &place = "") {
    launches.back().cost = cost;
    launches.back().place = text(place);
  }

  void input(uint32_t buffer, Feed feed, int64_t below = kUnbounded,
             const std::string &boundedBy = "") {
    inputs.push_back({buffer, feed, below, text(boundedBy)});
    ++parts.back().inputs.count;
  }

  void output(uint32_t buffer, Result result, int64_t tokens = 1) {
    outputs.push_back({buffer, result, tokens});
    ++parts.back().outputs.count;
  }

  void constant(const std::string &name, double value,
                ConstantUse use = ConstantUse::Fixed,
                const std::string &decides = "") {
    constants.push_back({text(name), value, use, 0, text(decides)});
  }

  void note(const std::string &key, const std::string &value) {
    notes.push_back({text(key), text(value)});
  }

  /// The aligned blob. All workspace counts as used by every part that does
  /// not say otherwise.
  std::vector<uint64_t> finish() {
    header.arenaBytes = used;
    if (header.target != Target::Cpu)
      writeEntries();
    for (Part &part : parts)
      if (part.workspaceBytes == 0)
        part.workspaceBytes = used - header.persistentBytes;
    std::string bytes = blob();
    std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    return aligned;
  }

  std::string name(Text text) const { return characters(text); }

  std::vector<Kernel> kernels;

private:
  /// What PTX says of the kernels' parameters, without their bodies.
  void writeEntries() {
    std::set<uint32_t> known;
    std::string text;
    for (const Launch &launch : launches) {
      if (!known.insert(launch.kernel).second)
        continue;
      std::string parameters;
      for (uint32_t i = 0; i < launch.arguments.count; ++i) {
        auto kind = arguments[launch.arguments.begin + i].kind;
        parameters += kind == ArgumentKind::Integer ? " .param .u32 x,"
                                                    : " .param .u64 x,";
      }
      parameters.pop_back();
      text += ".entry " + name(kernelNames[launch.kernel]) + "(" + parameters +
              ")\n";
    }
    ptx.assign(text.begin(), text.end());
    ptx.push_back('\0');
  }

  uint64_t used = 0;
};

} // namespace gptc

#endif // GPTC_TEST_UNIT_PROGRAMBUILDER_H
