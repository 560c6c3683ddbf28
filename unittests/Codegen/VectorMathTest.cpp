// The functions of ApproximateMath, run as native code over all of f32 and f64 and compared with libm in f64 and long
// double.
#include "../../lib/Codegen/VectorMath.h"
#include "VectorMathHarness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace talweg::vectormathtest;

namespace {

/// One function: the ops that compute it, its bounds in ULP for f32 and f64, the range it is timed over.
template <typename T>
struct Case {
  const char *name;
  std::string body;
  double single, wide, low, high;
  Exact<T> (*exact)(Exact<T>);
};

template <typename T>
std::vector<Case<T>> cases() {
  using E = Exact<T>;
  return {
      {"exp", call<T>("exp"), 1, 1, -5, 5, [](E x) { return std::exp(x); }},
      {"log", call<T>("log"), 1.5, 1.5, 0.01, 10, [](E x) { return std::log(x); }},
      {"log1p", call<T>("log1p"), 1.8, 1.5, -0.9, 10, [](E x) { return std::log1p(x); }},
      {"tanh", call<T>("tanh"), 2, 1.5, -3, 3, [](E x) { return std::tanh(x); }},
      {"erf", call<T>("erf"), 1.5, 1.5, -3, 3, [](E x) { return std::erf(x); }},
      {"sin", call<T>("sin"), 2, 2, -10, 10, [](E x) { return std::sin(x); }},
      {"cos", call<T>("cos"), 2, 2, -10, 10, [](E x) { return std::cos(x); }},
      {"rsqrt", call<T>("rsqrt"), 1.5, 1.5, 0.01, 10, [](E x) { return 1 / std::sqrt(x); }},
      {"logistic", logistic<T>(), 2, 2, -5, 5, [](E x) { return 1 / (1 + std::exp(-x)); }},
  };
}

template <typename T>
void expectSame(T found, std::type_identity_t<T> wanted) {
  if (std::isnan(wanted))
    EXPECT_TRUE(std::isnan(found)) << found;
  else
    EXPECT_EQ(std::bit_cast<Bits<T>>(found), std::bit_cast<Bits<T>>(wanted)) << found << " for " << wanted;
}

template <typename T>
struct VectorMath : testing::Test {
  static constexpr T inf = std::numeric_limits<T>::infinity(), notANumber = std::numeric_limits<T>::quiet_NaN();
  static constexpr bool single = std::is_same_v<T, float>;
};

} // namespace

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorMath, Types, );

TYPED_TEST(VectorMath, EveryFunctionIsWithinItsBounds) {
  using T = TypeParam;
  for (const Case<T> &which : cases<T>()) {
    Function<T> f(which.body);
    ASSERT_NE(f.entry, nullptr) << which.name;
    Worst<T> worst = sweep(f, which.exact);
    report(which.name, f.element, worst.ulp, worst.x, timesOf(f, which.name, which.low, which.high));
    EXPECT_LE(worst.ulp, TestFixture::single ? which.single : which.wide)
        << which.name << "(" << worst.x << ") was " << worst.found;
  }
}

TYPED_TEST(VectorMath, EveryFunctionHasACase) {
  const auto measured = cases<TypeParam>();
#define TALWEG_EXPECT_CASE(OP, NAME)                                                                                   \
  EXPECT_EQ(std::ranges::count(measured, std::string_view(#NAME), &Case<TypeParam>::name), 1) << #NAME;
  TALWEG_VECTOR_FUNCTIONS(TALWEG_EXPECT_CASE)
}

TYPED_TEST(VectorMath, LogisticOfTheEnds) {
  using Test = TestFixture;
  Function<TypeParam> f(logistic<TypeParam>());
  expectSame(f.at(Test::inf), 1);
  expectSame(f.at(-Test::inf), 0);
  expectSame(f.at(Test::notANumber), Test::notANumber);
}

TYPED_TEST(VectorMath, SignsOfZeroAndTheEnds) {
  using T = TypeParam;
  constexpr T inf = TestFixture::inf, notANumber = TestFixture::notANumber;
  T tiny = TestFixture::single ? T(1e-40) : T(1e-310);
  for (const char *op : {"tanh", "erf", "sin", "log1p"}) {
    SCOPED_TRACE(op);
    Function<T> f(call<T>(op));
    ASSERT_NE(f.entry, nullptr);
    expectSame(f.at(T(0)), T(0));
    expectSame(f.at(-T(0)), -T(0));
    for (T denormal : {tiny, -tiny})
      expectSame(f.at(denormal), op == std::string("erf") ? T(std::erf(Exact<T>(denormal))) : denormal);
    expectSame(f.at(notANumber), notANumber);
  }
  Function<T> exp(call<T>("exp")), log(call<T>("log")), log1p(call<T>("log1p")), tanh(call<T>("tanh")),
      erf(call<T>("erf")), sin(call<T>("sin")), cos(call<T>("cos"));
  expectSame(exp.at(T(0)), 1);
  expectSame(exp.at(-inf), 0);
  expectSame(exp.at(inf), inf);
  expectSame(exp.at(T(1e30)), inf);
  expectSame(exp.at(T(-1e30)), 0);
  expectSame(exp.at(notANumber), notANumber);
  expectSame(log.at(T(0)), -inf);
  expectSame(log.at(-T(0)), -inf);
  expectSame(log.at(1), T(0));
  expectSame(log.at(inf), inf);
  expectSame(log.at(-1), notANumber);
  expectSame(log.at(-inf), notANumber);
  expectSame(log.at(notANumber), notANumber);
  expectSame(log1p.at(-1), -inf);
  expectSame(log1p.at(T(-1.5)), notANumber);
  expectSame(log1p.at(inf), inf);
  for (T sign : {T(1), T(-1)}) {
    expectSame(tanh.at(sign * inf), sign);
    expectSame(erf.at(sign * inf), sign);
    expectSame(sin.at(sign * inf), notANumber);
    expectSame(cos.at(sign * inf), notANumber);
  }
  expectSame(cos.at(T(0)), 1);
  expectSame(cos.at(notANumber), notANumber);
}

// One lane beyond the short way's bound changes no bit of the others.
TYPED_TEST(VectorMath, HugeArgumentsOfSinAndCosLeaveTheirNeighboursAlone) {
  using T = TypeParam;
  for (const char *op : {"sin", "cos"}) {
    Function<T> f(call<T>(op));
    static Block<T> x{}, y{}, alone{}, beside{};
    for (int i = 0; i < block; ++i)
      x.values[i] = T(std::fmod(i * 0.6180339887498949, 1) * 2000 - 1000);
    f.run(x, y, alone);
    for (int i = 0; i < block; i += Function<T>::lanes)
      x.values[i + i / 64 % Function<T>::lanes] = TestFixture::inf;
    f.run(x, y, beside);
    for (int i = 0; i < block; ++i)
      if (!std::isinf(x.values[i]))
        expectSame(beside.values[i], alone.values[i]);
  }
}

TYPED_TEST(VectorMath, Pow) {
  using T = TypeParam;
  using Integer = Bits<T>;
  Function<T> f(call<T>("powf", "%x, %y"));
  ASSERT_NE(f.entry, nullptr);
  constexpr double range = TestFixture::single ? 280 : 2200, most = TestFixture::single ? 150 : 1080;
  const Integer one = std::bit_cast<Integer>(T(1)), infinite = std::bit_cast<Integer>(TestFixture::inf);
  Worst<T> worst;
  static Block<T> x, y, out;
  std::uint64_t state = 1;
  auto random = [&] { return double((state = state * 6364136223846793005u + 1442695040888963407u) >> 11) * 0x1p-53; };
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < block; ++i) {
      // Of all results that T holds: first the base, then the logarithm of the result.
      T base = std::bit_cast<T>(Integer(random() * double(infinite)));
      if (round % 3 == 0)
        base = std::bit_cast<T>(Integer(one + Integer(random() * 2000) - 1000));
      if (round % 3 == 1)
        base = T(0.1 + 10 * random());
      x.values[i] = base;
      double log2 = std::log2(double(base));
      y.values[i] = log2 == 0 ? T(3) : T((random() * range - most) / log2);
      if (round % 5 == 0)
        x.values[i] = -base, y.values[i] = std::floor(T(random() * 20 - 10));
    }
    f.run(x, y, out);
    for (int i = 0; i < block; ++i)
      worst.see(x.values[i], y.values[i], out.values[i], std::pow(Exact<T>(x.values[i]), Exact<T>(y.values[i])));
  }
  fmt::print("the greatest error of pow is at {:a}, {:a}\n", worst.x, worst.y);
  report("pow", f.element, worst.ulp, worst.x, timesOf(f, "pow", 0.01, 10));
  EXPECT_LE(worst.ulp, 1.1) << worst.x << " " << worst.y << " was " << worst.found;
}

TYPED_TEST(VectorMath, PowOfSpecialValues) {
  using T = TypeParam;
  constexpr T inf = TestFixture::inf, tiny = TestFixture::single ? T(1e-40) : T(1e-310);
  Function<T> f(call<T>("powf", "%x, %y"));
  ASSERT_NE(f.entry, nullptr);
  const T values[] = {0,
                      0.5f,
                      1,
                      1.5f,
                      2,
                      3,
                      1e30f,
                      1e-30f,
                      tiny,
                      16777217.0f,
                      inf,
                      -T(0),
                      -0.5f,
                      -1,
                      -1.5f,
                      -2,
                      -3,
                      -1e30f,
                      -1e-30f,
                      -tiny,
                      -16777216.0f,
                      -inf,
                      TestFixture::notANumber};
  for (T x : values)
    for (T y : values) {
      SCOPED_TRACE(fmt::format("pow({}, {})", x, y));
      T found = f.at(x, y), wanted = T(std::pow(Exact<T>(x), Exact<T>(y)));
      if (TestFixture::single || std::isnan(wanted) || std::isinf(wanted) || wanted == 0)
        expectSame(found, wanted);
      else
        EXPECT_LE(ulps<T>(found, std::pow(Exact<T>(x), Exact<T>(y)), false), 1) << found << " for " << wanted;
    }
}
