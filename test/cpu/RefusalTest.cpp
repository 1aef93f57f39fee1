//===- RefusalTest.cpp - what the CPU target does not serve ---------------===//
//
// Part of gptc, under the MIT License.
//
// Each module is refused by one error at the op, and no kernel is left behind.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Cpu.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace gptc::test {
namespace {

/// The error of emitting a part's body.
std::string errorOf(const std::string &body) {
  std::string text = "%n = arith.constant 1.0 : f64\n"
                     "kern.part @p \"micro\" {\n" +
                     body + "\n}";
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, kern::KernDialect>();
  MLIRContext context(registry);
  std::vector<std::string> errors;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &d) {
    errors.push_back(d.str());
    return success();
  });
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return "does not parse";
  if (succeeded(cpu::emitKernels(*module, [](Value) { return 0; })))
    return "accepted";
  return errors.size() == 1 ? errors[0] : "not one error";
}

void refuses(const std::string &body, const std::string &why) {
  EXPECT_NE(errorOf(body).find(why), std::string::npos) << errorOf(body);
}

std::string contraction(const std::string &epilogue) {
  return R"(
    %x = kern.buffer "x" "workspace" : memref<8x16xf32>
    %w = kern.buffer "w" "workspace" : memref<32x16xf32>
    %y = kern.buffer "y" "workspace" : memref<8x32xf32>
    kern.contract "c" %x, %w m 8 n 32 k 16 : memref<8x16xf32>, memref<32x16xf32> {
    ^row(%m: index, %p: vector<32xf32>):
  )" + epilogue +
         "\n}";
}

TEST(Refusal, storage) {
  refuses(R"(
    %x = kern.buffer "x" "workspace" : memref<8x16xbf16>
    kern.rows "r" 8 {
    ^row(%t: index):
      %a = kern.load %x[%t] : memref<8x16xbf16> -> vector<16xf32>
      kern.store %a, %x[%t] : vector<16xf32>, memref<8x16xbf16>
    })",
          "run legalize-storage first");
}

TEST(Refusal, epilogues) {
  refuses(contraction(R"(
    %s = kern.reduce "add" %p : vector<32xf32> -> vector<1xf32>
    %r = kern.spread %s : vector<1xf32> -> vector<32xf32>
    kern.store %r, %y[%m] : vector<32xf32>, memref<8x32xf32>)"),
          "does not hold this op");
  // Columns that are no windows; a window's sum in its columns.
  refuses(contraction(R"(
    %s = kern.reduce "add" %p : vector<32xf32> -> vector<2xf32>
    %r = kern.spread %s : vector<2xf32> -> vector<32xf32>
    kern.store %r, %y[%m] : vector<32xf32>, memref<8x32xf32>)"),
          "does not hold this op");
  refuses(R"(
    %x = kern.buffer "x" "input" : memref<8x16xf32>
    %w = kern.buffer "w" "input" : memref<128x16xf32>
    %y = kern.buffer "y" "workspace" : memref<8x128xf32>
    kern.contract "c" %x, %w m 8 n 128 k 16 : memref<8x16xf32>, memref<128x16xf32> {
    ^row(%m: index, %p: vector<128xf32>):
      %s = kern.reduce "add" %p : vector<128xf32> -> vector<2xf32>
      %r = kern.spread %s : vector<2xf32> -> vector<128xf32>
      kern.store %r, %y[%m] : vector<128xf32>, memref<8x128xf32>
    })",
          "does not hold this op");
  refuses(contraction(R"(
    %old = kern.load %y[%m by -1] : memref<8x32xf32> -> vector<32xf32>
    %r = arith.addf %p, %old : vector<32xf32>
    kern.store %r, %y[%m] : vector<32xf32>, memref<8x32xf32>)"),
          "at its own place only");
  refuses(contraction(R"(
    %old = kern.load %y[%m] : memref<8x32xf32> -> vector<32xf32>
    %r = arith.addf %p, %old : vector<32xf32>
    kern.store %r, %y[%m] : vector<32xf32>, memref<8x32xf32>
    %now = kern.load %y[%m] : memref<8x32xf32> -> vector<32xf32>
    %q = arith.mulf %now, %old : vector<32xf32>
    kern.store %q, %y[%m] : vector<32xf32>, memref<8x32xf32>)"),
          "after it was overwritten");
  // A window of 64 rows would be two units' work.
  refuses(R"(
    %x = kern.buffer "x" "workspace" : memref<96x16xf32>
    %sums = kern.buffer "sums" "workspace" {partials} : memref<2x48xf32>
    kern.contract "c" %x, %x batch 2 m 48 n 48 k 16 : memref<96x16xf32>, memref<96x16xf32> {
    ^row(%m: index, %p: vector<48xf32>):
      kern.partial %p, %sums[%m] : vector<48xf32>, memref<2x48xf32>
    })",
          "adds up windows of 64 rows of one product each");
}

TEST(Refusal, nothingElse) {
  EXPECT_EQ(errorOf(contraction(
                "kern.store %p, %y[%m] : vector<32xf32>, memref<8x32xf32>")),
            "accepted");
}

} // namespace
} // namespace gptc::test
