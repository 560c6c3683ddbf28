// The functions of ApproximateMath, run as native code over all of f32 and compared with libm in f64.
#include "../../lib/Engine/Jit.h"

#include "talweg/Codegen/Passes.h"
#include "talweg/Codegen/Pipeline.h"
#include "talweg/Pipeline/Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <limits>

using namespace talweg;

namespace {

constexpr int block = 4096;
constexpr float inf = std::numeric_limits<float>::infinity(), notANumber = std::numeric_limits<float>::quiet_NaN();
constexpr float least = std::numeric_limits<float>::min();

struct alignas(64) Block {
  float values[block];
};

/// `body` computes %r from %x and %y, vectors of 16 lanes.
class Function {
public:
  explicit Function(const std::string &body) {
    mlir::DialectRegistry registry;
    registerPhaseDialects(registry);
    mlir::MLIRContext context(registry);
    std::string type = fmt::format("memref<{}xf32>", block);
    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        fmt::format("func.func @talweg_f(%a: {0}, %b: {0}, %c: {0}) {{\n"
                    "  %c0 = arith.constant 0 : index\n  %n = arith.constant {1} : index\n"
                    "  %c16 = arith.constant 16 : index\n"
                    "  scf.for %i = %c0 to %n step %c16 {{\n"
                    "    %x = vector.load %a[%i] : {0}, vector<16xf32>\n"
                    "    %y = vector.load %b[%i] : {0}, vector<16xf32>\n"
                    "    {2}\n"
                    "    vector.store %r, %c[%i] : {0}, vector<16xf32>\n  }}\n  return\n}}\n",
                    type, block, body),
        &context);
    mlir::PassManager passes(&context);
    passes.nest<mlir::func::FuncOp>().addPass(createApproximateMath());
    buildLlvmPipeline(passes);
    if (!module || failed(passes.run(*module)))
      return;
    if (auto object = emitNative(*module, NativeForm::Object))
      if (auto loaded = NativeCode::load(*object))
        code = std::move(*loaded);
    if (code)
      if (auto found = code->entry("talweg_f"))
        entry = *found;
  }

  void run(const Block &x, const Block &y, Block &out) const {
    void *args[] = {const_cast<Block *>(&x), const_cast<Block *>(&y), &out};
    entry(args);
  }
  float at(float x, float y = 0) const {
    static Block xs, ys, out;
    xs.values[0] = x, ys.values[0] = y;
    run(xs, ys, out);
    return out.values[0];
  }

  std::unique_ptr<NativeCode> code;
  Entry entry = nullptr;
};

std::string call(const char *op, const char *operands = "%x") {
  return fmt::format("%r = math.{} {} : vector<16xf32>", op, operands);
}

/// The distance of `found` from `exact` in units of the last place of f32 at `exact`. 0 where both are nan, or the same
/// infinity after rounding; and where exact is under the least normal number and found is 0: results may be flushed.
double ulps(float found, double exact) {
  if (std::isnan(exact))
    return std::isnan(found) ? 0 : 1e30;
  if (found == float(exact) || (std::abs(exact) < least && found == 0))
    return 0;
  if (std::isnan(found) || std::isinf(found) || std::isinf(float(exact)))
    return std::abs(exact) > 3.4028234e38 && std::abs(found) > 3.402823e38f ? 1 : 1e30;
  int exponent = exact == 0 ? -126 : std::max(std::ilogb(exact), -126);
  return std::abs(found - exact) / std::ldexp(1.0, exponent - 23);
}

/// The worst distance seen, and where.
struct Worst {
  double ulp = 0;
  float x = 0, y = 0, found = 0;
  void see(float px, float py, float result, double exact) {
    double distance = ulps(result, exact);
    if (distance > ulp)
      *this = {distance, px, py, result};
  }
};

/// Every 1021st bit pattern below `limit` in magnitude, both signs, and the neighbours of numbers
/// where formulas change.
Worst sweep(const Function &f, double (*exact)(double), float limit = inf) {
  std::vector<float> points;
  for (std::uint64_t bits = 0; bits < (std::uint64_t(1) << 32); bits += 1021)
    points.push_back(std::bit_cast<float>(std::uint32_t(bits)));
  for (float center : {0.0f, 0.25f, 0.5f, 0.65f, 0.75f, 0.785398f, 1.0f, 1.5f, 1.570796f, 3.141593f, 4.0f, 6.283185f,
                       10.0f, 87.3365f, 88.7228f, 103.97f, 80.0f, 1e5f})
    for (int i = -2000; i <= 2000; ++i)
      for (float sign : {1.0f, -1.0f})
        points.push_back(sign * std::bit_cast<float>(std::bit_cast<std::int32_t>(center) + i));
  Worst worst;
  Block x{}, y{}, out{};
  for (size_t start = 0; start < points.size(); start += block) {
    size_t count = std::min<size_t>(block, points.size() - start);
    std::copy_n(points.begin() + start, count, x.values);
    f.run(x, y, out);
    for (size_t i = 0; i < count; ++i)
      if (!(std::abs(x.values[i]) > limit) || std::isinf(x.values[i]))
        worst.see(x.values[i], 0, out.values[i], exact(x.values[i]));
  }
  return worst;
}

/// Nanoseconds for each element over values in [low, high], on one thread; the best of several runs.
double timeOf(const Function &f, float low, float high) {
  Block x, y, out;
  for (int i = 0; i < block; ++i)
    x.values[i] = low + (high - low) * i / block, y.values[i] = 1.0f + i / float(block);
  double best = 1e9;
  for (int run = 0; run < 20; ++run) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i)
      f.run(x, y, out);
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() /
                              (5 * block));
  }
  return best;
}

void expectWithin(double bound, const char *name, const std::string &body, double (*exact)(double), float low,
                  float high, float limit = inf) {
  Function f(body);
  ASSERT_NE(f.entry, nullptr);
  Worst worst = sweep(f, exact, limit);
  fmt::print("{}: {:.2f} ULP at {:a} (found {:a}), {:.2f} ns\n", name, worst.ulp, worst.x, worst.found,
             timeOf(f, low, high));
  EXPECT_LE(worst.ulp, bound) << name << "(" << worst.x << ") was " << worst.found;
}

void expectSame(float found, float wanted) {
  if (std::isnan(wanted))
    EXPECT_TRUE(std::isnan(found)) << found;
  else
    EXPECT_EQ(std::bit_cast<std::uint32_t>(found), std::bit_cast<std::uint32_t>(wanted)) << found << " for " << wanted;
}

} // namespace

TEST(VectorMath, Exp) {
  expectWithin(1, "exp", call("exp"), [](double x) { return std::exp(x); }, -5, 5);
}
TEST(VectorMath, Log) {
  expectWithin(1.5, "log", call("log"), [](double x) { return std::log(x); }, 0.01, 10);
}
TEST(VectorMath, Log1p) {
  expectWithin(1.5, "log1p", call("log1p"), [](double x) { return std::log1p(x); }, -0.9, 10);
}
TEST(VectorMath, Tanh) {
  expectWithin(1.5, "tanh", call("tanh"), [](double x) { return std::tanh(x); }, -3, 3);
}
TEST(VectorMath, Erf) {
  expectWithin(1.5, "erf", call("erf"), [](double x) { return std::erf(x); }, -3, 3);
}
TEST(VectorMath, Sin) {
  expectWithin(1.6, "sin", call("sin"), [](double x) { return std::sin(x); }, -10, 10);
}
TEST(VectorMath, Cos) {
  expectWithin(1.6, "cos", call("cos"), [](double x) { return std::cos(x); }, -10, 10);
}

static const char *logistic =
    "%one = arith.constant dense<1.0> : vector<16xf32>\n    %m = arith.negf %x : vector<16xf32>\n"
    "    %e = math.exp %m : vector<16xf32>\n    %d = arith.addf %one, %e : vector<16xf32>\n"
    "    %r = arith.divf %one, %d : vector<16xf32>";

TEST(VectorMath, Logistic) {
  expectWithin(2, "logistic", logistic, [](double x) { return 1 / (1 + std::exp(-x)); }, -5, 5);
  Function f(logistic);
  expectSame(f.at(inf), 1);
  expectSame(f.at(-inf), 0);
  expectSame(f.at(notANumber), notANumber);
}

TEST(VectorMath, SignsOfZeroAndTheEnds) {
  for (const char *op : {"tanh", "erf", "sin", "log1p"}) {
    SCOPED_TRACE(op);
    Function f(call(op));
    ASSERT_NE(f.entry, nullptr);
    expectSame(f.at(0.0f), 0.0f);
    expectSame(f.at(-0.0f), -0.0f);
    for (float denormal : {1e-40f, -1e-40f})
      expectSame(f.at(denormal), op == std::string("erf") ? float(std::erf(double(denormal))) : denormal);
    expectSame(f.at(notANumber), notANumber);
  }
  Function exp(call("exp")), log(call("log")), log1p(call("log1p")), tanh(call("tanh")), erf(call("erf")),
      cos(call("cos"));
  expectSame(exp.at(0.0f), 1);
  expectSame(exp.at(-inf), 0);
  expectSame(exp.at(inf), inf);
  expectSame(exp.at(1e30f), inf);
  expectSame(exp.at(-1e30f), 0);
  expectSame(log.at(0.0f), -inf);
  expectSame(log.at(-0.0f), -inf);
  expectSame(log.at(1), 0.0f);
  expectSame(log.at(inf), inf);
  expectSame(log.at(-1), notANumber);
  expectSame(log.at(-inf), notANumber);
  expectSame(log1p.at(-1), -inf);
  expectSame(log1p.at(-1.5f), notANumber);
  expectSame(log1p.at(inf), inf);
  for (float sign : {1.0f, -1.0f}) {
    expectSame(tanh.at(sign * inf), sign);
    expectSame(erf.at(sign * inf), sign);
    expectSame(cos.at(sign * inf), notANumber);
  }
  expectSame(cos.at(0.0f), 1);
}

TEST(VectorMath, Pow) {
  Function f(call("powf", "%x, %y"));
  ASSERT_NE(f.entry, nullptr);
  Worst worst;
  Block x, y, out;
  std::uint32_t state = 1;
  auto random = [&] { return double(state = state * 1664525u + 1013904223u) * 0x1p-32; };
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < block; ++i) {
      // Of all results that f32 holds: first the base, then the logarithm of the result.
      float base = std::bit_cast<float>(std::uint32_t(random() * 0x7f800000u));
      if (round % 3 == 0)
        base = std::bit_cast<float>(0x3f800000u + std::uint32_t(random() * 2000) - 1000);
      if (round % 3 == 1)
        base = 0.1f + 10 * random();
      x.values[i] = base;
      double log2 = std::log2(double(base));
      y.values[i] = log2 == 0 ? 3.0f : float((random() * 280 - 150) / log2);
      if (round % 5 == 0)
        x.values[i] = -base, y.values[i] = std::floor(random() * 20 - 10);
    }
    f.run(x, y, out);
    for (int i = 0; i < block; ++i)
      worst.see(x.values[i], y.values[i], out.values[i], std::pow(double(x.values[i]), double(y.values[i])));
  }
  fmt::print("pow: {:.2f} ULP at {:a}, {:a}, {:.2f} ns\n", worst.ulp, worst.x, worst.y, timeOf(f, 0.01, 10));
  EXPECT_LE(worst.ulp, 1) << worst.x << " " << worst.y << " was " << worst.found;
}

TEST(VectorMath, PowOfSpecialValues) {
  Function f(call("powf", "%x, %y"));
  ASSERT_NE(f.entry, nullptr);
  const float values[] = {0,         0.5f,  1,  1.5f,  2,  3,  1e30f,  1e-30f,  1e-40f,  16777217.0f,  inf,
                          -0.0f,     -0.5f, -1, -1.5f, -2, -3, -1e30f, -1e-30f, -1e-40f, -16777216.0f, -inf,
                          notANumber};
  for (float x : values)
    for (float y : values) {
      SCOPED_TRACE(fmt::format("pow({}, {})", x, y));
      expectSame(f.at(x, y), float(std::pow(double(x), double(y))));
    }
}
