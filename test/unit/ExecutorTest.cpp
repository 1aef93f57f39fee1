//===- ExecutorTest.cpp - threads and parts -------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Every unit runs once, on any number of threads, with the same bits.
//
//===----------------------------------------------------------------------===//

#include "executor.h"
#include "FakeProgram.h"
#include "ProgramBuilder.h"
#include "instance.h"

#include <csignal>
#include <cstring>
#include <gtest/gtest.h>

using namespace gptc;

TEST(ThreadPool, RunsEveryUnitOnce) {
  for (unsigned threads : {1u, 2u, 3u, 7u}) {
    ThreadPool pool(threads);
    for (int64_t units : {0, 1, 2, 3, 17, 1000, 65537}) {
      std::vector<int> visits(static_cast<size_t>(units));
      pool.run(
          units,
          [](void *context, int64_t begin, int64_t end, unsigned) {
            for (int64_t i = begin; i < end; ++i)
              ++(*static_cast<std::vector<int> *>(context))[i];
          },
          &visits);
      EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(units), 1));
    }
  }
}

TEST(ThreadPool, SurvivesManyShortJobs) {
  ThreadPool pool(3);
  std::vector<int64_t> sums(64);
  for (int job = 0; job < 20000; ++job)
    pool.run(
        64,
        [](void *context, int64_t begin, int64_t end, unsigned) {
          for (int64_t i = begin; i < end; ++i)
            (*static_cast<std::vector<int64_t> *>(context))[i] += i;
        },
        &sums);
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_EQ(sums[i], 20000 * i);
}

static MicroBatch batchOf(int64_t count) {
  MicroBatch batch;
  for (int64_t t = 0; t < count; ++t) {
    batch.tokens.push_back(int32_t(t * 7 % 16));
    batch.targets.push_back(int32_t(t * 5 % 16));
    batch.documentStarts.push_back(0);
  }
  return batch;
}

static std::string bytesOf(const Instance &instance, const Buffer &buffer) {
  std::vector<std::byte> storage;
  const std::byte *bytes = instance.read(buffer, storage);
  return {reinterpret_cast<const char *>(bytes), buffer.bytes};
}

/// All buffers after a step on `threads` threads.
static std::string buffersAfterStep(unsigned threads) {
  FakeProgram program;
  ProgramView view = program.view();
  Instance instance(view, threads, 3);
  instance.initialize();
  const Step &step = view.stepTable()[0];
  instance.run(step.prologue, 0);
  instance.run(step.micro, 0, batchOf(12));
  instance.run(step.micro, 0, batchOf(12));
  instance.run(step.update, 0);
  std::string all;
  for (const Buffer &buffer : view.buffers())
    all += bytesOf(instance, buffer);
  return all;
}

TEST(Executor, SameBitsOnAnyNumberOfThreads) {
  std::string one = buffersAfterStep(1);
  EXPECT_EQ(buffersAfterStep(2), one);
  EXPECT_EQ(buffersAfterStep(3), one);
}

TEST(Executor, FillsInTheHostsNumbers) {
  FakeProgram program;
  Instance instance(program.view(), 1, 42);
  EXPECT_EQ(instance.numbers(1),
            (std::vector<double>{0.125, 2, 42, 0, 0, 0, 1, -1}));
}

TEST(Executor, PoisonsWorkspaceAndScratchBeforeEachPart) {
  setenv("GPTC_POISON", "1", 1);
  FakeProgram program;
  ProgramView view = program.view();
  Instance instance(view, 2, 0);
  unsetenv("GPTC_POISON");
  const Buffer &workspace = view.buffers()[view.buffers().size() - 1];
  ASSERT_EQ(workspace.kind, BufferKind::Workspace);
  instance.initialize();
  float value;
  std::memcpy(&value, bytesOf(instance, workspace).data(), sizeof(value));
  EXPECT_NE(value, value);
  // Parameters are persistent and stay.
  float weight;
  std::memcpy(&weight, bytesOf(instance, view.buffers()[0]).data() + 4,
              sizeof(weight));
  EXPECT_EQ(weight, 1.0f / 64);
}

TEST(Executor, RefusesABatchOfAnotherLength) {
  FakeProgram program;
  Instance instance(program.view(), 1, 0);
  uint32_t micro = program.view().stepTable()[0].micro;
  EXPECT_THROW(instance.run(micro, 0, batchOf(11)), std::runtime_error);
}

//===----------------------------------------------------------------------===//
// Guarded buffers
//===----------------------------------------------------------------------===//

/// A program of one launch that reads element `sizes[0]` of a buffer of 5.
static void readKernel(void *const *buffers, const double *,
                       const int64_t *sizes, int64_t, int64_t, void *scratch) {
  *static_cast<volatile float *>(scratch) =
      static_cast<const volatile float *>(buffers[0])[sizes[0]];
}

static void readOne(Guard guard, int64_t at) {
  ProgramBuilder b;
  uint32_t five = b.buffer("five", BufferKind::Workspace, Element::F32, {5});
  uint32_t kernel = b.kernel(readKernel, "read");
  b.part(PartKind::Init, "init", 0);
  b.launch(kernel, {five}, 1, {at}, 4);
  b.buffers[five].bytes = 20;
  std::vector<uint64_t> blob = b.finish();
  ProgramView view(reinterpret_cast<const unsigned char *>(blob.data()),
                   b.kernels.data(), nullptr);
  MemoryPlan plan = planMemory(view, {0});
  Places places(view, plan, guard);
  Executor executor(view, places, 1, plan.scratchBytes, guard, true);
  executor.run(view.parts()[0], nullptr);
}

TEST(Guard, EndsAtAnAccessBeyondABuffer) {
  readOne(Guard::None, 5);
  for (int64_t inside : {0, 4}) {
    readOne(Guard::Before, inside);
    readOne(Guard::After, inside);
  }
  EXPECT_EXIT(readOne(Guard::After, 5), testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(readOne(Guard::Before, -1), testing::KilledBySignal(SIGSEGV), "");
}
