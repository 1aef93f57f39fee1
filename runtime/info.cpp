//===- info.cpp - what a training binary is -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Reads the program's tables only: no memory is reserved, nothing is run. All
// values are gathered in one JSON object; the text is another form of it, so
// neither says what the other does not.
//
//===----------------------------------------------------------------------===//

#include "info.h"

#include "error.h"
#include "launches.h"
#include "numbers.h"
#include "parameters.h"
#include "processor.h"
#include "safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;
using Count = unsigned long long;

//===----------------------------------------------------------------------===//
// The values
//===----------------------------------------------------------------------===//

static Json describeParameters(const ProgramView &program) {
  Json parameters = Json::array();
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Parameter)
      parameters.push_back({{"name", program.string(buffer.name)},
                            {"element", elementName(buffer.element)},
                            {"shape", bufferShape(buffer)},
                            {"elements", elementCount(buffer)}});
  return parameters;
}

static Json describeMemory(const ProgramView &program) {
  const Program &header = program.header();
  uint64_t bytes[kBufferKinds] = {}, counts[kBufferKinds] = {}, used = 0;
  for (const Buffer &buffer : program.buffers()) {
    auto kind = static_cast<unsigned>(buffer.kind);
    bytes[kind] += buffer.room;
    ++counts[kind];
  }
  Json kinds = Json::array();
  for (unsigned kind = 0; kind < kBufferKinds; ++kind) {
    // Workspaces overlap, and the parts tell what they take; a run of one rank
    // has no shares.
    if (static_cast<BufferKind>(kind) == BufferKind::Workspace ||
        static_cast<BufferKind>(kind) == BufferKind::Share)
      continue;
    kinds.push_back({{"kind", bufferKindName(static_cast<BufferKind>(kind))},
                     {"bytes", bytes[kind]},
                     {"buffers", counts[kind]}});
    used += bytes[kind];
  }
  return {{"kinds", kinds},
          {"alignment", header.persistentBytes - used},
          {"workspace", header.arenaBytes - header.persistentBytes},
          {"total", header.arenaBytes}};
}

static Json describeParts(const ProgramView &program) {
  Json parts = Json::array();
  for (const Part &part : program.parts()) {
    uint64_t scratch = 0;
    for (const Launch &launch : program.launches().slice(part.launches))
      scratch = std::max(scratch, launch.scratchBytes);
    parts.push_back({{"name", program.string(part.name)},
                     {"launches", part.launches.count},
                     {"tokens", part.tokens},
                     {"workspace_bytes", part.workspaceBytes},
                     {"scratch_bytes_a_thread", scratch}});
  }
  return parts;
}

Json gptc::describeProgram(const ProgramView &program) {
  const Program &header = program.header();
  Json notes = Json::object(), constants = Json::object();
  Json settings = Json::array();
  for (const Note &note : program.notes())
    notes[program.string(note.key)] = program.string(note.value);
  for (const Constant &constant : program.constants())
    constants[program.string(constant.name)] = constant.value;
  for (const Constant &constant : program.constants())
    if (constant.use == ConstantUse::Setting)
      settings.push_back(program.string(constant.name));
  return {
      {"model", program.string(header.model)},
      {"fingerprint", formatText("{:016x}", header.fingerprint)},
      {"steps", header.steps},
      {"micro_batches", header.microBatches},
      {"vocabulary_size", header.vocabularySize},
      {"vocabulary", program.string(header.vocabulary)},
      {"document_token", header.documentToken},
      {"max_document_tokens", header.maxDocumentTokens},
      {"validate_tokens", header.validateTokens},
      {"validate_batch", header.validateBatch},
      {"notes", notes},
      {"features", featureNames(header.features, " ")},
      {"runtime", std::string("compiled by ") + __VERSION__},
      {"constants", constants},
      {"settings", settings},
  };
}

static Json describe(const ProgramView &program) {
  Json info = describeProgram(program);
  info["parameters"] = describeParameters(program);
  info["memory"] = describeMemory(program);
  info["parts"] = describeParts(program);
  return info;
}

//===----------------------------------------------------------------------===//
// The text
//===----------------------------------------------------------------------===//

static Count countOf(const Json &value) { return value.get<uint64_t>(); }
static std::string textOf(const Json &value) {
  return value.get<std::string>();
}

/// What made the program: the compiler, its input, its target.
static std::string makers(const Json &info) {
  std::string lines;
  for (auto &[key, value] : info["notes"].items())
    lines += key + ": " + textOf(value) + "\n";
  return lines + "features: " + textOf(info["features"]) + "\n" +
         "runtime: " + textOf(info["runtime"]) + "\n";
}

static void printHead(const Json &info, std::FILE *out) {
  print(out, "model: {}\n", textOf(info["model"]));
  print(out, "fingerprint: {}\n", textOf(info["fingerprint"]));
  print(out, "steps: {} of {} micro-batches\n", countOf(info["steps"]),
        countOf(info["micro_batches"]));
  print(out, "tokens: {} ({}), document token {}, at most {} a document\n",
        countOf(info["vocabulary_size"]), textOf(info["vocabulary"]),
        info["document_token"].get<long long>(),
        countOf(info["max_document_tokens"]));
  print(out, "validation: {} tokens in slices of {}\n",
        countOf(info["validate_tokens"]), countOf(info["validate_batch"]));
  std::fputs(makers(info).c_str(), out);
}

static void printParameters(const Json &parameters, std::FILE *out) {
  size_t width = 0;
  for (const Json &parameter : parameters)
    width = std::max(width, textOf(parameter["name"]).size());
  Count elements = 0;
  print(out, "\nparameters:\n");
  for (const Json &parameter : parameters) {
    print(out, "  {:<{}} {} {}\n", textOf(parameter["name"]), width,
          textOf(parameter["element"]),
          shapeText(parameter["shape"].get<std::vector<int64_t>>()));
    elements += countOf(parameter["elements"]);
  }
  print(out, "  {} parameters of {} elements\n", parameters.size(), elements);
}

static void printMemory(const Json &memory, std::FILE *out) {
  print(out, "\nmemory, bytes:\n");
  for (const Json &kind : memory["kinds"])
    print(out, "  {:<12} {:14} in {} buffers\n", textOf(kind["kind"]),
          countOf(kind["bytes"]), countOf(kind["buffers"]));
  print(out, "  {:<12} {:14} between buffers\n", "alignment",
        countOf(memory["alignment"]));
  print(out,
        "  {:<12} {:14} the largest of all parts; a command takes the largest "
        "of those that it runs\n",
        "workspace", countOf(memory["workspace"]));
  print(out, "  {:<12} {:14}\n", "total", countOf(memory["total"]));
}

static void printParts(const Json &parts, std::FILE *out) {
  print(out, "\nparts:\n");
  for (const Json &part : parts)
    print(out,
          "  {:<20} {:5} launches, {:7} tokens, {:14} bytes of workspace, "
          "{:10} of scratch a thread\n",
          textOf(part["name"]), countOf(part["launches"]),
          part["tokens"].get<long long>(), countOf(part["workspace_bytes"]),
          countOf(part["scratch_bytes_a_thread"]));
}

void gptc::printInfo(const ProgramView &program, bool json,
                     std::FILE *console) {
  Json info = describe(program);
  if (json) {
    // A file's name need not be UTF-8.
    std::string text =
        info.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fputs(text.c_str(), console);
    return;
  }
  printHead(info, console);
  print(console, "\nconstants:\n");
  for (auto &[name, value] : info["constants"].items())
    print(console, "  {} = {:.17g}\n", name, value.get<double>());
  print(console, "\nconstants that train --set changes:\n");
  for (const Json &name : info["settings"])
    print(console, "  {} = {:.17g}\n", textOf(name),
          info["constants"][textOf(name)].get<double>());
  printParameters(info["parameters"], console);
  printMemory(info["memory"], console);
  printParts(info["parts"], console);
}

void gptc::printLaunches(const ProgramView &program, std::FILE *console) {
  StepNumbers numbers(program, {});
  std::string text =
      launchesText(program, [&](int64_t step) { return numbers.at(step); });
  std::fputs(text.c_str(), console);
}

std::string gptc::versionText(const ProgramView &program) {
  Json info = describe(program);
  std::string text = textOf(info["model"]) + " " + textOf(info["fingerprint"]) +
                     "\n" + makers(info);
  text.pop_back(); // whoever prints it ends the line
  return text;
}
