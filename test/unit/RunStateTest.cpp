//===- RunStateTest.cpp - the state of ranks, put together ----------------===//
//
// Part of gptc, under the MIT License.
//
// On programs of memory alone: what ranks have shares of is put together, taken
// apart again by as many ranks and by others, and what is none of the program's
// is refused.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "ProgramBuilder.h"
#include "error.h"
#include "parameters.h"
#include "ranks.h"
#include "run_state.h"

#include <gtest/gtest.h>
#include <thread>

using namespace gptc;

namespace {
/// A program of memory alone: a stack of three parameters of two elements, its
/// state and its gradient, of which each of two ranks has a share of four
/// elements, and a state that every rank has whole.
class Shares {
public:
  Shares() {
    ProgramBuilder b;
    auto stack = [&](const char *name, BufferKind kind, uint32_t ranks) {
      uint32_t first = uint32_t(b.buffers.size());
      for (int i = 0; i < 3; ++i) {
        b.buffer(name + std::to_string(i), kind, Element::F32, {2});
        b.buffers.back().offset = b.buffers[first].offset + uint64_t(8 * i);
        b.buffers.back().ranks = ranks;
      }
      b.buffers[first].following = 2;
      b.buffers[first].room = 32;
      return first;
    };
    auto share = [&](const char *name, uint32_t whole) {
      uint32_t index = b.buffer(name, BufferKind::Share, Element::F32, {4});
      b.buffers[index].ranks = 2;
      b.buffers[index].whole = whole;
      return index;
    };
    uint32_t p = stack("p", BufferKind::Parameter, 0);
    uint32_t g = stack("g", BufferKind::Gradient, 0);
    stack("m", BufferKind::Optimizer, 1);
    b.buffer("n", BufferKind::Optimizer, Element::F64, {});
    share("p.share", p);
    gradient = share("g.share", g);
    state = share("m.share", p + 6);
    b.header.init = b.header.sample = kNone;
    b.header.microBatches = 2;
    blob = b.finish();
  }
  ProgramView view() const {
    return {reinterpret_cast<const unsigned char *>(blob.data()), nullptr,
            nullptr};
  }
  uint32_t gradient = 0, state = 0;

private:
  std::vector<uint64_t> blob;
};
} // namespace

static std::vector<float> floatsOf(const Instance &instance,
                                   const Buffer &buffer) {
  std::vector<std::byte> storage;
  std::vector<float> values(buffer.bytes / 4);
  std::memcpy(values.data(), instance.read(buffer, storage), buffer.bytes);
  return values;
}

static std::vector<float> floatsOf(const Tensor *tensor) {
  std::vector<float> values(tensor ? tensor->bytes / 4 : 0);
  if (tensor)
    std::memcpy(values.data(), tensor->data, tensor->bytes);
  return values;
}

TEST(RunState, IsWholeWhateverRanksShareOut) {
  Folder folder;
  Shares shares;
  using Floats = std::vector<float>;
  auto open = [&](Communicator &ranks) {
    return Instance(shares.view(), 1, 0, {}, {}, ranks);
  };
  auto write = [&](RunState &state) {
    for (const StateFile &each : kStateFiles)
      writeTensorFile(folder / each.name, state.tensors(each.kind));
  };
  // Written by two ranks, read by one and by two.
  runRanks(2, [&](Communicator &ranks) {
    Instance instance = open(ranks);
    auto buffers = shares.view().buffers();
    float first = 4 * float(ranks.rank());
    Floats own = {first + 1, first + 2, first + 3, first + 4};
    if (ranks.rank() == 1)
      own[2] = own[3] = 0; // beyond the end
    instance.write(buffers[shares.state], own.data());
    for (float &value : own)
      value *= -1;
    instance.write(buffers[shares.gradient], own.data());
    Floats added = {8 + first, 9};
    instance.write(buffers[4], added.data()); // g1
    double n = 0.5;
    instance.write(buffers[9], &n);
    RunState state(instance, ranks);
    std::unique_ptr<Communicator> beside = ranks.beside();
    state.copy();
    // What the next step writes is none of the copy.
    std::thread writing([&] {
      state.gather(*beside);
      if (ranks.rank() == 0)
        write(state);
    });
    Floats next = {-7, -7, -7, -7};
    for (uint32_t buffer : {shares.state, shares.gradient, 4u})
      instance.write(buffers[buffer], next.data());
    ranks.barrier("the next step");
    writing.join();
  });
  TensorFile optimizer(folder / "optimizer.safetensors");
  EXPECT_EQ(floatsOf(optimizer.find("m0")), (Floats{1, 2}));
  EXPECT_EQ(floatsOf(optimizer.find("m1")), (Floats{3, 4}));
  EXPECT_EQ(floatsOf(optimizer.find("m2")), (Floats{5, 6}));
  ASSERT_NE(optimizer.find("n"), nullptr);
  TensorFile gradients(folder / "gradients.safetensors");
  EXPECT_EQ(floatsOf(gradients.find("g0")), (Floats{-1, -2}));
  EXPECT_EQ(floatsOf(gradients.find("g2")), (Floats{-5, -6}));
  EXPECT_EQ(floatsOf(gradients.find("g1.ranks")), (Floats{8, 9, 12, 9}));
  EXPECT_EQ(gradients.tensors().size(), 4u);

  Instance one = open(singleRank());
  restoreState(one, singleRank(), folder.path);
  auto buffers = shares.view().buffers();
  EXPECT_EQ(floatsOf(one, buffers[8]), (Floats{5, 6}));            // m2
  EXPECT_EQ(floatsOf(one, buffers[4]), (Floats{-3 + 10, -4 + 9})); // g1
  RunState state(one, singleRank());
  state.copy();
  auto check = [&](bool hasOfRanks) {
    runRanks(2, [&](Communicator &ranks) {
      Instance instance = open(ranks);
      restoreState(instance, ranks, folder.path);
      bool isFirst = ranks.rank() == 0;
      Floats m = floatsOf(instance, buffers[shares.state]);
      Floats g = floatsOf(instance, buffers[shares.gradient]);
      Floats own = floatsOf(instance, buffers[4]);
      if (m != (isFirst ? Floats{1, 2, 3, 4} : Floats{5, 6, 0, 0}))
        fail("the state");
      Floats sums = hasOfRanks ? Floats{-1, -2, -3, -4} : Floats{-1, -2, 7, 5};
      if (g != (isFirst ? sums : Floats{-5, -6, 0, 0}))
        fail("the gradient's share");
      if (own !=
          (!hasOfRanks ? Floats{0, 0} : Floats{isFirst ? 8.0f : 12.0f, 9}))
        fail("the gradient");
    });
  };
  EXPECT_EQ(errorOf([&] { check(true); }), "");
  write(state); // of one rank
  EXPECT_EQ(errorOf([&] { check(false); }), "");
}

TEST(RunState, RanksHaveAMeanInEveryType) {
  for (Element element : {Element::BF16, Element::F32, Element::F64}) {
    Folder folder;
    ProgramBuilder b;
    b.buffer("g", BufferKind::Gradient, element, {2});
    b.buffers[0].bytes = 2 * elementBytes(element);
    b.header.init = b.header.sample = kNone;
    b.header.microBatches = 2;
    std::vector<uint64_t> blob = b.finish();
    ProgramView view(reinterpret_cast<const unsigned char *>(blob.data()),
                     nullptr, nullptr);
    auto bytes = [&](std::vector<double> values) {
      std::vector<std::byte> all(values.size() * elementBytes(element));
      for (size_t i = 0; i < values.size(); ++i) {
        auto single = float(values[i]);
        std::byte *to = all.data() + i * elementBytes(element);
        if (element == Element::F64)
          std::memcpy(to, &values[i], 8);
        else
          convertElements(reinterpret_cast<std::byte *>(&single), Element::F32,
                          to, element, 1);
      }
      return all;
    };
    std::vector<std::byte> sum = bytes({1, 2}), own = bytes({0.5, 3, 1.5, 5});
    for (const StateFile &each : kStateFiles)
      writeTensorFile(folder / each.name, {});
    writeTensorFile(folder / "gradients.safetensors",
                    {{"g", element, {2}, inMemory(sum.data())},
                     {"g.ranks", element, {2, 2}, inMemory(own.data())}});
    Instance one(view, 1, 0);
    restoreState(one, singleRank(), folder.path);
    std::vector<std::byte> storage, wanted = bytes({2, 6});
    EXPECT_EQ(std::memcmp(one.read(view.buffers()[0], storage), wanted.data(),
                          wanted.size()),
              0)
        << elementName(element);
  }
}

TEST(RunState, IsNotCopiedWhereThereIsNoRoom) {
  EXPECT_EQ(errorOf([] { checkCopy(100, 100); }), "");
  EXPECT_EQ(errorOf([] { checkCopy(101, 100); })
                .find("--checkpoint: the copy of parameters, states and "
                      "gradients takes 101 bytes of memory, and this machine "
                      "has 100 available"),
            0u);
  Shares shares; // p, g and m of two floats each, n of a double
  EXPECT_EQ(RunState::bytes(shares.view()), 10u * 64);
  // Of two ranks: shares of g and m, each member of g as it stands there, n
  // and p in one copy and, put together, g and m.
  EXPECT_EQ(RunState::bytes(shares.view(), 1, 2), (2u + 3) * 64);
  EXPECT_EQ(RunState::bytes(shares.view(), 0, 2), (2u + 3 + 4 + 2) * 64);
}

TEST(RunState, TensorsThatAreNoneOfTheProgramsAreRefused) {
  Folder folder;
  Shares shares;
  Instance one(shares.view(), 1, 0);
  RunState state(one, singleRank());
  state.copy();
  auto write = [&](BufferKind changed, auto change) {
    for (const StateFile &each : kStateFiles) {
      std::vector<NamedTensor> tensors = state.tensors(each.kind);
      if (each.kind == changed)
        change(tensors);
      writeTensorFile(folder / each.name, tensors);
    }
    return errorOf([&] { restoreState(one, singleRank(), folder.path); });
  };
  using Tensors = std::vector<NamedTensor>;
  EXPECT_EQ(write(BufferKind::Parameter, [](Tensors &) {}), "");
  EXPECT_EQ(write(BufferKind::Optimizer, [](Tensors &all) { all.pop_back(); }),
            folder / "optimizer.safetensors: 'n' of the model is missing");
  EXPECT_EQ(
      write(BufferKind::Parameter, [](Tensors &all) { all[1].shape = {1, 2}; }),
      folder / "parameters.safetensors: 'p1' is F32 [1, 2], the "
               "program's is F32 [2]");
  EXPECT_EQ(write(BufferKind::Gradient,
                  [](Tensors &all) {
                    all.push_back({"x", Element::F32, {1}, nullptr});
                  }),
            folder / "gradients.safetensors: it holds tensors that the program "
                     "does not have");
}
