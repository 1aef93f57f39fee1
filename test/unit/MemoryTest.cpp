//===- MemoryTest.cpp - what a command needs of the machine ---------------===//
//
// Part of gptc, under the MIT License.
//
// A command takes the memory of its own parts; too little is one error.
//
//===----------------------------------------------------------------------===//

#include "memory.h"
#include "Files.h"
#include "ProgramBuilder.h"
#include "error.h"
#include "places.h"

#include <gtest/gtest.h>

using namespace gptc;

static void noKernel(void *const *, const double *, const int64_t *, int64_t,
                     int64_t, void *) {}

namespace {
/// 4096 bytes of parameters; one step with a small and a large part.
struct Small {
  std::vector<uint64_t> blob;
  uint32_t micro, event, validate;

  explicit Small(bool constants) {
    ProgramBuilder b;
    uint32_t w = b.buffer("w", BufferKind::Parameter, Element::F32, {1024});
    b.buffer("other", BufferKind::Parameter, Element::F32, {1024});
    uint32_t kernel = b.kernel(noKernel, "none");
    auto part = [&](PartKind kind, const char *name, int64_t tokens,
                    uint64_t bytes, uint64_t scratch) {
      uint32_t index = b.part(kind, name, tokens);
      b.launch(kernel, {w}, 1, {}, scratch);
      b.parts.back().workspaceBytes = bytes;
      return index;
    };
    b.header.init = part(PartKind::Init, "init", 0, 64, 0);
    micro = part(PartKind::Micro, "micro_0", 4096, 1 << 20, 5000);
    event = part(PartKind::Event, "event_0", 0, 128, 0);
    validate = part(PartKind::Validate, "validate_0", 8192, 1 << 30, 10000);
    b.header.sample = kNone;
    b.header.steps = 1;
    b.header.microBatches = 4;
    b.steps = {{kNone, micro, kNone, kNone, event, validate},
               {kNone, kNone, kNone, kNone, kNone, validate}};
    if (constants) {
      b.header.microBatchesConstant = b.text("count");
      b.header.validateBatchConstant = b.text("slice");
      b.header.validateTokensConstant = b.text("all");
    }
    blob = b.finish();
  }
  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()), nullptr,
            nullptr};
  }
};
} // namespace

TEST(Memory, IsThatOfTheChosenParts) {
  Small program(true);
  ProgramView view = program.view();
  MemoryPlan init = planMemory(view, {kNone});
  EXPECT_EQ(init.bytes(1), 4096u + 64);
  EXPECT_EQ(init.scratchBytes, 0u);
  EXPECT_EQ(planMemory(view, eventsFrom(view, 0)).bytes(9), 4096u + 128);
  EXPECT_EQ(planMemory(view, eventsFrom(view, 1)).bytes(9), 4096u + 64);
  MemoryPlan step = planMemory(view, partsOfSteps(view, 0, 1));
  EXPECT_EQ(step.bytes(2), 4096u + (1 << 20) + 2 * 8192);
  EXPECT_EQ(step.scratchBytes, 8192u); // whole pages
  EXPECT_EQ(step.largest, program.micro);
  EXPECT_TRUE(step.parts[program.event]);
  EXPECT_FALSE(step.parts[program.validate]);
  MemoryPlan all = planMemory(view, allParts(view));
  EXPECT_EQ(all.workspaceBytes, uint64_t(1) << 30);
  EXPECT_EQ(all.persistentBytes, 4096u); // `other` is nobody's
  EXPECT_EQ(all.scratchBytes, 12288u);
}

namespace {
/// A parameter of 5 rows, its state, and what ranks of 2 and of 4 have of both.
struct Shared {
  std::vector<uint64_t> blob;
  uint32_t w, other, m, wOf2, mOf2, mOf4, work, update;

  Shared() {
    ProgramBuilder b;
    auto share = [&](const char *name, uint32_t whole, int64_t rows,
                     uint32_t ranks, uint64_t offset) {
      uint32_t index =
          b.buffer(name, BufferKind::Share, Element::F32, {rows, 16}, whole);
      b.buffers[index].ranks = ranks;
      b.buffers[index].whole = whole;
      b.buffers[index].offset = offset;
      b.buffers[index].inPlace = b.buffers[whole].kind == BufferKind::Parameter;
      return index;
    };
    w = b.buffer("w", BufferKind::Parameter, Element::F32, {5, 16});
    b.buffers[w].room = 512; // of four ranks with two rows each
    other = b.buffer("other", BufferKind::Gradient, Element::F32, {4, 16}, w);
    b.buffers[other].offset = 512;
    m = b.buffer("m", BufferKind::Optimizer, Element::F32, {5, 16}, w);
    b.buffers[m].offset = 768;
    b.buffers[m].ranks = 1;
    wOf2 = share("w_of_2", w, 3, 2, 768);
    mOf2 = share("m_of_2", m, 3, 2, 768);
    mOf4 = share("m_of_4", m, 2, 4, 768);
    b.header.persistentBytes = 768 + 320;
    work = b.buffer("x", BufferKind::Workspace, Element::F32, {16});
    b.header.persistentBytes = 768 + 320;
    b.buffers[work].offset = b.header.persistentBytes + 64;
    uint32_t kernel = b.kernel(noKernel, "none");
    auto part = [&](uint32_t ranks, const std::vector<uint32_t> &buffers) {
      uint32_t index = b.part(PartKind::Update, "update", 0);
      b.parts.back().ranks = ranks;
      b.parts.back().workspaceBytes = 128;
      b.launch(kernel, buffers, 1);
      return index;
    };
    update = part(1, {w, m, work});
    part(2, {wOf2, mOf2, work});
    part(4, {mOf4});
    b.header.init = b.header.sample = kNone;
    b.header.microBatches = 4;
    blob = b.finish();
  }
  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()), nullptr,
            nullptr};
  }
};
} // namespace

TEST(Memory, ARankHasItsShares) {
  Shared program;
  ProgramView view = program.view();
  EXPECT_EQ(partOf(view, program.update, 1), program.update);
  EXPECT_EQ(partOf(view, program.update, 4), program.update + 2);
  EXPECT_EQ(partOf(view, kNone, 4), kNone);
  EXPECT_THROW(partOf(view, program.update, 3), Error);
  EXPECT_EQ(shareOf(view, program.m, 2), program.mOf2);
  EXPECT_EQ(shareOf(view, program.other, 2), kNone);
  EXPECT_TRUE(isUsedBy(view.buffers()[program.m], 1));
  EXPECT_FALSE(isUsedBy(view.buffers()[program.m], 2));
  EXPECT_TRUE(isUsedBy(view.buffers()[program.w], 2));

  // One rank: as planned.
  MemoryPlan one = planMemory(view, {program.update});
  EXPECT_EQ(one.persistentBytes, 512u + 320);
  EXPECT_EQ(placeOf(view, one, program.m), 768u);
  EXPECT_EQ(placeOf(view, one, program.work), 768u + 320 + 64);
  // Of two, the second: its rows are in the parameter, its state where the
  // whole one would be, and the workspace behind that.
  MemoryPlan two = planMemory(view, {program.update}, 2, 1);
  EXPECT_TRUE(two.parts[program.update + 1]);
  EXPECT_FALSE(two.parts[program.update]);
  EXPECT_EQ(two.persistentBytes, 512u + 192);
  EXPECT_EQ(placeOf(view, two, program.w), 0u);
  EXPECT_EQ(placeOf(view, two, program.wOf2), 192u);
  EXPECT_EQ(placeOf(view, two, program.mOf2), 768u);
  EXPECT_EQ(placeOf(view, two, program.work), 1024u + 64);
  EXPECT_EQ(planMemory(view, {program.update}, 4, 3).workspaceAt, 1024u);
  // Guarded, each stands alone, but for the share of a parameter.
  Places places(view, two, Guard::After);
  EXPECT_EQ(places[program.wOf2], places[program.w] + 192);
  EXPECT_EQ(places[program.m], nullptr);
  EXPECT_EQ(places[program.mOf4], nullptr);
  Places arena(view, two, Guard::None);
  EXPECT_EQ(arena[program.mOf2] - arena[program.w], 768);
  EXPECT_EQ(arena[program.m], nullptr);
}

TEST(Memory, TooLittleIsOneErrorWithAMend) {
  auto message = [](bool constants, bool validates, uint64_t available) {
    Small program(constants);
    ProgramView view = program.view();
    std::vector<uint32_t> parts = partsOfSteps(view, 0, 1);
    if (validates)
      parts.push_back(program.validate);
    return errorOf(
        [&] { checkMemory(view, planMemory(view, parts), 2, available); });
  };
  uint64_t fixed = 4096 + 2 * 8192;
  EXPECT_EQ(message(true, false, fixed + (1 << 20)), "");
  EXPECT_EQ(message(true, false, fixed + (1 << 20) - 1),
            "part micro_0 needs 1069056 bytes of memory (1048576 for 4096 "
            "tokens' work, 20480 for parameters, gradients, states and "
            "threads), and this machine has 1069055 available; compile with "
            "fewer tokens a micro-batch: --set count=8");
  std::string tight = message(true, false, fixed + (1 << 18));
  EXPECT_NE(tight.find("--set count=16"), std::string::npos) << tight;
  std::string bare = message(false, false, fixed + 10);
  EXPECT_EQ(bare.find("--set"), std::string::npos) << bare;
  std::string whole = message(true, true, 1 << 30);
  EXPECT_NE(whole.find("part validate_0 needs 1073770496 bytes"),
            std::string::npos)
      << whole;
  EXPECT_NE(whole.find("train without --val, or compile with fewer tokens a "
                       "validation slice: --set slice=2048 --set "
                       "all=2048"),
            std::string::npos)
      << whole;
  EXPECT_EQ(whole.find("--set count"), std::string::npos) << whole;
  std::string both = message(true, true, fixed + (1 << 19) + 8192);
  EXPECT_NE(both.find("--set count=8; train without --val"), std::string::npos)
      << both;
  EXPECT_EQ(message(true, false, fixed - 1),
            "the model's parameters, gradients and states take 4096 bytes of "
            "memory, 2 threads another 16384, and this machine has 20479 "
            "available");
}

TEST(Memory, TheMachineHasSome) {
  EXPECT_GT(availableMemory(), uint64_t(1) << 20);
}
