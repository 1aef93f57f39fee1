//===- memory.cpp - what a command needs of the machine -------------------===//
//
// Part of gptc, under the MIT License.
//
// A refusal must be certain, so memory counts as there if the system could find
// it: caches and swap space do. What cannot be read sets no limit.
//
//===----------------------------------------------------------------------===//

#include "memory.h"

#include "error.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

using namespace gptc;

using Count = unsigned long long;

/// Where the buffers end that outlive the parts of a run of so many ranks.
static uint64_t persistentEnd(const ProgramView &program, unsigned ranks) {
  uint64_t end = 0;
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind != BufferKind::Workspace && isUsedBy(buffer, ranks) &&
        !buffer.inPlace)
      end = std::max(end, (buffer.offset + buffer.room + 255) / 256 * 256);
  return end;
}

uint64_t gptc::placeOf(const ProgramView &program, const MemoryPlan &plan,
                       uint32_t index) {
  const Buffer &buffer = program.buffers()[index];
  if (buffer.kind == BufferKind::Workspace)
    return buffer.offset - program.header().persistentBytes + plan.workspaceAt;
  if (buffer.inPlace)
    return program.buffers()[buffer.whole].offset + plan.rank * buffer.bytes;
  return buffer.offset;
}

MemoryPlan gptc::planMemory(const ProgramView &program,
                            const std::vector<uint32_t> &parts, unsigned ranks,
                            unsigned rank) {
  MemoryPlan plan;
  plan.ranks = ranks;
  plan.rank = rank;
  plan.workspaceAt = ranks == 1 ? program.header().persistentBytes
                                : persistentEnd(program, ranks);
  plan.parts.resize(program.parts().size());
  plan.touched.resize(program.buffers().size());
  auto touch = [&](uint32_t index) {
    if (index == kNone)
      return;
    if (program.buffers()[index].inPlace)
      index = program.buffers()[index].whole;
    const Buffer &buffer = program.buffers()[index];
    if (plan.touched[index] || buffer.kind == BufferKind::Workspace)
      return;
    plan.touched[index] = true;
    plan.persistentBytes += buffer.room;
  };
  auto addVariant = [&](uint32_t index) {
    if (index == kNone || plan.parts[index])
      return;
    plan.parts[index] = true;
    const Part &part = program.parts()[index];
    if (plan.largest == kNone || part.workspaceBytes > plan.workspaceBytes) {
      plan.largest = index;
      plan.workspaceBytes = part.workspaceBytes;
    }
    for (const Launch &launch : program.launches().slice(part.launches)) {
      plan.scratchBytes = std::max(plan.scratchBytes, launch.scratchBytes);
      for (const Argument &use : program.arguments().slice(launch.arguments))
        touch(use.buffer);
    }
    if (ranks > 1)
      for (const Collective &collective :
           program.collectives().slice(part.collectives)) {
        touch(collective.from);
        touch(collective.to);
      }
  };
  auto add = [&](uint32_t index) {
    addVariant(partOf(program, index, ranks));
    addVariant(partOf(program, index, ranks, /*last=*/true));
  };
  add(program.header().init);
  for (uint32_t part : parts)
    add(part);
  plan.scratchBytes = (plan.scratchBytes + 4095) / 4096 * 4096;
  if (program.header().target != Target::Cpu) {
    plan.persistentBytes = plan.workspaceAt;
    plan.scratchBytes = 0; // each block's own, on the chip
  }
  return plan;
}

std::vector<uint32_t> gptc::allParts(const ProgramView &program) {
  std::vector<uint32_t> parts;
  for (uint32_t i = 0; i < program.parts().size(); ++i)
    if (program.parts()[i].ranks <= 1)
      parts.push_back(i);
  return parts;
}

std::vector<uint32_t> gptc::partsOfSteps(const ProgramView &program,
                                         int64_t begin, int64_t end) {
  std::vector<uint32_t> parts;
  for (int64_t step = begin; step < end; ++step) {
    const Step &row = program.stepTable()[step];
    for (uint32_t part :
         {row.prologue, row.micro, row.epilogue, row.update, row.event})
      parts.push_back(part);
  }
  return parts;
}

std::vector<uint32_t> gptc::eventsFrom(const ProgramView &program,
                                       int64_t begin) {
  std::vector<uint32_t> parts;
  for (int64_t step = begin; step < program.header().steps; ++step)
    parts.push_back(program.stepTable()[step].event);
  return parts;
}

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

/// MemAvailable and SwapFree of the system.
static uint64_t systemMemory() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  uint64_t sum = 0, kibibytes;
  bool known = false;
  while (file >> name >> kibibytes && std::getline(file, unit)) {
    known |= name == "MemAvailable:";
    if (name == "MemAvailable:" || name == "SwapFree:")
      sum += kibibytes << 10;
  }
  return known ? sum : UINT64_MAX;
}

/// The number in a control group's file; "max" and no file are no limit.
static uint64_t limitIn(const std::string &path) {
  std::ifstream file(path);
  uint64_t bytes;
  return file >> bytes ? bytes : UINT64_MAX;
}

/// The least limit of the process's control groups, version 2 or 1.
static uint64_t groupLimit() {
  uint64_t limit = limitIn("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 3, "0::") != 0)
      continue;
    for (std::string group = line.substr(3);;) {
      limit =
          std::min(limit, limitIn("/sys/fs/cgroup" + group + "/memory.max"));
      size_t slash = group.rfind('/');
      if (slash == std::string::npos)
        break;
      group.resize(slash);
    }
  }
  return limit;
}

uint64_t gptc::availableMemory() {
  return std::min(systemMemory(), groupLimit());
}

//===----------------------------------------------------------------------===//
// What is needed
//===----------------------------------------------------------------------===//

/// What to do about the part's workspace, which is about proportional to its
/// tokens; `room` bytes are left for it.
static std::string mendFor(const ProgramView &program, const Part &part,
                           uint64_t room) {
  constexpr int64_t slice = 2048;
  if (part.kind == PartKind::Validate) {
    std::string mend = "; train without --val, or compile with fewer tokens a "
                       "validation slice";
    std::string batch = program.string(program.header().validateBatchConstant);
    std::string all = program.string(program.header().validateTokensConstant);
    if (part.tokens > slice && !batch.empty() && !all.empty())
      mend += formatText(": --set {}={} --set {}={}", batch, slice, all, slice);
    return mend;
  }
  if (part.kind == PartKind::Micro) {
    int64_t times = 2;
    while (times < part.tokens &&
           part.workspaceBytes / static_cast<uint64_t>(times) > room)
      times *= 2;
    std::string mend = "; compile with fewer tokens a micro-batch";
    std::string name = program.string(program.header().microBatchesConstant);
    if (!name.empty() && part.tokens % times == 0)
      mend += formatText(": --set {}={}", name,
                         program.header().microBatches * times);
    return mend;
  }
  if (part.kind == PartKind::Sample)
    return "; compile with fewer tokens a sample";
  return "";
}

/// The mends of all kinds of parts that do not fit, the largest part of each.
static std::string mendsFor(const ProgramView &program, const MemoryPlan &plan,
                            uint64_t room) {
  std::string mends;
  for (PartKind kind :
       {PartKind::Micro, PartKind::Validate, PartKind::Sample}) {
    const Part *largest = nullptr;
    for (size_t i = 0; i < plan.parts.size(); ++i) {
      const Part &part = program.parts()[i];
      if (plan.parts[i] && part.kind == kind && part.workspaceBytes > room &&
          (!largest || part.workspaceBytes > largest->workspaceBytes))
        largest = &part;
    }
    if (largest)
      mends += mendFor(program, *largest, room);
  }
  return mends;
}

void gptc::checkMemory(const ProgramView &program, const MemoryPlan &plan,
                       unsigned threads, uint64_t available,
                       const char *device) {
  uint64_t needed = plan.bytes(threads);
  if (needed <= available)
    return;
  uint64_t fixed = needed - plan.workspaceBytes;
  if (plan.largest == kNone || fixed > available)
    fail("the model's parameters, gradients and states take {} bytes of "
         "memory{}, and {} has {} available",
         plan.persistentBytes,
         threads ? formatText(", {} threads another {}", threads,
                              plan.scratchBytes * threads)
                       .c_str()
                 : "",
         device, available);
  const Part &part = program.parts()[plan.largest];
  fail("part {} needs {} bytes of memory ({} for {} tokens' work, {} for "
       "parameters, gradients, states{}), and {} has {} available{}",
       program.string(part.name), needed, part.workspaceBytes, part.tokens,
       fixed, threads ? " and threads" : "", device, available,
       mendsFor(program, plan, available - fixed));
}
