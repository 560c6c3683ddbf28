// Runs a formula of ApproximateMath as native code over blocks of numbers, measures its distance from a more exact
// function, and its time beside glibc's vector library where the machine has it.
#ifndef TALWEG_UNITTESTS_CODEGEN_VECTORMATHHARNESS_H
#define TALWEG_UNITTESTS_CODEGEN_VECTORMATHHARNESS_H

#include "../../lib/Engine/Emit.h"
#include "../../lib/Engine/Jit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace talweg::vectormathtest {

inline constexpr int block = 4096;

/// The type in which results of T are checked.
template <typename T>
using Exact = std::conditional_t<std::is_same_v<T, float>, double, long double>;
template <typename T>
using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;

template <typename T>
struct alignas(64) Block {
  T values[block];
};

/// Native code for `body`, which computes %r from %x and %y, vectors of one register of `element`.
std::unique_ptr<NativeCode> compileBody(const std::string &body, const std::string &element, int lanes);

template <typename T>
class Function {
public:
  static constexpr int lanes = 64 / sizeof(T);
  static constexpr const char *element = std::is_same_v<T, float> ? "f32" : "f64";

  explicit Function(const std::string &body) : code(compileBody(body, element, lanes)) {
    if (code)
      if (auto found = code->entry("talweg_f"))
        entry = *found;
  }
  void run(const Block<T> &x, const Block<T> &y, Block<T> &out) const {
    void *args[] = {const_cast<Block<T> *>(&x), const_cast<Block<T> *>(&y), &out};
    entry(args);
  }
  T at(T x, T y = 0) const {
    static Block<T> xs, ys, out;
    xs.values[0] = x, ys.values[0] = y;
    run(xs, ys, out);
    return out.values[0];
  }

  std::unique_ptr<NativeCode> code;
  Entry entry = nullptr;
};

/// %r = math.op operands
template <typename T>
std::string call(const std::string &op, const std::string &operands = "%x") {
  return "%r = math." + op + " " + operands + " : vector<" + std::to_string(Function<T>::lanes) + "x" +
         Function<T>::element + ">";
}
/// %r = 1 / (1 + e^-%x)
template <typename T>
std::string logistic() {
  std::string type = "vector<" + std::to_string(Function<T>::lanes) + "x" + Function<T>::element + ">";
  return "%one = arith.constant dense<1.0> : " + type + "\n    %m = arith.negf %x : " + type +
         "\n    %e = math.exp %m : " + type + "\n    %d = arith.addf %one, %e : " + type +
         "\n    %r = arith.divf %one, %d {talweg.logistic} : " + type;
}

/// The distance of `found` from `exact` in units of the last place of T at `exact`. 0 where both are nan, or the same
/// infinity after rounding; and, if `flushes`, where exact is under the least normal number and found is 0.
template <typename T>
double ulps(T found, Exact<T> exact, bool flushes) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact))
    return std::isnan(found) ? 0 : 1e30;
  if (found == T(exact) || (flushes && std::abs(exact) < Limits::min() && found == 0))
    return 0;
  if (std::isnan(found) || std::isinf(found) || std::isinf(T(exact))) // next to the end of all numbers, one apart
    return std::abs(exact) > Limits::max() * (1 - Limits::epsilon()) &&
                   std::abs(found) > Limits::max() * (1 - Limits::epsilon())
               ? 1
               : 1e30;
  int exponent = exact == 0 ? Limits::min_exponent - 1 : std::max(std::ilogb(exact), Limits::min_exponent - 1);
  return double(std::abs(found - exact) / std::ldexp(Exact<T>(1), exponent - Limits::digits + 1));
}

/// The worst distance seen, and where.
template <typename T>
struct Worst {
  double ulp = 0;
  T x = 0, y = 0, found = 0;
  void see(T px, T py, T result, Exact<T> exact, bool flushes = std::is_same_v<T, float>) {
    double distance = ulps<T>(result, exact, flushes);
    if (distance > ulp)
      *this = {distance, px, py, result};
  }
};

/// Bit patterns at equal distances over all of T, and the neighbours of numbers where formulas change, both signs.
template <typename T>
std::vector<T> pointsOfAll() {
  constexpr bool single = std::is_same_v<T, float>;
  std::vector<T> points;
  constexpr Bits<T> step = single ? 1021 : Bits<T>(0x3fffffffff9b); // primes
  Bits<T> bits = 0;
  do
    points.push_back(std::bit_cast<T>(bits));
  while ((bits += step) >= step);
  for (double center : {0.0,      0.25,   0.3465735, 0.5, 0.65,     0.75,     0.785398, 1.0,      1.5,
                        1.570796, 2.0,    3.141593,  4.0, 6.0,      6.283185, 10.0,     20.0,     87.3365,
                        88.7228,  103.97, 80.0,      1e5, 131072.0, 708.396,  709.7827, 745.1332, 0x1p40})
    for (int i = -2000; i <= 2000; ++i)
      for (T sign : {T(1), T(-1)})
        points.push_back(sign *
                         (i < 0 && center == 0 ? T(0) : std::bit_cast<T>(std::bit_cast<Bits<T>>(T(center)) + i)));
  if (!single) // most patterns of f64 are far from 1
    for (int i = 0; i < 400000; ++i)
      points.push_back(T((i % 2 ? -1 : 1) * std::ldexp(1 + std::fmod(i * 0.6180339887498949, 1), i % 23 - 12)));
  return points;
}

template <typename T>
Worst<T> sweep(const Function<T> &f, Exact<T> (*exact)(Exact<T>)) {
  std::vector<T> points = pointsOfAll<T>();
  Worst<T> worst;
  Block<T> x{}, y{}, out{};
  for (std::size_t start = 0; start < points.size(); start += block) {
    std::size_t count = std::min<std::size_t>(block, points.size() - start);
    std::copy_n(points.begin() + start, count, x.values);
    f.run(x, y, out);
    for (std::size_t i = 0; i < count; ++i)
      worst.see(x.values[i], 0, out.values[i], exact(x.values[i]));
  }
  return worst;
}

/// Nanoseconds for each element on one thread, the best of several runs that alternate with those of glibc.
struct Times {
  double ours = 1e9, glibc = -1; ///< -1: this machine has none
};
/// `name` is that of the C function; x runs through [low, high], y through [1, 2].
template <typename T>
Times timesOf(const Function<T> &f, const std::string &name, double low, double high);

extern template Times timesOf(const Function<float> &, const std::string &, double, double);
extern template Times timesOf(const Function<double> &, const std::string &, double, double);

/// Prints what was measured, in one line.
void report(const std::string &name, const char *element, double ulp, double x, Times times);

} // namespace talweg::vectormathtest

#endif
