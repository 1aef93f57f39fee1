//===- SharingTest.cpp - which launches use one function ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Cpu.h"
#include "compiler/targets/cpu/Object.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace gptc::test {
namespace {

std::string replaceAll(std::string text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Two parts: `second` differs from `first` by the given replacement.
std::vector<unsigned> kernelsOf(const std::string &part,
                                const std::string &from,
                                const std::string &to) {
  std::string text = "%n = arith.constant 1.0 : f64\n"
                     "%o = arith.constant 2.0 : f64\n" +
                     replaceAll(part, "@p", "@first") +
                     replaceAll(replaceAll(part, "@p", "@second"), from, to);
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, kern::KernDialect>();
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(text, &context);
  std::vector<unsigned> used;
  if (!module)
    return used;
  auto kernels = cpu::emitKernels(*module, [](Value) { return 0; });
  if (succeeded(kernels))
    for (const cpu::KernelUse &use : kernels->perLaunch)
      used.push_back(use.kernel);
  return used;
}

const char *const kRows = R"(
  kern.part @p "micro" {
    %x = kern.buffer "x" "workspace" : memref<96x32xf32>
    %y = kern.buffer "y" "workspace" : memref<96x32xf32>
    kern.rows "double" 96 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<96x32xf32> -> vector<32xf32>
      %c = kern.number %n : vector<1xf32>
      %s = kern.spread %c : vector<1xf32> -> vector<32xf32>
      %b = arith.mulf %a, %s : vector<32xf32>
      kern.store %b, %y[%t] : vector<32xf32>, memref<96x32xf32>
    }
  })";
const char *const kContract = R"(
  kern.part @p "micro" {
    %x = kern.buffer "x" "workspace" : memref<96x40xf32>
    %w = kern.buffer "w" "workspace" : memref<64x40xf32>
    %y = kern.buffer "y" "workspace" : memref<96x64xf32>
    kern.contract "linear" %x, %w m 96 n 64 k 40 : memref<96x40xf32>, memref<64x40xf32> {
    ^row(%m: index, %p: vector<64xf32>):
      %b = arith.mulf %p, %p : vector<64xf32>
      kern.store %b, %y[%m] : vector<64xf32>, memref<96x64xf32>
    }
  })";

const char *const kRandom = R"(
  kern.part @p "init" {
    %y = kern.buffer "y" "parameter" : memref<96x32xf32>
    kern.rows "random" 96 {
    ^row(%t: index):
      %a = kern.random %n at %t stream 3 draw 0 : vector<32xf32>
      kern.store %a, %y[%t] : vector<32xf32>, memref<96x32xf32>
    }
  })";

using Kernels = std::vector<unsigned>;

TEST(Sharing, rowsAndNumbersAreRunTime) {
  EXPECT_EQ(kernelsOf(kRows, "96", "1024"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kRows, "%n", "%o"), Kernels({0, 0}));
}

TEST(Sharing, streamsOfRandomNumbersAreRunTime) {
  EXPECT_EQ(kernelsOf(kRandom, "stream 3", "stream 4"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kRandom, "draw 0", "draw 1"), Kernels({0, 1}));
}

TEST(Sharing, columnsOpsAndSingleRowsAreNot) {
  EXPECT_EQ(kernelsOf(kRows, "mulf", "addf"), Kernels({0, 1}));
  EXPECT_EQ(kernelsOf(kRows, "96", "1"), Kernels({0, 1}));
}

TEST(Sharing, sizesOfContractionsAreRunTime) {
  EXPECT_EQ(kernelsOf(kContract, "64", "320"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kContract, "40", "72"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kContract, "96", "2048"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kContract, "96", "1"), Kernels({0, 0}));
  EXPECT_EQ(kernelsOf(kContract, "mulf", "addf"), Kernels({0, 1}));
}

TEST(Object, cpusThatCannotServeAreErrors) {
  MLIRContext context;
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &d) {
    errors.push_back(d.str());
    return success();
  });
  for (std::string cpu : {"penryn", "no-such-cpu"}) {
    cpu::CpuKernels kernels;
    kernels.module = ModuleOp::create(UnknownLoc::get(&context));
    EXPECT_TRUE(failed(cpu::compileKernels(kernels, {cpu, 1})));
  }
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_NE(errors[0].find("no AVX2 and FMA"), std::string::npos) << errors[0];
  EXPECT_NE(errors[1].find("unknown CPU"), std::string::npos) << errors[1];
}

} // namespace
} // namespace gptc::test
