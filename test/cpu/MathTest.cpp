//===- MathTest.cpp - errors of the expanded functions --------------------===//
//
// Part of gptc, under the MIT License.
//
// Runs exp, log, tanh, rsqrt, sin, cos and the roundings of expand-math over
// grids of arguments and holds them to the bounds that MathExpansion.h states.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "dialect/KernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Parser/Parser.h"
#include "test/cpu/Compiled.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace gptc::test {
namespace {

/// Applies one op to all elements of x.
std::vector<double> applyOp(const std::string &op,
                            const std::vector<double> &x) {
  std::string n = std::to_string(x.size());
  std::string text = R"(
    %x = kern.buffer "x" "input" : memref<1xNxf32>
    kern.part @p "micro" {
      %y = kern.buffer "y" "workspace" : memref<1xNxf32>
      kern.rows "r" 1 {
      ^row(%t: index):
        %a = kern.load %x[%t] : memref<1xNxf32> -> vector<Nxf32>
        %b = OP : vector<Nxf32>
        kern.store %b, %y[%t] : vector<Nxf32>, memref<1xNxf32>
      }
    })";
  auto replace = [&](const std::string &from, const std::string &to) {
    for (size_t at; (at = text.find(from)) != std::string::npos;)
      text.replace(at, from.size(), to);
  };
  replace("1xNx", "1x" + n + "x");
  replace("<Nx", "<" + n + "x");
  replace("OP", op);
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, kern::KernDialect, math::MathDialect>();
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return {};
  Compiled compiled(*module);
  if (!compiled.ok())
    return {};
  compiled.write("x", x);
  compiled.run();
  return compiled.read("y");
}

double unitInLastPlace(double y) {
  int e = std::max(std::ilogb(std::fabs(y)), -126);
  return std::ldexp(1.0, e - 23);
}

void holds(const std::string &op, const std::vector<double> &x,
           double (*exact)(double), double bound) {
  std::vector<double> y = applyOp(op, x);
  ASSERT_EQ(x.size(), y.size());
  double worst = 0, at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double e = exact(x[i]);
    if (double(float(e)) == y[i] || (std::isnan(e) && std::isnan(y[i])))
      continue;
    double error = std::fabs(y[i] - e) / unitInLastPlace(e);
    if (!(error <= worst)) {
      worst = error;
      at = x[i];
    }
  }
  EXPECT_LE(worst, bound) << op << " at " << at;
}

std::vector<double> grid(double low, double high, int count) {
  std::vector<double> x;
  for (int i = 0; i <= count; ++i)
    x.push_back(float(low + (high - low) * i / count));
  return x;
}

TEST(Math, exp) {
  auto x = grid(-104.5, 89, 200000);
  x.insert(x.end(),
           {-INFINITY, INFINITY, NAN, -1e30, 1e30, 0, -0.0, double(-87.4f)});
  holds("math.exp %a", x, [](double v) { return std::exp(v); }, 1.1);
}

TEST(Math, log) {
  auto x = grid(1e-3, 4, 200000);
  for (int e = -149; e < 128; ++e)
    for (double m : {1.0, 1.2, 1.41, 1.42, 1.7})
      x.push_back(float(std::ldexp(m, e)));
  x.insert(x.end(), {0, -1, INFINITY, NAN, 1});
  holds("math.log %a", x, [](double v) { return std::log(v); }, 1.1);
}

TEST(Math, rsqrt) {
  holds(
      "math.rsqrt %a", grid(1e-6, 10, 100000),
      [](double v) { return 1 / std::sqrt(v); }, 1.5);
}

/// Near 0 its error is not one of the last place, so that it is held to a
/// distance.
TEST(Math, tanh) {
  auto x = grid(-20, 20, 200000);
  auto small = grid(-0.1, 0.1, 1000);
  x.insert(x.end(), small.begin(), small.end());
  x.insert(x.end(), {-1e30, 1e30, -INFINITY, INFINITY, 0});
  std::vector<double> y = applyOp("math.tanh %a", x);
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(y[i], std::tanh(x[i]), 2e-7) << "tanh of " << x[i];
}

TEST(Math, sineAndCosine) {
  auto x = grid(-1e6, 1e6, 100000);
  auto small = grid(-7, 7, 100000);
  x.insert(x.end(), small.begin(), small.end());
  holds("math.sin %a", x, [](double v) { return std::sin(v); }, 0.51);
  holds("math.cos %a", x, [](double v) { return std::cos(v); }, 0.51);
}

/// Nearest value of a small format by search through all of its values.
double nearest(double x, int mantissa, int lowest, double largest) {
  if (std::isnan(x))
    return x;
  double a = std::fabs(x);
  if (a >= largest)
    return std::copysign(largest, x);
  int e = std::max(a > 0 ? std::ilogb(a) : lowest, lowest);
  double step = std::ldexp(1.0, e - mantissa);
  double below = std::floor(a / step), rest = a / step - below;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(below, 2) == 1))
    below += 1;
  return std::copysign(below * step, x);
}

TEST(Math, roundings) {
  std::vector<double> x;
  for (int e = -24; e < 18; ++e) // all ties, and their neighbours
    for (int i = 0; i < 64; ++i)
      for (int d : {-1, 0, 1}) {
        float v = float(std::ldexp(1 + i / 64.0, e));
        for (; d != 0; d -= d > 0 ? 1 : -1)
          v = std::nextafterf(v, d > 0 ? 1e9f : 0);
        x.insert(x.end(), {v, -v});
      }
  x.insert(x.end(), {0, -0.0, 1e9, -1e9, 448, 464, 57344, 65000, INFINITY});
  auto check = [&](const char *format, int mantissa, int lowest, double most) {
    auto y = applyOp(std::string("kern.round %a to \"") + format + "\"", x);
    ASSERT_EQ(x.size(), y.size());
    for (size_t i = 0; i < x.size(); ++i) {
      double e = nearest(x[i], mantissa, lowest, most);
      ASSERT_EQ(llvm::bit_cast<uint64_t>(e), llvm::bit_cast<uint64_t>(y[i]))
          << format << " of " << x[i] << " is " << e << ", not " << y[i];
    }
  };
  check("e4m3", 3, -6, 448);
  check("e5m2", 2, -14, 57344);
  check("bf16", 7, -126, 3.3895313892515355e38);

  auto cut = applyOp("kern.round %a to \"bf16_truncated\"", x);
  ASSERT_EQ(x.size(), cut.size());
  for (size_t i = 0; i < x.size(); ++i) {
    auto e = llvm::bit_cast<float>(llvm::bit_cast<uint32_t>(float(x[i])) &
                                   0xffff0000u);
    ASSERT_EQ(llvm::bit_cast<uint64_t>(double(e)),
              llvm::bit_cast<uint64_t>(cut[i]))
        << x[i] << " is cut to " << e << ", not " << cut[i];
  }
}

} // namespace
} // namespace gptc::test
