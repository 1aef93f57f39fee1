//===- launches.cpp - a program's launches as JSON ------------------------===//
//
// Part of gptc, under the MIT License.
//
// A dump of runtime/program.h: what a host needs to run the program's kernels,
// with the names that stand there.
//
//===----------------------------------------------------------------------===//

#include "launches.h"

#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;

/// The name of a kind, as program.h lists them.
template <typename Kind, size_t N>
static const char *nameOf(Kind kind, const char *const (&names)[N]) {
  return names[static_cast<size_t>(kind)];
}

std::vector<StepRange> gptc::rangesOf(const std::vector<int64_t> &steps) {
  std::vector<StepRange> ranges;
  for (size_t i = 0; i < steps.size();) {
    size_t last = i;
    int64_t stride = i + 1 < steps.size() ? steps[i + 1] - steps[i] : 1;
    while (last + 1 < steps.size() && steps[last + 1] - steps[last] == stride)
      ++last;
    if (stride > 1 && last < i + 2) { // two of them are no pattern
      last = i;
      stride = 1;
    }
    ranges.push_back({steps[i], steps[last], stride});
    i = last + 1;
  }
  return ranges;
}

std::string gptc::rangesText(const std::vector<int64_t> &steps) {
  std::string text;
  for (const StepRange &range : rangesOf(steps)) {
    text += (text.empty() ? "" : ", ") + std::to_string(range.first);
    if (range.last != range.first)
      text += "-" + std::to_string(range.last);
    if (range.stride != 1)
      text += " by " + std::to_string(range.stride);
  }
  return text;
}

static std::vector<int64_t> stepsOf(const ProgramView &program,
                                    uint32_t index) {
  std::vector<int64_t> steps;
  for (size_t i = 0; i < program.stepTable().size(); ++i) {
    const Step &row = program.stepTable()[i];
    for (uint32_t part : {row.prologue, row.micro, row.epilogue, row.update,
                          row.event, row.validate})
      if (part == index) {
        steps.push_back(static_cast<int64_t>(i));
        break;
      }
  }
  return steps;
}

static Json describe(const ProgramView &program, const Buffer &buffer) {
  Json json = {{"name", program.string(buffer.name)},
               {"kind", nameOf(buffer.kind, kBufferKindNames)},
               {"element", elementName(buffer.element)},
               {"shape", bufferShape(buffer)},
               {"at", buffer.offset},
               {"bytes", buffer.bytes},
               {"ranks", buffer.ranks}};
  if (buffer.whole != kNone)
    json["whole"] = buffer.whole;
  if (buffer.parameter != kNone)
    json["of"] = program.string(program.buffers()[buffer.parameter].name);
  return json;
}

static Json describe(const ProgramView &program, const Argument &argument) {
  Json json = {{"kind", nameOf(argument.kind, kArgumentKindNames)}};
  if (argument.kind == ArgumentKind::Integer)
    json["value"] = argument.value;
  if (argument.buffer == kNone)
    return json;
  json["buffer"] = argument.buffer;
  json["at"] = program.buffers()[argument.buffer].offset +
               static_cast<uint64_t>(argument.value);
  json["bytes"] = argument.bytes;
  json["written"] = argument.written != 0;
  if (argument.kind == ArgumentKind::TensorMap) {
    const TensorMap &map = program.tensorMaps()[argument.map];
    json["rows"] = map.rows;
    json["columns"] = map.columns;
    json["stride"] = map.stride;
    json["box_rows"] = map.boxRows;
    json["element"] = elementName(map.element);
  }
  return json;
}

static Json describe(const ProgramView &program, const Launch &launch) {
  const Cost &cost = launch.cost;
  Json json = {{"name", program.string(launch.name)},
               {"lines", program.string(launch.place)},
               {"kernel", program.string(program.kernelNames()[launch.kernel])},
               {"family", nameOf(cost.family, kFamilyNames)},
               {"units", launch.units}};
  if (cost.products > 0)
    json["precision"] = nameOf(cost.precision, kPrecisionNames);
  json["flop"] = cost.products; // of attention, of one pair of positions
  json["row_operations"] = cost.rowOperations;
  json["read_bytes"] = cost.readBytes;
  json["written_bytes"] = cost.writtenBytes;
  if (cost.positions) {
    json["window"] = cost.window;
    json["positions"] = cost.positions;
  }
  if (program.header().target != Target::Cpu) {
    json["threads"] = launch.threads;
    json["persistent"] = launch.persistent != 0;
  }
  json["scratch_bytes"] = launch.scratchBytes;
  Json arguments = Json::array();
  for (const Argument &argument : program.arguments().slice(launch.arguments))
    arguments.push_back(describe(program, argument));
  json["arguments"] = arguments;
  return json;
}

static Json describe(const ProgramView &program, uint32_t index) {
  const Part &part = program.parts()[index];
  Json inputs = Json::array(), outputs = Json::array();
  Json steps = Json::array();
  for (const StepRange &range : rangesOf(stepsOf(program, index)))
    steps.push_back({range.first, range.last, range.stride});
  for (const Input &input : program.inputs().slice(part.inputs))
    inputs.push_back(
        {{"buffer", input.buffer}, {"feed", nameOf(input.feed, kFeedNames)}});
  for (const Output &output : program.outputs().slice(part.outputs))
    outputs.push_back({{"buffer", output.buffer},
                       {"result", nameOf(output.result, kResultNames)},
                       {"tokens", output.tokens}});
  Json collectives = Json::array();
  for (const Collective &collective :
       program.collectives().slice(part.collectives))
    collectives.push_back(
        {{"kind", nameOf(collective.kind, kCollectiveKindNames)},
         {"from", collective.from},
         {"to", collective.to},
         {"before", collective.before - part.launches.begin},
         {"elements", collective.elements}});
  // A variant may have those of a part before it.
  uint32_t owner = 0;
  while (program.parts()[owner].launches.begin != part.launches.begin ||
         program.parts()[owner].launches.count != part.launches.count)
    ++owner;
  Json launches = Json::array();
  if (owner == index)
    for (const Launch &launch : program.launches().slice(part.launches))
      launches.push_back(describe(program, launch));
  return {{"name", program.string(part.name)},
          {"kind", nameOf(part.kind, kPartKindNames)},
          {"ranks", part.ranks},
          {"last", part.last != 0},
          {"tokens", part.tokens},
          {"steps", steps},
          {"workspace_bytes", part.workspaceBytes},
          {"inputs", inputs},
          {"outputs", outputs},
          {"collectives", collectives},
          {"launches_of", program.string(program.parts()[owner].name)},
          {"launches", launches}};
}

/// One row a step; null are numbers that the host gives, and those that have no
/// value at a step, where nothing reads them.
static Json rowsOf(const ProgramView &program, const RowOf &rowOf) {
  Json rows = Json::array();
  for (int64_t step = 0; step <= program.header().steps; ++step) {
    Json row = Json::array();
    std::vector<double> values = rowOf(step);
    for (size_t i = 0; i < values.size(); ++i)
      if (program.numbers()[i].kind == NumberKind::Scheduled &&
          __builtin_isfinite(values[i]))
        row.push_back(values[i]);
      else
        row.push_back(nullptr);
    rows.push_back(row);
  }
  return rows;
}

Json gptc::describeLaunches(const ProgramView &program, const RowOf &rowOf) {
  const Program &header = program.header();
  Json buffers = Json::array(), numbers = Json::array(), parts = Json::array();
  for (const Buffer &buffer : program.buffers())
    buffers.push_back(describe(program, buffer));
  for (const Number &number : program.numbers())
    numbers.push_back({{"name", program.string(number.name)},
                       {"kind", nameOf(number.kind, kNumberKindNames)}});
  for (uint32_t i = 0; i < program.parts().size(); ++i)
    parts.push_back(describe(program, i));
  return {{"target", nameOf(header.target, kTargetNames)},
          {"model", program.string(header.model)},
          {"steps", header.steps},
          {"micro_batches", header.microBatches},
          {"persistent_bytes", header.persistentBytes},
          {"arena_bytes", header.arenaBytes},
          {"buffers", buffers},
          {"numbers", numbers},
          {"rows", rowsOf(program, rowOf)},
          {"parts", parts}};
}

std::string gptc::launchesText(const ProgramView &program, const RowOf &rowOf) {
  // A file's name need not be UTF-8.
  return describeLaunches(program, rowOf)
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}
