//===- Bench.cpp - speed of kernels on one core ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// Prints GFLOP/s of contractions and attention at the record's shapes, by the
// thread's own processor time, the best of ten runs. Attention counts the
// products of visible pairs alone: two forward, five backward. The argument
// names another CPU than this one to compile for.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernDialect.h"
#include "dialect/kern/AttentionBackwardOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include "test/cpu/Compiled.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace mlir;

static std::string processor = "native";

/// Seconds of the fastest of ten calls.
static double seconds(llvm::function_ref<void()> work) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  };
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

/// A module of the benchmark's own text.
static OwningOpRef<ModuleOp> parse(MLIRContext &context,
                                   const std::string &text) {
  context.loadDialect<arith::ArithDialect, gptc::kern::KernDialect>();
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    std::exit(1);
  return module;
}

static void bench(int64_t m, int64_t n, int64_t k, bool ta, bool tb) {
  std::string a = llvm::formatv("memref<{0}x{1}xf32>", ta ? k : m, ta ? m : k);
  std::string b = llvm::formatv("memref<{0}x{1}xf32>", tb ? k : n, tb ? n : k);
  std::string y = llvm::formatv("memref<{0}x{1}xf32>", m, n);
  std::string row = llvm::formatv("vector<{0}xf32>", n);
  std::string text =
      "%a = kern.buffer \"a\" \"input\" : " + a +
      "\n%b = kern.buffer \"b\" \"input\" : " + b +
      "\nkern.part @p \"micro\" {\n%y = kern.buffer \"y\" \"workspace\" : " +
      y + "\nkern.contract \"c\" %a " + (ta ? "transposed_a" : "") + ", %b " +
      (tb ? "transposed_b" : "") +
      llvm::formatv(" m {0} n {1} k {2} : ", m, n, k).str() + a + ", " + b +
      " {\n^row(%m: index, %p: " + row + "):\nkern.store %p, %y[%m] : " + row +
      ", " + y + "\n}\n}";
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, text);
  gptc::test::Compiled compiled(*module, processor);
  if (!compiled.ok())
    std::exit(1);
  compiled.write("a", std::vector<double>(m * k, 0.5));
  compiled.write("b", std::vector<double>(n * k, 0.25));
  double best = seconds([&] { compiled.run(); });
  std::printf("m %lld n %lld k %lld%s%s: %.1f ms, %.1f GFLOP/s\n", (long long)m,
              (long long)n, (long long)k, ta ? " transposed_a" : "",
              tb ? " transposed_b" : "", best * 1e3,
              2e-9 * double(m) * double(n) * double(k) / best);
}

static void benchAttention(int64_t positions, int64_t heads, int64_t head,
                           int64_t window) {
  std::string x = llvm::formatv("memref<{0}x{1}xf32>", positions, heads * head);
  std::string d = llvm::formatv("memref<{0}xi32>", positions);
  std::string l = llvm::formatv("memref<{0}x{1}xf32>", positions, heads);
  std::string text =
      "%scale = arith.constant 0.1 : f64\n" +
      llvm::formatv("%window = arith.constant {0}.0 : f64\n", window).str();
  for (std::string name : {"q", "k", "v", "dy", "y", "dq", "dk", "dv"})
    text +=
        llvm::formatv("%{0} = kern.buffer \"{0}\" \"input\" : {1}\n", name, x);
  text += "%docs = kern.buffer \"docs\" \"input\" : " + d +
          "\n%lse = kern.buffer \"lse\" \"input\" : " + l +
          "\n%delta = kern.buffer \"delta\" \"input\" : " + l +
          "\nkern.part @p \"micro\" {\n";
  std::string tail =
      " window %window scale %scale " +
      llvm::formatv("heads {0} of {1} group 1 : ", heads, head).str();
  text += "kern.attention \"f\" %q, %k, %v documents %docs to %y, %lse" + tail +
          x + ", " + x + ", " + x + ", " + d + ", " + x + ", " + l + "\n";
  text +=
      "kern.attention_backward \"b\" %dy, %q, %k, %v, %lse, %delta documents "
      "%docs to %dq, %dk, %dv" +
      tail + x + ", " + x + ", " + x + ", " + x + ", " + l + ", " + l + ", " +
      d + ", " + x + ", " + x + ", " + x + "\n}";
  MLIRContext context;
  OwningOpRef<ModuleOp> module = parse(context, text);
  gptc::test::Compiled compiled(*module, processor);
  if (!compiled.ok())
    std::exit(1);
  for (std::string name : {"q", "k", "v", "dy"})
    compiled.write(name, std::vector<double>(positions * heads * head, 0.1));
  compiled.write("docs", std::vector<double>(positions, 0));
  double pairs = 0;
  for (int64_t s = 0; s < positions; ++s)
    pairs += double(std::min(s, window) + 1);
  for (bool i : {false, true}) {
    double best = seconds([&] {
      for (const gptc::cpu::KernelUse &use : compiled.kernels().perLaunch)
        if (isa<gptc::kern::AttentionBackwardOp>(use.op) == i)
          compiled.runLaunch(use, 0, use.units);
    });
    std::printf("attention%s %lld x %lld of %lld, window %lld: %.1f ms, %.1f "
                "GFLOP/s\n",
                i ? " backward" : "", (long long)positions, (long long)heads,
                (long long)head, (long long)window, best * 1e3,
                2e-9 * (i ? 5 : 2) * pairs * double(heads * head) / best);
  }
}

int main(int argc, char **argv) {
  if (argc > 1)
    processor = argv[1];
  bench(2048, 3072, 768, false, false);
  bench(2048, 768, 3072, false, true);
  bench(3072, 768, 2048, true, true);
  bench(2048, 768, 768, false, false);
  bench(768, 768, 2048, true, true);
  benchAttention(2048, 6, 128, 128);
  benchAttention(2048, 6, 128, 896);
  benchAttention(2048, 6, 128, 2048);
}
