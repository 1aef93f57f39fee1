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
