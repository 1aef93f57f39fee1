//===- info.cpp - what a training binary is -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Reads the program's tables only: no memory is reserved, nothing is run.
//
//===----------------------------------------------------------------------===//

#include "info.h"

#include "parameters.h"
#include "safetensors.h"

#include <algorithm>

using namespace gptc;

using Count = unsigned long long;

static void printHead(const ProgramView &program, std::FILE *out) {
  const Program &header = program.header();
  std::fprintf(out, "model: %s\n", program.string(header.model).c_str());
  std::fprintf(out, "fingerprint: %016llx\n", Count(header.fingerprint));
  std::fprintf(out, "steps: %llu of %llu micro-batches\n", Count(header.steps),
               Count(header.microBatches));
  std::fprintf(out,
               "tokens: %llu (%s), document token %lld, at most %llu a "
               "document\n",
               Count(header.vocabularySize),
               program.string(header.vocabulary).c_str(),
               static_cast<long long>(header.documentToken),
               Count(header.maxDocumentTokens));
  std::fprintf(out, "validation: %llu tokens in slices of %llu\n",
               Count(header.validateTokens), Count(header.validateBatch));
  for (const Note &note : program.notes())
    std::fprintf(out, "%s: %s\n", program.string(note.key).c_str(),
                 program.string(note.value).c_str());
}

static void printConstants(const ProgramView &program, std::FILE *out) {
  std::fprintf(out, "\nconstants:\n");
  for (const Constant &constant : program.constants())
    std::fprintf(out, "  %s = %.17g\n", program.string(constant.name).c_str(),
                 constant.value);
}

static void printParameters(const ProgramView &program, std::FILE *out) {
  size_t width = 0;
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Parameter)
      width = std::max<size_t>(width, buffer.name.size);
  uint64_t elements = 0, count = 0;
  std::fprintf(out, "\nparameters:\n");
  for (const Buffer &buffer : program.buffers()) {
    if (buffer.kind != BufferKind::Parameter)
      continue;
    std::fprintf(out, "  %-*s %s %s\n", static_cast<int>(width),
                 program.string(buffer.name).c_str(),
                 elementName(buffer.element),
                 shapeText(bufferShape(buffer)).c_str());
    elements += elementCount(buffer);
    ++count;
  }
  std::fprintf(out, "  %llu parameters of %llu elements\n", Count(count),
               Count(elements));
}

static void printMemory(const ProgramView &program, std::FILE *out) {
  uint64_t bytes[kBufferKinds] = {}, counts[kBufferKinds] = {}, used = 0;
  for (const Buffer &buffer : program.buffers()) {
    auto kind = static_cast<unsigned>(buffer.kind);
    bytes[kind] += buffer.bytes;
    ++counts[kind];
  }
  std::fprintf(out, "\nmemory, bytes:\n");
  for (unsigned kind = 0; kind < kBufferKinds; ++kind) {
    if (static_cast<BufferKind>(kind) == BufferKind::Workspace)
      continue; // Their places overlap; the parts below tell what they take.
    std::fprintf(out, "  %-12s %14llu in %llu buffers\n",
                 bufferKindName(static_cast<BufferKind>(kind)),
                 Count(bytes[kind]), Count(counts[kind]));
    used += bytes[kind];
  }
  const Program &header = program.header();
  std::fprintf(out, "  %-12s %14llu between buffers\n", "alignment",
               Count(header.persistentBytes - used));
  std::fprintf(out,
               "  %-12s %14llu the largest of all parts; a command takes the "
               "largest of those that it runs\n",
               "workspace", Count(header.arenaBytes - header.persistentBytes));
  std::fprintf(out, "  %-12s %14llu\n", "total", Count(header.arenaBytes));
}

static void printParts(const ProgramView &program, std::FILE *out) {
  std::fprintf(out, "\nparts:\n");
  for (const Part &part : program.parts()) {
    uint64_t scratch = 0;
    for (const Launch &launch : program.launches().slice(part.launches))
      scratch = std::max(scratch, launch.scratchBytes);
    std::fprintf(out,
                 "  %-20s %5u launches, %7lld tokens, %14llu bytes of "
                 "workspace, %10llu of scratch a thread\n",
                 program.string(part.name).c_str(), part.launches.count,
                 static_cast<long long>(part.tokens),
                 Count(part.workspaceBytes), Count(scratch));
  }
}

void gptc::printInfo(const ProgramView &program, std::FILE *console) {
  printHead(program, console);
  printConstants(program, console);
  printParameters(program, console);
  printMemory(program, console);
  printParts(program, console);
}
