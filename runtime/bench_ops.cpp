//===- bench_ops.cpp - the kernels that are run alone ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "bench_ops.h"

#include "error.h"

#include <algorithm>
#include <map>

using namespace gptc;

/// The launches of the op that the first of `rest` is of.
static Span opAt(const ProgramView &program, Span rest) {
  Array<Launch> launches = program.launches();
  uint32_t count = 0;
  while (count < rest.count &&
         launches[rest.begin + count].op == launches[rest.begin].op)
    ++count;
  return {rest.begin, count};
}

/// What two ops share that run the same kernels at the same sizes.
static std::vector<int64_t> keyOf(const ProgramView &program, Span launches) {
  std::vector<int64_t> key;
  for (const Launch &launch : program.launches().slice(launches)) {
    key.insert(key.end(), {launch.kernel, launch.units, launch.threads});
    for (const Argument &argument :
         program.arguments().slice(launch.arguments)) {
      bool isInteger = argument.kind == ArgumentKind::Integer;
      key.push_back(isInteger ? argument.value : argument.bytes);
      if (argument.map == kNone)
        continue;
      const TensorMap &map = program.tensorMaps()[argument.map];
      key.insert(key.end(), {map.rows, map.columns, map.stride, map.boxRows});
    }
  }
  return key;
}

std::vector<BenchOp> gptc::benchOps(const ProgramView &program,
                                    const ProgramView &reference,
                                    const std::vector<uint32_t> &parts) {
  std::vector<BenchOp> ops;
  std::map<std::vector<int64_t>, size_t> known;
  for (uint32_t part : parts) {
    Span rest = program.parts()[part].launches;
    Span others = reference.parts()[part].launches;
    while (rest.count && others.count) {
      BenchOp op{part, opAt(program, rest), opAt(reference, others)};
      if (program.launches()[rest.begin].op !=
          reference.launches()[others.begin].op)
        break;
      auto [found, isNew] =
          known.try_emplace(keyOf(program, op.launches), ops.size());
      if (isNew)
        ops.push_back(op);
      else
        ++ops[found->second].count;
      rest = {rest.begin + op.launches.count, rest.count - op.launches.count};
      others = {others.begin + op.reference.count,
                others.count - op.reference.count};
    }
    if (rest.count || others.count)
      fail("the embedded program is damaged: part {} and its reference have "
           "other ops",
           program.string(program.parts()[part].name));
  }
  return ops;
}

std::string gptc::kernelsOf(const ProgramView &program, const BenchOp &op) {
  std::vector<std::string> names;
  for (const Launch &launch : program.launches().slice(op.launches)) {
    std::string name = program.string(program.kernelNames()[launch.kernel]);
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }
  std::string all;
  for (const std::string &name : names)
    all += (all.empty() ? "" : "+") + name;
  return all;
}

const Contraction *gptc::contractionOf(const ProgramView &program,
                                       const BenchOp &op) {
  Array<Contraction> all = program.contractions();
  uint32_t number = program.launches()[op.launches.begin].op;
  const Contraction *found = std::lower_bound(
      all.begin(), all.end(), number,
      [](const Contraction &each, uint32_t op) { return each.op < op; });
  return found != all.end() && found->op == number ? found : nullptr;
}

std::vector<TouchedBuffer> gptc::touchedBy(const ProgramView &program,
                                           Span launches) {
  std::vector<TouchedBuffer> all;
  for (const Launch &launch : program.launches().slice(launches))
    for (const Argument &argument :
         program.arguments().slice(launch.arguments)) {
      if (argument.buffer == kNone)
        continue;
      auto found = std::find_if(all.begin(), all.end(), [&](const auto &known) {
        return known.buffer == argument.buffer;
      });
      if (found == all.end())
        found = all.insert(all.end(), {argument.buffer, 0, {}, {}});
      uint64_t size = elementBytes(program.buffers()[argument.buffer].element);
      uint64_t begin = static_cast<uint64_t>(argument.value) / size;
      Stretch stretch{begin,
                      begin + static_cast<uint64_t>(argument.bytes) / size};
      found->elements = std::max(found->elements, stretch.end);
      if (argument.read)
        found->read.push_back(stretch);
      if (argument.written)
        found->written.push_back(stretch);
    }
  return all;
}
