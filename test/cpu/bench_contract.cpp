//===- bench_contract.cpp - speed of contractions on one core -------------===//
//
// Part of gptc, under the MIT License.
//
// Prints GFLOP/s of the compiled contraction at given shapes, by the thread's
// own processor time, the best of twenty runs:
// gptc-cpu-bench [m n k transposed_a transposed_b]…
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include "test/cpu/Compiled.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace mlir;

static double seconds(gptc::test::Compiled &compiled) {
  auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  };
  double start = now();
  compiled.run();
  return now() - start;
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
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, gptc::kern::KernDialect>();
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    std::exit(1);
  gptc::test::Compiled compiled(*module);
  if (!compiled.ok())
    std::exit(1);
  compiled.write("a", std::vector<double>(m * k, 0.5));
  compiled.write("b", std::vector<double>(n * k, 0.25));
  double best = seconds(compiled);
  for (int i = 0; i < 20; ++i)
    best = std::min(best, seconds(compiled));
  std::printf("m %lld n %lld k %lld%s%s: %.1f ms, %.1f GFLOP/s\n", (long long)m,
              (long long)n, (long long)k, ta ? " transposed_a" : "",
              tb ? " transposed_b" : "", best * 1e3,
              2e-9 * double(m) * double(n) * double(k) / best);
}

int main(int argc, char **argv) {
  if (argc == 6) {
    bench(std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3]),
          std::atoi(argv[4]), std::atoi(argv[5]));
    return 0;
  }
  bench(2048, 3072, 768, false, false);
  bench(2048, 768, 3072, false, true);
  bench(3072, 768, 2048, true, true);
  bench(2048, 768, 768, false, false);
  bench(768, 768, 2048, true, true);
}
