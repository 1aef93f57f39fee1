//===- KernelTest.cpp - compiled kernels against plain loops --------------===//
//
// Part of gptc, under the MIT License.
//
// Every .mlir file beside this one holds parts. Each is compiled for this CPU
// and run on random inputs, outputs and scratch filled with NaN, and compared
// with Reference.cpp; then run again in small pieces in another order, and once
// more as compiled for any CPU with AVX2 and FMA: the same bits. Buffers named
// tokens…, order…, docs… are filled as the data feed would; a buffer whose `of`
// is "positive" or "zero" has such elements, tokens of "one", "two" or "late"
// are one, two in turn, or two of which the second begins in the second window.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernDialect.h"
#include "dialect/kern/PartOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "test/cpu/Compiled.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace gptc::test {
namespace {

std::vector<std::string> testFiles() {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator i(GPTC_CPU_TESTS, error), end;
       i != end && !error; i.increment(error))
    if (llvm::sys::path::extension(i->path()) == ".mlir")
      files.push_back(llvm::sys::path::stem(i->path()).str());
  llvm::sort(files);
  return files;
}

class Kernels : public testing::TestWithParam<std::string> {};

TEST_P(Kernels, equalPlainLoops) {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, kern::KernDialect, math::MathDialect>();
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(
      std::string(GPTC_CPU_TESTS) + "/" + GetParam() + ".mlir", &context);
  ASSERT_TRUE(module);
  Compiled compiled(*module);
  ASSERT_TRUE(compiled.ok());
  Memory before = fill(*module), expected = before;
  module->walk([&](kern::PartOp part) { interpret(part, expected); });

  auto run = [&](Compiled &compiled, int64_t stride) {
    Memory after;
    for (auto &[name, x] : before)
      compiled.write(name, x);
    compiled.run(stride);
    for (auto &[name, x] : before)
      after[name] = compiled.read(name);
    return after;
  };
  Memory whole = run(compiled, 0);
  for (auto &[name, x] : expected) {
    double scale = 0, worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(std::isnan(x[i]), std::isnan(whole[name][i]))
          << name << "[" << i << "] = " << whole[name][i] << ", not " << x[i];
      if (std::isnan(x[i]))
        continue;
      scale = std::max(scale, std::fabs(x[i]));
      if (std::fabs(x[i] - whole[name][i]) > worst) {
        worst = std::fabs(x[i] - whole[name][i]);
        at = i;
      }
    }
    EXPECT_LE(worst, 3e-6 * scale)
        << name << "[" << at << "] = " << whole[name][at] << ", not " << x[at];
  }
  auto same = [&](Memory other, const char *what) {
    for (auto &[name, x] : whole)
      EXPECT_EQ(0, std::memcmp(x.data(), other[name].data(), 8 * x.size()))
          << name << " depends on " << what;
  };
  for (int64_t stride : {1, 3})
    same(run(compiled, stride), "how a launch is divided");
  Compiled older(*module, "x86-64-v3");
  ASSERT_TRUE(older.ok());
  same(run(older, 0), "the processor");
}

INSTANTIATE_TEST_SUITE_P(Cpu, Kernels, testing::ValuesIn(testFiles()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
} // namespace gptc::test
