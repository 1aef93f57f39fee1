//===- ChainTest.cpp - merged kernels give the same bits ------------------===//
//
// Part of gptc, under the MIT License.
//
// `recompute-rows`, `fuse-epilogues`, `form-row-kernels` and `join-finishes`
// say that they are exact. Random parts (Chains.h) run without them, with each,
// with all, and with a small budget:
// every buffer that outlives the part must have the same bits. First in the
// interpreter of Reference.cpp, in f64, many parts; then as compiled for this
// CPU, fewer, where also the target's own choices (what it keeps in a buffer,
// how it chunks a row, what it might contract) must not show.
//
// A failing case names its seed and the file that keeps its IR;
//   GPTC_CHAIN_SEED=N gptc-cpu-test --gtest_filter='Chains.*'
// runs that part alone. GPTC_CHAIN_COUNT sets how many parts run, from that
// seed on.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/ContractOp.h.inc"
#include "dialect/kern/PartOp.h.inc"
#include "dialect/kern/ViewOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "test/cpu/Chains.h"
#include "test/cpu/Compiled.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>

using namespace mlir;

namespace gptc::test {
namespace {

struct Variant {
  const char *name;
  bool recompute, epilogues, rows, finishes;
  int64_t budget;
};
constexpr Variant kVariants[] = {
    {"recompute-rows", true, false, false, false, 0},
    {"fuse-epilogues", false, true, false, false, 0},
    {"form-row-kernels", false, false, true, false, 65536},
    {"join-finishes", false, false, false, true, 0},
    {"fusions", false, true, true, false, 65536},
    {"all passes", true, true, true, true, 65536},
    {"all passes, budget 200", true, true, true, true, 200}};

int64_t environment(const char *name, int64_t otherwise) {
  const char *value = std::getenv(name);
  return value ? std::strtoll(value, nullptr, 10) : otherwise;
}

class Chains : public testing::Test {
protected:
  Chains() {
    DialectRegistry registry;
    registry
        .insert<arith::ArithDialect, kern::KernDialect, math::MathDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  using Run = std::function<Memory(ModuleOp, const Memory &)>;

  /// Compares all variants of the parts from `seed` on.
  void compare(uint64_t seed, int64_t count, const Run &run) {
    if (std::getenv("GPTC_CHAIN_SEED")) {
      seed = uint64_t(environment("GPTC_CHAIN_SEED", 0));
      count = 1;
    }
    count = environment("GPTC_CHAIN_COUNT", count);
    for (int64_t i = 0; i < count && !HasFailure(); ++i)
      compareOne(seed + uint64_t(i), run);
    // What merges nothing would prove nothing.
    if (count >= 10) {
      EXPECT_LT(merged, 2 * kernels / 3) << "of " << kernels << " kernels";
      EXPECT_GT(inEpilogues, count / 4) << "of " << count << " parts";
    }
  }

private:
  void compareOne(uint64_t seed, const Run &run) {
    std::string text = randomChain(seed);
    std::string file =
        testing::TempDir() + "chain-" + std::to_string(seed) + ".mlir";
    auto module = parseSourceString<ModuleOp>(text, &context);
    auto keep = [&] {
      std::ofstream(file) << text;
      return "part " + std::to_string(seed) + ", kept in " + file;
    };
    ASSERT_TRUE(module) << keep() << ": the generator wrote an invalid part";
    Memory before = fill(*module);
    Memory plain = run(*module, before);
    ASSERT_FALSE(plain.empty()) << keep() << " does not compile";
    for (const Variant &variant : kVariants) {
      OwningOpRef<ModuleOp> other = module->clone();
      PassManager manager(&context);
      if (variant.recompute)
        manager.addPass(createRecomputeRows());
      if (variant.epilogues)
        manager.addPass(createFuseEpilogues());
      if (variant.rows)
        manager.addPass(createFormRowKernels({variant.budget}));
      if (variant.finishes)
        manager.addPass(createJoinFinishes({variant.budget}));
      ASSERT_TRUE(succeeded(manager.run(*other)))
          << keep() << " breaks " << variant.name;
      Memory after = run(*other, before);
      ASSERT_FALSE(after.empty())
          << keep() << " does not compile after " << variant.name;
      compareMemory(*module, plain, after, variant.name, keep);
      if (HasFailure())
        return;
      count(*module, *other, variant);
    }
  }

  static void compareMemory(ModuleOp module, Memory &plain, Memory &after,
                            const char *variant,
                            llvm::function_ref<std::string()> keep) {
    module.walk([&](kern::BufferOp op) {
      if (op.getKind() == "workspace")
        return;
      const auto &x = plain[op.getName().str()], &y = after[op.getName().str()];
      ASSERT_EQ(x.size(), y.size());
      for (size_t i = 0; i < x.size(); ++i)
        ASSERT_TRUE(llvm::bit_cast<uint64_t>(x[i]) ==
                        llvm::bit_cast<uint64_t>(y[i]) ||
                    (std::isnan(x[i]) && std::isnan(y[i])))
            << keep() << ": with " << variant << " " << op.getName().str()
            << "[" << i << "] is " << y[i] << ", without " << x[i];
    });
  }

  void count(ModuleOp module, ModuleOp other, const Variant &variant) {
    if (!variant.epilogues || !variant.rows || variant.budget < 65536)
      return;
    auto kernelsOf = [](ModuleOp m) {
      int64_t n = 0;
      m.walk([&](kern::PartOp part) {
        for (Operation &op : part.getBody().front())
          n += !isa<kern::BufferOp, kern::ViewOp>(op);
      });
      return n;
    };
    kernels += kernelsOf(module);
    merged += kernelsOf(other);
    other.walk([&](kern::ContractOp op) {
      inEpilogues += op.getName().contains('+');
    });
  }

  MLIRContext context;
  int64_t kernels = 0, merged = 0, inEpilogues = 0;
};

TEST_F(Chains, interpretedGiveTheSameBits) {
  compare(1, 200, [](ModuleOp module, const Memory &before) {
    Memory memory = before;
    module.walk([&](kern::PartOp part) { interpret(part, memory); });
    return memory;
  });
}

TEST_F(Chains, compiledGiveTheSameBits) {
  compare(1001, 8, [](ModuleOp module, const Memory &before) {
    Memory memory;
    Compiled compiled(module);
    if (!compiled.ok())
      return memory;
    module.walk([&](kern::BufferOp op) {
      compiled.write(op.getName().str(), before.at(op.getName().str()));
    });
    compiled.run();
    module.walk([&](kern::BufferOp op) {
      memory[op.getName().str()] = compiled.read(op.getName().str());
    });
    return memory;
  });
}

} // namespace
} // namespace gptc::test
