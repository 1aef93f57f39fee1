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
      {"fingerprint", formatText("%016llx", Count(header.fingerprint))},
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
  std::fprintf(out, "model: %s\n", textOf(info["model"]).c_str());
  std::fprintf(out, "fingerprint: %s\n", textOf(info["fingerprint"]).c_str());
  std::fprintf(out, "steps: %llu of %llu micro-batches\n",
               countOf(info["steps"]), countOf(info["micro_batches"]));
  std::fprintf(out,
               "tokens: %llu (%s), document token %lld, at most %llu a "
               "document\n",
               countOf(info["vocabulary_size"]),
               textOf(info["vocabulary"]).c_str(),
               info["document_token"].get<long long>(),
               countOf(info["max_document_tokens"]));
  std::fprintf(out, "validation: %llu tokens in slices of %llu\n",
               countOf(info["validate_tokens"]),
               countOf(info["validate_batch"]));
  std::fputs(makers(info).c_str(), out);
}

static void printParameters(const Json &parameters, std::FILE *out) {
  size_t width = 0;
  for (const Json &parameter : parameters)
    width = std::max(width, textOf(parameter["name"]).size());
  Count elements = 0;
  std::fprintf(out, "\nparameters:\n");
  for (const Json &parameter : parameters) {
    std::fprintf(
        out, "  %-*s %s %s\n", static_cast<int>(width),
        textOf(parameter["name"]).c_str(), textOf(parameter["element"]).c_str(),
        shapeText(parameter["shape"].get<std::vector<int64_t>>()).c_str());
    elements += countOf(parameter["elements"]);
  }
  std::fprintf(out, "  %llu parameters of %llu elements\n",
               Count(parameters.size()), elements);
}

static void printMemory(const Json &memory, std::FILE *out) {
  std::fprintf(out, "\nmemory, bytes:\n");
  for (const Json &kind : memory["kinds"])
    std::fprintf(out, "  %-12s %14llu in %llu buffers\n",
                 textOf(kind["kind"]).c_str(), countOf(kind["bytes"]),
                 countOf(kind["buffers"]));
  std::fprintf(out, "  %-12s %14llu between buffers\n", "alignment",
               countOf(memory["alignment"]));
  std::fprintf(out,
               "  %-12s %14llu the largest of all parts; a command takes the "
               "largest of those that it runs\n",
               "workspace", countOf(memory["workspace"]));
  std::fprintf(out, "  %-12s %14llu\n", "total", countOf(memory["total"]));
}

static void printParts(const Json &parts, std::FILE *out) {
  std::fprintf(out, "\nparts:\n");
  for (const Json &part : parts)
    std::fprintf(out,
                 "  %-20s %5llu launches, %7lld tokens, %14llu bytes of "
                 "workspace, %10llu of scratch a thread\n",
                 textOf(part["name"]).c_str(), countOf(part["launches"]),
                 part["tokens"].get<long long>(),
                 countOf(part["workspace_bytes"]),
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
  std::fprintf(console, "\nconstants:\n");
  for (auto &[name, value] : info["constants"].items())
    std::fprintf(console, "  %s = %.17g\n", name.c_str(), value.get<double>());
  std::fprintf(console, "\nconstants that train --set changes:\n");
  for (const Json &name : info["settings"])
    std::fprintf(console, "  %s = %.17g\n", textOf(name).c_str(),
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
