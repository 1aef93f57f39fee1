//===- ProgramTables.h - the tables of a program, as they grow --*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What runtime/program.h describes, before it is one blob. It needs no LLVM, so
// that tests of the runtime make programs by hand with it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_PROGRAMTABLES_H
#define GPTC_COMPILER_PIPELINE_PROGRAMTABLES_H

#include "runtime/program.h"

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gptc {

class ProgramTables {
public:
  Program header{};
  std::vector<Buffer> buffers;
  std::vector<Argument> arguments;
  std::vector<TensorMap> tensorMaps;
  std::vector<Launch> launches;
  std::vector<Collective> collectives;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Part> parts;
  std::vector<Step> steps;
  std::vector<Number> numbers;
  std::vector<uint32_t> listed;
  std::vector<Check> checks;
  std::vector<uint32_t> checkColumns;
  std::vector<int64_t> checkSteps;
  std::vector<Constant> constants;
  std::vector<Note> notes, sources;
  std::vector<Contraction> contractions;
  std::vector<Text> kernelNames;
  std::vector<char> ptx, cubin;

  /// The place of a text in the pool, where equal texts stand once.
  Text text(std::string_view characters) {
    auto [it, isNew] = places.try_emplace(std::string(characters));
    if (isNew) {
      it->second = {uint32_t(pool.size()), uint32_t(characters.size())};
      pool.insert(pool.end(), characters.begin(), characters.end());
    }
    return it->second;
  }

  /// The characters of a text.
  std::string characters(Text text) const {
    return {pool.data() + text.begin, text.size};
  }

  /// The header, which learns where the tables stand, and the tables.
  std::string blob() {
    std::string bytes(sizeof(Program), '\0');
    header.magic = kProgramMagic;
    header.buffers = append(bytes, buffers);
    header.arguments = append(bytes, arguments);
    header.tensorMaps = append(bytes, tensorMaps);
    header.launches = append(bytes, launches);
    header.collectives = append(bytes, collectives);
    header.inputs = append(bytes, inputs);
    header.outputs = append(bytes, outputs);
    header.parts = append(bytes, parts);
    header.stepTable = append(bytes, steps);
    header.numbers = append(bytes, numbers);
    header.listed = append(bytes, listed);
    header.checks = append(bytes, checks);
    header.checkColumns = append(bytes, checkColumns);
    header.checkSteps = append(bytes, checkSteps);
    header.constants = append(bytes, constants);
    header.notes = append(bytes, notes);
    header.sources = append(bytes, sources);
    header.contractions = append(bytes, contractions);
    header.kernelNames = append(bytes, kernelNames);
    header.ptx = append(bytes, ptx);
    header.cubin = append(bytes, cubin);
    header.text = append(bytes, pool);
    std::memcpy(bytes.data(), &header, sizeof(Program));
    return bytes;
  }

private:
  /// Arrays begin at multiples of 8 bytes.
  template <typename T>
  static Range append(std::string &bytes, const std::vector<T> &array) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    Range range{bytes.size(), array.size()};
    bytes.append(reinterpret_cast<const char *>(array.data()),
                 array.size() * sizeof(T));
    return range;
  }

  std::vector<char> pool;
  std::unordered_map<std::string, Text> places;
};

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_PROGRAMTABLES_H
